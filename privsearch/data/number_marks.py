"""The marks in the numbers of a table of text: the decimal mark, and what stands between thousands."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from privsearch._util.text import cut
from privsearch.errors import DataError
from privsearch.spec import TableDataset

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_WITH_COMMAS: Final = re.compile(r"[+-]?(\d+|\d*,\d+(e[+-]?\d+)?|\d{1,3}(,\d{3})+)", re.IGNORECASE)
"""A number with a decimal comma, with commas between thousands, or with none."""

_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_POINTED_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_MARKS: Final = {"'": "['\u2019]", " ": "[ \u00a0\u202f]", ".": r"\.", ",": ","}
"""What may stand between thousands, by its name: some write a blank or an apostrophe as another character."""


def has_comma_numbers(frame: pd.DataFrame, dataset: TableDataset, path: Path) -> bool:
    """Tell whether numbers have a decimal comma: whether all values of some column of text are numbers then.

    Raises:
        DataError: the commas may separate thousands as well.
    """
    unclear: list[tuple[str, str]] = []
    for name, as_written in _texts_of_features(frame, dataset):
        texts = [re.sub(_MARKS[dataset.thousands], "", text) if dataset.thousands else text for text in as_written]
        with_comma = [text for text in texts if "," in text]
        if with_comma and all(_WITH_COMMAS.fullmatch(text) for text in texts):
            if not all(_THOUSANDS.fullmatch(text) for text in with_comma):
                return True
            unclear.append((name, with_comma[0]))
    if unclear:
        name, text = unclear[0]
        raise DataError(
            f"{path}, column {cut(name)}: it must be clear what a comma in a number means, but {cut(text)} may have a "
            'decimal comma or a comma between thousands. Add decimal: "," to this dataset in the sweep, or thousands: '
            '",", or write the numbers without commas.'
        )
    return False


def check_points(frame: pd.DataFrame, dataset: TableDataset, path: Path) -> None:
    """Refuse numbers whose point, beside others with a decimal comma, is most likely one between thousands."""
    for name, texts in _texts_of_features(frame, dataset):
        with_point = [text for text in texts if "." in text]
        if with_point and all(map(NUMBER.fullmatch, texts)) and all(map(_POINTED_THOUSANDS.fullmatch, with_point)):
            raise DataError(
                f"{path}, column {cut(name)}: it must be clear what a point in a number means, but the decimal mark is "
                f"a comma, and {cut(with_point[0])} may have a point between thousands. If it has, add thousands: '.' "
                "to this dataset's entry; else write its numbers without points, or leave it out with drop."
            )


def _texts_of_features(frame: pd.DataFrame, dataset: TableDataset) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns of text that are to be numbers, each with its different texts."""
    for name in frame.columns:
        column = frame[name]
        if name not in (*dataset.text_columns, *dataset.drop) and pd.api.types.is_string_dtype(column):
            yield name, [str(text).strip() for text in column.dropna().unique()]


def thousands_in(texts: Iterable[str]) -> tuple[str, str] | None:
    """Return the mark between thousands, and the decimal mark, with which all texts are numbers; None without one."""
    stripped = [text.strip() for text in texts]
    marks = ((mark, decimal) for mark in _MARKS for decimal in (".", ",") if mark != decimal)
    return next((both for both in marks if all(map(_grouped(*both).fullmatch, stripped))), None)


def _grouped(mark: str, decimal: str) -> re.Pattern[str]:
    """Return what a number with a mark between its thousands looks like, or one that needs none."""
    fraction = rf"({re.escape(decimal)}\d*)?"
    return re.compile(rf"[+-]?(\d{{1,3}}({_MARKS[mark]}\d{{3}})+|\d+){fraction}|[+-]?{re.escape(decimal)}\d+")


def without_thousands(frame: pd.DataFrame, dataset: TableDataset, path: Path, mark: str, decimal: str) -> pd.DataFrame:
    """Return a table with numbers in the columns whose texts are all numbers, some with a mark between thousands.

    Raises:
        DataError: the mark stands before other than three digits, where it is none between thousands.
    """
    changed = {}
    for name, texts in _texts_of_features(frame, dataset):
        other = [text for text in texts if mark in text and not _grouped(mark, decimal).fullmatch(text)]
        if other and all(map(NUMBER.fullmatch, texts)):
            raise DataError(
                f"{path}, column {cut(name)}: thousands must be in threes, but got {cut(other[0])} with thousands: "
                f"{cut(mark)}. Correct thousands or decimal in this dataset's entry, or leave the column out with drop."
            )
        if all(map(_grouped(mark, decimal).fullmatch, texts)):
            plain = frame[name].astype(object).str.strip().str.replace(_MARKS[mark], "", regex=True)
            plain = plain.str.replace(decimal, ".", regex=False)
            changed[name] = pd.to_numeric(plain)
    return frame.assign(**changed) if changed else frame
