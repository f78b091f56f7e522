"""Numbers and tables in the form of the page's document: by column, rounded, with values that JSON allows."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NotRequired, TypedDict

import pandas as pd

_DIGITS: Final = 5

Columns = dict[str, list[Any]]
"""A table as columns of equal length, by name."""


class Heading(TypedDict):
    """The heading of a column that is shown.

    Attributes:
        key: the name of the column.
        label: the heading in words.
        kind: `text`, or `number`.
        help: an explanation, if the label is not enough.
    """

    key: str
    label: str
    kind: str
    help: NotRequired[str]


class Leakage(TypedDict):
    """A table of the findings of every attack on a task's trials, one row a trial and attack.

    Attributes:
        headings: the headings of the shown columns.
        rows: the columns of the table; `row` is the trial's place among the rows of the task.
        sample: the numbers of targets and examples, in words.
        left_out: the number of rows left out, and the reason; empty if none is.
        groups: what leaks in each subgroup of the data, in words.
        notes: notes on how to read the table.
    """

    headings: list[Heading]
    rows: Columns
    sample: str
    left_out: str
    groups: list[str]
    notes: list[str]


NO_LEAKAGE: Final[Leakage] = {"headings": [], "rows": {}, "sample": "", "left_out": "", "groups": [], "notes": []}


def short(value: Any) -> Any:
    """Round a number to 5 significant digits; None if it is missing or not finite; other values stay as they are.

    A number that would end midway between two with three decimals keeps all of its digits: the page, which shows three,
    would else round it another way than the terminal.
    """
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float):
        text = f"{value:.{_DIGITS}g}"
        if not math.isfinite(value):
            return None
        return float(value) if text[-1] == "5" and text[-5:-4] == "." else float(text)
    return value.item() if hasattr(value, "item") and not isinstance(value, str) else value


def columns_of(rows: pd.DataFrame, names: Iterable[str]) -> Columns:
    """Return some columns of a table; names that the table lacks are left out."""
    return {name: shortened(rows[name].tolist()) for name in names if name in rows}


def shortened(values: Sequence[Any]) -> list[Any]:
    """Return every value rounded by `short`."""
    return [short(value) for value in values]
