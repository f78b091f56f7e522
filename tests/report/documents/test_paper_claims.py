import re
from pathlib import Path

import pytest

from privsearch.analysis.paper.published_verdicts import DATASETS, MOST, published_verdicts
from privsearch.analysis.paper.verdicts import CLAIMS
from privsearch.report.documents.paper_claims import claims_markdown, own_words, published_markdown
from privsearch.report.wording.formats import MISSING

PAGE = Path(__file__).parents[3] / "docs" / "paper.md"


def rows(table: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


@pytest.mark.parametrize("table", [claims_markdown, published_markdown])
def test_page_about_the_paper_has_the_tables_as_the_program_writes_them(table: object) -> None:
    """docs/paper.md has the claims, and what the paper's own tables say of them, as claims.md has."""
    assert table() in PAGE.read_text(encoding="utf-8")  # type: ignore[operator]


def test_every_claim_stands_with_the_papers_words() -> None:
    """A row has the number, the claim, the section with the quotation, and what is compared with which bar."""
    found = rows(claims_markdown())
    assert [row[:2] for row in found] == [[str(claim.number), claim.text] for claim in CLAIMS]
    assert all(re.fullmatch(r"(I|V-[ABC]|VI): \*.+\*", words) for _, _, words, _ in found)
    by_text = {row[1]: row[3] for row in found}
    assert by_text["2, 4 and 8 bits of weights leak alike in SNNs"] == (
        "attack AUC: w8 - w4; w8 - w2; w4 - w2 within ±0.02"
    )
    assert by_text["Arctangent often leaks most"].endswith("atan - straight_through > 0, on most datasets")
    assert by_text["2-bit SNNs on Breast Cancer start near full precision"] == (
        "test accuracy: a2 at the lowest threshold - fp32 > -0.02, on Breast Cancer"
    )


def test_published_table_counts_what_it_lists() -> None:
    """The last row has the numbers of combinations that hold, and that are violated."""
    *of_claims, total = rows(published_markdown())
    holds = sum(len(row[2].split(", ")) for row in of_claims if row[2] != MISSING)
    bad = sum(len(row[3].split("; ")) for row in of_claims if row[3] != MISSING)
    assert total[-2:] == [f"{holds} of {holds + bad}", str(bad)] == ["75 of 106", "31"]
    assert not [row for row in of_claims if "activations" in row[1]]


def test_own_words_name_what_violates() -> None:
    """With its difference, how many others do, and how much of a claim is printed."""
    by_text = {claim.text: published_verdicts(claim) for claim in CLAIMS}
    anns = by_text["A full-precision SNN leaks less than a quantised ANN at any bit width"]
    assert own_words("iris", anns["iris"]) == "holds (3 of 6 published)"
    assert own_words("breast_cancer", anns["breast_cancer"]) == "**violated**: ANN w4 - SNN fp32: -0.0130, and 1 more"
    often = by_text["Arctangent often leaks most"]
    assert own_words(MOST, often[MOST]) == "holds, violated on CIFAR-10, Iris"
    least = by_text["Spike rate escape leaks least on most datasets"]
    assert own_words(MOST, least[MOST]).startswith("**violated**: on MNIST, ")
    figures = by_text["Quantised activations cost ANNs little accuracy"]
    assert {own_words(dataset, figures[dataset]) for dataset in DATASETS} == {"not published"}
