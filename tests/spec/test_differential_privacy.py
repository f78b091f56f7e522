from typing import Any

import pytest
from pydantic import ValidationError

from privsearch.spec import SweepSpec, TrialSpec
from privsearch.spec.differential_privacy import DifferentialPrivacy


def trial(dp: Any) -> TrialSpec:
    return TrialSpec.model_validate({"dataset": "iris", "model": "ann", "dp": dp}).canonical("fcnet")


def sweep(dp: Any, **fields: Any) -> SweepSpec:
    grid = {"model": ["ann"], **({} if dp is None else {"dp": dp})}
    return SweepSpec.model_validate({"name": "a", "datasets": ["iris"], "grids": {"first": grid}, **fields})


def points(spec: SweepSpec) -> list[Any]:
    return [request.spec.dp for request in spec.expand({"iris": "fcnet"})]


def test_a_promise_or_a_noise_is_a_value_of_the_axis() -> None:
    """Alone, in a list beside others and null, or in the recipe; the defaults of delta and norm may be left out."""
    three, noise = DifferentialPrivacy(epsilon=3), DifferentialPrivacy(noise_multiplier=1.5, max_grad_norm=0.5)
    assert points(sweep({"epsilon": 3})) == [three]
    assert points(sweep([None, {"epsilon": 3, "delta": 1e-5, "max_grad_norm": 1}])) == [None, three]
    assert points(sweep([{"noise_multiplier": 1.5, "max_grad_norm": 0.5}])) == [noise]
    assert points(sweep(None, recipe={"dp": {"epsilon": 3}})) == [three]
    assert points(sweep(None, recipe={"dp": {"epsilon": 3}, "overrides": {"iris": {"dp": None}}})) == [None]
    assert points(sweep(None)) == [None]


def test_a_sweep_is_written_and_read_as_it_is() -> None:
    """As YAML and as JSON, without what is a default."""
    spec = sweep([None, {"epsilon": 3}, {"noise_multiplier": 1.5, "delta": 1e-6}])
    assert SweepSpec.model_validate_json(spec.model_dump_json()) == spec
    assert SweepSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert spec.model_dump(mode="json")["grids"]["first"]["dp"] == [
        None,
        {"epsilon": 3},
        {"noise_multiplier": 1.5, "delta": 1e-6},
    ]
    of_one = trial({"epsilon": 3})
    assert TrialSpec.model_validate_json(of_one.model_dump_json()) == of_one


def test_ids_tell_trainings_apart_and_leave_out_defaults() -> None:
    """What is not private keeps the id that it had before there was the axis."""
    assert trial(None).trial_id("0" * 64, version=3) == "9b3dc0fb3f39c73b"
    ids = [
        trial(dp).trial_id("0" * 64)
        for dp in (None, {"epsilon": 3}, {"epsilon": 8}, {"noise_multiplier": 3}, {"epsilon": 3, "delta": 1e-6})
    ]
    assert len(set(ids)) == len(ids)
    assert trial({"epsilon": 3, "delta": 1e-5, "max_grad_norm": 1.0}).trial_id("0" * 64) == ids[1]
    assert trial({"epsilon": 3.0}).network_ids("0" * 64) == trial({"epsilon": 3}).network_ids("0" * 64)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"epsilon": 3}, "eps 3"),
        ({"epsilon": 0.5, "delta": 1e-6}, "eps 0.5 delta 1e-06"),
        ({"noise_multiplier": 1.1, "max_grad_norm": 0.1}, "noise 1.1 norm 0.1"),
    ],
)
def test_a_value_has_a_name_of_a_few_words(given: dict[str, float], words: str) -> None:
    """Such as configurations are called by, and as YAML has it in messages."""
    value = DifferentialPrivacy.model_validate(given)
    assert str(value) == words
    assert repr(value) == f"{{{', '.join(f'{name}: {number:g}' for name, number in given.items())}}}"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "either epsilon .* or noise_multiplier .*, but got neither"),
        ({"epsilon": 1, "noise_multiplier": 1}, "but got both"),
        ({"epsilon": 0}, "its epsilon must be a number from 0.05 to 100, but got 0"),
        ({"epsilon": 1, "delta": 1}, "its delta must be a number from 1e-12 to 0.1, but got 1"),
        ({"epsilon": 1, "delta": True}, "its delta must be a number"),
        ({"noise_multiplier": 0}, "its noise_multiplier must be a number from 0.3 to 1000"),
        ({"epsilon": 1, "max_grad_norm": float("inf")}, "its max_grad_norm must be a number"),
        ({"epsilom": 1}, "its fields are epsilon, .*, but got 'epsilom'; nearest valid: epsilon"),
        (3, "Input should be"),
    ],
)
def test_what_is_no_promise_is_refused(given: Any, sentence: str) -> None:
    """With one sentence on what is wrong."""
    with pytest.raises(ValidationError, match=sentence):
        trial(given)


def test_a_search_does_not_choose_it() -> None:
    """It can be given to all that a search proposes."""
    search = {"trials": 3, "space": {"model": ["ann"], "epochs": [1, 2]}}
    base = {"name": "a", "datasets": ["iris"], "search": search}
    assert SweepSpec.model_validate({**base, "recipe": {"dp": {"epsilon": 3}}}).axes_for("iris")["dp"] is not None
    with pytest.raises(ValidationError, match="a search does not choose dp"):
        SweepSpec.model_validate(
            {**base, "search": {**search, "space": {"model": ["ann"], "dp": [None, {"epsilon": 3}]}}}
        )
