import pytest
from paper_truths import (
    StudyOf,
    Truth,
    activations,
    check_contradicted,
    check_open,
    check_supported,
    gradient,
    judged,
    shifted,
    weights,
)

from privsearch.analysis.paper.claims import Claim
from privsearch.analysis.paper.figure_claims import ALIKE, FLAT, SMALL_DROP
from privsearch.analysis.paper.table_claims import TABLE_CLAIMS

every_claim = pytest.mark.parametrize("claim", TABLE_CLAIMS, ids=lambda claim: claim.text)
snn_leaks = shifted("auc", lambda spec: spec.model == "snn")

TRUTHS = {
    "SNNs leak less than ANNs with weights of the same width": Truth(snn_leaks, -0.05, 0.05),
    "SNNs leak less than ANNs with activations of the same width": Truth(snn_leaks, -0.05, 0.05),
    "2-bit weights leak least among quantised ANNs": Truth(shifted("auc", weights("ann", 2)), -0.05, 0.05),
    "2, 4 and 8 bits of weights leak alike in SNNs": Truth(shifted("auc", weights("snn", 4)), ALIKE / 2, 2 * ALIKE),
    "2, 4 and 8 bits of weights mostly leak alike in ANNs": Truth(
        *(shifted("auc", weights("ann", 8)), -ALIKE / 2, -2 * ALIKE)
    ),
    "Quantised weights protect SNNs by less than ANNs": Truth(shifted("auc", weights("ann")), -0.05, 0.05),
    "Quantised weights make ANNs less accurate": Truth(shifted("accuracy", weights("ann")), -0.05, 0.05),
    "Quantised weights make SNNs less accurate": Truth(shifted("accuracy", weights("snn")), -0.05, 0.05),
    "Quantised activations make ANNs less accurate": Truth(shifted("accuracy", activations("ann")), -0.05, 0.05),
    "Quantised activations make SNNs less accurate": Truth(shifted("accuracy", activations("snn")), -0.05, 0.05),
    "8- and 4-bit weights cost ANNs little accuracy": Truth(
        *(shifted("accuracy", weights("ann", 8, 4)), -SMALL_DROP / 2, -2 * SMALL_DROP)
    ),
    "8- and 4-bit weights cost SNNs little accuracy": Truth(
        *(shifted("accuracy", weights("snn", 8, 4)), -SMALL_DROP / 2, -2 * SMALL_DROP)
    ),
    "2-bit weights cost ANNs most accuracy": Truth(shifted("accuracy", weights("ann", 2)), -0.05, 0.05),
    "2-bit weights cost SNNs most accuracy": Truth(shifted("accuracy", weights("snn", 2)), -0.05, 0.05),
    "2-bit activations cost ANNs most accuracy": Truth(shifted("accuracy", activations("ann", 2)), -0.05, 0.05),
    "A full-precision SNN is as accurate as an ANN": Truth(
        *(shifted("accuracy", lambda spec: spec.model == "snn"), -FLAT / 2, -2 * FLAT)
    ),
    "Spike rate escape leaks least on most datasets": Truth(
        *(shifted("auc", gradient("spike_rate_escape")), -0.05, 0.05)
    ),
    "Arctangent and straight-through leak more than spike rate escape": Truth(
        *(shifted("auc", gradient("atan", "straight_through")), 0.05, -0.05)
    ),
    "Fast sigmoid is most accurate": Truth(shifted("accuracy", gradient("fast_sigmoid")), 0.05, -0.05),
    "Triangular is least accurate": Truth(shifted("accuracy", gradient("triangular")), -0.05, 0.05),
}


def claim_of(text: str) -> Claim:
    return next(claim for claim in TABLE_CLAIMS if claim.text == text)


def test_every_claim_has_its_truth() -> None:
    """The truths above are about all the statements, in their numbering."""
    assert [claim.text for claim in TABLE_CLAIMS] == list(TRUTHS)
    numbers = [12, 12, 13, 14, 14, 15, 16, 16, 16, 16, 17, 17, 18, 18, 18, 19, 20, 21, 22, 23]
    assert [claim.number for claim in TABLE_CLAIMS] == numbers


@every_claim
def test_true_claim_is_supported(study_of: StudyOf, claim: Claim) -> None:
    """Where a claim holds in the data, the study supports it."""
    check_supported(claim, TRUTHS, study_of)


@every_claim
def test_false_claim_is_contradicted(study_of: StudyOf, claim: Claim) -> None:
    """Where the opposite of a claim holds in the data, it is contradicted."""
    check_contradicted(claim, TRUTHS, study_of)


@every_claim
def test_true_claim_without_evidence_is_left_open(study_of: StudyOf, claim: Claim) -> None:
    """One replicate, or noise far above the effect, shows nothing of a claim that holds."""
    check_open(claim, TRUTHS, study_of)


@pytest.mark.parametrize("effect", [-2 * ALIKE, 2 * ALIKE])
def test_widths_that_leak_more_or_less_are_not_alike(study_of: StudyOf, effect: float) -> None:
    """Alike means neither above nor below."""
    text = "2, 4 and 8 bits of weights leak alike in SNNs"
    assert {v.verdict for v in judged(claim_of(text), study_of(TRUTHS[text].rule(effect)))} == {"contradicted"}


def test_cost_of_two_bits_is_not_held_against_the_others(study_of: StudyOf) -> None:
    """The paper calls the losses at 8 and 4 bits minor, and those at 2 unnecessary."""
    found = judged(
        claim_of("8- and 4-bit weights cost SNNs little accuracy"),
        study_of(shifted("accuracy", weights("snn", 2))(-0.5)),
    )
    assert {v.verdict for v in found} == {"supported"}


def test_claim_about_same_widths_has_each_beside_its_own(study_of: StudyOf) -> None:
    """One width at which SNNs leak more is enough to contradict, and is the comparison that decides."""
    claim = claim_of("SNNs leak less than ANNs with weights of the same width")
    results = study_of(lambda spec: {"auc": 0.6 - 0.05 * (spec.model == "snn") + 0.2 * weights("snn", 4)(spec)})
    for verdict in judged(claim, results):
        hardest = verdict.hardest()
        assert verdict.verdict == "contradicted"
        assert hardest is not None
        assert hardest.what == "ANN w4 - SNN w4"
        assert hardest.difference == pytest.approx(-0.15, abs=0.01)
