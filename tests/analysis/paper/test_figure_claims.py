import pandas as pd
import pytest
from paper_truths import (
    StudyOf,
    Truth,
    above_one,
    activations,
    check_contradicted,
    check_open,
    check_supported,
    judged,
    shifted,
)

from privsearch.analysis.paper.claims import Claim
from privsearch.analysis.paper.figure_claims import ALIKE, BENEFIT, FIGURE_CLAIMS, FLAT, SMALL_DROP
from privsearch.analysis.paper.published import published_cells
from privsearch.analysis.paper.verdicts import verdicts

every_claim = pytest.mark.parametrize("claim", FIGURE_CLAIMS, ids=lambda claim: claim.text)

TRUTHS = {
    "Quantised activations cost ANNs little accuracy": Truth(
        *(shifted("accuracy", activations("ann")), -SMALL_DROP / 2, -2 * SMALL_DROP)
    ),
    "Quantised activations cost SNNs little accuracy": Truth(
        *(shifted("accuracy", activations("snn")), -SMALL_DROP / 2, -2 * SMALL_DROP)
    ),
    "Accuracy of quantised ANNs is flat over the thresholds": Truth(
        *(shifted("accuracy", lambda spec: activations("ann")(spec) * above_one(spec)), FLAT / 2, 2 * FLAT)
    ),
    "2-bit SNNs on Breast Cancer start near full precision": Truth(
        shifted("accuracy", lambda spec: activations("snn", 2)(spec) * (spec.threshold == 0.5)),
        *(-FLAT / 2, -2 * FLAT),
    ),
    "2-bit SNNs on Breast Cancer fall as the threshold rises": Truth(
        *(shifted("accuracy", lambda spec: activations("snn", 2)(spec) * above_one(spec)), -0.05, 0.05)
    ),
    "2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose": Truth(
        *(shifted("accuracy", lambda spec: -activations("snn", 2)(spec) * abs(above_one(spec))), 0.1, -0.1)
    ),
    "2, 4 and 8 bits of activation leak alike in SNNs": Truth(
        *(shifted("auc", activations("snn", 2)), ALIKE / 2, 2 * ALIKE)
    ),
    "2-bit activations protect ANNs no better than 4 or 8 bits": Truth(
        *(shifted("auc", activations("ann", 2)), 0.0, -0.05)
    ),
    "2-bit activations protect SNNs no better than 4 or 8 bits": Truth(
        *(shifted("auc", activations("snn", 2)), 0.05, -0.05)
    ),
}


def claim_of(text: str) -> Claim:
    return next(claim for claim in FIGURE_CLAIMS if claim.text == text)


def test_every_claim_has_its_truth() -> None:
    """The truths above are about all the statements, in their numbering."""
    assert [claim.text for claim in FIGURE_CLAIMS] == list(TRUTHS)
    assert [claim.number for claim in FIGURE_CLAIMS] == [6, 6, 7, 8, 8, 9, 10, 11, 11]


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


def test_small_benefit_of_two_bits_is_none(study_of: StudyOf) -> None:
    """A benefit of less than the margin supports that there is none, one of about the margin leaves it open."""
    text = "2-bit activations protect ANNs no better than 4 or 8 bits"
    small, about = (study_of(TRUTHS[text].rule(-BENEFIT / how), noise=0.003) for how in (4, 1))
    assert judged(claim_of(text), small)[0].verdict == "supported"
    assert judged(claim_of(text), about)[0].verdict == "not significant"


@pytest.mark.parametrize("effect", [-2 * FLAT, 2 * FLAT])
def test_a_line_that_rises_or_falls_is_not_flat(study_of: StudyOf, effect: float) -> None:
    """A flat line is one that neither rises nor falls."""
    text = "Accuracy of quantised ANNs is flat over the thresholds"
    assert {v.verdict for v in judged(claim_of(text), study_of(TRUTHS[text].rule(effect)))} == {"contradicted"}


def test_two_thresholds_have_no_middle(study_of: StudyOf) -> None:
    """A gain at first and a loss then take three thresholds at least; with four, the upper middle one counts."""
    text = "2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose"
    two = judged(claim_of(text), study_of(lambda spec: {}, datasets=("cifar10",), threshold=[0.5, 1.5]))
    assert [v.verdict for v in two] == ["not tested"]
    four = study_of(TRUTHS[text].rule(0.1), datasets=("cifar10",), threshold=[0.25, 0.5, 1.0, 1.5])
    (verdict,) = judged(claim_of(text), four)
    assert [c.difference for c in verdict.comparisons] == pytest.approx([0.075, 0.05], abs=0.003)


def test_statement_of_one_dataset_is_silent_on_others(study_of: StudyOf) -> None:
    """A study without the dataset that a statement is about has no verdict on it."""
    claims = {verdict.claim for verdict in verdicts(study_of(lambda spec: {}, datasets=("iris",)))}
    assert claims == set(range(1, 24)) - {8, 9}


@pytest.fixture
def quantised_weights() -> pd.DataFrame:
    """Table II, a row a dataset and model, a column a bit width for each quantity; full precision is 32."""
    table = published_cells().query("table == 'II'").fillna({"weight_bit_width": 32})
    return table.pivot_table(["test_accuracy", "attack_auc"], ["dataset", "model"], "weight_bit_width")


def test_small_drop_is_the_largest_that_the_paper_calls_minor(quantised_weights: pd.DataFrame) -> None:
    """At 8 and 4 bits, and Iris aside, no published loss of test accuracy is larger."""
    accuracy = quantised_weights["test_accuracy"].drop("iris", level="dataset")
    losses = accuracy[[8, 4]].rsub(accuracy[32], axis=0)
    largest = losses.loc[("cifar10", "snn"), 4]
    assert losses.to_numpy().max() == largest == pytest.approx(0.0607)
    assert round(largest, 3) == SMALL_DROP
    assert largest < SMALL_DROP


def test_alike_are_aucs_as_far_apart_as_those_the_paper_calls_similar(quantised_weights: pd.DataFrame) -> None:
    """The AUCs of SNNs with weights of 8, 4 and 2 bits are at most so far apart, rounded to a hundredth."""
    aucs = quantised_weights["attack_auc"].xs("snn", level="model")[[8, 4, 2]]
    spans = aucs.max(axis=1) - aucs.min(axis=1)
    assert spans.max() == pytest.approx(0.0155)
    assert round(spans.max(), 2) == ALIKE
