import math
from dataclasses import replace
from typing import Any

import pytest

from privsearch import register_model
from privsearch.data import describe_dataset
from privsearch.errors import SpecError
from privsearch.models import private_training
from privsearch.report.wording.promises import fitted_words
from privsearch.spec import OneRunProtocol, SweepSpec, TrialSpec
from privsearch.study.result import Completed
from privsearch.sweep import private
from privsearch.sweep.private import check_private, fitted_before
from privsearch.sweep.trial import run_trial

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


def test_what_is_fitted_before_is_told_where_dp_is_asked_for() -> None:
    """Of tables without public ranges; images are scaled by constants."""

    def names(dp: Any, **dataset: Any) -> list[str]:
        given = {"name": "mine", "path": "mine.csv", "label": "y", **dataset}
        fields = {"name": "a", "datasets": ["iris", given, "mnist"], "grids": {"first": {"model": ["ann"], "dp": dp}}}
        infos = {"iris": IRIS, "mine": IRIS, "mnist": replace(IRIS, network="convnet")}
        return fitted_before(SweepSpec.model_validate(fields), infos)

    assert names([None, {"epsilon": 3}]) == ["iris", "mine"]
    assert names([{"epsilon": 3}], scaling={"low": 0, "high": 1}) == ["iris"]
    assert names([None]) == []
    assert "iris, mine: inputs are standardised" in fitted_words(["iris", "mine"])


def low_and_promised(monkeypatch: pytest.MonkeyPatch, control: str) -> tuple[float, float]:
    """What the audit measures of a training on 400 digits, of which 200 are canaries, and what it was promised."""
    spec = TrialSpec.model_validate(
        {
            "dataset": "digits",
            "model": "ann",
            "train_size": 400,
            "width": 0.3,
            "seed": 0,
            "epochs": 100,
            "batch_size": 100,
            "learning_rate": 0.01,
            "attacks": ({"kind": "loss"},),
            "protocol": {"kind": "one_run", "canaries": True, "audited_fraction": 0.5, "delta": 1e-5},
            "dp": {"epsilon": 1, "max_grad_norm": 0.001},
        }
    )
    guarantee, clipped_sum = private_training.guarantee, private_training.clipped_sum
    if control == "no noise":
        silent = {"noise_multiplier": 1e-9}
        monkeypatch.setattr(private_training, "guarantee", lambda *args: guarantee(*args).model_copy(update=silent))
    if control == "no clipping":
        monkeypatch.setattr(private_training, "clipped_sum", lambda *args: clipped_sum(*args[:3], math.inf))
    result = run_trial(spec)
    assert isinstance(result, Completed), result
    (replicate,) = result.replicates
    assert replicate.target.dp is not None
    assert 0.999 <= replicate.target.dp.epsilon <= 1
    return replicate.attacks["loss"].epsilon_low or 0.0, replicate.target.dp.epsilon


@pytest.mark.slow
def test_the_audit_finds_out_a_training_that_is_not_what_it_claims_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its noise, or without its clipping, it exceeds its epsilon of 1 on canaries; a right one does not."""
    for control in ("no noise", "no clipping"):
        with monkeypatch.context() as patched:
            low, promised = low_and_promised(patched, control)
        assert low > 2 * promised, control
    low, promised = low_and_promised(monkeypatch, "none")
    assert low <= promised
