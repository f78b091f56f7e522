"""Numbers and tables as the page's document holds them: by column, short, and without what JSON cannot say."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, NotRequired, TypedDict

import pandas as pd

_DIGITS: Final = 5

Columns = dict[str, list[Any]]
"""A table by its columns, all of one length."""


class Heading(TypedDict):
    """A column of a table as it is shown.

    Attributes:
        key: where its values stand among the columns.
        label: in words.
        kind: `text`, or `number`.
        help: what it means, where the label does not say it.
    """

    key: str
    label: str
    kind: str
    help: NotRequired[str]


def short(value: Any) -> Any:
    """A number to 5 significant digits, None where it is missing or not finite; all else as it is."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") and not isinstance(value, str) else value


def columns_of(rows: pd.DataFrame, names: Iterable[str]) -> Columns:
    """Some columns of a table; one that it lacks is left out."""
    return {name: shortened(rows[name].tolist()) for name in names if name in rows}


def shortened(values: Sequence[Any]) -> list[Any]:
    """Each value as by `short`."""
    return [short(value) for value in values]
