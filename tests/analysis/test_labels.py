import subprocess
import sys
from typing import Any

import pytest

from privsearch.analysis.labels import (
    auc_mark,
    configuration,
    guessing_words,
    interval,
    measured,
    quantity,
    reason_missing,
    turned_words,
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
    assert guessing_words(ends) == ["~ not above guessing: the 95 % interval holds 0.5."]
    assert guessing_words(ends[2:]) == []


def test_auc_below_one_half_for_certain_is_explained_as_a_leak() -> None:
    """The words say what it is."""
    (words,) = turned_words([0.6, None, 0.27])
    assert words.startswith("! the whole interval lies below 0.5: no privacy")
    assert turned_words([0.6, None]) == []


def test_rate_is_missing_for_want_of_non_members() -> None:
    """A rate needs as many non-members on either half as make accusing one of them keep to it."""
    assert reason_missing("tpr_at_fpr_1e-2", 199) == "needs 200 non-members, has 199"
    assert "either half" in reason_missing("tpr_at_fpr_1e-2", 200)
