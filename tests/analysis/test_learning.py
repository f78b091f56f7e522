"""Which networks have learnt, and that one that has not is praised nowhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import completed_of, make_completed
from scipy.stats import binomtest

from privsearch._util.interval import Interval
from privsearch.analysis.audit import audit_table
from privsearch.analysis.differences import differences_frame
from privsearch.analysis.frames import learning_frame, results_frame
from privsearch.analysis.learning import (
    far_below_full_precision,
    has_learnt,
    leakage_of_learnt,
    majority,
    networks_at_chance,
)
from privsearch.analysis.selection import select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.report.wording.audit import left_out
from privsearch.report.wording.fronts import missing_words
from privsearch.spec import HalvesProtocol, SweepSpec, TrialSpec
from privsearch.study.result import Completed, TrainedNetwork

SWEEP = SweepSpec.model_validate({"name": "s", "datasets": ["iris"], "grids": {"g": {"model": ["ann", "snn"]}}})


def network(accuracy: float) -> TrainedNetwork:
    """A network with this accuracy on its training set."""
    return TrainedNetwork(train_accuracy=accuracy, test_accuracy=0.5, history=())


def trained(trial_id: str, accuracies: Sequence[float], auc: float, share: float = 0.34, **axes: Any) -> Completed:
    """A trial with these accuracies, on 100 examples of which `share` are of one class."""
    fields = {"dataset": "iris", "model": "ann", "protocol": HalvesProtocol(networks=len(accuracies)), **axes}
    made = completed_of(trial_id, accuracies, [auc] * len(accuracies), TrialSpec(**fields))
    replicates = [r.model_copy(update={"majority_share": share, "train_size": 100}) for r in made.replicates]
    return made.model_copy(update={"replicates": tuple(replicates)})


@pytest.mark.parametrize(
    ("accuracy", "share", "size", "learnt"),
    [
        *((1.0, 0.5, 100, True), (0.6, 0.5, 100, True), (0.97, 0.95, 1000, True)),
        *((0.57, 0.5, 100, False), (0.5, 0.5, 100, False), (0.0, 0.5, 100, False), (0.95, 0.95, 1000, False)),
        (1.0, 1.0, 100, False),
        # Without an error, though 48 examples of which 3 are of another class can show nothing.
        *((1.0, 0.9375, 48, True), (47 / 48, 0.9375, 48, False), (1.0, 0.5, 2, True)),
    ],
)
def test_a_network_must_beat_the_most_frequent_class(accuracy: float, share: float, size: int, learnt: bool) -> None:
    """By more than chance would give, or without an error; a training set of one class can teach nothing."""
    assert has_learnt(network(accuracy), share, size) is learnt


@pytest.mark.parametrize("share", [0.1, 0.5, 0.93])
def test_the_test_is_the_exact_binomial_one(share: float) -> None:
    """The same verdict as SciPy's test of a proportion, for every count but that without an error."""
    for right in range(100):
        expected = binomtest(right, 100, share, alternative="greater").pvalue < 0.05
        assert has_learnt(network(right / 100), share, 100) is bool(expected)


def test_guessing_passes_for_learning_in_5_percent_at_most() -> None:
    """The null of the mark: networks that name classes at random, as often as the most frequent one is right."""
    right = np.random.default_rng(0).binomial(120, 0.4, size=2000)
    passed = np.mean([has_learnt(network(r / 120), 0.4, 120) for r in right])
    assert 0.02 < passed < 0.06


def test_one_class_for_everybody_is_not_learning() -> None:
    """However frequent that class is: its accuracy is the class's share."""
    assert networks_at_chance(trained("a", [0.34, 0.33, 0.33, 0.9], 0.6)) == 3


def test_an_earlier_record_is_judged_by_its_attacks() -> None:
    """Its classes count as equally frequent, which no network can fall below and have learnt."""
    made = make_completed(accuracy=0.3)
    early = tuple(r.model_copy(update={"majority_share": None, "train_size": None}) for r in made.replicates)
    result = made.model_copy(update={"replicates": early})
    attack = early[0].attacks["svm"]
    assert majority(early[0]) == (1 / len(attack.by_class), attack.num_members)
    assert networks_at_chance(result) == 4  # two targets and two shadows
    bare = tuple(r.model_copy(update={"attacks": {}}) for r in early)
    assert networks_at_chance(result.model_copy(update={"replicates": bare, "across": {}})) is None


@pytest.fixture
def study() -> list[Completed]:
    """Three trials: one that has learnt, one that knows nothing and leaks least, one quantised that has learnt less."""
    return [
        trained("a" * 16, [0.9, 0.92, 0.91, 0.93], 0.6, model="snn"),
        trained("b" * 16, [0.35, 0.30, 0.33, 0.36], 0.5, model="snn", act_bit_width=2, threshold=0.5),
        trained("c" * 16, [0.7, 0.71, 0.72, 0.7], 0.55, model="snn", act_bit_width=2, threshold=1.0),
    ]


def test_what_has_not_learnt_is_on_no_front_and_never_picked(study: list[Completed]) -> None:
    """Though nothing leaks less; the front names it with its training accuracy."""
    (task,) = tasks(study, SWEEP)
    assert set(task.candidates["trial_id"]) == {"a" * 16, "c" * 16}
    assert select_in_task(task, min_accuracy=0.1).chosen["trial_id"] == "a" * 16  # type: ignore[index]
    (idle,) = tasks(study[1:2], SWEEP)
    assert select_in_task(idle).chosen is None
    (said,) = missing_words(task)
    assert "1 of 3 completed configurations has not learnt" in said
    assert "SNN a2 @ 0.5 (4 networks; training accuracy 0.335 ± 0.026 over 4 targets)" in said


def test_what_has_not_learnt_is_in_no_audit(study: list[Completed]) -> None:
    """It is named apart, as is what has learnt far less than in full precision."""
    assert set(audit_table(study)["trial_id"]) == {"a" * 16, "c" * 16}
    not_learnt, learnt_less = left_out(study)
    assert "SNN a2 @ 0.5" in not_learnt
    assert "SNN a2 @ 1 (training accuracy 0.708 ± 0.010 over 4 targets, in full precision 0.915)" in learnt_less
    assert "SNN a2 @ 0.5" not in learnt_less


def test_what_has_not_learnt_is_no_side_of_a_verdict(study: list[Completed]) -> None:
    """It may be called less accurate, never more private; nor does it weigh on the correction of the others."""
    one, idle, less = study
    rows = differences_frame(one, [idle, less]).set_index(["trial_id", "quantity"])
    assert rows.loc[(idle.trial_id, "worst.auc"), "verdict"] == "B has not learnt"
    assert np.isnan(rows.loc[(idle.trial_id, "worst.auc"), "p_corrected"])
    assert rows.loc[(idle.trial_id, "test_accuracy"), "verdict"] == "B is less accurate (significant)"
    (verdict,) = set(differences_frame(idle, [less])["verdict"].tolist()[1:])
    assert verdict == "A has not learnt"


@pytest.mark.parametrize(
    ("change", "told"), [({}, 1), ({"beta": 0.8}, 0), ({"seed": 1}, 0), ({"weight_bit_width": 4}, 1)]
)
def test_a_quantised_network_is_compared_with_itself_in_full_precision(change: dict[str, Any], told: int) -> None:
    """With the same axes but the bits, the same seed, dataset and protocol: another network tells nothing."""
    full = trained("a" * 16, [0.9] * 4, 0.6, model="snn")
    quantised = trained("b" * 16, [0.7] * 4, 0.6, **{"model": "snn", "act_bit_width": 2, **change})
    for frame in (results_frame([full, quantised]), learning_frame([full, quantised])):
        assert len(far_below_full_precision(frame)) == told


def test_a_leak_is_told_of_what_has_not_learnt_too(study: list[Completed]) -> None:
    """A network may know its members and not their classes: whoever audits it must hear of it."""
    _, idle, _ = study
    across = idle.across["svm"].model_copy(update={"auc": Interval(0.7, 0.6, 0.8)})
    leaking = idle.model_copy(update={"across": {"svm": across}})
    assert "all the same" not in "".join(left_out([idle]))
    assert "svm finds a leak all the same" in "".join(left_out([leaking]))


def test_leakage_is_taken_from_what_has_not_learnt_alone(study: list[Completed]) -> None:
    """Its accuracies stay, and all of the others; a wide table stays in one piece, of which pandas would warn."""
    frame = results_frame(study)
    wide = pd.concat([frame, pd.DataFrame({f"attack{n}.auc": [0.5] * 3 for n in range(120)})], axis=1)
    told = leakage_of_learnt(wide).assign(one_more=1)
    assert told["attack7.auc"].isna().tolist() == [False, True, False]
    assert told["svm.auc"].isna().tolist() == [False, True, False]
    assert told["train_accuracy"].tolist() == frame["train_accuracy"].tolist()
    assert leakage_of_learnt(frame.iloc[[0, 2]]).equals(frame.iloc[[0, 2]])
