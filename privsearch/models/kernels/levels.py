"""The rounding of membranes to their levels."""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from privsearch.models.kernels.compiled import inlined, kernel
from privsearch.models.kernels.vectors import COLUMNS, raise_to_levels

BUILT_ON: Final = "a96bd3dd7f2ff534"
"""The version of the kernels' files that this one imports (see `compiled`)."""
FEW_LEVELS: Final = 32
"""The most levels that are faster to compare with a membrane one by one than to look up in a table."""
ZERO, ONE = np.float32(0), np.float32(1)


class Levels(NamedTuple):
    """The levels of a membrane, as in `StateQuantizer`; if there are none, membranes are not quantised.

    Attributes:
        levels: `(levels,)`, ascending; or `(0,)`.
        boundaries: `(levels - 1,)`: the largest membranes that still belong to the level below.
        lowest: the first level.
        step: the distance from one level to the next.
        exact_below: the membrane above which levels are compared one by one.
    """

    levels: np.ndarray
    boundaries: np.ndarray
    lowest: np.float32
    step: np.float32
    exact_below: np.float32


UNQUANTIZED: Final = Levels(np.empty(0, np.float32), np.empty(0, np.float32), ZERO, ONE, ZERO)


@inlined
def _nearest(mem: np.float32, q: Levels) -> np.float32:
    last = np.float32(q.levels.shape[0] - 2)
    below = np.int32(max(min((mem - q.lowest) / q.step, last), ZERO))
    return q.levels[below + np.int32(mem > q.boundaries[below])]  # type: ignore[no-any-return]


@kernel
def quantize(mem: Any, q: Levels) -> None:
    """Round each membrane of a row to its nearest level, as `StateQuantizer` does."""
    far = 0
    for i in range(mem.shape[0]):
        far += not mem[i] <= q.exact_below
    if far:
        _quantize_slowly(mem, q)
    elif q.levels.shape[0] <= FEW_LEVELS:
        _quantize_among_few(mem, q)
    else:
        for i in range(mem.shape[0]):
            mem[i] = _nearest(mem[i], q)


@kernel
def _quantize_among_few(mem: Any, q: Levels) -> None:
    whole = mem.shape[0] // COLUMNS * COLUMNS
    for start in range(0, whole, COLUMNS):
        raise_to_levels(mem, start, q.levels, q.boundaries, q.boundaries.shape[0])
    for i in range(whole, mem.shape[0]):
        level = q.levels[0]
        for k in range(q.boundaries.shape[0]):
            level = q.levels[k + 1] if mem[i] > q.boundaries[k] else level
        mem[i] = level


@kernel
def _quantize_slowly(mem: Any, q: Levels) -> None:
    for i in range(mem.shape[0]):
        if mem[i] <= q.exact_below:
            mem[i] = _nearest(mem[i], q)
        elif not math.isnan(mem[i]):
            mem[i] = q.levels[np.argmin(np.abs(q.levels - mem[i]))]
