"""Single arrays in numpy's own format, even from strangers: sizes are checked before reading, nothing is unpickled."""

from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from privsearch._util.npz import MAX_BYTES, NpzError, claimed_bytes


def read_npy(path: Path, *, mapped_from: int) -> Shaped[np.ndarray, "..."]:
    """Read the array in a file; map it into memory if it is large, so that processes of a machine share one copy.

    A write to a mapped array changes this process's copy alone. The file must not be written to while it is mapped.

    Args:
        path: the file.
        mapped_from: the size of a file, in bytes, from which on it is mapped.

    Raises:
        NpzError: the file cannot be read, is damaged, holds Python objects, claims to be larger or smaller than it is,
            or has more than `MAX_BYTES`.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise NpzError(f"it must have at most {MAX_BYTES:,} bytes, but has {size:,}")
        with path.open("rb") as file:
            claimed = claimed_bytes(file)
            held = size - file.tell()
        # Texts of no length claim a byte each, and so more than the none that they have.
        if claimed != held:
            raise NpzError(f"it must have the bytes that it claims, {claimed:,}, but has {held:,}")
        if size >= mapped_from:
            mapped: np.ndarray = np.lib.format.open_memmap(path, mode="c")
            return mapped
        with path.open("rb") as file:
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
            return array
    except NpzError:
        raise
    # As for archives: numpy evaluates the header as Python, and a hostile one may raise anything.
    except Exception as error:
        raise NpzError(" ".join(str(error).split()) or type(error).__name__) from error
