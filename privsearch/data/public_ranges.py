"""A table's columns scaled by public ranges, so that no example decides how another one is seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray as Array

from privsearch.errors import DataError
from privsearch.spec.fixed_scaling import FixedScaling


def scaled_between(
    x: Float[Array, "n columns"], scaling: FixedScaling, columns: Sequence[str], path: Path
) -> Float32[Array, "n columns"]:
    """Map each column from its public range to [-1, 1], what lies beyond to the nearer end.

    Args:
        x: the numbers of a table.
        scaling: the ranges.
        columns: the names of its columns.
        path: its file.

    Raises:
        DataError: there are not as many ranges as columns.
    """
    ends = [np.atleast_1d(np.array(end, dtype=np.float64)) for end in (scaling.low, scaling.high)]
    for name, end in zip(("low", "high"), ends, strict=True):
        if len(end) not in {1, len(columns)}:
            raise DataError(
                f"{path}: {name} of scaling must be one number, or one for each of the {len(columns)} columns "
                f"({', '.join(columns[:5])}{', ...' * (len(columns) > 5)}), but has {len(end)}; correct it"
            )
    low, high = ends
    within: Array = np.clip(x.astype(np.float64), low, high)
    return ((within - low) / (high - low) * 2 - 1).astype(np.float32)
