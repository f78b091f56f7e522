from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import completed_of, make_failed

from privsearch.analysis.frames import results_frame, targets_frame
from privsearch.analysis.pareto import hypervolume, pareto_front, unbeaten
from privsearch.analysis.uncertainty import FrontUncertainty, front_uncertainty
from privsearch.spec import Constraint, Direction, PaperProtocol, TrialSpec

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}


def table(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    """A results table of one dataset and protocol with no more than a front needs."""
    frame = pd.DataFrame(rows, columns=["status", *OBJECTIVES])
    return frame.assign(dataset="iris", protocol="paper", dead_networks=None, networks_at_chance=None)


def uncertainty(*trials: tuple[list[float], list[float]], **settings: Any) -> FrontUncertainty:
    """That of trials given as the accuracies and the AUCs of their targets."""
    results = [
        completed_of(f"{number}", *trial, TrialSpec(dataset="iris", model="ann", protocol=_paper(len(trial[0]))))
        for number, trial in enumerate(trials)
    ]
    return front_uncertainty(results_frame(results), targets_frame(results), OBJECTIVES, **settings)


def _paper(replicates: int) -> PaperProtocol:
    return PaperProtocol(replicates=replicates)


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
    monkeypatch.setattr("privsearch.analysis.uncertainty.MOST_BEST", 0)
    slow = uncertainty(*trials, resamples=50)
    assert (quick.probability > 0).sum() > 5
    assert quick.probability.equals(slow.probability)
    assert quick.hypervolume == slow.hypervolume


def test_unequal_numbers_of_targets_are_resampled_each_on_its_own() -> None:
    """Four targets and two need not be paired: each configuration is drawn from its own."""
    found = uncertainty(([0.9, 0.7, 0.9, 0.7], [0.6] * 4), ([0.85, 0.85], [0.6] * 2))
    # Three or four of the four draws must be 0.9 to beat 0.85, and three make both equal.
    assert found.probability.tolist() == pytest.approx([5 / 16, 15 / 16], abs=0.04)


def test_equal_draws_count_as_often_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three targets there are ten different draws; no more fronts are worked out, and the numbers are the same."""
    asked: list[int] = []

    def counted(outcomes: Any) -> Any:
        asked.append(len(outcomes))
        return unbeaten(outcomes)

    monkeypatch.setattr("privsearch.analysis.uncertainty.unbeaten", counted)
    trials = [([0.9, 0.7, 0.8], [0.6, 0.5, 0.7]), ([0.7, 0.9, 0.8], [0.7, 0.6, 0.5]), ([0.75] * 3, [0.55] * 3)]
    once = uncertainty(*trials)
    assert len(asked) <= 11
    # One draw at a time, as they come.
    rng = np.random.default_rng(0)

    @cache
    def roll(drawn: tuple[int, ...]) -> list[bool]:
        rows = table([("completed", *(float(np.take(numbers, drawn).mean()) for numbers in trial)) for trial in trials])
        front = pareto_front(rows, OBJECTIVES).index
        return [i in front for i in range(3)]

    rolls = [roll(tuple(np.repeat(range(3), rng.multinomial(3, [1 / 3] * 3)).tolist())) for _ in range(2000)]
    assert once.probability.tolist() == np.mean(rolls, axis=0).tolist()


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
    assert above >= 12


def test_feasibility_is_as_uncertain_as_the_means() -> None:
    """What satisfies a constraint on one of two targets is on the front where its means do."""
    trials = [([0.9, 0.7], [0.5, 0.5]), ([0.6, 0.6], [0.5, 0.5])]
    least = {"test_accuracy": Constraint.model_validate(">= 0.8")}
    assert uncertainty(*trials, constraints=least).probability.tolist() == pytest.approx([0.75, 0], abs=0.04)
    above = {"test_accuracy": Constraint.model_validate("> 0.8")}
    assert uncertainty(*trials, constraints=above).probability.tolist() == pytest.approx([0.25, 0], abs=0.04)
    unknown = {"svm.tpr_at_fpr_1e-2": Constraint.model_validate("< 0.8")}
    assert uncertainty(*trials, constraints=unknown).probability.tolist() == [0, 0]


def test_what_violates_a_constraint_leaves_nobody_out_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three objectives, one of them the trial's own, under a constraint: the same as all against all."""
    rng = np.random.default_rng(1)
    skill = rng.uniform(0.5, 0.9, 40)
    results = [
        completed_of(
            f"{number}",
            (level + rng.normal(0, 0.02, 3)).clip(0, 1).tolist(),
            (0.3 + level / 4 + rng.normal(0, 0.02, 3)).tolist(),
            TrialSpec(dataset="iris", model="ann", protocol=_paper(3)),
        ).model_copy(update={"seconds": float(rng.integers(1, 5))})
        for number, level in enumerate(skill)
    ]
    objectives = {**OBJECTIVES, "seconds": "minimize"}
    constraints = {"test_accuracy": Constraint.model_validate("<= 0.7")}
    tables = results_frame(results), targets_frame(results)
    quick = front_uncertainty(*tables, objectives, constraints, resamples=50)
    monkeypatch.setattr("privsearch.analysis.uncertainty.MOST_BEST", 0)
    slow = front_uncertainty(*tables, objectives, constraints, resamples=50)
    assert (quick.probability > 0).sum() > 3
    assert (quick.probability[skill > 0.8] == 0).all()
    assert quick.probability.equals(slow.probability)
    assert quick.hypervolume == slow.hypervolume
