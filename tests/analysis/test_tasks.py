from dataclasses import replace
from typing import Any

import pytest
from builders import make_completed, make_failed

from privsearch.analysis.tasks import contests
from privsearch.spec import Constraint, HalvesProtocol, PaperProtocol, SweepSpec


def sweep(*protocols: str, **more: Any) -> SweepSpec:
    """A sweep with these protocols."""
    asked = {"name": "a", "datasets": ["iris"], "protocol": list(protocols), "grids": {"a": {"model": ["ann"]}}}
    return SweepSpec.model_validate(asked | more)


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
        make_failed("3" * 16, protocol=PaperProtocol(replicates=2)),
    ]
    (contest,) = contests(results, sweep("paper"))
    assert contest.candidates["trial_id"].str[0].tolist() == ["2", "1"]
    assert contest.candidates["on_front"].tolist() == [True, False]
    assert contest.candidates["front_probability"].tolist() == [1.0, 0.0]


def test_what_violates_a_constraint_is_a_candidate_off_the_front() -> None:
    """It keeps nothing else off the front; where nothing satisfies all constraints, the nearest to it is named."""
    results = [
        make_completed("1" * 16, accuracy=0.8, auc=0.6),
        make_completed("2" * 16, accuracy=0.9, auc=0.5),
        make_completed("3" * 16, accuracy=0.7, auc=0.7),
    ]
    (found,) = contests(results, sweep("paper"))
    contest = replace(found, constraints={"test_accuracy": Constraint.model_validate("<= 0.8")})
    assert contest.candidates["trial_id"].str[0].tolist() == ["2", "1", "3"]
    assert contest.candidates["feasible"].tolist() == [False, True, True]
    assert contest.candidates["on_front"].tolist() == [False, True, False]
    assert contest.candidates["front_probability"].tolist() == pytest.approx([0, 0.75, 0.25], abs=0.04)
    assert contest.candidates["violation"].tolist() == pytest.approx([0.1, 0, 0])
    assert contest.hypervolume == pytest.approx(0.8 * 0.4)
    assert contest.nearest.empty
    none = replace(found, constraints={"test_accuracy": Constraint.model_validate(">= 0.95")})
    assert none.nearest["trial_id"].str[0].tolist() == ["2"]
    assert not none.candidates["on_front"].any()
    assert none.hypervolume == 0.0
