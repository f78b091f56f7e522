from dataclasses import replace
from typing import Any

import pytest
from builders import make_completed, make_failed

from privsearch.analysis.tasks import tasks
from privsearch.spec import Constraint, HalvesProtocol, PaperProtocol, SweepSpec


def sweep(*protocols: str, **more: Any) -> SweepSpec:
    """A sweep with these protocols."""
    asked = {"name": "a", "datasets": ["iris"], "protocol": list(protocols), "grids": {"a": {"model": ["ann"]}}}
    return SweepSpec.model_validate(asked | more)


def test_a_task_is_one_dataset_under_one_protocol() -> None:
    """Results are parted by dataset and protocol, each part with its own rows, targets and objectives."""
    halves = HalvesProtocol(networks=4)
    results = [
        make_completed("1" * 16),
        make_completed("2" * 16, protocol=halves),
        make_failed("3" * 16, protocol=halves),
        make_completed("4" * 16, dataset="digits"),
    ]
    found = list(tasks(results, sweep("paper", "halves")))
    assert [task.name for task in found] == ["iris_paper", "iris_halves", "digits_paper"]
    assert [task.title for task in found][:2] == ["iris, protocol paper", "iris, protocol halves"]
    assert [list(task.rows["trial_id"].str[0]) for task in found] == [["1"], ["2", "3"], ["4"]]
    assert [list(task.targets["trial_id"].str[0]) for task in found] == [["1"] * 2, ["2"] * 4, ["4"] * 2]
    assert [list(task.objectives)[1] for task in found] == ["svm.excess_auc", "worst.auc", "svm.excess_auc"]


def test_task_of_the_only_protocol_has_the_datasets_name() -> None:
    """The protocol stands in a task's name only where the sweep has several."""
    (task,) = tasks([make_completed()], sweep("paper"))
    assert task.name == "iris"


def test_candidates_are_those_of_the_front_and_the_others() -> None:
    """A task's candidates are its completed trials, best first, each with its place and its probability."""
    results = [
        make_completed("1" * 16, accuracy=0.8, auc=0.6),
        make_completed("2" * 16, accuracy=0.9, auc=0.5),
        make_failed("3" * 16, protocol=PaperProtocol(replicates=2)),
    ]
    (task,) = tasks(results, sweep("paper"))
    assert task.candidates["trial_id"].str[0].tolist() == ["2", "1"]
    assert task.candidates["on_front"].tolist() == [True, False]
    assert task.candidates["front_probability"].tolist() == [1.0, 0.0]


def test_what_violates_a_constraint_is_a_candidate_off_the_front() -> None:
    """It keeps nothing else off the front; where nothing satisfies all constraints, the nearest to it is named."""
    results = [
        make_completed("1" * 16, accuracy=0.8, auc=0.6),
        make_completed("2" * 16, accuracy=0.9, auc=0.5),
        make_completed("3" * 16, accuracy=0.7, auc=0.7),
    ]
    asked = sweep("paper", objectives={"test_accuracy": "maximize", "svm.auc": "minimize"})
    (found,) = tasks(results, asked)
    task = replace(found, constraints={"test_accuracy": Constraint.model_validate("<= 0.8")})
    assert task.candidates["trial_id"].str[0].tolist() == ["2", "1", "3"]
    assert task.candidates["feasible"].tolist() == [False, True, True]
    assert task.candidates["on_front"].tolist() == [False, True, False]
    assert task.candidates["front_probability"].tolist() == pytest.approx([0, 0.75, 0.25], abs=0.04)
    assert task.candidates["violation"].tolist() == pytest.approx([0.1, 0, 0])
    assert task.hypervolume == pytest.approx(0.8 * 0.8)
    assert task.nearest.empty
    none = replace(found, constraints={"test_accuracy": Constraint.model_validate(">= 0.95")})
    assert none.nearest["trial_id"].str[0].tolist() == ["2"]
    assert not none.candidates["on_front"].any()
    assert none.hypervolume == 0.0
