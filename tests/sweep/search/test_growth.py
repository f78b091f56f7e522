import pytest

from privsearch.spec import Constraint, Direction
from privsearch.spec.search import StopRule
from privsearch.sweep.search.growth import HypervolumeTracker

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}


def outcome(accuracy: float, auc: float) -> dict[str, float]:
    return {"test_accuracy": accuracy, "svm.auc": auc}


def test_the_hypervolume_is_that_of_what_satisfies_the_constraints() -> None:
    """Of accuracies from 0 and AUCs from 1 down to guessing; failures, and what breaks a constraint, add nothing."""
    growth = HypervolumeTracker(OBJECTIVES, {"test_accuracy": Constraint.model_validate(">= 0.6")})
    assert growth.of([]) == growth.of([None, outcome(0.5, 0.5)]) == 0.0
    assert growth.of([outcome(0.8, 0.75), outcome(0.6, 0.6), None]) == pytest.approx(0.8 * 0.5 + 0.6 * 0.3)


def test_an_objective_without_bounds_is_held_against_the_front() -> None:
    """Seconds have no worst value of their own; as on the front, the hypervolume is a share of all that could be."""
    growth = HypervolumeTracker({"test_accuracy": "maximize", "seconds": "minimize"}, {})
    fast, slow = {"test_accuracy": 0.5, "seconds": 1.0}, {"test_accuracy": 0.9, "seconds": 3.0}
    assert growth.of([fast, slow]) == pytest.approx((0.5 * 2.3 + 0.4 * 0.3) / 3.3)
    assert growth.of([fast, slow, {"test_accuracy": 0.4, "seconds": 9.0}]) == growth.of([fast, slow])


def test_an_objective_from_minus_one_is_scaled() -> None:
    """An advantage below that of guessing is noise: a perfect outcome is all there can be."""
    growth = HypervolumeTracker({"test_accuracy": "maximize", "svm.advantage": "minimize"}, {})
    assert growth.of([{"test_accuracy": 1.0, "svm.advantage": -1.0}]) == 1.0
    assert growth.of([{"test_accuracy": 0.8, "svm.advantage": 0.0}]) == pytest.approx(0.8)
    assert growth.of([{"test_accuracy": 0.8, "svm.advantage": 0.5}]) == pytest.approx(0.8 * 0.5)


def test_only_trials_of_the_search_count_as_those_without_growth() -> None:
    """What it was told before it began is what it must outgrow."""
    growth, until = HypervolumeTracker(OBJECTIVES, {}), StopRule(growth=0.1, in_trials=2)
    for _ in range(5):
        growth.add(outcome(0.8, 0.5), counts=False)
    growth.add(outcome(0.5, 0.5), counts=True)
    assert not growth.stalled(until), "one trial is not two"
    growth.add(None, counts=True)
    assert growth.stalled(until)
    growth.add(outcome(0.9, 0.5), counts=True)
    assert not growth.stalled(until)
