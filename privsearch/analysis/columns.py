"""One column of a results table at a time: its numbers, its spreads, and the title of its axis."""

import math

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


def widest_noise_floor(rows: pd.DataFrame, auc: Column) -> float:
    """Return the widest noise floor of some trials in an attack's AUC."""
    return float(rows[str(auc.noise_floor)].max())
