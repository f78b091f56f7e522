from typing import Any

import numpy as np
import pytest
from builders import attack_result, make_completed

from privsearch.analysis.frames import results_frame
from privsearch.analysis.targets import strongest, target_numbers
from privsearch.attacks.protocols.audit import audit
from privsearch.attacks.protocols.halves import half_members
from privsearch.spec import HalvesProtocol, PaperProtocol, SvmAttack, ThresholdAttack, TrialSpec
from privsearch.spec.columns import PLACEBO_NUMBERS
from privsearch.study.cohort import Cohort
from privsearch.study.result import Completed
from privsearch.study.signals import Signals


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
    for seed in range(25):
        rng = np.random.default_rng(seed)
        if kind == "paper":
            is_member = np.zeros((4, 80), dtype=bool)
            is_member[:, :50] = True
        else:
            is_member = np.zeros((6, 80), dtype=bool)
            is_member[:, :60] = np.concatenate([half_members(60, rng) for _ in range(3)])
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


def test_the_strongest_attack_has_no_placebo() -> None:
    """Its choice is in the members of every cut, so that its excess would not be 0 without a leak."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    (numbers, _) = target_numbers(make_completed(attacks=attacks))
    assert "svm.excess_auc" in numbers
    assert "worst.auc" in numbers
    assert not [name for name in numbers if name.startswith("worst.") and name.split(".")[1] in PLACEBO_NUMBERS]
