from collections.abc import Callable

import numpy as np
import pytest

from privsearch.analysis.paper.audits import Audit
from privsearch.analysis.paper.claims import ALL, MAIN_CLAIMS, Claim, Differences
from privsearch.analysis.paper.published import published_cells
from privsearch.analysis.paper.published_verdicts import DATASETS, MOST, majority, published_verdicts
from privsearch.analysis.paper.verdicts import CLAIMS


def claim_of(differences: Callable[[Audit], Differences], bar: float = 0.0) -> Claim:
    return Claim(number=0, text="t", section="s", quote="q", differences=differences, bar=bar)


def violated(claim: Claim) -> set[str]:
    found = published_verdicts(claim)
    return {dataset for dataset in DATASETS if dataset in found and found[dataset].finding == "violated"}


def test_datasets_are_those_of_the_tables() -> None:
    """In the order in which they are printed."""
    assert tuple(published_cells()["dataset"].unique()) == DATASETS


def loud_leak_most(audit: Audit) -> Differences:
    """Arctangent and straight-through above each of the other three, on every dataset: claim 4 without its "often"."""
    return {
        f"{loud} - {quiet}": audit.auc("snn", surrogate_gradient=loud) - audit.auc("snn", surrogate_gradient=quiet)
        for loud in ("atan", "straight_through")
        for quiet in ("fast_sigmoid", "spike_rate_escape", "triangular")
    }


def test_ten_of_the_main_claims_on_a_dataset_are_violated_if_often_means_always() -> None:
    """Five claims can be read off the tables, on five datasets each: 10 of these 25 are violated."""
    without_hedges = [claim for claim in MAIN_CLAIMS if not claim.of_most and not claim.only]
    strict = [*without_hedges, claim_of(loud_leak_most)]
    published = [c for c in strict if published_verdicts(c)["mnist"].finding != "not published"]
    assert len(published) * len(DATASETS) == 25
    assert sum(len(violated(claim)) for claim in published) == 10


def test_main_claims_that_the_tables_violate() -> None:
    """With its own hedges, 8 of 26: full-precision SNNs on two datasets, trade-offs on four, arctangent on two."""
    assert {claim.text: violated(claim) for claim in MAIN_CLAIMS if violated(claim)} == {
        "A full-precision SNN leaks less than a quantised ANN at any bit width": {"fashion_mnist", "breast_cancer"},
        "Spike rate escape is the best trade-off": {"fashion_mnist", "cifar10", "iris", "breast_cancer"},
        "Arctangent often leaks most": {"cifar10", "iris"},
    }
    findings = [
        published_verdicts(claim)[d].finding for claim in MAIN_CLAIMS for d in DATASETS if claim.only in (None, d)
    ]
    assert len(findings) - findings.count("not published") == 26


def test_further_claims_that_the_tables_violate() -> None:
    """Spike rate escape leaks least on none of the five, and fast sigmoid is most accurate on one."""
    further = {claim.text: violated(claim) for claim in CLAIMS if claim.number > 5 and violated(claim)}
    assert {text: len(datasets) for text, datasets in further.items()} == {
        "2-bit weights leak least among quantised ANNs": 1,
        "2, 4 and 8 bits of weights mostly leak alike in ANNs": 3,
        "Quantised weights protect SNNs by less than ANNs": 1,
        "Quantised weights make SNNs less accurate": 1,
        "8- and 4-bit weights cost ANNs little accuracy": 1,
        "2-bit weights cost ANNs most accuracy": 1,
        "Spike rate escape leaks least on most datasets": 5,
        "Arctangent and straight-through leak more than spike rate escape": 4,
        "Fast sigmoid is most accurate": 4,
        "Triangular is least accurate": 2,
    }
    assert further["Fast sigmoid is most accurate"] == set(DATASETS) - {"breast_cancer"}


def test_violations_are_the_printed_differences() -> None:
    """On Breast Cancer ANNs with weights of 4 and of 8 bits have AUCs of 0.5404 and 0.55, the SNN has 0.5534."""
    claim = next(claim for claim in MAIN_CLAIMS if claim.number == 2)
    verdict = published_verdicts(claim)["breast_cancer"]
    assert list(verdict.violations) == ["ANN w4 - SNN fp32", "ANN w8 - SNN fp32"]
    assert list(verdict.violations.values()) == pytest.approx([-0.013, -0.0034])
    assert verdict.differences["ANN w2 - SNN fp32"] == pytest.approx(0.0266)
    assert verdict.differences["ANN a8 - SNN fp32"] is None


@pytest.mark.parametrize(
    ("difference", "bar", "finding"),
    [
        (0.1, 0.0, "holds"),
        (0.0, 0.0, "violated"),
        (0.3 - 0.2 - 0.1, 0.0, "violated"),
        (-0.01, -0.02, "holds"),
        (np.nan, 0.0, "not published"),
    ],
)
def test_tie_is_not_above_the_bar(difference: float, bar: float, finding: str) -> None:
    """A mean must be above the bar, by more than what floats make of printed digits."""
    assert published_verdicts(claim_of(lambda _: {"x": np.array([difference])}, bar))["iris"].finding == finding


def test_part_that_is_not_published_is_left_aside() -> None:
    """A claim is held against what is printed, and the mean over datasets against what all of them have."""
    found = published_verdicts(claim_of(lambda _: {"x": np.array([0.1]), "y": np.full(1, np.nan)}), ("iris", "digits"))
    assert set(found) == {"iris", "digits", ALL}
    assert (found["iris"].finding, found["iris"].differences) == ("holds", {"x": 0.1, "y": None})


def test_claim_about_most_is_judged_on_the_papers_datasets() -> None:
    """What it says of most holds on three of five, though on one of the two that are looked at."""
    arctangent = next(claim for claim in CLAIMS if claim.text == "Arctangent often leaks most")
    found = published_verdicts(arctangent, ("iris", "breast_cancer"))
    assert {dataset: verdict.finding for dataset, verdict in found.items()} == {
        "iris": "violated",
        "breast_cancer": "holds",
        MOST: "holds",
    }
    assert set(found[MOST].violations) == {"cifar10", "iris"}
    assert MOST not in published_verdicts(arctangent, ("iris",))


def test_half_is_no_majority() -> None:
    """Of two or three datasets, two are more than half; of four or five, three."""
    assert [majority(num) for num in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]
