"""The verdicts on the paper's claims for the terminal, as Markdown and as CSV."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import pandas as pd
from rich.console import RenderableType

from privsearch.analysis.paper.cells import title
from privsearch.analysis.paper.claims import MARGIN, Success
from privsearch.analysis.paper.verdicts import Comparison, Verdict
from privsearch.report.wording.formats import MISSING, console_table, markdown_table

_NO_ATTACK: Final = "no attack in it"
_NUMBERS_HEADER: Final = (
    *("Claim", "Dataset", "Success", "Comparison", "Claimed", "Difference", "95 % interval", "p (Holm)", "n"),
)


def verdict_views(verdicts: Sequence[Verdict], attack: str) -> Iterator[RenderableType]:
    """Yield a table of verdicts for each claim, with the deciding comparisons, then notes on the method."""
    for (number, text), claim_verdicts in _by_claim(verdicts).items():
        shown = console_table("", *Success, title=f"Claim {number}: {text}")
        for dataset, pair in _by_dataset(claim_verdicts).items():
            shown.add_row(title(dataset), *(_with_hardest(pair.get(success)) for success in Success))
        yield shown
    yield f"Below each verdict, the comparison that speaks most against the claim. {_notes(attack)}"


def verdicts_markdown(verdicts: Sequence[Verdict], attack: str) -> str:
    """Return the verdicts at a glance, and below them every comparison they rest on."""
    glance = [
        [f"{number}. {text}", title(dataset), *(_finding(pair.get(success)) for success in Success)]
        for (number, text), claim_verdicts in _by_claim(verdicts).items()
        for dataset, pair in _by_dataset(claim_verdicts).items()
    ]
    numbers = [
        [f"{v.claim}. {v.text}", title(v.dataset), v.success, c.what, f"> {v.bar:g}", *_numbers(c)]
        for v in verdicts
        for c in v.comparisons
    ]
    return "\n".join(
        [
            "# The paper's claims\n",
            f"{_notes(attack)}\n",
            markdown_table(["Claim", "Dataset", *(p.capitalize() for p in Success)], glance),
            "## The numbers that they rest on\n",
            markdown_table(_NUMBERS_HEADER, numbers),
        ]
    )


def verdicts_csv(verdicts: Sequence[Verdict]) -> str:
    """Return the comparisons as CSV, one a line, each with its verdict."""
    rows = [
        {
            **{field: getattr(v, field) for field in ("claim", "text", "dataset", "success", "verdict", "bar")},
            **asdict(comparison),
        }
        for v in verdicts
        for comparison in v.comparisons
    ]
    return pd.DataFrame(rows).to_csv(index=False)


def _by_claim(verdicts: Sequence[Verdict]) -> dict[tuple[int, str], list[Verdict]]:
    claims = defaultdict(list)
    for verdict in verdicts:
        claims[verdict.claim, verdict.text].append(verdict)
    return claims


def _by_dataset(verdicts: Sequence[Verdict]) -> dict[str, dict[Success, Verdict]]:
    datasets: dict[str, dict[Success, Verdict]] = defaultdict(dict)
    for verdict in verdicts:
        datasets[verdict.dataset][verdict.success] = verdict
    return datasets


def _finding(verdict: Verdict | None) -> str:
    """Return the verdict in words; a claim without an attack has no verdict on the excess over the placebo."""
    if verdict is None:
        return _NO_ATTACK
    done = sum(comparison.n > 0 for comparison in verdict.comparisons)
    partly = f", {done} of {len(verdict.comparisons)} compared" if 0 < done < len(verdict.comparisons) else ""
    at_size = " at this sample size" if verdict.verdict == "cannot tell" and not partly else ""
    return f"{verdict.verdict}{at_size}{partly}"


def _with_hardest(verdict: Verdict | None) -> str:
    hardest = verdict.hardest() if verdict else None
    if hardest is None:
        return _finding(verdict)
    difference, interval, *_ = _numbers(hardest, digits=3)
    return f"{_finding(verdict)}\n{hardest.what}\n{difference} {interval}"


def _numbers(comparison: Comparison, digits: int = 4) -> list[str]:
    """Return the difference, its interval, its p-value and n as printed texts."""
    if comparison.difference is None:
        return [MISSING, MISSING, MISSING, "0"]
    difference = f"{comparison.difference:+.{digits}f}"
    if comparison.low is None or comparison.p_holm is None:
        return [difference, "n/a", "n/a", str(comparison.n)]
    interval = f"[{comparison.low:+.{digits}f}, {comparison.high:+.{digits}f}]"
    return [difference, interval, f"{comparison.p_holm:.3f}", str(comparison.n)]


def _notes(attack: str) -> str:
    return (
        f"Attack: '{attack}'. As published: its AUC. Excess over placebo: what it owes to "
        "membership, at the size of the test split; 0 on average without a leak. Each comparison is within "
        "replicates, and written so that the claim says it is above 0, or above "
        f"-{MARGIN:g} where the claim is that there is no benefit: less than that is none. Two-sided t-tests, "
        "p < 0.05. Contradicted: some comparison is significantly below, corrected by Holm's method within the claim. "
        "Supported: all are significantly above. Cannot tell: neither, or the study has not all of the claim's "
        "comparisons. Not tested: it has none. Trade-off: test accuracy x (1 - AUC). Slope: accuracy per unit of "
        "threshold. The sample is one of trainings, all on the same split of the data. 'all': the mean over the "
        "datasets of this study. Where nothing differs, at most one verdict in 20 says that something does."
    )
