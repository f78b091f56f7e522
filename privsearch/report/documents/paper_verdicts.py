"""The verdicts on the paper's claims for the terminal, as Markdown and as CSV."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import pandas as pd
from rich.console import RenderableType

from privsearch.analysis.paper.cells import title
from privsearch.analysis.paper.claims import MARGIN, Success
from privsearch.analysis.paper.figure_claims import ALIKE, FLAT, SMALL_DROP
from privsearch.analysis.paper.readings import DEFAULT_NAME
from privsearch.analysis.paper.verdicts import Comparison, Verdict
from privsearch.report.documents.paper_readings import reading_names, readings_markdown, readings_views
from privsearch.report.wording.formats import MISSING, console_table, markdown_table

_NO_ATTACK: Final = "no attack in it"
_NUMBERS_HEADER: Final = ("Success", "Comparison", "Claimed", "Difference", "95 % interval", "p (Holm)", "n")


def verdict_views(verdicts: Sequence[Verdict], attack: str) -> Iterator[RenderableType]:
    """Yield a table of verdicts for each claim, with the deciding comparisons, then notes on the method.

    Tables of the readings side by side come first if the study has several.
    """
    if _has_several(verdicts):
        yield from readings_views(verdicts)
    for (number, text), claim_verdicts in _by_claim(verdicts).items():
        several = _has_several(claim_verdicts)
        heading = f"Claim {number}: {text}{_only_reading(claim_verdicts)}"
        shown = console_table("Reading" if several else "", *Success, title=heading)
        previous = None
        for (dataset, reading), pair in _by_dataset(claim_verdicts).items():
            # The reading stands below the dataset, as there is no room for both beside the numbers.
            if several and dataset != previous:
                shown.add_row(title(dataset), style="bold")
            previous = dataset
            name = reading if several else title(dataset)
            shown.add_row(name, *(_with_hardest(pair.get(success)) for success in Success))
        yield shown
    yield f"Below each verdict, the comparison that speaks most against the claim. {_notes(attack)}"


def verdicts_markdown(verdicts: Sequence[Verdict], attack: str) -> str:
    """Return the verdicts at a glance, and below them every comparison they rest on.

    Tables of the readings side by side come first if the study has several.
    """
    several = _has_several(verdicts)
    glance = [
        [*_subject(pair[Success.PUBLISHED], several), *(_finding(pair.get(success)) for success in Success)]
        for claim_verdicts in _by_claim(verdicts).values()
        for pair in _by_dataset(claim_verdicts).values()
    ]
    numbers = [
        [*_subject(v, several), v.success, c.what, f"> {v.bar:g}", *_numbers(c)]
        for v in verdicts
        for c in v.comparisons
    ]
    subject = ["Claim", *(["Reading"] if several else []), "Dataset"]
    return "\n".join(
        [
            f"# The paper's claims{_only_reading(verdicts)}\n",
            *([*readings_markdown(verdicts), "## All claims\n"] if several else []),
            f"{_notes(attack)}\n",
            markdown_table([*subject, *(p.capitalize() for p in Success)], glance),
            "## The numbers that they rest on\n",
            markdown_table([*subject, *_NUMBERS_HEADER], numbers),
        ]
    )


def verdicts_csv(verdicts: Sequence[Verdict]) -> str:
    """Return the comparisons as CSV, one a line, each with its verdict, and with its reading if there are several."""
    reading = ["reading"] if _has_several(verdicts) else []
    fields = ["claim", "text", *reading, "dataset", "success", "verdict", "bar"]
    rows = [
        {**{field: getattr(v, field) for field in fields}, **asdict(comparison)}
        for v in verdicts
        for comparison in v.comparisons
    ]
    return pd.DataFrame(rows).to_csv(index=False)


def _has_several(verdicts: Sequence[Verdict]) -> bool:
    return len(reading_names(verdicts)) > 1


def _subject(verdict: Verdict, several: bool) -> list[str]:
    """Return the first cells of a verdict's line, with its reading if the study has several."""
    return [f"{verdict.claim}. {verdict.text}", *([verdict.reading] if several else []), title(verdict.dataset)]


def _only_reading(verdicts: Sequence[Verdict]) -> str:
    """Return the end of a heading, which names a single reading that is not the default."""
    names = reading_names(verdicts)
    return f", with {names[0]}" if len(names) == 1 and names[0] != DEFAULT_NAME else ""


def _by_claim(verdicts: Sequence[Verdict]) -> dict[tuple[int, str], list[Verdict]]:
    claims = defaultdict(list)
    for verdict in verdicts:
        claims[verdict.claim, verdict.text].append(verdict)
    return claims


def _by_dataset(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], dict[Success, Verdict]]:
    """Return the verdicts of a claim, by dataset and reading, the readings of a dataset together."""
    found: dict[tuple[str, str], dict[Success, Verdict]] = defaultdict(dict)
    datasets = list(dict.fromkeys(verdict.dataset for verdict in verdicts))
    for verdict in sorted(verdicts, key=lambda verdict: datasets.index(verdict.dataset)):
        found[verdict.dataset, verdict.reading][verdict.success] = verdict
    return found


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
        f"minus what does not matter: {MARGIN:g} of AUC where a claim is of no benefit (3), {ALIKE:g} where of leaking "
        f"alike (10); {SMALL_DROP:g} of accuracy where of a small drop (6), {FLAT:g} where of a flat line (7) or of "
        "being near full precision (8). Two-sided t-tests, "
        "p < 0.05. Contradicted: some comparison is significantly below, corrected by Holm's method within the claim. "
        "Supported: all are significantly above. Cannot tell: neither, or the study has not all of the claim's "
        "comparisons. Not tested: it has none. Trade-off: test accuracy x (1 - AUC). Slope: accuracy per unit of "
        "threshold. The sample is one of trainings, all on the same split of the data. 'all': the mean over the "
        "datasets of this study. Where nothing differs, at most one verdict in 20 says that something does."
    )
