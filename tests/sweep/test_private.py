from dataclasses import replace
from typing import Any

import pytest

from privsearch import register_model
from privsearch.data import describe_dataset
from privsearch.errors import SpecError
from privsearch.spec import OneRunProtocol, TrialSpec
from privsearch.sweep import private
from privsearch.sweep.private import check_private

WHERE = ("grids", "first", "dp")
IRIS = describe_dataset("iris")


def trial(**fields: Any) -> TrialSpec:
    given = {"dataset": "iris", "model": "ann", "dp": {"epsilon": 3}, "protocol": OneRunProtocol(), **fields}
    return TrialSpec.model_validate(given).canonical("fcnet")


def refused(spec: TrialSpec, info: Any = IRIS) -> str:
    with pytest.raises(SpecError) as error:
        check_private(spec, info, WHERE)
    assert error.value.where == WHERE
    return str(error.value)


def test_what_holds_is_let_through() -> None:
    """Networks of ours in full precision or quantised, by whatever protocol; and all that promises nothing."""
    for fields in ({}, {"model": "snn", "weight_bit_width": 4, "act_bit_width": 4}, {"protocol": {"kind": "halves"}}):
        check_private(trial(**fields), IRIS, WHERE)
    check_private(trial(dp=None, precision="bf16"), replace(IRIS, num_persons=3), WHERE)


def test_registered_models_are_refused() -> None:
    """Their layers are unknown: BatchNorm, for one, mixes the examples of a batch."""
    register_model("unknown", lambda shape, classes, spec: None)  # type: ignore[arg-type,return-value]
    assert "as BatchNorm does" in refused(trial(model="unknown"))


def test_what_the_promise_does_not_hold_for_is_refused() -> None:
    """Gradients of 16 bits, persons with several examples, and a delta that lets a whole example out."""
    assert "leave precision out, or give dp: null" in refused(trial(precision="bf16"))
    assert "in iris a person has several (group)" in refused(trial(), replace(IRIS, num_persons=30))
    assert "below 1 / n" in refused(trial(dp={"epsilon": 3, "delta": 0.02}))


def test_a_missing_library_is_told_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only who asks for dp is told."""

    def fail() -> None:
        raise SpecError("install privsearch[dp]")

    monkeypatch.setattr(private, "check_installed", fail)
    assert refused(trial()) == "install privsearch[dp]"
    check_private(trial(dp=None), IRIS, WHERE)
