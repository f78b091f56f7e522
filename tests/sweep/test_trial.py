from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from kept_networks import trained_trial
from versions import OtherVersions

import privsearch.sweep.cohort
import privsearch.sweep.splits
import privsearch.sweep.trial
from privsearch.api.plugins import register_attack
from privsearch.attacks import AttackView, attack_scores
from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.audit import audit
from privsearch.data import describe_dataset
from privsearch.data.splits import load_splits
from privsearch.errors import MetricError, StudyError
from privsearch.spec import (
    Attack,
    HalvesProtocol,
    LabelOnlyAttack,
    LiraAttack,
    NpzDataset,
    OneRunProtocol,
    PaperProtocol,
    Protocol,
    QuantileRegressionAttack,
    RegisteredAttack,
    RmiaAttack,
    SvmAttack,
    TableDataset,
    ThresholdAttack,
    TrialSpec,
)
from privsearch.spec.attacks import ThresholdKind, unmet_requirement
from privsearch.study.cohort import Cohort
from privsearch.study.environment import present_environment
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import UNKNOWN_ID, Completed, Epoch, Failed, TrialResult
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.advance import Activity, Phase
from privsearch.sweep.cohort import Keeping
from privsearch.sweep.splits import network_splits
from privsearch.sweep.trial import Earlier, attack_trial, run_trial, train_networks

TINY = TrialSpec(
    dataset="iris",
    model="snn",
    epochs=1,
    batch_size=64,
    num_steps=3,
    protocol=PaperProtocol(replicates=2, placebo_cuts=2),
)


def run(spec: TrialSpec = TINY, **changes: Any) -> Completed:
    result = run_trial(spec.model_copy(update=changes))
    assert isinstance(result, Completed), result
    return result


class Noted(Activity):
    """Writes down which phases it enters, and where each step is."""

    def __init__(self) -> None:
        super().__init__()
        self.phases: list[Phase] = []
        self.steps: list[tuple[int | None, float]] = []

    def enter(self, phase: Phase) -> None:
        super().enter(phase)
        self.phases.append(phase)

    def on_step(self, network: int, epoch: int, step: int, steps: int) -> None:
        super().on_step(network, epoch, step, steps)
        self.steps.append((self.advance().network, self.advance().epochs_passed))


def test_a_trial_notes_how_far_it_is_which_changes_no_number() -> None:
    """Every kind of work as it begins, every step of every network, and the networks that are trained."""
    noted = Noted()
    result = run_trial(TINY.model_copy(update={"epochs": 2}), activity=noted)
    assert isinstance(result, Completed)
    assert noted.phases == ["reading data", "reading data", "training", "attacking"]
    assert noted.advance().trained == (0, 1, 2, 3)
    assert [network for network, passed in noted.steps if passed == 0.0] == [0, 1, 2, 3]
    assert noted.steps == sorted(noted.steps)
    assert max(passed for _, passed in noted.steps) >= 1.0
    assert result.numbers() == run(epochs=2).numbers()


def test_a_part_of_a_trial_notes_how_far_it_is(tmp_path: Path) -> None:
    """The networks that it has trained, by their places in the trial; and it says how long it took."""
    noted = Noted()
    part = train_networks(TINY, [1, 3], SignalArchive(tmp_path), Keeping(), activity=noted)
    assert (part.error, part.seconds > 0) == (None, True)
    assert noted.advance().trained == (1, 3)
    assert {network for network, _ in noted.steps} == {1, 3}


def test_the_same_spec_gives_the_same_numbers() -> None:
    """To the last bit, histories and attacks included; another seed gives others."""
    assert run().numbers() == run().numbers()
    assert run(seed=1).replicates != run().replicates


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "ann", "num_steps": None},
        {"weight_bit_width": 4},
        {"act_bit_width": 4, "threshold": 0.5},
        {"surrogate_gradient": "triangular"},
        {"dataset": "digits", "train_size": 100, "test_size": 50, "spiking_layers": "head"},
    ],
)
def test_every_kind_of_trial_completes(changes: dict[str, Any]) -> None:
    """Accuracies and AUCs are fractions, one replicate for each that was asked for."""
    result = run(**changes)
    assert len(result.replicates) == 2
    for replicate in result.replicates:
        assert replicate.shadow is not None
        numbers: list[Any] = [replicate.target.test_accuracy, replicate.shadow.train_accuracy]
        found = replicate.attacks["svm"]
        numbers += [found.auc.low, found.auc.value, found.auc.high, found.placebo.auc]
        assert all(0 <= number <= 1 for number in numbers)
        assert len(replicate.target.history) == 1


def test_a_result_carries_its_canonical_spec_and_id() -> None:
    """The key under which it will be found again."""
    result = run(threshold=0.7)
    assert result.spec.threshold is None
    assert result.trial_id == result.spec.trial_id(describe_dataset("iris").fingerprint)


HALVES = HalvesProtocol(networks=4, dropout_queries=2)
EVERYTHING: tuple[Attack, ...] = (
    SvmAttack(),
    SvmAttack(per_class=True, signals="mean_mem"),
    *(ThresholdAttack(kind=kind) for kind in get_args(ThresholdKind)),
    LiraAttack(),
    LiraAttack(mode="offline", signals="spike_counts"),
    LiraAttack(queries="input_dropout"),
    RmiaAttack(),
    RmiaAttack(mode="offline", a=0.5),
    LabelOnlyAttack(),
    QuantileRegressionAttack(),
)


@pytest.mark.parametrize("canaries", [False, True])
def test_one_run_audits_a_part_of_the_training_split(canaries: bool) -> None:
    """Each network is attacked by itself; canaries are what it was trained on, and what its training accuracy is of."""
    protocol = OneRunProtocol(replicates=2, audited_fraction=0.5, canaries=canaries)
    attacks = tuple(attack for attack in EVERYTHING if unmet_requirement(attack, protocol, "ann") is None)
    assert [attack.name for attack in attacks] == [*get_args(ThresholdKind), "label_only", "quantile_regression"]
    shelf = Shelf()
    result = run_trial(
        TINY.model_copy(update={"model": "ann", "protocol": protocol, "attacks": attacks}), archive=shelf
    )
    assert isinstance(result, Completed), result
    (signals,) = (cohort.signals for cohort in shelf.kept.values())
    plain = load_splits("iris", seed=0, train_size=None, test_size=None)
    wrong = np.flatnonzero(signals.labels != np.concatenate([plain.y_train, plain.y_test]))
    queried = rules_of(protocol).queried(signals, seed=0)
    assert np.array_equal(wrong, queried if canaries else [])
    assert (signals.labels[wrong] < 3).all()
    for number, replicate in enumerate(result.replicates):
        assert replicate.shadow is None
        members = signals.is_member[number]
        right = (signals.logits[number].argmax(1) == signals.labels)[members].mean()
        assert replicate.target.train_accuracy == pytest.approx(right)
        for found in replicate.attacks.values():
            assert found.num_members + found.num_non_members == len(queried) == 60
            assert found.num_members == members[queried].sum()
            assert found.epsilon_ceiling is not None


@pytest.mark.parametrize("model", ["ann", "snn"])
def test_every_attack_runs_under_halves(model: str) -> None:
    """Each network of the cohort is a target, and has numbers of every attack; none has a shadow of its own."""
    attacks = tuple(attack for attack in EVERYTHING if unmet_requirement(attack, HALVES, model) is None)
    result = run(model=model, num_steps=20 if model == "snn" else None, protocol=HALVES, attacks=attacks)
    assert len(result.replicates) == 4
    names = [attack.name for attack in attacks]
    for replicate in result.replicates:
        assert replicate.shadow is None
        assert list(replicate.attacks) == names
    assert list(result.across) == names


def test_a_kept_trajectory_can_be_attacked_later(tmp_path: Path) -> None:
    """The file of the signals has it, and the numbers are those of an attack that was there from the beginning."""
    protocol = HalvesProtocol(networks=6, mem_trajectory=True)
    attacks: tuple[Attack, ...] = (LiraAttack(), LiraAttack(signals="mem_trajectory"))
    archive = SignalArchive(tmp_path)
    at_once = run_trial(
        TINY.model_copy(update={"model": "snn", "num_steps": 4, "protocol": protocol, "attacks": attacks}),
        archive=archive,
    )
    assert isinstance(at_once, Completed), at_once
    later = attack_trial(at_once.spec, at_once.trial_id, archive)
    assert isinstance(later, Completed), later
    assert later.across == at_once.across
    assert set(later.across) == {"lira_shrunken", "lira_shrunken_mem_trajectory"}


class Shelf:
    """An archive in memory that counts."""

    def __init__(self) -> None:
        self.kept: dict[str, Cohort] = {}
        self.saved = 0

    def load(self, trial_id: str) -> Cohort | None:
        return self.kept.get(trial_id)

    def save(self, trial_id: str, cohort: Cohort) -> None:
        self.kept[trial_id] = cohort
        self.saved += 1


def test_what_was_kept_is_not_trained_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another attack on the same trial finds its signals, and the same numbers as if it had been there before."""
    shelf = Shelf()
    first = run_trial(TINY, archive=shelf)
    both = run(attacks=(SvmAttack(), ThresholdAttack(kind="loss")))
    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", None)
    added = TINY.model_copy(update={"attacks": (ThresholdAttack(kind="loss"),)})
    for later in (run_trial(added, archive=shelf), attack_trial(added.canonical("fcnet"), first.trial_id, shelf)):
        assert isinstance(later, Completed)
        assert later.across["loss"] == both.across["loss"]
        assert [r.attacks["loss"] for r in later.replicates] == [r.attacks["loss"] for r in both.replicates]
        assert [r.target for r in later.replicates] == [r.target for r in both.replicates]
    assert shelf.saved == 1


def test_an_attack_that_fails_costs_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signals are kept before the attack begins."""
    shelf = Shelf()

    def broken(*args: Any) -> None:
        raise RuntimeError("no attack")

    monkeypatch.setattr(privsearch.sweep.trial, "audit", broken)
    failed = run_trial(TINY, archive=shelf)
    assert isinstance(failed, Failed)
    assert (failed.error, list(shelf.kept)) == ("RuntimeError", [failed.trial_id])


def test_an_attack_that_the_examples_cannot_carry_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused with its reason; where it is the only one, the trial has its accuracies."""

    def refusing(attack: Attack, *args: Any) -> Any:
        if attack.name == "svm_per_class":
            raise MetricError("too few")
        return attack_scores(attack, *args)

    monkeypatch.setattr("privsearch.attacks.protocols.paper.attack_scores", refusing)
    both = run(attacks=(SvmAttack(), SvmAttack(per_class=True)))
    assert both.refused == {"svm_per_class": "too few"}
    assert list(both.across) == list(both.replicates[0].attacks) == ["svm"]
    alone = run(attacks=(SvmAttack(per_class=True),))
    assert (alone.refused, alone.across) == ({"svm_per_class": "too few"}, {})
    assert [replicate.target for replicate in alone.replicates] == [replicate.target for replicate in both.replicates]


def test_what_need_not_be_kept_is_not_kept_but_read() -> None:
    """Without keeping, signals that are there serve all the same."""
    shelf = Shelf()
    run_trial(TINY, archive=shelf, keep=Keeping(signals=False))
    assert shelf.saved == 0
    run_trial(TINY, archive=shelf)
    assert isinstance(run_trial(TINY, archive=shelf, keep=Keeping(signals=False)), Completed)
    assert shelf.saved == 1


def test_signals_that_are_gone_are_a_failed_result() -> None:
    """With the way to get them back."""
    result = attack_trial(TINY, "t", Shelf())
    assert isinstance(result, Failed)
    assert "the signals of trial t must be readable, but are not; run its sweep" in result.message


def test_configurations_share_their_subsets_and_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two configurations are compared on the same shadows' subsets, replicate by replicate."""
    seen: list[tuple[bytes, tuple[int, ...]]] = []
    train = privsearch.sweep.cohort.train_cohort

    def watching(spec: Any, splits: Any, subsets: np.ndarray, seeds: Any, *rest: Any, **options: Any) -> Any:
        seen.append((subsets.tobytes(), tuple(seeds)))
        return train(spec, splits, subsets, seeds, *rest, **options)

    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", watching)
    run()
    run(weight_bit_width=2)
    assert seen[0] == seen[1]
    assert len(set(seen[0][1])) == 4


def test_an_attack_does_not_depend_on_the_others() -> None:
    """Adding an attack leaves the numbers of the first as they were."""
    both = run(attacks=(SvmAttack(per_class=True), SvmAttack()))
    assert [r.attacks["svm"] for r in both.replicates] == [r.attacks["svm"] for r in run().replicates]
    assert set(both.replicates[0].attacks) == {"svm", "svm_per_class"}


def test_a_listener_hears_targets_and_shadows_of_all_replicates() -> None:
    """Networks count through the replicates, the target before the shadow."""
    heard: list[tuple[int, int]] = []

    def listen(network: int, epoch: int, measured: Epoch) -> None:
        heard.append((network, epoch))

    run_trial(TINY, listen)
    assert heard == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_a_trial_that_diverges_is_a_failed_result() -> None:
    """With the error, what it said, and where."""
    result = run_trial(TINY.model_copy(update={"model": "ann", "learning_rate": 1e30}))
    assert isinstance(result, Failed)
    assert result.error == "DivergedError"
    assert "must be finite" in result.message
    assert "in train_cohort" in result.traceback


def test_a_dataset_that_vanished_is_a_failed_result() -> None:
    """A file that is gone when the worker comes to it fails its trials and no more."""
    gone = TableDataset(name="gone", path="/nowhere/gone.csv", label="y")
    result = run_trial(TINY.model_copy(update={"dataset": gone}))
    assert isinstance(result, Failed)
    assert (result.trial_id, result.error) == (UNKNOWN_ID, "DataError")


def test_an_interrupt_is_not_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C must get through."""

    def interrupted(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_trial(TINY)


class Unreachable:
    """An archive on the other side of a broken line."""

    def load(self, trial_id: str) -> Cohort | None:
        raise StudyError("no answer")

    def save(self, trial_id: str, cohort: Cohort) -> None:
        raise StudyError("no answer")


def test_signals_that_cannot_be_kept_cost_no_numbers() -> None:
    """The trial is what it would have been, and knows what it lacks; an attack without a training is not to be had."""
    quiet, result = run_trial(TINY), run_trial(TINY, archive=Unreachable())
    assert isinstance(quiet, Completed)
    assert isinstance(result, Completed)
    assert (quiet.unkept, result.unkept) == (None, "no answer")
    assert result.numbers() == quiet.numbers()
    attacked = attack_trial(TINY, "t", Unreachable())
    assert isinstance(attacked, Failed)
    assert attacked.message == "no answer"


@pytest.mark.parametrize(("model", "readout"), [("ann", None), ("snn", "final"), ("snn", "mean")])
@pytest.mark.parametrize("protocol", [PaperProtocol(replicates=1), HALVES])
def test_a_dead_network_is_not_attacked(model: str, readout: str | None, protocol: Protocol) -> None:
    """It answers everything alike: it keeps its accuracies, and no attack has a number that would look like privacy."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    changes = {"model": model, "readout": readout, "act_bit_width": 2, "threshold": 100.0}
    result = run(protocol=protocol, attacks=attacks, **changes)
    assert result.dead == tuple(range(protocol.networks))
    assert (result.across, result.refused.keys()) == ({}, {"svm", "loss"})
    name = "mean_mem" if readout == "mean" else "final_mem"
    assert f"some network gives all of them the same {name}" in result.refused["svm"]
    assert all(replicate.target.test_accuracy == pytest.approx(1 / 3) for replicate in result.replicates)


def test_attacks_see_what_a_network_was_trained_to_answer() -> None:
    """Trained on its mean membrane, the default and `label_only` read that, and slices of what is right go by it.

    The same outputs, called those of a network that answers with its last membrane, give the same numbers to who asks
    for the mean one.
    """
    shelf = Shelf()
    loss, on_final, on_mean = (ThresholdAttack(kind="loss", signals=s) for s in ("logits", "final_mem", "mean_mem"))
    attacks = (loss, on_final, on_mean, LabelOnlyAttack(), SvmAttack())
    mean = run_trial(
        TINY.model_copy(update={"readout": "mean", "attacks": attacks, "protocol": HALVES, "epochs": 8}), archive=shelf
    )
    assert isinstance(mean, Completed), mean
    assert list(mean.across) == ["loss", "loss_final_mem", "label_only", "svm"]
    (cohort,) = shelf.kept.values()
    called_final = replace(cohort, signals=replace(cohort.signals, logits_from="final_mem"))
    found = audit(called_final, mean.spec.model_copy(update={"attacks": (loss, on_mean)}))
    for number, (replicate, other) in enumerate(zip(mean.replicates, found.replicates, strict=True)):
        assert replicate.attacks["loss"].auc.value == other.attacks["loss_mean_mem"].auc.value
        assert replicate.attacks["loss_final_mem"].auc.value == other.attacks["loss"].auc.value
        right = cohort.signals.outputs["mean_mem", "plain"][number, 0].argmax(1) == cohort.signals.labels
        is_member = cohort.signals.is_member[number]
        assert replicate.target.train_accuracy == pytest.approx(right[is_member].mean())
        queried = rules_of(HALVES).queried(cohort.signals, seed=0)
        rates = [right[queried][is_member[queried] == state].mean() for state in (True, False)]
        gap = 0.5 + (rates[0] - rates[1]) / 2
        assert replicate.attacks["label_only"].auc.value == pytest.approx(gap)
    assert found.replicates[0].target == mean.replicates[0].target


def test_outputs_that_never_spike_cost_only_the_attack_that_reads_them() -> None:
    """A network whose last neurons never fire still has membranes, and is not dead."""
    attacks = (SvmAttack(), SvmAttack(signals="spike_counts"))
    result = run(attacks=attacks, num_steps=1)
    assert result.dead == ()
    assert list(result.across) == ["svm"]
    assert result.refused["svm_spike_counts"].endswith("or let the attack see final_mem")


def test_a_result_says_where_its_networks_were_trained_and_attacked(other_versions: OtherVersions) -> None:
    """What was kept and is attacked under another version has both, the training's first."""
    shelf = Shelf()
    first = run_trial(TINY, archive=shelf)
    assert isinstance(first, Completed)
    (trained,) = first.environments
    assert ", torch 2." in trained
    other_versions(torch="9.9")
    again = attack_trial(TINY, first.trial_id, shelf)
    assert isinstance(again, Completed)
    assert again.environments == (trained, present_environment())
    assert ", torch 9.9," in again.environments[1]


def test_attacks_on_two_trainings_are_never_one_trials(other_versions: OtherVersions) -> None:
    """What is trained again, or was kept of another training than the recorded one, is attacked with every attack."""
    shelf = Shelf()
    loss = ThresholdAttack(kind="loss")
    both = TINY.canonical("fcnet", has_own_test_split=False).model_copy(update={"attacks": (SvmAttack(), loss)})
    trained = run_trial(TINY, archive=shelf)
    assert isinstance(trained, Completed)

    def attacked(trained_under: str, archive: Shelf) -> list[list[str]]:
        earlier, results = Earlier(trained_under, (loss,)), []
        if archive.kept:
            results.append(attack_trial(both, trained.trial_id, archive, earlier))
        results.append(run_trial(both, archive=archive, earlier=earlier))
        assert all(isinstance(result, Completed) and list(result.across) == names(result) for result in results)
        return [names(result) for result in results]

    assert attacked(trained.environments[0], shelf) == [["loss"]] * 2
    other_versions(torch="9.9")
    assert attacked(present_environment(), shelf) == [["svm", "loss"]] * 2, "kept by the earlier version"
    assert attacked(present_environment(), Shelf()) == [["svm", "loss"]], "not kept"


def names(result: TrialResult) -> list[str]:
    return [attack.name for attack in result.spec.attacks]


def test_only_what_the_same_versions_trained_is_taken_if_asked(other_versions: OtherVersions) -> None:
    """Otherwise what was kept serves, whatever it was trained under."""
    shelf = Shelf()
    run_trial(TINY, archive=shelf)
    other_versions(torch="9.9")
    run_trial(TINY, archive=shelf)
    assert shelf.saved == 1
    retrained = run_trial(TINY, archive=shelf, earlier=Earlier(only_same_versions=True))
    assert isinstance(retrained, Completed)
    assert (shelf.saved, retrained.environments) == (2, (present_environment(),))
    run_trial(TINY, archive=shelf, earlier=Earlier(only_same_versions=True))
    assert shelf.saved == 2


def test_a_file_that_was_not_written_again_holds_what_it_held(other_versions: OtherVersions) -> None:
    """So that a plan does not take the networks of an older training for those that were trained, but not kept."""
    shelf = Shelf()
    first = run_trial(TINY, archive=shelf)
    other_versions(torch="9.9")
    earlier = Earlier(only_same_versions=True)
    retrained = run_trial(TINY, archive=shelf, keep=Keeping(signals=False), earlier=earlier)
    assert isinstance(first, Completed)
    assert isinstance(retrained, Completed)
    assert (first.held, retrained.held) == (first.networks, ())
    assert shelf.saved == 1


def test_keeping_networks_changes_no_number(tmp_path: Path) -> None:
    """Nor the trial's id; where they cannot be kept, the numbers are there all the same, and the reason."""
    expected, _ = trained_trial(tmp_path / "kept", model="ann")
    (tmp_path / "networks").write_text("in the way")
    keep = Keeping(networks=NetworkArchive(tmp_path / "networks"))
    for again in (run_trial(expected.spec), run_trial(expected.spec, keep=keep)):
        assert isinstance(again, Completed)
        assert again.numbers() == expected.numbers()
    assert again.networks_unkept is not None
    assert again.networks_unkept.startswith(f"{tmp_path / 'networks'}: what is kept must lie where")


def kept_cohort(spec: TrialSpec) -> Cohort:
    """The cohort of a trial."""
    shelf = Shelf()
    assert isinstance(run_trial(spec, archive=shelf), Completed)
    (cohort,) = shelf.kept.values()
    return cohort


def test_replicates_are_split_anew_where_the_data_bring_no_split() -> None:
    """Iris: each target has a test split of its own, drawn alike for all configurations; one split if asked for."""
    default, other = kept_cohort(TINY), kept_cohort(TINY.model_copy(update={"model": "ann", "num_steps": None}))
    members = default.signals.is_member
    assert members.sum(1).tolist() == [120, 96, 120, 96]
    assert not (members[1] & ~members[0]).any()
    assert not np.array_equal(members[0], members[2])
    assert np.array_equal(members, other.signals.is_member)
    asked = run(protocol=PaperProtocol(replicates=2, placebo_cuts=2, resplit=True))
    assert (asked.trial_id, asked.numbers()) == (run().trial_id, run().numbers())
    shared = kept_cohort(TINY.model_copy(update={"protocol": PaperProtocol(replicates=2, resplit=False)}))
    assert np.array_equal(shared.signals.is_member[0], np.arange(150) < 120)
    assert np.array_equal(shared.signals.is_member[0], shared.signals.is_member[2])


def test_data_with_a_test_split_keep_it_unless_asked(tmp_path: Path) -> None:
    """Training and test data are then pooled, and no test example is called a training example of the same number."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), np.arange(60) % 3
    np.savez(tmp_path / "own.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    own = TINY.model_copy(update={"dataset": NpzDataset(name="own", path=str(tmp_path / "own.npz"))})
    kept = run_trial(own)
    assert isinstance(kept, Completed)
    assert kept.spec.protocol == PaperProtocol(replicates=2, placebo_cuts=2, resplit=False)
    resplit = own.model_copy(update={"protocol": PaperProtocol(replicates=2, placebo_cuts=2, resplit=True)})
    again = run_trial(resplit)
    assert isinstance(again, Completed)
    assert again.trial_id != kept.trial_id
    signals = kept_cohort(resplit).signals
    assert sorted(signals.rows) == list(range(60))
    assert signals.is_member.sum(1).tolist() == [40, 32, 40, 32]
    for network in range(4):
        splits = network_splits(resplit, network)
        assert set(signals.rows[signals.is_member[network]]) <= set(splits.rows[:40])


@pytest.mark.parametrize("resplit", [True, False])
def test_an_added_attack_finds_the_same_splits(resplit: bool) -> None:
    """Attacking kept signals later gives what attacking at once gives."""
    shelf, protocol = Shelf(), PaperProtocol(replicates=2, placebo_cuts=2, resplit=resplit)
    first = run(protocol=protocol, attacks=(SvmAttack(), ThresholdAttack(kind="loss")))
    kept = run_trial(TINY.model_copy(update={"protocol": protocol}), archive=shelf)
    assert kept.trial_id == first.trial_id
    added = first.spec.model_copy(update={"attacks": (ThresholdAttack(kind="loss"),)})
    later = attack_trial(added, first.trial_id, shelf)
    assert isinstance(later, Completed)
    assert later.across["loss"] == first.across["loss"]


READING: tuple[Attack, ...] = (ThresholdAttack(kind="loss"), QuantileRegressionAttack())


def csv_trial(folder: Path, attacks: tuple[Attack, ...] = READING) -> TrialSpec:
    """A trial on a small table of two classes in a file."""
    rng = np.random.default_rng(0)
    rows = [f"{a:.6f},{b:.6f},{'yes' if a + b > 0 else 'no'}" for a, b in rng.normal(size=(80, 2))]
    (folder / "table.csv").write_text("\n".join(["a,b,label", *rows]))
    dataset = TableDataset(name="table", path=str(folder / "table.csv"), label="label")
    protocol = HalvesProtocol(networks=4)
    return TrialSpec(dataset=dataset, model="ann", epochs=3, batch_size=16, protocol=protocol, attacks=attacks)


def test_an_attack_that_reads_the_examples_gets_them_in_their_order(tmp_path: Path) -> None:
    """As networks are given them, where it runs at once and where it runs on kept signals; other attacks get none."""
    seen: dict[str, np.ndarray | None] = {}

    def score(view: AttackView, name: str) -> np.ndarray:
        of_both = (view.queried.inputs, view.population.inputs)
        seen[name] = None if of_both[0] is None else np.concatenate([of for of in of_both if of is not None])
        return view.queried.target[0, :, 0]

    register_attack("reader", partial(score, name="reader"), inputs=True)
    register_attack("other", partial(score, name="other"))
    attacks = tuple(RegisteredAttack(attack=name) for name in ("reader", "other"))
    spec, archive = csv_trial(tmp_path, attacks), SignalArchive(tmp_path / "signals")
    trained = run_trial(spec, archive=archive)
    assert isinstance(trained, Completed), trained
    splits = load_splits(spec.dataset, seed=0, train_size=None, test_size=None)
    expected = np.concatenate([splits.x_train, splits.x_test])
    assert seen["reader"] is not None
    assert np.array_equal(seen["reader"], expected)
    seen["reader"] = None
    later = attack_trial(trained.spec, trained.trial_id, archive)
    assert isinstance(later, Completed)
    assert later.numbers() == trained.numbers()
    assert np.array_equal(seen["reader"], expected)
    assert seen["other"] is None


def test_without_the_data_only_what_reads_them_is_refused(tmp_path: Path) -> None:
    """The other attacks have their numbers; when the data are back it is run, and has those it would have had."""
    spec, archive = csv_trial(tmp_path), SignalArchive(tmp_path / "signals")
    at_once = run_trial(spec, archive=archive)
    assert isinstance(at_once, Completed), at_once
    (tmp_path / "table.csv").rename(tmp_path / "away.csv")
    later = attack_trial(at_once.spec, at_once.trial_id, archive)
    assert isinstance(later, Completed), later
    assert list(later.across) == ["loss"]
    assert later.across["loss"] == at_once.across["loss"]
    assert later.attacks_done == READING[:1]
    assert later.refused["quantile_regression"].startswith(
        "it reads the examples themselves, but the data are not at hand ("
    )
    assert str(tmp_path / "table.csv") in later.refused["quantile_regression"]
    (tmp_path / "away.csv").rename(tmp_path / "table.csv")
    again = attack_trial(at_once.spec, at_once.trial_id, archive)
    assert isinstance(again, Completed)
    assert again.numbers() == at_once.numbers()


def test_other_data_than_those_trained_on_are_refused(tmp_path: Path) -> None:
    """A file of the same name and shape tells nothing of the networks' examples."""
    spec, archive = csv_trial(tmp_path), SignalArchive(tmp_path / "signals")
    trained = run_trial(spec, archive=archive)
    assert isinstance(trained, Completed), trained
    table = tmp_path / "table.csv"
    table.write_text(table.read_text().replace("0.1", "0.2", 1))
    later = attack_trial(trained.spec, trained.trial_id, archive)
    assert isinstance(later, Completed)
    assert later.lacked_data == ("quantile_regression",)
    assert "the data of table are not those that the networks were trained on" in later.refused["quantile_regression"]


def test_no_data_are_loaded_for_attacks_that_read_outputs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept signals are all that they need."""
    archive = SignalArchive(tmp_path / "signals")
    trained = run_trial(csv_trial(tmp_path, READING[:1]), archive=archive)
    monkeypatch.setattr(privsearch.sweep.trial, "describe_dataset", None)
    monkeypatch.setattr(privsearch.sweep.splits, "load_splits", None)
    later = attack_trial(trained.spec, trained.trial_id, archive)
    assert isinstance(later, Completed), later
    assert later.refused == {}
