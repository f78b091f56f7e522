"""The values of the axes over the rows of a table of results, and which axes tell its rows apart."""

import re
from typing import Any

import pandas as pd

from privsearch.spec import AXES
from privsearch.spec.axes import CONDITIONAL_DEFAULTS


def axis_values(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the distinct values of every axis over the rows where it has an effect, in order, None first.

    None is a value of the bit widths (full precision) and of the sizes (the whole split); an axis without any effect
    has no values.
    """
    values = {}
    for axis in AXES:
        distinct = frame[axis].unique()
        there = distinct[pd.notna(distinct)].tolist()
        null = [None] if len(there) < len(distinct) and axis not in CONDITIONAL_DEFAULTS else []
        values[axis] = null + sorted(there, key=_by_numbers)
    return values


def _by_numbers(value: Any) -> Any:
    """Return what orders the values of an axis: words of DP-SGD, such as `eps 10`, by their numbers after `eps 3`."""
    if not isinstance(value, str):
        return value
    # With a word at each even place and a number at each odd one, keys of two values compare.
    parts = re.split(r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)", value)
    return [float(part) if place % 2 else part for place, part in enumerate(parts)]


def varying_axes(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the axes that tell the rows of one dataset apart: those with several values where they have an effect."""
    return tuple(axis for axis, values in axis_values(frame).items() if len(values) > 1)
