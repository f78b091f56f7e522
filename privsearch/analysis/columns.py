"""The columns of the results table."""

import math

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.labels import quantity
from privsearch.spec.columns import column_range


def axis_title(column: str) -> str:
    """A result column with its unit, as an axis bears it."""
    if column.endswith(".auc"):
        return f"{column.removesuffix('.auc')} attack AUC (fraction)"
    return quantity(column) if math.isinf(column_range(column)[1]) else f"{quantity(column)} (fraction)"


def numbers(rows: pd.DataFrame, column: str) -> Float[Array, " n"]:
    """A result column, `(n,)`; NaN, which is not drawn, where a trial has no such number."""
    # A column stands in the table only once some trial has a number for it.
    return rows.reindex(columns=[column])[column].to_numpy(float, na_value=np.nan)


def measured_rows(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that have a number in a result column."""
    return rows.dropna(subset=column) if column in rows else rows.head(0)


def spreads(rows: pd.DataFrame, column: str) -> Float[Array, " n"]:
    """Standard deviations, `(n,)`; 0, so that no bar is drawn, where there is one replicate, or none of this column."""
    found: Float[Array, " n"] = np.nan_to_num(numbers(rows, f"{column}_sd"))
    return found


def excess_of(column: str) -> str:
    """The column with the excess of an attack AUC over its placebo."""
    return f"{column.removesuffix('auc')}excess_auc"


def placebo_of(column: str) -> str:
    """The column with the placebo of an attack AUC."""
    return f"{column.removesuffix('auc')}placebo_auc"


def noise_floor_of(rows: pd.DataFrame, column: str) -> float:
    """The widest noise floor of some trials, in the attack AUC that is named."""
    return float(rows[f"{column.removesuffix('auc')}noise_floor"].max())
