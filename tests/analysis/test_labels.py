import subprocess
import sys
from typing import Any

import pytest

from privsearch.analysis.labels import (
    auc_mark,
    configuration,
    guess_mark,
    guessing_excess_words,
    guessing_note,
    guessing_words,
    interval,
    matched_and_placebo,
    measured,
    quantity,
    reason_missing,
    turned_words,
    written,
)
from privsearch.spec import AXES

NOTHING = dict.fromkeys(AXES)
WIDTHS = ("weight_bit_width", "act_bit_width")


@pytest.mark.parametrize(
    ("axes", "varying", "words"),
    [
        ({"model": "ann"}, (), "ANN"),
        ({"model": "ann"}, WIDTHS, "ANN fp32"),
        ({"model": "ann", "weight_bit_width": 4}, WIDTHS, "ANN w4"),
        ({"model": "ann", "act_bit_width": 4, "threshold": 0.5}, (*WIDTHS, "threshold"), "ANN a4 @ 0.5"),
        ({"model": "ann", "act_bit_width": 4, "threshold": 0.5}, ("threshold",), "ANN threshold 0.5"),
        ({"model": "ann", "act_bit_width": 4}, ("weight_bit_width",), "ANN w32"),
        ({"model": "snn", "weight_bit_width": 2, "surrogate_gradient": "atan"}, AXES, "SNN w2 atan train_size all"),
        ({"model": "snn", "num_steps": 10, "beta": 0.5}, ("num_steps", "beta"), "SNN num_steps 10 beta 0.5"),
        ({"model": "snn", "act_bit_width": 4, "readout": "mean"}, (*WIDTHS, "readout"), "SNN a4 readout mean"),
        ({"model": "snn", "readout": "final"}, ("readout",), "SNN"),
        ({"model": "ann"}, ("num_steps", "surrogate_gradient", "threshold"), "ANN"),
        ({"model": "ann", "train_size": 100}, ("train_size",), "ANN train_size 100"),
    ],
)
def test_configuration_names_the_varying_axes(axes: dict[str, Any], varying: tuple[str, ...], words: str) -> None:
    """A configuration is named by its model and the varying axes that have an effect on it."""
    assert configuration(NOTHING | axes, varying).removesuffix(" test_size all") == words


def test_one_replicate_has_no_spread() -> None:
    """A mean stands alone where there is nothing to take a standard deviation of."""
    assert measured({"svm.auc": 0.5}, "svm.auc") == "0.500"
    assert measured({"svm.auc": 0.5126, "svm.auc_sd": 0.0104}, "svm.auc") == "0.513 ± 0.010"


def test_interval_is_short() -> None:
    """The ends of an interval have no leading zeros, and what has no interval is empty."""
    row = {"svm.auc_low": 0.5804, "svm.auc_high": 1.0, "lira.auc_low": None, "lira.auc_high": None}
    assert [interval(row, c) for c in ("svm.auc", "lira.auc", "test_accuracy")] == ["[.580, 1.000]", "", ""]


def test_columns_are_named_in_words() -> None:
    """A column's name is read as words, the attack first."""
    columns = ("test_accuracy", "svm_per_class.auc", "lira.tpr_at_fpr_1e-2")
    assert [quantity(c) for c in columns] == ["test accuracy", "svm_per_class AUC", "lira TPR at FPR 1e-2"]


def test_labels_come_without_optuna() -> None:
    """Naming a trial does not wait for Optuna or pandas to load."""
    code = "import sys, privsearch.analysis.labels; sys.exit(bool({'optuna', 'pandas'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_mark_is_that_of_the_interval_of_what_is_shown() -> None:
    """An interval that holds guessing is marked, and one wholly below it; one above, or none, is not."""
    ends = [(0.45, 0.55), (0.5, 0.6), (0.51, 0.6), (0.4, 0.49), (None, None)]
    assert [auc_mark(low, high) for low, high in ends] == ["~", "~", "", "!", ""]
    assert [auc_mark(low, high, guess=0.0) for low, high in ((-0.01, 0.02), (0.01, 0.03))] == ["~", ""]
    assert guessing_words(ends) == ["~ not shown to be above guessing: the 95 % interval contains 0.5."]
    assert guessing_words(ends[2:]) == []


def test_an_excess_is_marked_by_its_own_interval() -> None:
    """Against 0, wherever it stands; other numbers have no mark."""
    row = {"svm.excess_auc_low": -0.01, "svm.excess_auc_high": 0.02, "svm.auc_low": 0.4, "svm.auc_high": 0.49}
    row |= {"svm.excess_advantage_low": 0.01, "svm.excess_advantage_high": 0.02, "svm.advantage_low": -1.0}
    columns = ("svm.excess_auc", "svm.auc", "svm.excess_advantage", "svm.advantage", "test_accuracy")
    assert [guess_mark(row, column) for column in columns] == ["~", "!", "", "", ""]
    notes = [guessing_note(row, column) for column in columns]
    assert notes == ["not shown to be above 0", "below what guessing gives", "", "", ""]
    assert guessing_excess_words([(-0.2, -0.1), (0.1, 0.2)]) == [
        "! before an excess: its whole 95 % interval lies below 0: the placebo finds more than the attack."
    ]


@pytest.mark.parametrize(("column", "words"), [("svm.excess_auc", "+0.000"), ("svm.advantage", "0.000")])
@pytest.mark.parametrize("value", [0.0, -0.0, -0.0004, 0.0004])
def test_a_zero_has_no_minus(column: str, words: str, value: float) -> None:
    """An excess has a sign everywhere, and what is rounded to zero has a plus; other numbers have none."""
    assert written(column, value) == words
    assert written(column, -0.0123).startswith("-0.012")


@pytest.mark.parametrize(("placebo", "excess"), [(0.5634, 0.0034), (0.5636, -0.0006), (0.49951, 0.04949)])
def test_numbers_that_belong_together_add_up(placebo: float, excess: float) -> None:
    """As they are written: the matched number less the placebo is the excess."""
    matched, below = matched_and_placebo(placebo, excess)
    assert float(f"{matched - below:.3f}") == float(written("svm.excess_auc", excess))
    assert abs(matched - (placebo + excess)) <= 0.001


def test_auc_below_one_half_for_certain_is_explained_as_a_leak() -> None:
    """The words say what it is."""
    (words,) = turned_words([0.6, None, 0.27])
    assert words.startswith("! the whole interval lies below 0.5: no privacy")
    assert turned_words([0.6, None]) == []


def test_rate_is_missing_for_want_of_non_members() -> None:
    """A rate needs as many non-members on either half as make accusing one of them keep to it."""
    assert reason_missing("tpr_at_fpr_1e-2", 199) == "needs 200 non-members, has 199"
    assert "either half" in reason_missing("tpr_at_fpr_1e-2", 200)
