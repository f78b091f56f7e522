from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from given_splits import given_splits

import privsearch.sweep.cohort
from privsearch.analysis.blind import BlindFinding, blind_findings
from privsearch.attacks import attack_scores
from privsearch.data import describe_dataset
from privsearch.data.splits import load_splits
from privsearch.errors import TrialError
from privsearch.spec import Attack, HalvesProtocol, PaperProtocol, SvmAttack, ThresholdAttack, TrialSpec
from privsearch.study.cohort import Cohort
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.blind import inputs_baseline
from privsearch.sweep.cost import attack_seconds, signal_bytes, training_seconds
from privsearch.sweep.trial import attack_trial, run_trial

LOSS = ThresholdAttack(kind="loss")


def spec(folder: Path, given: dict[str, Any] | None = None, **fields: Any) -> TrialSpec:
    """A trial that learns nothing, on data with a test split of their own."""
    return TrialSpec(
        **{
            "dataset": given_splits(folder, **given or {}),
            "model": "ann",
            "epochs": 1,
            "learning_rate": 1e-12,
            "protocol": PaperProtocol(replicates=3, placebo_cuts=2),
            "attacks": (SvmAttack(), LOSS, ThresholdAttack(kind="confidence")),
            **fields,
        }
    )


def run(trial: TrialSpec, *args: Any, **options: Any) -> Completed:
    result = run_trial(trial, *args, **options)
    assert isinstance(result, Completed), result
    return result


def finding_of(result: Completed) -> BlindFinding:
    (finding,) = blind_findings([result])
    return finding


@pytest.mark.parametrize("given", [{"shift": 1.0}, {"scale": 3.0}])
def test_splits_that_differ_are_found_without_any_training(tmp_path: Path, given: dict[str, float]) -> None:
    """Shifted by one standard deviation, or scaled: by the inputs alone, and by an attack on untrained networks."""
    result = run(spec(tmp_path, given))
    finding = finding_of(result)
    assert finding.inputs is not None
    assert finding.untrained is not None
    assert finding.inputs.auc.low > 0.8
    assert finding.untrained.distance > 0
    assert finding.explained_auc is not None
    assert result.across["svm"].auc.value > 0.55, "the trained networks, which learnt nothing, seem to leak"
    assert finding.explained_auc > result.across["svm"].auc.value


def test_splits_that_are_alike_explain_nothing(tmp_path: Path) -> None:
    """Both baselines are within their noise."""
    assert finding_of(run(spec(tmp_path))).explained_auc is None


def test_networks_that_learn_nothing_are_as_the_untrained_ones(tmp_path: Path) -> None:
    """So every attack has the same numbers on both, up to the rounding of a step of 1e-12."""
    result = run(spec(tmp_path, {"shift": 1.0}))
    assert result.blind is not None
    assert result.blind.untrained.keys() == result.across.keys()
    for name, found in result.blind.untrained.items():
        assert found.auc.value == pytest.approx(result.across[name].auc.value, abs=1e-3)
        excess = [cuts.matched.auc - cuts.placebo.auc for cuts in (r.attacks[name] for r in result.replicates)]
        assert found.excess_auc == pytest.approx(np.mean(excess), abs=1e-3)


def test_training_changes_no_baseline_and_a_baseline_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is of the splits and the initial weights alone; and without it the trial has the same numbers."""
    learning = spec(tmp_path, epochs=5, learning_rate=1e-2)
    result = run(learning)
    assert result.blind == run(spec(tmp_path)).blind
    monkeypatch.setattr(privsearch.sweep.cohort, "blind_signals", lambda *_, **options: None)
    assert run(learning).numbers() == result.numbers() | {"blind": None}


def test_only_splits_that_chance_has_not_made_alike_have_baselines(tmp_path: Path) -> None:
    """Neither under halves, nor where the test split was drawn from the data."""
    assert run(spec(tmp_path, protocol=HalvesProtocol(networks=4), attacks=(LOSS,))).blind is None
    assert run(spec(tmp_path, dataset="iris")).blind is None


def test_an_attack_that_comes_later_has_its_baseline_without_the_data(tmp_path: Path) -> None:
    """From the kept signals: the same numbers as if it had been there before."""
    archive, first, loss = SignalArchive(tmp_path / "signals"), (SvmAttack(),), (LOSS,)
    trained = run(spec(tmp_path, attacks=first), archive=archive)
    both = run(spec(tmp_path, attacks=first + loss))
    (tmp_path / "given.npz").unlink()
    later = attack_trial(trained.spec.model_copy(update={"attacks": loss}), trained.trial_id, archive)
    assert isinstance(later, Completed)
    assert both.blind is not None
    assert later.blind == both.blind.restricted_to(["loss"])


def test_signals_that_were_kept_without_baselines_are_attacked_all_the_same(tmp_path: Path) -> None:
    """As an earlier version kept them: the baselines are not measured."""
    archive, trial = SignalArchive(tmp_path / "signals"), spec(tmp_path)
    trained = run(trial, archive=archive)
    cohort = archive.load(trained.trial_id)
    assert isinstance(cohort, Cohort)
    archive.save(trained.trial_id, replace(cohort, blind=None))
    again = run(trial, archive=archive)
    assert again.numbers() == trained.numbers() | {"blind": None}


def test_untrained_networks_that_are_dead_are_told(tmp_path: Path) -> None:
    """They give all examples the same outputs, and an attack on these has no number."""
    dead = run(spec(tmp_path, model="snn", num_steps=2, act_bit_width=2, threshold=100.0))
    assert dead.blind is not None
    assert dead.blind.untrained == {}
    assert dead.blind.refused["svm"] == "some untrained network gives all examples the same final_mem"


def test_an_attack_that_fails_on_untrained_networks_costs_no_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its reason, and its numbers on the trained ones."""
    calls: list[Attack] = []

    def failing(attack: Attack, *args: Any) -> Any:
        calls.append(attack)
        if len(calls) > 1 + 2 * 2:  # after the one target, and its two cuts
            raise TrialError("no scores")
        return attack_scores(attack, *args)

    monkeypatch.setattr("privsearch.attacks.protocols.paper.attack_scores", failing)
    result = run(spec(tmp_path, attacks=(LOSS,), protocol=PaperProtocol(replicates=1, placebo_cuts=2)))
    assert list(result.across) == ["loss"]
    assert result.blind is not None
    assert result.blind.refused == {"loss": "no scores"}


def test_the_inputs_are_looked_at_once_in_a_process(tmp_path: Path) -> None:
    """Whatever the configuration; splits of too few examples, never."""
    splits = load_splits(given_splits(tmp_path), seed=0, train_size=None, test_size=None)
    assert inputs_baseline(splits, 0) is inputs_baseline(splits, 0)
    few = load_splits(given_splits(tmp_path), seed=0, train_size=None, test_size=19)
    assert inputs_baseline(few, 0) is None


def test_the_plan_counts_the_baselines(tmp_path: Path) -> None:
    """Attacks and signals twice, queries of networks too; under halves nothing."""
    trial = spec(tmp_path, epochs=100)
    info = describe_dataset(trial.dataset)
    drawn = replace(info, has_own_test_split=False)
    assert signal_bytes(trial, info) == 2 * signal_bytes(trial, drawn)
    assert attack_seconds(trial, trial.attacks, info) == 2 * attack_seconds(trial, trial.attacks, drawn)
    assert training_seconds(trial, drawn) < training_seconds(trial, info) < 1.1 * training_seconds(trial, drawn)
    halves = trial.model_copy(update={"protocol": HalvesProtocol()})
    assert signal_bytes(halves, info) == signal_bytes(halves, drawn)
