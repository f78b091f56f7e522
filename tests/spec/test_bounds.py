from typing import Any

import pytest
from pydantic import ValidationError

from privsearch.spec import PaperProtocol, TrialSpec
from privsearch.spec.resources import Resources

BEYOND: dict[str, tuple[Any, ...]] = {
    "epochs": (0, 100_001, 10**30, int("9" * 99)),
    "batch_size": (0, 1_000_001, 10**30),
    "learning_rate": (0.0, 5e-324, 1e-13, 1.1e6, 1e308),
    "weight_decay": (-1e-9, 1e308),
    "threshold": (0.0, 1e-300, 101.0),
    "width": (0.0, 1e-300, 17.0),
    "train_size": (1, 2**70),
    "test_size": (1, 10**40),
    "num_steps": (0, 2**63),
    "beta": (-0.1, 1.1),
}
WITHIN: dict[str, tuple[Any, ...]] = {
    "epochs": (1, 100_000),
    "batch_size": (1, 1_000_000),
    "learning_rate": (1e-12, 1e6),
    "weight_decay": (0.0, 1e5),
    "threshold": (0.001, 100.0),
    "width": (0.0001, 16.0),
    "train_size": (2, 10**9),
}


def spec(**fields: Any) -> TrialSpec:
    return TrialSpec(**{"dataset": "iris", "model": "snn", "act_bit_width": 4, **fields})


@pytest.mark.parametrize(("axis", "value"), [(axis, value) for axis, values in BEYOND.items() for value in values])
def test_no_axis_goes_beyond_its_limits(axis: str, value: Any) -> None:
    """A number that cannot be trained with, or that no table can hold, is refused before anything is planned."""
    with pytest.raises(ValidationError):
        spec(**{axis: value})


@pytest.mark.parametrize(("axis", "value"), [(axis, value) for axis, values in WITHIN.items() for value in values])
def test_the_limits_themselves_are_allowed(axis: str, value: Any) -> None:
    """Both ends of a range belong to it."""
    assert getattr(spec(**{axis: value}), axis) == value


@pytest.mark.parametrize("fraction", [0.0, 1e-300, 1.0, 1e308])
def test_a_share_leaves_some_in_and_some_out(fraction: float) -> None:
    """A shadow that trains on nothing, or on all, is none."""
    with pytest.raises(ValidationError):
        PaperProtocol(shadow_fraction=fraction)


@pytest.mark.parametrize(
    "fields", [{"cpu": 1e9}, {"cpu": 1e-300}, {"gpu": 1e-300}, {"custom": {"": 1.0}}, {"custom": {"a": 1e300}}]
)
def test_no_machine_has_such_resources(fields: dict[str, Any]) -> None:
    """What Ray would round to nothing, or could never give."""
    with pytest.raises(ValidationError):
        Resources(**fields)
