"""The rules for labels: text as it is written, numbers only where nothing is lost, and classes numbered from 0."""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int64, Shaped

from privsearch.data.raw import default_test_size, listed
from privsearch.errors import DataError

_CODE: Final = re.compile(r"[+-]?0\d")
"""The beginning of a number that would not be written with its zeros again, such as a post code's."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"[+-]?(\d+|\d*[.,]\d+)")
_LONG: Final = re.compile(r"[+-]?\d{16,}")
"""An integer with more digits than a 64-bit float keeps."""


_MOST_FRACTIONS: Final = 20
"""The most different labels with decimals that may still be classes, such as grades in halves."""


def parse_labels(texts: "pd.Series[str]") -> Shaped[np.ndarray, " n"]:
    """Turn labels into numbers or truth values where all of them are, and nothing is lost; else keep them as text.

    Something is lost if two labels that are written differently become one number (250.1 and 250.10), if a label begins
    with a zero that its number has not (01), or if a number has more digits than are kept.

    Args:
        texts: `(n,)`, none missing.

    Returns:
        `(n,)`, of integers, floats, booleans, or text as objects.
    """
    places, distinct = pd.factorize(texts)
    words = [str(word) for word in distinct]
    numbers = _as_numbers(words)
    return np.array(words, dtype=object)[places] if numbers is None else numbers[places]


def _as_numbers(words: list[str]) -> Shaped[np.ndarray, " n"] | None:
    """Return the numbers that pandas reads in distinct labels; None if one is no number, or if something is lost."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([word] for word in words)
    written.seek(0)
    options: dict[str, Any] = {"header": None, "low_memory": False, "skipinitialspace": True, "skip_blank_lines": False}
    numbers = pd.read_csv(written, keep_default_na=False, **options)[0]
    if len(numbers) != len(words) or not pd.api.types.is_numeric_dtype(numbers) or numbers.nunique() != len(words):
        return None
    is_rounded = pd.api.types.is_float_dtype(numbers) and any(_LONG.fullmatch(word.strip()) for word in words)
    if is_rounded or any(_CODE.match(word.strip()) for word in words):
        return None
    values: Shaped[np.ndarray, " n"] = numbers.to_numpy()
    return values


def encode_labels(
    labels: Shaped[np.ndarray, " n"], where: str, *, has_test_split: bool
) -> tuple[Int64[np.ndarray, " n"], dict[object, int]]:
    """Give the classes numbers from 0 in sorted order.

    Args:
        labels: `(n,)`, of one sortable type, without missing values.
        where: the file and the column or array, for the error message.
        has_test_split: False if `labels` are still to be split 80-20.

    Returns:
        The number of each example's class, and the number of each class.

    Raises:
        DataError: there is one class only, a class occurs once, or there are too few examples for a stratified split.
    """
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    if len(classes) < 2:
        raise DataError(f"{where}: at least 2 classes must occur, but all labels are {listed(numbers)}.")
    if len(classes) > _MOST_FRACTIONS and _are_measurements(classes):
        raise DataError(
            f"{where}: labels must be classes, but these are measurements: {len(classes)} different numbers such as "
            f"{classes[len(classes) // 2]}. privsearch audits classifiers; to audit this as one, put the labels into "
            "classes first (in pandas: pandas.qcut(y, 4, labels=False)), or name another column as the label."
        )
    if counts.min() < 2:
        rare = [label for label, count in zip(numbers, counts, strict=True) if count < 2]
        raise DataError(
            f"{where}: every class must have at least 2 examples, but {len(rare)} of {len(classes)} have one only: "
            f"{listed(rare)}. Remove them or add examples; if the labels are measurements, put them into classes first."
            f"{''.join(f' {warning}' for warning in label_warnings(map(str, numbers)))}"
        )
    if not has_test_split and default_test_size(len(labels)) < len(classes):
        raise DataError(
            f"{where}: the test split (a fifth of the examples) must have room for every class, but {len(labels)} "
            f"examples give {default_test_size(len(labels))} for {len(classes)} classes. Add examples or merge classes."
        )
    return codes.astype(np.int64), numbers


def _are_measurements(classes: Shaped[np.ndarray, " classes"]) -> bool:
    """Tell whether labels are numbers of which some have decimals, behind a point or, in text, a comma."""
    if classes.dtype.kind == "f":
        return bool((classes != np.round(classes)).any())
    words = list(map(str, classes.tolist()))
    is_text = classes.dtype.kind in "OU"
    return is_text and all(map(_DECIMAL.fullmatch, words)) and any(not word.isdecimal() for word in words)


def label_warnings(class_names: Iterable[str]) -> list[str]:
    """Return a sentence if some classes may be one class whose label is written in several ways; else nothing."""
    spellings: dict[object, list[str]] = defaultdict(list)
    for name in class_names:
        spellings[_plainest(name)].append(name)
    groups = [" and ".join(map(repr, names)) for names in spellings.values() if len(names) > 1]
    if not groups:
        return []
    shown = "; ".join(groups[:5]) + (f"; and {len(groups) - 5} more" if len(groups) > 5 else "")
    return [
        "Labels that differ only in blanks, capitals, Unicode form or the way a number is written are classes of "
        f"their own: {shown}. If they mean the same, write them alike."
    ]


def _plainest(name: str) -> object:
    """Return what a label has in common with its other spellings."""
    plain = " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
    return float(plain) if _NUMBER.fullmatch(plain) else plain
