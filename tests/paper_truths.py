"""Truths that make a claim of the paper hold or not, and what a study of them must say."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from privsearch.analysis.paper.audits import Success
from privsearch.analysis.paper.claims import ALL, Claim
from privsearch.analysis.paper.published_verdicts import MOST
from privsearch.analysis.paper.verdicts import Verdict, verdicts
from privsearch.spec import TrialSpec
from privsearch.study.result import TrialResult

StudyOf = Callable[..., list[TrialResult]]
Rule = Callable[[TrialSpec], dict[str, float]]


class Truth(NamedTuple):
    """What a claim is about, with the size of the effect with which it holds, and with which it does not."""

    rule: Callable[[float], Rule]
    true: float
    false: float


Truths = Mapping[str, Truth]


def shifted(column: str, shift: Callable[[TrialSpec], float]) -> Callable[[float], Rule]:
    """An accuracy of 0.9, or an AUC of 0.6, plus an effect in proportion to what a shift says."""
    base = {"accuracy": 0.9, "auc": 0.6}[column]
    return lambda effect: lambda spec: {column: base + effect * shift(spec)}


def activations(model: str, *bit_widths: int) -> Callable[[TrialSpec], bool]:
    return lambda spec: spec.model == model and spec.act_bit_width in (bit_widths or (8, 4, 2))


def weights(model: str, *bit_widths: int) -> Callable[[TrialSpec], bool]:
    return lambda spec: spec.model == model and spec.weight_bit_width in (bit_widths or (8, 4, 2))


def gradient(*names: str) -> Callable[[TrialSpec], bool]:
    return lambda spec: spec.surrogate_gradient in names


def above_one(spec: TrialSpec) -> float:
    return (spec.threshold or 1.0) - 1.0


def judged(claim: Claim, results: list[TrialResult]) -> list[Verdict]:
    return verdicts(results, claims=[claim])


def datasets_of(claim: Claim) -> tuple[str, str]:
    """The dataset that a claim is about and one that it is not about, or two that it is about."""
    return "iris", claim.only or "breast_cancer"


def check_supported(claim: Claim, truths: Truths, study_of: StudyOf) -> None:
    """Every dataset that it is about supports it, and all together or most if it is of several, by either success."""
    truth = truths[claim.text]
    found = judged(claim, study_of(truth.rule(truth.true), datasets=datasets_of(claim)))
    assert {v.verdict for v in found} == {"equivalent" if claim.is_equivalence else "supported"}
    several = {*datasets_of(claim), MOST if claim.of_most else ALL}
    assert {v.dataset for v in found} == ({claim.only} if claim.only else several)
    assert {v.success for v in found} == (set(Success) if claim.about_attack else {Success.PUBLISHED})


def check_contradicted(claim: Claim, truths: Truths, study_of: StudyOf) -> None:
    truth = truths[claim.text]
    found = judged(claim, study_of(truth.rule(truth.false), datasets=datasets_of(claim)))
    assert {v.verdict for v in found} == {"contradicted"}


def check_open(claim: Claim, truths: Truths, study_of: StudyOf) -> None:
    """One replicate has no spread, and noise far above the effect leaves nothing significant."""
    truth = truths[claim.text]
    for how, finding in ({"replicates": 1}, "no spread"), ({"noise": 0.2}, "not significant"):
        found = judged(claim, study_of(truth.rule(truth.true), datasets=datasets_of(claim), **how))
        assert found[0].verdict == finding
