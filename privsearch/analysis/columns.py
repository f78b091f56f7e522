"""One column of a results table at a time: its numbers, its spreads, and the title of its axis."""

import math
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.labels import quantity
from privsearch.spec.columns import Column


def axis_title(header: str) -> str:
    """Return a result column with its unit, as the title of an axis."""
    column = Column.parse(header)
    if column.is_auc:
        return f"{column.attack} attack AUC (fraction)"
    return quantity(header) if math.isinf(column.bounds[1]) else f"{quantity(header)} (fraction)"


def numbers(rows: pd.DataFrame, column: Column | str) -> Float[Array, " n"]:
    """Return a result column, `(n,)`; NaN, which is not drawn, for a trial without such a number."""
    # A column stands in the table only once some trial has a number for it.
    return rows.reindex(columns=[str(column)])[str(column)].to_numpy(float, na_value=np.nan)


def measured_rows(rows: pd.DataFrame, column: Column | str) -> pd.DataFrame:
    """Return the rows that have a number in a result column."""
    return rows.dropna(subset=str(column)) if str(column) in rows else rows.head(0)


def spreads(rows: pd.DataFrame, header: str) -> Float[Array, " n"]:
    """Return standard deviations, `(n,)`; 0, so that no bar is drawn, for one replicate, or if there is no column."""
    deviations: Float[Array, " n"] = np.nan_to_num(numbers(rows, Column.parse(header).sd))
    return deviations


def bar_lengths(rows: pd.DataFrame, header: str) -> Float[Array, "2 n"]:
    """Return how far bars of a standard deviation go down and up from the means, ending where the column's range does.

    Returns:
        `(2, n)`, downwards and upwards.
    """
    (low, high), deviations = Column.parse(header).bounds, spreads(rows, header)
    means = numbers(rows, header)
    return np.stack([np.minimum(deviations, means - low), np.minimum(deviations, high - means)])


def bar_kind(rows: pd.DataFrame, header: str) -> Literal["interval", "sd"] | None:
    """Tell what an error bar of a column shows: the 95 % interval of the mean, or else the standard deviation.

    None where the table has neither. An accuracy has an interval wherever it has a standard deviation.
    """
    column = Column.parse(header)
    if not np.isnan(numbers(rows, column.low)).all():
        return "interval"
    if np.isnan(numbers(rows, column.sd)).all():
        return None
    return "interval" if column.is_accuracy else "sd"


def interval_ends(rows: pd.DataFrame, header: str) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Return the ends of the 95 % intervals of means, `(n,)` each, within the column's range; NaN for none.

    They are those of the table. An accuracy, which has none there, has Student's t over the targets, as in the audit
    (`privsearch.analysis.intervals.spread_interval`).
    """
    column, (least, greatest) = Column.parse(header), Column.parse(header).bounds
    low, high = numbers(rows, column.low), numbers(rows, column.high)
    if column.is_accuracy:
        from scipy.special import stdtrit  # here, as it takes time to load

        means, targets = numbers(rows, column), numbers(rows, "replicates")
        half: Float[Array, " n"] = stdtrit(np.maximum(targets - 1, 1), 0.975) * numbers(rows, column.sd)
        half /= np.sqrt(targets)
        low, high = means - half, means + half
    return np.maximum(low, least), np.minimum(high, greatest)


def bar_ends(rows: pd.DataFrame, header: str) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Return the lower and the upper ends of error bars, `(n,)` each, which end where the column's range ends.

    They are of the kind that `bar_kind` tells; a row without a spread has the ends of a bar of length 0.
    """
    means = numbers(rows, header)
    if bar_kind(rows, header) == "interval":
        low, high = interval_ends(rows, header)
    else:
        below, above = bar_lengths(rows, header)
        low, high = means - below, means + above
    return np.where(np.isnan(low), means, low), np.where(np.isnan(high), means, high)


def bar_reach(rows: pd.DataFrame, header: str) -> Float[Array, "2 n"]:
    """Return how far the error bars of `bar_ends` go down and up from the means, `(2, n)`."""
    (low, high), means = bar_ends(rows, header), numbers(rows, header)
    # Sums end in the last decimal, and a length below 0 is refused.
    lengths: Float[Array, "2 n"] = np.maximum(np.stack([means - low, high - means]), 0.0)
    return lengths
