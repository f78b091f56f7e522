from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from builders import make_completed, make_failed

from privsearch.analysis.frames import exposed_frame, results_frame, slices_frame, targets_frame
from privsearch.analysis.metrics import noise_floor
from privsearch.spec import HalvesProtocol, SvmAttack
from privsearch.study.result import TrialResult

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
        "svm.auc_low",
        "svm.auc_high",
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
    assert failed[["test_accuracy", "svm.auc", "svm.auc_low"]].isna().all()


def test_every_attack_has_its_columns() -> None:
    """Two attacks, two sets of columns."""
    frame = results_frame([make_completed(attacks=(SvmAttack(), SvmAttack(per_class=True)))])
    assert {"svm.auc", "svm.placebo_auc", "svm_per_class.auc", "svm_per_class.placebo_auc"} <= set(frame.columns)


def test_the_interval_is_that_of_the_bootstrap() -> None:
    """The mean AUC has the ends that were computed across the targets."""
    (row,) = results_frame([make_completed(auc=0.55)]).to_dict("records")
    assert (row["svm.auc_low"], row["svm.auc_high"]) == (pytest.approx(0.52), pytest.approx(0.58))


def test_a_number_that_some_target_lacks_is_missing() -> None:
    """A mean over fewer targets than the others' would be compared with them all the same."""
    whole = make_completed()
    first, second = whole.replicates
    lacking = second.attacks["svm"].model_copy(update={"tpr_at_fpr": {"1e-1": None, "1e-2": None, "1e-3": None}})
    partly = whole.model_copy(update={"replicates": (first, second.model_copy(update={"attacks": {"svm": lacking}}))})
    assert results_frame([whole])["svm.tpr_at_fpr_1e-1"].tolist() == [0.2]
    assert results_frame([partly])["svm.tpr_at_fpr_1e-1"].isna().all()


def test_halves_have_no_placebo() -> None:
    """Its columns are there for the trials that have one."""
    assert "svm.placebo_auc" not in results_frame([make_completed(protocol=HalvesProtocol(networks=4))])
    assert "svm.placebo_auc" in results_frame([make_completed()])


def test_targets_have_a_row_each() -> None:
    """In the order of the trials, with their own intervals; failed trials have none."""
    frame = targets_frame([make_completed(auc=0.55), make_failed(), make_completed("c" * 16)])
    assert frame["trial_id"].tolist() == ["a" * 16] * 2 + ["c" * 16] * 2
    assert frame["target"].tolist() == [0, 1, 0, 1]
    first = frame.iloc[0]
    assert (first["svm.auc"], first["svm.auc_low"], first["svm.auc_high"]) == pytest.approx((0.54, 0.49, 0.59))
    assert (first["svm.advantage_low"], first["svm.excess_auc"]) == pytest.approx((0.0, 0.02))


def test_slices_are_means_over_the_targets_that_have_them() -> None:
    """A class without both kinds on any target has no number, and says on how many it was measured."""
    frame = slices_frame([make_completed(auc=0.55)]).set_index("slice")
    assert frame.loc["class 0", "auc"] == pytest.approx(0.55)
    assert frame["n"].to_dict() == {"class 0": 2, "class 1": 0, "correct": 2, "wrong": 0}
    assert np.isnan(frame.loc["wrong", "auc"])


def test_the_most_exposed_examples_are_listed() -> None:
    """With the row at which the user finds them in the data."""
    (row,) = exposed_frame([make_completed()]).to_dict("records")
    assert (row["attack"], row["rank"], row["row"], row["accused"], row["trained"]) == ("svm", 1, 7, 2, 2)


@pytest.mark.parametrize("table", [targets_frame, slices_frame, exposed_frame])
def test_tables_of_nothing_are_empty(table: Callable[[list[TrialResult]], pd.DataFrame]) -> None:
    """A study whose trials all failed has its tables."""
    assert table([make_failed()]).empty


def test_bit_widths_stay_integers_beside_full_precision(tmp_path: object) -> None:
    """4 is written as 4, and full precision as nothing."""
    frame = results_frame([make_completed(), make_completed("c" * 16, weight_bit_width=4)])
    assert frame["weight_bit_width"].tolist() == [pd.NA, 4]
    assert ",4," in frame.to_csv(index=False)


def test_no_results_make_an_empty_table() -> None:
    """A study that has just begun can be looked at."""
    assert results_frame([]).empty
