"""Values that lie far out of the others of their column."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

FAR: Final = 50
"""The distance from a column's median from which on a value is odd, in standard deviations of the middle values."""

_MIDDLE: Final = 0.95
"""The share of a column's values, those next to its median, that are its middle values."""

_FEW: Final = 0.01
"""The largest share of a column's values that are odd: more of them are a part of the data."""


def odd_values(
    values: Float[Array, "n columns"],
) -> tuple[Bool[Array, "n columns"], Float[Array, "n columns"]]:
    """Find the values that lie out of their column so far that few others can be of one distribution with them.

    What is far is judged by the values next to the median, which odd values do not move. A column with more odd values
    than one in a hundred, and than one in all, has none: they are a part of the data. A missing value is not odd.

    Args:
        values: `(n, columns)`, in any unit; NaN where one is missing.

    Returns:
        Two arrays `(n, columns)`: True for the odd values, and every value's distance from its column's median, in
        standard deviations of the middle 0.95 of the column's values; 0 in a column whose middle values are all one.
    """
    values = values.astype(np.float64)
    values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    distance = np.abs(values - np.median(values, axis=0))
    middle = distance <= np.quantile(distance, _MIDDLE, axis=0, method="lower")
    deviation = np.sqrt(np.mean(np.square(np.where(middle, distance, 0)), axis=0) * len(values) / middle.sum(axis=0))
    relative = np.divide(distance, deviation, out=np.zeros_like(distance), where=deviation > 0)
    is_odd = relative > FAR
    return is_odd & (is_odd.sum(axis=0) <= max(1, _FEW * len(values))), relative
