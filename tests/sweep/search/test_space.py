from typing import Any

import numpy as np
import pytest
from search_tables import LISTED, RANGED, search_of, space_of

from privsearch.sweep.search.proposer import Proposer
from privsearch.sweep.search.space import point_key


@pytest.mark.parametrize("network", ["fcnet", "convnet"])
@pytest.mark.parametrize(
    "space",
    [
        LISTED,
        {**LISTED, "spiking_layers": ["all", "head"]},
        {"model": ["ann"], "act_bit_width": [2, 4], "threshold": [None, 1, 0.5]},
        {"model": ["snn"], "beta": [None, 0.95, 0.9], "num_steps": {"low": 5, "high": 9, "step": 3}},
        {"model": ["ann", "snn"], "act_bit_width": {"low": 2, "high": 4}, "threshold": [0.5, 1.5]},
    ],
)
def test_the_size_is_the_number_of_distinct_points(space: dict[str, Any], network: str) -> None:
    """What has no effect makes no point, and neither does a default that is written out."""
    found = space_of(search_of(space), network)
    points = [point_key(axes) for axes in found.points()]
    assert len(set(points)) == len(points) == found.size


def test_a_range_without_a_step_has_no_size() -> None:
    """Nobody can list its points."""
    space = space_of(search_of(RANGED))
    assert (space.size, space.listable) == (None, False)


def test_what_is_drawn_lies_in_the_space() -> None:
    """Numbers are as a person would write them, and a point is known by what was chosen."""
    space, rng = space_of(search_of(RANGED)), np.random.default_rng(0)
    for _ in range(200):
        axes = space.draw(rng)
        choices = space.choices(axes)
        assert choices is not None
        assert space.point(lambda parameter, of=choices: of[parameter.axis]) == axes
        assert ("beta" in choices) == (axes["model"] == "snn")
        assert ("threshold" in choices) == (axes["act_bit_width"] is not None)
        assert len(str(axes["learning_rate"]).replace(".", "").lstrip("0")) <= 9


@pytest.mark.parametrize(
    "change", [{"weight_bit_width": 3}, {"beta": 0.7}, {"num_steps": 6}, {"epochs": 3}, {"threshold": 0.5}]
)
def test_what_lies_outside_is_known(change: dict[str, Any]) -> None:
    """Another value, a number off the steps, an axis that the search leaves alone, one that has no effect."""
    space = space_of(search_of(RANGED))
    axes = space.point(
        lambda parameter: {"model": "snn", "act_bit_width": None, "num_steps": 20}.get(
            parameter.axis, parameter.values[0] if parameter.values else parameter.range and parameter.range.high
        )
    )
    assert space.choices(axes) is not None
    assert space.choices(axes | change) is None


@pytest.mark.parametrize(("low", "high", "step"), [(0.1, 1.0, 0.3333333), (0.1, 0.1000009, 0.0000001), (0.8, 0.9, 0.1)])
def test_steps_of_any_length_lead_to_points_of_the_space(low: float, high: float, step: float) -> None:
    """All values of a range with a step are distinct, are drawn, proposed and known again."""
    search = search_of({"model": ["ann"], "learning_rate": {"low": low, "high": high, "step": step}}, trials=50)
    space, rng = space_of(search), np.random.default_rng(0)
    points = [point_key(axes) for axes in space.points()]
    assert len(set(points)) == len(points) == space.size
    assert all(space.choices(axes) is not None for axes in space.points())
    assert all(point_key(space.draw(rng)) in points for _ in range(50))
    proposer = Proposer(search, space, {"test_accuracy": "maximize", "svm.auc": "minimize"})
    while proposal := proposer.ask():
        assert space.choices(proposal.axes) is not None
        if proposal.fresh:
            proposer.tell(proposal.number, {"test_accuracy": 0.5, "svm.auc": 0.5})
    assert proposer.fresh == space.size


def test_many_small_steps_are_not_listed() -> None:
    """A sweep file of a hundred bytes cannot ask for long lists of numbers."""
    search = search_of({"model": ["ann"], "epochs": {"low": 1, "high": 10**5, "step": 1}})
    proposal = Proposer(search, space_of(search), {"test_accuracy": "maximize", "svm.auc": "minimize"}).ask()
    assert proposal is not None
    assert 1 <= proposal.axes["epochs"] <= 10**5
