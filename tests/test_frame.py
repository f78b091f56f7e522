import numpy as np
import pandas as pd
import pytest
from builders import make_completed, make_failed

from privsearch.frame import results_frame
from privsearch.metrics import noise_floor
from privsearch.spec import SvmAttack

PROMISED = [
    *(
        "trial_id",
        "status",
        "dataset",
        "model",
        "spiking_layers",
    ),
    *(
        "weight_bit_width",
        "act_bit_width",
        "threshold",
        "surrogate_gradient",
        "num_steps",
    ),
    *(
        "protocol",
        "replicates",
        "train_accuracy",
        "train_accuracy_sd",
        "test_accuracy",
    ),
    *(
        "test_accuracy_sd",
        "svm.auc",
        "svm.auc_sd",
        "svm.placebo_auc",
        "seconds",
    ),
]


def test_the_promised_columns_are_there_in_their_order() -> None:
    """Everything downstream relies on these names."""
    columns = [column for column in results_frame([make_completed()]).columns if column in PROMISED]
    assert columns == PROMISED


def test_means_and_standard_deviations_are_over_replicates() -> None:
    """Replicates of 0.89 and 0.91 have mean 0.9 and sample standard deviation 0.02 / sqrt(2)."""
    (row,) = results_frame([make_completed(accuracy=0.9, auc=0.55)]).to_dict("records")
    assert row["test_accuracy"] == pytest.approx(0.9)
    assert row["test_accuracy_sd"] == pytest.approx(0.02 / np.sqrt(2))
    assert (row["svm.auc"], row["svm.placebo_auc"]) == (pytest.approx(0.55), pytest.approx(0.5))
    assert row["svm.noise_floor"] == noise_floor(120, 30)


def test_one_replicate_has_no_spread() -> None:
    """A standard deviation of one number is missing, not zero."""
    one = make_completed().model_copy(update={"replicates": make_completed().replicates[:1]})
    assert results_frame([one])["test_accuracy_sd"].isna().all()


def test_the_promised_columns_are_there_when_all_failed() -> None:
    """A program that reads the table need not ask whether anything went well."""
    assert set(PROMISED) <= set(results_frame([make_failed()]).columns)


def test_a_failed_trial_has_its_reason_and_no_numbers() -> None:
    """A failure stays visible, and cannot be mistaken for a result."""
    frame = results_frame([make_completed(), make_failed()])
    failed = frame[frame["status"] == "failed"].iloc[0]
    assert failed["error"] == "DivergedError: the training loss must be finite"
    assert failed[["test_accuracy", "svm.auc", "svm.placebo_auc"]].isna().all()


def test_every_attack_has_its_columns() -> None:
    """Two attacks, two sets of columns."""
    frame = results_frame([make_completed(attacks=(SvmAttack(), SvmAttack(per_class=True)))])
    assert {"svm.auc", "svm.placebo_auc", "svm_per_class.auc", "svm_per_class.placebo_auc"} <= set(frame.columns)


def test_bit_widths_stay_integers_beside_full_precision(tmp_path: object) -> None:
    """4 is written as 4, and full precision as nothing."""
    frame = results_frame([make_completed(), make_completed("c" * 16, weight_bit_width=4)])
    assert frame["weight_bit_width"].tolist() == [pd.NA, 4]
    assert ",4," in frame.to_csv(index=False)


def test_no_results_make_an_empty_table() -> None:
    """A study that has just begun can be looked at."""
    assert results_frame([]).empty
