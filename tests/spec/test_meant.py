import logging
from typing import Any

import pytest

from privsearch.api.arguments import read_request
from privsearch.errors import SpecError
from privsearch.spec.meant import remarks
from privsearch.spec.sweep_file import read_sweep

GOOD: dict[str, Any] = {"name": "good", "datasets": ["iris"], "grids": {"first": {"model": ["ann", "snn"]}}}
SEARCH: dict[str, Any] = {"trials": 9, "space": {"model": ["ann"]}}
NOT_MEANT: dict[str, dict[str, Any]] = {
    "datasets[0].name": {"datasets": [{"name": "digits", "path": "a.npz"}]},
    "grids.first.model[2]": {"grids": {"first": {"model": ["ann", "snn", "ann"]}}},
    "search.space.model[1]": {"search": {**SEARCH, "space": {"model": ["ann", "ann"]}}},
    "search.constraints.svm.auc": {"search": {**SEARCH, "constraints": {"svm.auc": "<= 1"}}},
    "search.constraints.test_accuracy": {"search": {**SEARCH, "constraints": {"test_accuracy": ">= 0"}}},
    "search.constraints.seconds": {"search": {**SEARCH, "constraints": {"seconds": ">= 0"}}},
}


@pytest.mark.parametrize("field", NOT_MEANT)
def test_what_nobody_can_have_meant_is_refused(field: str) -> None:
    """With its place; a study that was begun with it is read all the same."""
    with pytest.raises(SpecError) as refused:
        read_sweep({**GOOD, **NOT_MEANT[field]})
    assert str(refused.value).startswith(f"sweep: {field}: ")
    assert read_sweep({**GOOD, **NOT_MEANT[field]}, recorded=True).name == "good"


@pytest.mark.parametrize(
    "constraints",
    [{"svm.auc": "< 0.9"}, {"svm.auc": "<= 0.5"}, {"test_accuracy": ">= 0.001"}, {"seconds": "< 1e9"}],
)
def test_a_constraint_that_can_fail_is_one(constraints: dict[str, str]) -> None:
    """However lax it is, some trial may break it."""
    assert read_sweep({**GOOD, "search": {**SEARCH, "constraints": constraints}}).constraints()


@pytest.mark.parametrize(
    ("objectives", "remarked"),
    [
        ({"test_accuracy": "maximize", "svm.auc": "minimize"}, []),
        ({"test_accuracy": "maximize", "seconds": "minimize", "svm.auc_sd": "maximize"}, []),
        ({"test_accuracy": "minimize", "svm.auc": "minimize"}, ["test_accuracy"]),
        ({"test_accuracy": "maximize", "svm.auc": "maximize"}, ["svm.auc"]),
        ({"test_accuracy": "minimize", "seconds": "maximize"}, ["test_accuracy", "seconds"]),
    ],
)
def test_objectives_the_wrong_way_round_are_remarked_on(objectives: dict[str, str], remarked: list[str]) -> None:
    """They are run as they are: someone may look for the configuration that leaks most."""
    sweep = read_sweep({**GOOD, "objectives": objectives})
    assert [where for where, _ in remarks(sweep.objectives or {})] == [("objectives", column) for column in remarked]


def test_remarks_are_told_with_their_place(caplog: pytest.LogCaptureFixture) -> None:
    """As a warning, where the sweep is read to be run."""
    with caplog.at_level(logging.WARNING, logger="privsearch"):
        read_request({**GOOD, "objectives": {"test_accuracy": "minimize", "svm.auc": "minimize"}})
    assert [record.getMessage() for record in caplog.records] == [
        "sweep: objectives.test_accuracy: a good trial has much of it, but it is to minimize: the front will hold the "
        "worst trials; write maximize, unless that is meant"
    ]
