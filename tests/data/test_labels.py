from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data.labels import encode_labels, label_warnings, parse_labels
from privsearch.errors import DataError


def parsed(*labels: str) -> list[object]:
    """What becomes of the labels of a column."""
    return parse_labels(pd.Series(labels, dtype=str)).tolist()


@pytest.mark.parametrize(
    "labels",
    [
        ("250.1", "250.10", "01", "1"),
        ("1e3", "1000"),
        ("1.0", "1"),
        ("01234", "1234"),
        ("01", "02"),
        ("1234567890123456", "1234567890123457", "1.5"),
        ("12345678901234567", "0.5"),
        ("1 ", "1"),
        ("TRUE", "True", "False"),
        ("9" * 400, "1"),
        ("a", "A", "a "),
        ("line\nbreak", 'a "quoted" word', ""),
    ],
)
def test_labels_that_would_merge_or_lose_digits_stay_text(labels: Sequence[str]) -> None:
    """No two labels that are written differently become one class, and none has another name than its own."""
    assert parsed(*labels, *labels) == [*labels, *labels]


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (("10", "9"), [10, 9]),
        (("1.5", "-1"), [1.5, -1.0]),
        (("1.50", "2.00"), [1.5, 2.0]),
        (("0", "0.5"), [0.0, 0.5]),
        (("TRUE", "FALSE"), [True, False]),
        (("2", "x"), ["2", "x"]),
    ],
)
def test_labels_that_lose_nothing_are_numbers(labels: Sequence[str], values: list[object]) -> None:
    """So that 9 comes before 10."""
    assert parsed(*labels) == values


@given(st.lists(st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,5})?(e[0-9])?", fullmatch=True), min_size=2, unique=True))
def test_no_two_labels_become_one(labels: list[str]) -> None:
    """However numbers are written."""
    assert len(set(parsed(*labels))) == len(labels)


def test_classes_have_numbers_in_sorted_order() -> None:
    """Beside the number of each example's class."""
    codes, numbers = encode_labels(np.array([5, 3, 5, 3, 3]), "here", has_test_split=True)
    assert codes.tolist() == [1, 0, 1, 0, 0]
    assert numbers == {3: 0, 5: 1}


def test_a_rare_class_that_is_another_spelling_is_told_as_such() -> None:
    """One blank too many is the likeliest reason for a class of one."""
    with pytest.raises(DataError, match=r"have one only: 'b '\. .* classes of their own: 'b' and 'b '\."):
        encode_labels(np.array(["a", "a", "b", "b", "b "], dtype=object), "here", has_test_split=True)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("yes", "Yes", "no"), "'yes' and 'Yes'"),
        (("a", "a ", " a"), "'a' and 'a ' and ' a'"),
        (("caf\u00e9", "cafe\u0301"), "'caf\u00e9' and 'cafe\u0301'"),
        (("250.1", "250.10", "01", "1"), "'250.1' and '250.10'; '01' and '1'"),
        (tuple("abcdefABCDEF"), "'e' and 'E'; and 1 more"),
    ],
)
def test_spellings_of_one_label_are_told(names: Sequence[str], told: str) -> None:
    """Blanks, capitals, Unicode forms and ways to write a number."""
    (warning,) = label_warnings(names)
    assert told in warning


@pytest.mark.parametrize("names", [("a", "b"), ("1", "2", "-1"), ("1.5", "1.25"), ("nan", "inf"), ("1 000", "1000")])
def test_different_labels_are_not_told(names: Sequence[str]) -> None:
    """Nothing but the spelling may be what they differ in."""
    assert label_warnings(names) == []
