import numpy as np
import pandas as pd
import pytest

from privsearch.analysis.columns import bar_ends, bar_kind, bar_lengths, interval_ends
from privsearch.analysis.intervals import spread_interval

ROWS = pd.DataFrame(
    {
        "test_accuracy": [0.98, 0.02, 0.5],
        "test_accuracy_sd": [0.05, 0.05, np.nan],
        "svm.auc": [0.6, 0.7, np.nan],
        "svm.auc_sd": [0.1, 0.1, np.nan],
        "svm.auc_low": [0.55, np.nan, np.nan],
        "svm.auc_high": [0.66, np.nan, np.nan],
        "svm.advantage": [0.2, 0.3, 0.4],
        "svm.advantage_sd": [0.1, 0.1, 0.1],
        "seconds": [1.0, 2.0, 3.0],
        "replicates": [4, 4, 1],
    }
)


def test_a_bar_is_an_interval_where_there_is_one() -> None:
    """As there is of every accuracy; else a standard deviation; a column without either has no bar."""
    columns = ("svm.auc", "test_accuracy", "svm.advantage", "seconds")
    assert [bar_kind(ROWS, column) for column in columns] == ["interval", "interval", "sd", None]


def test_the_interval_of_an_accuracy_is_that_of_the_audit() -> None:
    """Student's t over the targets."""
    accuracies = [0.90, 0.91, 0.93, 0.92]
    expected = spread_interval(accuracies)
    rows = pd.DataFrame(
        {"test_accuracy": [np.mean(accuracies)], "test_accuracy_sd": [np.std(accuracies, ddof=1)], "replicates": [4]}
    )
    low, high = interval_ends(rows, "test_accuracy")
    assert expected
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_bars_end_where_the_range_ends() -> None:
    """Fractions lie between 0 and 1, and so do the ends of their bars; without a spread both ends are the value."""
    low, high = bar_ends(ROWS, "test_accuracy")
    half = 3.182446 * 0.05 / 2  # Student's t with three degrees of freedom
    assert low == pytest.approx([0.98 - half, 0.0, 0.5])
    assert high == pytest.approx([1.0, 0.02 + half, 0.5])


def test_bars_of_an_auc_are_its_intervals() -> None:
    """One without an interval has a bar of length 0 beside them, and not one of another kind."""
    low, high = bar_ends(ROWS, "svm.auc")
    assert low == pytest.approx([0.55, 0.7, np.nan], nan_ok=True)
    assert high == pytest.approx([0.66, 0.7, np.nan], nan_ok=True)


def test_bars_end_where_the_range_of_their_column_does() -> None:
    """An accuracy of 0.98 has no spread beyond 1, an AUC none below 0; what has no bounds keeps its bars whole."""
    rows = pd.DataFrame(
        {
            "test_accuracy": [0.98, 0.5],
            "test_accuracy_sd": [0.05, 0.05],
            "svm.auc": [0.02, 0.5],
            "svm.auc_sd": [0.05, np.nan],
            "seconds": [9.0, 8.0],
        }
    )
    assert bar_lengths(rows, "test_accuracy").tolist() == [pytest.approx([0.05, 0.05]), pytest.approx([0.02, 0.05])]
    assert bar_lengths(rows, "svm.auc").tolist() == [pytest.approx([0.02, 0.0]), pytest.approx([0.05, 0.0])]
    assert bar_lengths(rows, "seconds").tolist() == [[0.0, 0.0], [0.0, 0.0]]
