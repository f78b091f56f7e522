from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from builders import attack_result, make_completed

from privsearch.analysis.frames import results_frame
from privsearch.analysis.targets import strongest, target_numbers
from privsearch.attacks.protocols.audit import audit
from privsearch.attacks.protocols.halves import half_members
from privsearch.spec import HalvesProtocol, SvmAttack, ThresholdAttack, TrialSpec
from privsearch.spec.columns import PLACEBO_NUMBERS
from privsearch.study.attack_result import AttackResult
from privsearch.study.cohort import Cohort
from privsearch.study.result import Completed, Replicate
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


def with_attacks(replicate: Replicate, attacks: Mapping[str, AttackResult]) -> Replicate:
    return replicate.model_copy(update={"attacks": attacks})


def test_the_strongest_attack_has_the_highest_mean_auc() -> None:
    """The entropy is stronger on average, whatever single targets or halves of the examples say."""
    result = completed_with(
        {"loss": (0.5, 0.7), "entropy": (0.8, 0.6)},
        {"loss": (0.74, 0.78), "entropy": (0.9, 0.5)},
    )
    assert strongest(result) == "entropy"
    numbers = target_numbers(result)
    for target in numbers:
        assert target["worst.attack"] == "entropy"
        of_attack = {name.removeprefix("entropy."): value for name, value in target.items() if "entropy." in name}
        of_worst = {name.removeprefix("worst."): value for name, value in target.items() if "worst." in name}
        assert of_worst == {**of_attack, "attack": "entropy"}


def test_what_leaks_less_by_every_attack_leaks_less_by_the_strongest() -> None:
    """Whichever attack is the strongest on either side, and however the halves of the examples differ."""
    rng = np.random.default_rng(0)
    names = ("loss", "confidence", "entropy")
    for _ in range(20):
        less, more = np.sort(rng.uniform(0.45, 0.75, (2, len(names))), axis=0)
        tilts = rng.uniform(-0.2, 0.2, (2, len(names)))
        found = []
        for means, tilt in zip((less, more), tilts, strict=True):
            halves = {name: (mean + t, mean - t) for name, mean, t in zip(names, means, tilt, strict=True)}
            (row,) = results_frame([completed_with(halves, halves)]).to_dict("records")
            found.append(row["worst.auc"])
        assert found == pytest.approx([less.max(), more.max()])


def test_the_bound_is_of_the_attack_that_is_the_strongest_on_the_first_half() -> None:
    """It is of the second half, which had no part in the choice."""
    result = completed_with({"loss": (0.5, 0.9), "entropy": (0.6, 0.5)})
    (replicate,) = result.replicates
    attacks = {
        name: replicate.attacks[name].model_copy(update={"epsilon_low": low, "epsilon_ceiling": 3.0})
        for name, low in (("loss", 1.5), ("entropy", 0.25))
    }
    (numbers,) = target_numbers(result.model_copy(update={"replicates": (with_attacks(replicate, attacks),)}))
    assert (numbers["worst.attack"], numbers["worst.epsilon_low"]) == ("loss", 0.25)
    attacks["entropy"] = attacks["entropy"].model_copy(update={"auc_by_half": (None, 0.5)})
    (numbers,) = target_numbers(result.model_copy(update={"replicates": (with_attacks(replicate, attacks),)}))
    assert (numbers["worst.attack"], numbers["worst.epsilon_low"]) == ("loss", None)


def test_one_target_is_enough_to_choose_on() -> None:
    """Its interval accounts for the choice: it is wider than that of the chosen attack alone."""
    result = completed_with({"loss": (0.6, 0.7), "entropy": (0.5, 0.5)})
    assert strongest(result) == "loss"
    (row,) = results_frame([result]).to_dict("records")
    assert row["worst.auc"] == pytest.approx(0.65)
    (target,) = target_numbers(result)
    assert row["worst.auc_low"] < target["loss.auc_low"] < 0.65 < target["loss.auc_high"] < row["worst.auc_high"]


def test_a_trial_that_lacks_an_attack_has_no_strongest_one() -> None:
    """Its strongest would be that of fewer attacks than the others'; one that was refused is lacked by all."""
    whole = completed_with({"loss": (0.6, 0.6), "entropy": (0.7, 0.7)})
    only_loss = tuple(r.model_copy(update={"attacks": {"loss": r.attacks["loss"]}}) for r in whole.replicates)
    partly = whole.model_copy(update={"replicates": only_loss, "across": {"loss": whole.across["loss"]}})
    assert strongest(partly) is None
    assert "worst.auc" not in target_numbers(partly)[0]
    assert strongest(partly.model_copy(update={"refused": {"entropy": "too few"}})) == "loss"


def test_the_interval_of_the_strongest_of_guessing_attacks_holds_a_half() -> None:
    """On cohorts without a leak it does not lie above 0.5, though its middle does (`benchmarks/nulls.csv` has many)."""
    attacks = tuple(ThresholdAttack(kind=name) for name in ("loss", "confidence", "entropy"))
    protocol = HalvesProtocol(networks=6)
    rows = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        is_member = np.zeros((6, 80), dtype=bool)
        is_member[:, :60] = np.concatenate([half_members(60, rng) for _ in range(3)])
        logits = 3 * rng.normal(size=(80, 3)) + 0.3 * rng.normal(size=(len(is_member), 80, 3))
        seen = Signals(
            {("final_mem", "plain"): logits[:, None]}, is_member, rng.integers(3, size=80), np.arange(80), 60
        )
        spec = TrialSpec(dataset="iris", model="ann", protocol=protocol, attacks=attacks, seed=seed)
        network = make_completed().replicates[0].target
        done = audit(Cohort(seen, (network,) * len(is_member)), spec)
        result = make_completed(protocol=protocol, attacks=attacks).model_copy(
            update={"replicates": done.replicates, "across": done.across}
        )
        rows += results_frame([result]).to_dict("records")
    assert 0.49 < np.mean([row["worst.auc"] for row in rows]) < 0.55
    assert not any(row["worst.auc_low"] > 0.5 for row in rows)


def test_the_strongest_attack_has_no_placebo() -> None:
    """Its choice is in the members of every cut, so that its excess would not be 0 without a leak."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    (numbers, _) = target_numbers(make_completed(attacks=attacks))
    assert "svm.excess_auc" in numbers
    assert "worst.auc" in numbers
    assert not [name for name in numbers if name.startswith("worst.") and name.split(".")[1] in PLACEBO_NUMBERS]
