from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import attack_result, make_completed, make_failed

from privsearch.frame import (
    exposed_frame,
    results_frame,
    slices_frame,
    strongest,
    target_numbers,
    targets_frame,
)
from privsearch.metrics import noise_floor
from privsearch.protocols import audit
from privsearch.protocols.halves import half_members
from privsearch.result import Cohort, Completed, TrialResult
from privsearch.signals import Signals
from privsearch.spec import HalvesProtocol, PaperProtocol, SvmAttack, ThresholdAttack, TrialSpec

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


def completed_with(*targets: dict[str, tuple[float, float]], **changes: Any) -> Completed:
    """A trial under `halves`: for each target and attack, the AUC on either half of the examples."""
    names = list(targets[0])
    attacks = tuple(ThresholdAttack(kind=name) for name in names)  # type: ignore[arg-type]
    whole = make_completed(protocol=HalvesProtocol(networks=4), attacks=attacks)
    replicates = tuple(
        whole.replicates[0].model_copy(
            update={
                "attacks": {
                    name: attack_result(sum(halves) / 2, "halves").model_copy(update={"auc_by_half": halves})
                    for name, halves in target.items()
                }
            }
        )
        for target in targets
    )
    return whole.model_copy(update={"replicates": replicates, **changes})


def test_the_strongest_attack_is_chosen_on_the_other_examples() -> None:
    """The entropy is the best on the first half, so it is judged on the second; the loss the other way round."""
    result = completed_with(
        {"loss": (0.5, 0.7), "entropy": (0.8, 0.6)},
        {"loss": (0.54, 0.74), "entropy": (0.9, 0.62)},
    )
    assert strongest(result) == ("loss", "entropy")
    numbers = target_numbers(result)
    assert [target["worst.auc"] for target in numbers] == pytest.approx([(0.5 + 0.6) / 2, (0.54 + 0.62) / 2])
    assert {target["worst.attack"] for target in numbers} == {"loss, entropy"}
    for target in numbers:
        assert target["worst.auc_low"] < target["worst.auc"] < target["worst.auc_high"]
        assert target["worst.advantage"] == pytest.approx(0.1)


def test_one_target_is_enough_to_choose_on() -> None:
    """Its examples are cut, not its targets."""
    result = completed_with({"loss": (0.6, 0.7), "entropy": (0.5, 0.5)})
    assert strongest(result) == ("loss", "loss")
    (row,) = results_frame([result]).to_dict("records")
    assert row["worst.auc"] == pytest.approx(0.65)
    assert row["worst.auc_low"] < 0.65 < row["worst.auc_high"]


def test_a_trial_that_lacks_an_attack_has_no_strongest_one() -> None:
    """Its strongest would be that of fewer attacks than the others'; one that was refused is lacked by all."""
    whole = completed_with({"loss": (0.6, 0.6), "entropy": (0.7, 0.7)})
    only_loss = tuple(r.model_copy(update={"attacks": {"loss": r.attacks["loss"]}}) for r in whole.replicates)
    partly = whole.model_copy(update={"replicates": only_loss, "across": {"loss": whole.across["loss"]}})
    assert strongest(partly) is None
    assert "worst.auc" not in target_numbers(partly)[0]
    assert strongest(partly.model_copy(update={"refused": {"entropy": "too few"}})) == ("loss", "loss")


@pytest.mark.parametrize("kind", ["paper", "halves"])
def test_the_strongest_of_guessing_attacks_still_guesses(kind: str) -> None:
    """On cohorts without a leak, whose examples differ in how they score, the mean of `worst` is 0.5."""
    attacks = tuple(ThresholdAttack(kind=name) for name in ("loss", "confidence", "entropy"))
    protocol = PaperProtocol(replicates=2, placebo_cuts=1) if kind == "paper" else HalvesProtocol(networks=6)
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        if kind == "paper":
            is_member = np.zeros((4, 80), dtype=bool)
            is_member[:, :50] = True
        else:
            is_member = np.zeros((6, 80), dtype=bool)
            is_member[:, :60] = half_members(60, 6, rng)
        logits = 3 * rng.normal(size=(80, 3)) + 0.3 * rng.normal(size=(len(is_member), 80, 3))
        num_train = 50 if kind == "paper" else 60
        seen = Signals(
            {("final_mem", "plain"): logits[:, None]}, is_member, rng.integers(3, size=80), np.arange(80), num_train
        )
        spec = TrialSpec(dataset="iris", model="ann", protocol=protocol, attacks=attacks, seed=seed)
        network = make_completed().replicates[0].target
        done = audit(Cohort(seen, (network,) * len(is_member)), spec)
        result = make_completed(protocol=protocol, attacks=attacks).model_copy(
            update={"replicates": done.replicates, "across": done.across}
        )
        found.append(np.mean([target["worst.auc"] for target in target_numbers(result)]))
    assert abs(np.mean(found) - 0.5) < 3 * np.std(found, ddof=1) / np.sqrt(len(found))


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
