from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.api.study import Study
from privsearch.errors import SpecError
from privsearch.spec import SweepSpec
from privsearch.sweep.plan import Plan, make_plan


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    """Plan a sweep of data over time, of four steps, with these fields; `padded` for examples of different lengths."""
    x, y = np.random.default_rng(0).normal(size=(20, 4, 3)), np.arange(20) % 2
    np.savez(tmp_path / "whole.npz", x=x, y=y)
    np.savez(tmp_path / "padded.npz", x=x, y=y, lengths=np.arange(20) % 4 + 1)

    def make(name: str = "whole", *others: str, **fields: Any) -> Plan:
        dataset = {"name": name, "kind": "npz", "path": str(tmp_path / f"{name}.npz"), "time": True}
        given = {
            "name": "mine",
            "datasets": [dataset, *others],
            "grids": {"first": {"model": ["snn", "ann"]}},
            **fields,
        }
        return make_plan(SweepSpec.model_validate(given), Study(tmp_path / "study"))

    return make


def test_networks_take_the_steps_of_their_data(plan: Any) -> None:
    """Others of the sweep have the recipe's, and an ANN has none."""
    trials = plan("whole", "iris", recipe={"num_steps": 7}).trials
    assert {(t.spec.dataset_name, t.spec.model): t.spec.num_steps for t in trials} == {
        ("whole", "snn"): 4,
        ("whole", "ann"): None,
        ("iris", "snn"): 7,
        ("iris", "ann"): None,
    }


def test_steps_that_differ_in_vain_are_one_trial(plan: Any) -> None:
    """On the data over time, not on the others."""
    grid = {"model": ["snn"], "num_steps": [3, 4, 5]}
    names = [t.spec.dataset_name for t in plan("whole", "iris", grids={"first": grid}).trials]
    assert names == ["whole", "iris", "iris", "iris"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"grids": {"first": {"model": ["snn"], "num_steps": [4, 5]}}}, ("grids", "first", "num_steps")),
        ({"recipe": {"num_steps": 5}}, ("recipe", "num_steps")),
        ({"recipe": {"overrides": {"whole": {"num_steps": 5}}}}, ("recipe", "overrides", "whole", "num_steps")),
    ],
)
def test_steps_without_any_effect_are_refused(plan: Any, fields: dict[str, Any], where: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match=r"no effect on inputs over time, .* \(whole: 4\); drop it") as caught:
        plan(**fields)
    assert caught.value.where == where


def test_a_search_does_not_choose_steps_in_vain(plan: Any) -> None:
    """Where all data are over time it is refused, else these have points of their own steps only."""
    search = {"sampler": "random", "space": {"model": ["snn"], "num_steps": [3, 5]}, "trials": 2}
    with pytest.raises(SpecError, match="no effect"):
        plan(grids={}, search=search)
    mixed = plan("whole", "iris", grids={}, search=search)
    spaces = [search.task.space for search in mixed.searches]
    assert [[point["num_steps"] for point in space.points()] for space in spaces] == [[4], [3, 5]]
    assert [space.size for space in spaces] == [1, 2]


def test_trajectories_need_examples_of_one_length(plan: Any) -> None:
    """They are compared step by step."""
    fields = {
        "protocol": {"kind": "halves", "networks": 8, "mem_trajectory": True},
        "attacks": [{"kind": "lira", "signals": "mem_trajectory", "variance": "pooled"}, {"kind": "loss"}],
    }
    assert plan(**fields).trials
    with pytest.raises(SpecError, match="step by step, but the examples of padded have different numbers") as caught:
        plan("padded", **fields)
    assert caught.value.where == ("protocol", 0, "mem_trajectory")


@pytest.mark.parametrize(
    ("name", "encoding", "message"),
    [
        ("iris", "delta", r"delta fires where inputs change from step to step, but those of iris are not over time"),
        ("whole", "latency", r"latency fires once for each input, but those of whole change from step to step"),
    ],
)
def test_an_encoding_must_suit_the_data(plan: Any, name: str, encoding: str, message: str) -> None:
    """In a grid, in a recipe and in a search."""
    grid = {"model": ["snn"], "encoding": ["rate", encoding]}
    search = {"sampler": "random", "space": grid, "trials": 2}
    ways: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"grids": {"first": grid}}, ("grids", "first", "encoding")),
        ({"recipe": {"encoding": encoding}}, ("recipe", "encoding")),
        ({"grids": {}, "search": search}, ("search", "space", "encoding")),
    ]
    for fields, where in ways:
        with pytest.raises(SpecError, match=message) as caught:
            plan("whole", *(["iris"] if name == "iris" else []), **fields)
        assert caught.value.where == where


def test_a_latency_needs_steps(plan: Any) -> None:
    """With one, all inputs fire at once."""
    with pytest.raises(SpecError, match="with num_steps: 1 all fire at once"):
        plan(datasets=["iris"], recipe={"num_steps": 1, "encoding": "latency"})


def test_draws_need_a_rate(plan: Any) -> None:
    """Of an ANN an encoding is refused as every axis without effect is; draws where nothing is drawn are, too."""
    with pytest.raises(SpecError, match="it needs encoding: rate"):
        plan(recipe={"encoding_queries": 4})
    assert plan(recipe={"encoding_queries": 4, "encoding": "rate"}).trials
    with pytest.raises(ValueError, match="it needs a spiking network"):
        plan(grids={"first": {"model": ["ann"], "encoding": ["rate"]}})


def test_draws_are_chosen_where_there_are_any(plan: Any) -> None:
    """A search counts each point once."""
    space = {"model": ["ann", "snn"], "encoding": ["direct", "rate", "delta"], "encoding_queries": [1, 4]}
    search = {"sampler": "random", "space": space, "trials": 2}
    (found,) = plan(grids={}, search=search).searches
    points = {tuple(point.values()) for point in found.task.space.points()}
    assert len(points) == found.task.space.size == 1 + 2 + 2


def test_a_search_may_choose_the_readout(plan: Any) -> None:
    """Each point is counted once, and attacked by what its networks do not answer with as well."""
    space = {"model": ["ann", "snn"], "readout": ["final", "mean"]}
    search = {"sampler": "random", "space": space, "trials": 3}
    attacks = ["svm", {"kind": "svm", "signals": "final_mem"}, {"kind": "svm", "signals": "mean_mem"}]
    (found,) = plan(grids={}, search=search, attacks=attacks).searches
    points = [found.task.request(point).spec for point in found.task.space.points()]
    assert {(spec.model, spec.readout): [attack.name for attack in spec.attacks] for spec in points} == {
        ("ann", None): ["svm"],
        ("snn", "final"): ["svm", "svm_mean_mem"],
        ("snn", "mean"): ["svm", "svm_final_mem"],
    }
    assert len(points) == found.task.space.size


def test_a_search_of_last_membranes_keeps_its_id(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the proposals of a search from before there was a choice are found by it, under the numerics of then."""
    monkeypatch.setattr("privsearch.sweep.search.task_search.NUMERICS_VERSION", 3)
    search = {"sampler": "random", "space": {"model": ["ann", "snn"], "beta": [0.5, 0.9]}, "trials": 3}

    def id_with(**recipe: Any) -> str:
        (found,) = plan("iris", datasets=["iris"], grids={}, search=search, recipe=recipe).searches
        return found.task.id

    assert id_with() == id_with(readout="final") == ID_OF_THEN != id_with(readout="mean")


ID_OF_THEN = "be462811699ba3c1"
"""Of the first of these searches, before `readout` was an axis."""
