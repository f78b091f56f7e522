"""The paper's claims in its words and as they are tested, and what its own printed means say of them, as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Final

from privsearch._util.numerals import signed
from privsearch.analysis.paper.audits import PublishedAudit
from privsearch.analysis.paper.cells import title
from privsearch.analysis.paper.claims import Claim
from privsearch.analysis.paper.published import SOURCE
from privsearch.analysis.paper.published_verdicts import DATASETS, MOST, PublishedVerdict, published_verdicts
from privsearch.analysis.paper.verdicts import CLAIMS
from privsearch.report.wording.formats import MISSING, markdown_table

PUBLISHED_NOTE: Final = (
    f"The same differences, of the printed means of {SOURCE}. One that is not above its bar, a tie included, violates "
    "the claim. Nothing is tested, as the number of replicates is not printed: a difference may lie within the printed "
    "standard deviations. Quantised activations are in figures alone. A dataset on which a claim is violated stands "
    "with the worst comparison."
)


def claims_markdown() -> str:
    """Return a table of the claims: number, text, the paper's words with their section, and what is tested."""
    rows = [[f"{c.number}", c.text, f"{c.section}: *{c.quote}*", _tested(c)] for c in CLAIMS]
    return markdown_table(["", "Claim", "The paper's words", "Tested, within replicates"], rows)


def published_markdown() -> str:
    """Return a table of what the paper's printed means say of each claim that they are about, and how many violate."""
    rows, violated, judged = [], 0, 0
    for claim in CLAIMS:
        found = published_verdicts(claim)
        own: dict[str, PublishedVerdict] = {d: found[d] for d in DATASETS if d in found}
        by_finding = {f: [d for d, v in own.items() if v.finding == f] for f in ("holds", "violated")}
        if any(by_finding.values()):
            holds = ", ".join(map(title, by_finding["holds"])) or MISSING
            bad = "; ".join(f"{title(d)} ({worst_words(own[d])})" for d in by_finding["violated"]) or MISSING
            rows.append([str(claim.number), claim.text + _partly(own), holds, bad])
            violated, judged = violated + len(by_finding["violated"]), judged + sum(map(len, by_finding.values()))
    rows.append(["", "all combinations of a claim and a dataset", f"{judged - violated} of {judged}", str(violated)])
    return markdown_table(["", "Claim", "Holds on", "Violated on"], rows)


def worst_words(verdict: PublishedVerdict) -> str:
    """Return the comparison that violates a claim most, its difference, and how many others do."""
    (worst, difference), *others = verdict.violations.items()
    return f"{worst}: {signed(difference, 4)}{f', and {len(others)} more' if others else ''}"


def own_words(dataset: str, verdict: PublishedVerdict) -> str:
    """Return what the paper's printed means say of a claim on a dataset, or over several."""
    printed = sum(difference is not None for difference in verdict.differences.values())
    if verdict.finding == "not published":
        return verdict.finding
    if dataset == MOST:
        where = ", ".join(map(title, verdict.violations)) or "none"
        return f"holds, violated on {where}" if verdict.finding == "holds" else f"**violated**: on {where}"
    partly = f" ({printed} of {len(verdict.differences)} published)" if printed < len(verdict.differences) else ""
    return f"holds{partly}" if verdict.finding == "holds" else f"**violated**: {worst_words(verdict)}"


def _tested(claim: Claim) -> str:
    bar = f"within ±{-claim.bar:g}" if claim.is_equivalence else f"> {claim.bar:g}"
    where = f", on {title(claim.only)}" if claim.only else ", on most datasets" if claim.of_most else ""
    return f"{claim.quantity}: {'; '.join(_compared(claim))} {bar}{where}"


def _compared(claim: Claim) -> Iterator[str]:
    """Yield what is compared; of a test of equivalence, one of the two signs."""
    seen = set()
    for what in claim.differences(PublishedAudit("")):
        other_sign = " - ".join(reversed(what.split(" - ")))
        if not claim.is_equivalence or not (what.startswith("minus ") or other_sign in seen):
            yield what
        seen.add(what)


def _partly(own: Mapping[str, PublishedVerdict]) -> str:
    """Say how much of a claim is published, if not all."""
    differences = next(iter(own.values())).differences
    printed = sum(difference is not None for difference in differences.values())
    return f" ({printed} of {len(differences)} comparisons)" if printed < len(differences) else ""
