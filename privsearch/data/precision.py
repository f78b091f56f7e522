"""The numbers of a table: in 32 bits as a rule, and in 64 until they are scaled where 32 bits would blur a column."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float32, Shaped

from privsearch.data.raw import listed

_BLUR: Final = 1e-3
"""The rounding error, in standard deviations of its column, from which on a column stays in 64 bits.

Scaled values of 32 bits are exact to about 1e-7 deviations; at 1e-3 a column has lost four more decimal places.
"""

_KEPT: Final = 0.9
"""The share of a column's distinct values that must stay distinct."""

_SAMPLE: Final = 10_000
"""The examples, from the first on, in which distinct values are counted."""


def as_float32(values: Shaped[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Return numbers in 32 bits, in the order of their axes; those that are too large become infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32, order="C")


def in_enough_bits(
    x: Shaped[np.ndarray, "n features"], test_x: Shaped[np.ndarray, "test_n features"] | None = None
) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "test_n features"] | None, list[int]]:
    """Return a table in 32 bits, or in 64 if some column would be blurred, all other columns rounded alike.

    Standardising takes a column's mean away, so a large number that all values have in common, as dates and times do,
    must not cost the differences between them.

    Args:
        x: numbers that are finite in 32 bits.
        test_x: the data's own test split, likewise, or None.

    Returns:
        Both splits, of one type, and the indices of the columns of which more than a tenth of the distinct values
        become equal to others in 32 bits, even so.
    """
    parts = [x] if test_x is None else [x, test_x]
    if all(np.can_cast(part.dtype, np.float32) for part in parts):
        narrow = [as_float32(part) for part in parts]
        return narrow[0], narrow[1] if test_x is not None else None, []
    wide = [part.astype(np.float64) for part in parts]
    narrow = [as_float32(part) for part in parts]
    errors = np.max([np.abs(a - b).max(axis=0) for a, b in zip(wide, narrow, strict=True)], axis=0)
    is_blurred = errors > _BLUR * wide[0].std(axis=0)
    merged = [int(k) for k in np.flatnonzero(errors > 0) if _merges(wide[0][:, k], wide=bool(is_blurred[k]))]
    if is_blurred.any():
        read: list[Float[np.ndarray, "_ features"]] = [
            np.where(is_blurred, a, b.astype(np.float64)) for a, b in zip(wide, narrow, strict=True)
        ]
    else:
        read = [*narrow]
    return read[0], read[1] if test_x is not None else None, merged


def merging_warning(names: list[str]) -> str:
    """Return the sentence on columns whose values become equal to others."""
    return (
        f"Values of the column{'s' if len(names) > 1 else ''} {listed(names)} lie so close together, for their range, "
        "that networks, whose inputs have 32 bits, see different ones as equal. Take away what the values have in "
        "common, or split the column."
    )


def _merges(column: Float[np.ndarray, " n"], *, wide: bool) -> bool:
    """Tell whether too few of a column's distinct values are still distinct as a network sees them."""
    values = column if wide else as_float32(column).astype(np.float64)
    scaled = as_float32((values - values.mean()) / (values.std() or 1.0))
    distinct = len(np.unique(column[:_SAMPLE]))
    is_distinct: Bool[np.ndarray, ""] = np.asarray(len(np.unique(scaled[:_SAMPLE])) >= _KEPT * distinct)
    return not is_distinct
