"""The compilation of kernels, and their reading and writing of arrays.

numba compiles a cached kernel again if the kernel's own file has changed, not if a file has that it imports. So each of
the kernels' files holds the beginning of the SHA-256 of those that it imports (`BUILT_ON`), and changes with them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit, types
from numba.extending import overload

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """Compile `function`, once for all processes if numba finds a folder for its cache."""
    try:
        return njit(function, cache=True, error_model="numpy")  # type: ignore[no-any-return]
    except RuntimeError:  # no folder for the cache
        return njit(function, error_model="numpy")  # type: ignore[no-any-return]


def inlined(function: Kernel) -> Kernel:
    """Compile `function` as a part of the kernels that call it."""
    return njit(function, inline="always", error_model="numpy")  # type: ignore[no-any-return]


def load(row: Any, i: int) -> np.float32:
    """Return element i as a float32."""
    raise NotImplementedError("compiled code only")


def store(row: Any, i: int, value: np.float32) -> None:
    """Set element i, in a row of bfloat16 rounded to the nearest, ties to even."""
    raise NotImplementedError("compiled code only")


# numba wants both functions to have the same signature, annotations included.
@overload(load, inline="always")
def _load_typed(row, i):  # type: ignore[no-untyped-def]  # noqa: ARG001
    if row.dtype == types.uint16:
        return lambda row, i: np.uint32(np.uint32(row[i]) << np.uint32(16)).view(np.float32)
    return lambda row, i: row[i]


@overload(store, inline="always")
def _store_typed(row, i, value):  # type: ignore[no-untyped-def]  # noqa: ARG001
    if row.dtype == types.uint16:

        def write(row, i, value):  # type: ignore[no-untyped-def]
            bits = np.float32(value).view(np.uint32)
            row[i] = np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

    else:

        def write(row, i, value):  # type: ignore[no-untyped-def]
            row[i] = value

    return write
