import pytest
from paper_truths import (
    StudyOf,
    Truth,
    above_one,
    activations,
    check_contradicted,
    check_open,
    check_supported,
    gradient,
    shifted,
    weights,
)

from privsearch.analysis.paper.claims import MAIN_CLAIMS, Claim

every_claim = pytest.mark.parametrize("claim", MAIN_CLAIMS, ids=lambda claim: claim.text)

TRUTHS = {
    "Quantised weights make ANNs leak less": Truth(shifted("auc", weights("ann")), -0.05, 0.05),
    "Quantised weights make SNNs leak less": Truth(shifted("auc", weights("snn")), -0.05, 0.05),
    "Quantised activations make ANNs leak less": Truth(shifted("auc", activations("ann")), -0.05, 0.05),
    "Quantised activations make SNNs leak less": Truth(shifted("auc", activations("snn")), -0.05, 0.05),
    "A full-precision SNN leaks less than a quantised ANN at any bit width": Truth(
        *(shifted("auc", lambda spec: spec.model == "snn"), -0.05, 0.05)
    ),
    "2-bit activations leak most among quantised ANNs": Truth(shifted("auc", activations("ann", 2)), 0.05, -0.05),
    "Spike rate escape is the best trade-off": Truth(shifted("accuracy", gradient("spike_rate_escape")), 0.08, -0.08),
    "Arctangent often leaks most": Truth(shifted("auc", gradient("atan")), 0.05, -0.05),
    "Straight-through leaks much on complex datasets: CIFAR-10": Truth(
        *(shifted("auc", gradient("straight_through")), 0.05, -0.05)
    ),
    "Higher thresholds make 4- and 8-bit SNNs more accurate": Truth(
        *(shifted("accuracy", lambda spec: above_one(spec) * (spec.model == "snn")), 0.05, -0.05)
    ),
}


def test_every_claim_has_its_truth() -> None:
    """The truths above are about all the main claims, in the paper's numbering."""
    assert [claim.text for claim in MAIN_CLAIMS] == list(TRUTHS)
    assert [claim.number for claim in MAIN_CLAIMS] == [1, 1, 1, 1, 2, 3, 4, 4, 4, 5]


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


def test_two_vulnerable_surrogate_gradients_need_not_differ(study_of: StudyOf) -> None:
    """Straight-through leaks much though arctangent leaks more, as it is set beside the other three."""
    straight_through = next(claim for claim in MAIN_CLAIMS if claim.text.startswith("Straight-through"))
    truth = Truth(shifted("auc", lambda s: gradient("straight_through", "atan")(s) + gradient("atan")(s)), 0.05, -0.05)
    check_supported(straight_through, {straight_through.text: truth}, study_of)
