import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import completed_of, make_completed, make_failed
from hypothesis import given
from hypothesis import strategies as st

from privsearch.frame import results_frame, targets_frame
from privsearch.front import (
    FrontUncertainty,
    contests,
    front_uncertainty,
    hypervolume,
    pareto_front,
    reference_point,
)
from privsearch.spec import Direction, HalvesProtocol, PaperProtocol, SweepSpec, TrialSpec

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
NUMBERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])
DIRECTIONS = st.sampled_from(["maximize", "minimize"])


def table(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    """A results table of one dataset and protocol with no more than a front needs."""
    frame = pd.DataFrame(rows, columns=["status", *OBJECTIVES])
    return frame.assign(dataset="iris", protocol="paper", dead_networks=None)


def sweep(*protocols: str, **more: Any) -> SweepSpec:
    """A sweep with these protocols."""
    asked = {"name": "a", "datasets": ["iris"], "protocol": list(protocols), "grids": {"a": {"model": ["ann"]}}}
    return SweepSpec.model_validate(asked | more)


def uncertainty(*trials: tuple[list[float], list[float]], **settings: Any) -> FrontUncertainty:
    """That of trials given as the accuracies and the AUCs of their targets."""
    results = [
        completed_of(f"{number}", *trial, TrialSpec(dataset="iris", model="ann", protocol=_paper(len(trial[0]))))
        for number, trial in enumerate(trials)
    ]
    return front_uncertainty(results_frame(results), targets_frame(results), OBJECTIVES, **settings)


def _paper(replicates: int) -> PaperProtocol:
    return PaperProtocol(replicates=replicates)


def test_a_contest_is_one_dataset_under_one_protocol() -> None:
    """Results are parted by dataset and protocol, each part with its own rows, targets and objectives."""
    halves = HalvesProtocol(networks=4)
    results = [
        make_completed("1" * 16),
        make_completed("2" * 16, protocol=halves),
        make_failed("3" * 16, protocol=halves),
        make_completed("4" * 16, dataset="digits"),
    ]
    found = list(contests(results, sweep("paper", "halves")))
    assert [contest.name for contest in found] == ["iris_paper", "iris_halves", "digits_paper"]
    assert [contest.title for contest in found][:2] == ["iris, protocol paper", "iris, protocol halves"]
    assert [list(contest.rows["trial_id"].str[0]) for contest in found] == [["1"], ["2", "3"], ["4"]]
    assert [list(contest.targets["trial_id"].str[0]) for contest in found] == [["1"] * 2, ["2"] * 4, ["4"] * 2]
    assert [list(contest.objectives)[1] for contest in found] == ["svm.auc", "worst.auc", "svm.auc"]


def test_contest_of_the_only_protocol_has_the_datasets_name() -> None:
    """The protocol stands in a contest's name only where the sweep has several."""
    (contest,) = contests([make_completed()], sweep("paper"))
    assert contest.name == "iris"


def test_candidates_are_those_of_the_front_and_the_others() -> None:
    """A contest's candidates are its completed trials, best first, each with its place and its probability."""
    results = [
        make_completed("1" * 16, accuracy=0.8, auc=0.6),
        make_completed("2" * 16, accuracy=0.9, auc=0.5),
        make_failed("3" * 16, protocol=_paper(2)),
    ]
    (contest,) = contests(results, sweep("paper"))
    assert contest.candidates["trial_id"].str[0].tolist() == ["2", "1"]
    assert contest.candidates["on_front"].tolist() == [True, False]
    assert contest.candidates["front_probability"].tolist() == [1.0, 0.0]


def test_error_of_several_contests_names_them() -> None:
    """A front of two datasets or two protocols is refused, as their numbers cannot be compared."""
    results = [make_completed(), make_completed(protocol=HalvesProtocol(networks=4)), make_failed(dataset="digits")]
    with pytest.raises(ValueError, match="rows of iris under paper, iris under halves, digits under paper; select"):
        pareto_front(results_frame(results), OBJECTIVES)


@given(st.lists(st.tuples(st.sampled_from(["completed", "failed"]), NUMBERS, NUMBERS)), DIRECTIONS, DIRECTIONS)
def test_front_is_what_no_row_dominates(
    rows: list[tuple[str, float, float]], first: Direction, second: Direction
) -> None:
    """The front is every completed row with both numbers that no other such row dominates, ties included."""
    signs = [1 if direction == "maximize" else -1 for direction in (first, second)]
    gains = {
        i: (signs[0] * a, signs[1] * b)
        for i, (status, a, b) in enumerate(rows)
        if status == "completed" and not math.isnan(a + b)
    }
    expected = {
        i for i, (a, b) in gains.items() if not any(c >= a and d >= b and (c, d) != (a, b) for c, d in gains.values())
    }
    found = pareto_front(table(rows), {"test_accuracy": first, "svm.auc": second})
    assert set(found.index) == expected
    assert [gains[i][0] for i in found.index] == sorted((gains[i][0] for i in expected), reverse=True)


def test_a_dead_network_is_on_no_front() -> None:
    """Not even on one of accuracies, which it has; where nobody looked for dead networks, none is taken for one."""
    dead = make_completed("1" * 16, accuracy=0.9).model_copy(update={"dead": (0,)})
    alive = make_completed("2" * 16, accuracy=0.5).model_copy(update={"dead": ()})
    unseen = make_completed("3" * 16, accuracy=0.5)
    front = pareto_front(results_frame([dead, alive, unseen]), {"test_accuracy": "maximize", "svm.auc": "minimize"})
    assert front["trial_id"].str[0].tolist() == ["2", "3"]


def test_front_without_any_number_is_empty() -> None:
    """Where every trial failed, no attack has a column, and the front has no rows."""
    assert pareto_front(results_frame([make_failed()]), OBJECTIVES).empty


@pytest.mark.parametrize(
    ("points", "directions", "expected"),
    [
        ([], ("maximize", "minimize"), 0.0),
        ([(1.0, 0.0)], ("maximize", "minimize"), 1.0),
        ([(0.8, 0.3)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.8, 0.3), (0.7, 0.4), (0.8, 0.3)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.9, 0.6), (0.5, 0.2)], ("maximize", "minimize"), 0.9 * 0.4 + 0.5 * 0.8 - 0.5 * 0.4),
        ([(0.25, 0.5)], ("minimize", "minimize"), 0.75 * 0.5),
        ([(0.25, 0.5)], ("maximize", "maximize"), 0.25 * 0.5),
    ],
)
def test_hypervolume_is_the_area_computed_by_hand(
    points: list[tuple[float, float]], directions: tuple[Direction, Direction], expected: float
) -> None:
    """The hypervolume is the area between the front and the worst outcome, whatever the directions."""
    objectives = dict(zip(OBJECTIVES, directions, strict=True))
    frame = table([("completed", *point) for point in points] + [("failed", math.nan, math.nan)])
    assert hypervolume(frame, objectives) == pytest.approx(expected)


def test_reference_point_is_the_worst_outcome() -> None:
    """The reference point is 0 for what is maximised and 1 for what is minimised."""
    assert reference_point(OBJECTIVES) == (0.0, 1.0)


def test_means_that_differ_by_a_rounding_alone_are_equal() -> None:
    """The order in which targets are added up decides no front."""
    means = [(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3]
    assert means[0] > means[1]
    rows = table([("completed", means[0], 0.7), ("completed", means[1], 0.6), ("completed", 0.1, 0.6)])
    assert list(pareto_front(rows, OBJECTIVES).index) == [1]


def test_probability_is_the_share_of_the_possible_resamples() -> None:
    """Of two targets, one configuration wins the one and one the other; where both are drawn, they are equal."""
    found = uncertainty(([28 / 30, 26 / 30], [0.6, 0.6]), ([27 / 30, 27 / 30], [0.6, 0.6]), ([0.5, 0.5], [0.6, 0.6]))
    assert found.probability.tolist() == pytest.approx([0.75, 0.75, 0.0], abs=0.04)


def test_configurations_are_compared_on_the_same_targets() -> None:
    """A difference that every target shows is certain, however much the targets differ."""
    accuracies = np.linspace(0.5, 0.9, 8)
    found = uncertainty((accuracies.tolist(), [0.6] * 8), ((accuracies - 0.001).tolist(), [0.6] * 8))
    assert found.probability.tolist() == [1.0, 0.0]


def test_probability_is_that_of_every_combination() -> None:
    """With three targets the probability is that over all 27 ways of drawing them, whatever the number of each."""
    trials = [([0.9, 0.7, 0.8], [0.6, 0.5, 0.7]), ([0.7, 0.9, 0.8], [0.7, 0.6, 0.5]), ([0.75] * 3, [0.55] * 3)]
    counts = np.zeros(3)
    for drawn in product(range(3), repeat=3):
        rows = table([("completed", *(float(np.take(numbers, drawn).mean()) for numbers in trial)) for trial in trials])
        counts[list(pareto_front(rows, OBJECTIVES).index)] += 1
    assert uncertainty(*trials).probability.tolist() == pytest.approx((counts / 27).tolist(), abs=0.04)


def test_those_left_out_beforehand_would_have_been_on_no_front(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every probability and the interval are, to the bit, those of all configurations against all."""
    rng = np.random.default_rng(0)
    skill = rng.uniform(0.5, 0.9, 60)
    trials = [
        tuple((level + rng.normal(0, 0.02, size)).clip(0, 1).tolist() for level in (accuracy, 0.3 + accuracy / 4))
        for accuracy, size in zip(skill, rng.choice([2, 3], 60), strict=True)
    ]
    quick = uncertainty(*trials, resamples=50)
    monkeypatch.setattr("privsearch.front.MOST_BEST", 0)
    slow = uncertainty(*trials, resamples=50)
    assert (quick.probability > 0).sum() > 5
    assert quick.probability.equals(slow.probability)
    assert quick.hypervolume == slow.hypervolume


def test_unequal_numbers_of_targets_are_resampled_each_on_its_own() -> None:
    """Four targets and two need not be paired: each configuration is drawn from its own."""
    found = uncertainty(([0.9, 0.7, 0.9, 0.7], [0.6] * 4), ([0.85, 0.85], [0.6] * 2))
    # Three or four of the four draws must be 0.9 to beat 0.85, and three make both equal.
    assert found.probability.tolist() == pytest.approx([5 / 16, 15 / 16], abs=0.04)


@pytest.mark.parametrize("trials", [[], [([0.9], [0.6]), ([0.8], [0.5])]])
def test_one_target_tells_no_probability(trials: list[tuple[list[float], list[float]]]) -> None:
    """Nothing is known of other networks from one, or from none."""
    found = (
        uncertainty(*trials)
        if trials
        else front_uncertainty(results_frame([make_failed()]), targets_frame([make_failed()]), OBJECTIVES)
    )
    assert found.probability.isna().all()
    assert len(found.probability) == len(trials)
    assert found.hypervolume is None


def test_uncertainty_is_the_same_again_and_differs_by_seed() -> None:
    """The resamples depend on the seed alone."""
    trials = [([0.9, 0.7, 0.8], [0.6, 0.5, 0.7]), ([0.7, 0.9, 0.8], [0.7, 0.6, 0.5])]
    first, again, other = (uncertainty(*trials, seed=seed, resamples=200) for seed in (0, 0, 1))
    assert first.probability.tolist() == again.probability.tolist() != other.probability.tolist()
    assert first.hypervolume == again.hypervolume


def test_hypervolume_interval_takes_the_luck_off() -> None:
    """Of many noisy configurations, the interval holds the true hypervolume, though its estimate is too high."""
    rng = np.random.default_rng(0)
    held, above = 0, 0
    for _ in range(20):
        truth = rng.random(30)
        accuracies, aucs = 0.8 + 0.15 * truth, 0.5 + 0.15 * truth**2
        rows = table([("completed", *pair) for pair in zip(accuracies, aucs, strict=True)])
        noise = rng.normal(0, 0.01, (2, 30, 8))
        noisy = zip((accuracies[:, None] + noise[0]).tolist(), (aucs[:, None] + noise[1]).tolist(), strict=True)
        found, true = uncertainty(*noisy, resamples=100).hypervolume, hypervolume(rows, OBJECTIVES)
        assert found is not None
        held += found.low <= true <= found.high
        above += found.value > true
    assert held >= 15
    assert above >= 15
