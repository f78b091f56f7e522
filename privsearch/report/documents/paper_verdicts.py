"""The verdicts on the paper's claims for the terminal, as Markdown and as CSV."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

import pandas as pd
from rich.console import RenderableType
from rich.table import Column

from privsearch._util.numerals import signed
from privsearch.analysis.paper.audits import Success
from privsearch.analysis.paper.cells import title
from privsearch.analysis.paper.readings import DEFAULT_NAME, NO_READING
from privsearch.analysis.paper.verdicts import Comparison, Finding, Verdict
from privsearch.report.documents.paper_claims import PUBLISHED_NOTE, claims_markdown, own_words, published_markdown
from privsearch.report.documents.paper_readings import reading_names, readings_markdown, readings_views
from privsearch.report.wording.formats import MISSING, console_table, markdown_table

_WORDS: Final[Mapping[Finding, str]] = {
    "supported": "**supported: significant**",
    "equivalent": "**equivalent**",
    "contradicted": "**contradicted: significant**",
    "incomplete": "incomplete",
    "no spread": "no spread",
    "not significant": "not significant",
    "not tested": "not tested",
}
_GLANCE_HEADER: Final = ("This study", "Excess over placebo", "The paper's means")
_NUMBERS_HEADER: Final = (
    *("Success", "Comparison", "Claimed", "The paper's means"),
    *("Difference", "95 % interval", "p", "n"),
)
_WIDTHS: Final = (15, 23, 23, 13)
"""The columns of the terminal's tables, in characters: 80 with the gaps."""


def verdict_views(verdicts: Sequence[Verdict], attack: str) -> Iterator[RenderableType]:
    """Yield the verdicts for a terminal of 80 characters, a line a claim and dataset, then notes on the method.

    If the study has several readings, the claims that they may decide come first, with the readings side by side.
    """
    several = _has_several(verdicts)
    if several:
        yield from readings_views(verdicts)
    header = console_table(*_columns("", "this study", "excess over placebo", "paper's means"))
    yield header
    for (number, text), claim_verdicts in _by_claim(verdicts).items():
        if several and any(v.reading != NO_READING for v in claim_verdicts):
            continue
        shown = console_table(*_columns("", "", "", ""), title=f"{number}. {text}{_only_reading(claim_verdicts)}")
        shown.show_header = False
        for (dataset, _), pair in _by_dataset(claim_verdicts).items():
            own = pair[Success.PUBLISHED].published.finding
            shown.add_row(f"  {title(dataset)}", *(_brief(pair.get(success)) for success in Success), own)
        yield shown
    yield "\n".join(["", *_notes(attack), "Every comparison, with its interval, is in claims.md."])


def verdicts_markdown(verdicts: Sequence[Verdict], attack: str) -> str:
    """Return the verdicts with the comparisons that decide them, then every comparison, the claims and their sources.

    Tables of the readings side by side come first if the study has several.
    """
    several = _has_several(verdicts)
    glance = [
        [
            *_subject(pair[Success.PUBLISHED], several),
            *(_with_hardest(pair.get(success)) for success in Success),
            own_words(pair[Success.PUBLISHED].dataset, pair[Success.PUBLISHED].published),
        ]
        for claim_verdicts in _by_claim(verdicts).values()
        for pair in _by_dataset(claim_verdicts).values()
    ]
    numbers = [
        [*_subject(v, several), v.success, c.what, f"> {v.bar:g}", _published(c), *_numbers(c)]
        for v in verdicts
        for c in v.comparisons
    ]
    subject = ["Claim", *(["Reading"] if several else []), "Dataset"]
    return "\n".join(
        [
            f"# The paper's claims{_only_reading(verdicts)}\n",
            *([*readings_markdown(verdicts), "## All claims\n"] if several else []),
            *(f"- {note}" for note in _notes(attack)),
            "",
            markdown_table([*subject, *_GLANCE_HEADER], glance),
            "## The numbers that they rest on\n",
            markdown_table([*subject, *_NUMBERS_HEADER], numbers),
            "## The claims in the paper's words\n",
            claims_markdown(),
            "## The paper's own tables, on all its datasets\n",
            f"{PUBLISHED_NOTE}\n",
            published_markdown(),
        ]
    )


def verdicts_csv(verdicts: Sequence[Verdict]) -> str:
    """Return the comparisons as CSV, one a line, each with its verdict, and with its reading if there are several.

    `paper_means` is the finding of the paper's own printed means, `published` the difference of those means.
    """
    reading = ["reading"] if _has_several(verdicts) else []
    fields = ["claim", "text", *reading, "dataset", "success", "verdict", "bar"]
    rows = [
        {**{field: getattr(v, field) for field in fields}, "paper_means": v.published.finding, **asdict(comparison)}
        for v in verdicts
        for comparison in v.comparisons
    ]
    return pd.DataFrame(rows).to_csv(index=False)


def _columns(*names: str) -> Iterator[Column]:
    yield from (Column(name, width=width) for name, width in zip(names, _WIDTHS, strict=True))


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


def _brief(verdict: Verdict | None) -> str:
    """Return the verdict in a word with n; a dash for the excess of a claim that no attack is in."""
    return MISSING if verdict is None else f"{verdict.verdict}{_extent(verdict)}"


def _extent(verdict: Verdict) -> str:
    """Return the replicates of a verdict, and how many of the claim's comparisons it has if that is not all."""
    done = sum(comparison.n > 0 for comparison in verdict.comparisons)
    partly = f", {done} of {len(verdict.comparisons)} compared" if 0 < done < len(verdict.comparisons) else ""
    return f" (n = {verdict.n}){partly}" if done else ""


def _with_hardest(verdict: Verdict | None) -> str:
    """Return the verdict in words, with the comparison that decides it."""
    if verdict is None:
        return MISSING
    words = f"{_WORDS[verdict.verdict]}{_extent(verdict)}"
    hardest = verdict.hardest()
    if hardest is None:
        return words
    difference, interval, *_ = _numbers(hardest)
    return f"{words}; {hardest.what}: {difference}{'' if hardest.low is None else f' {interval}'}"


def _published(comparison: Comparison) -> str:
    return MISSING if comparison.published is None else signed(comparison.published, 4)


def _numbers(comparison: Comparison) -> list[str]:
    """Return the difference, its interval, its p-value and n as printed texts."""
    if comparison.difference is None:
        return [MISSING, MISSING, MISSING, "0"]
    difference = signed(comparison.difference, 4)
    if comparison.low is None or comparison.high is None or comparison.p_corrected is None:
        return [difference, "n/a", "n/a", str(comparison.n)]
    interval = f"[{signed(comparison.low, 4)}, {signed(comparison.high, 4)}]"
    return [difference, interval, f"{comparison.p_corrected:.3f}", str(comparison.n)]


def _notes(attack: str) -> Iterator[str]:
    yield f"This study: by the AUC of the attack '{attack}', or by test accuracy."
    yield (
        "Excess over placebo: by what the attack owes to membership, at the size of the test split; 0 on average "
        f"without a leak. {MISSING}: the claim is not about attacks."
    )
    yield (
        "The paper's means: the same comparisons of the means in its Tables II and III, without a test. Not published: "
        "they are in figures alone."
    )
    yield (
        "Comparisons are within replicates, by two-sided t-tests; significant is p < 0.05. Supported: every comparison "
        "is significantly on the claim's side. Equivalent: every difference is significantly smaller than the margin. "
        "Contradicted: some comparison is significantly on the other side, corrected for all of the claim "
        "(Bonferroni). "
        "Incomplete: supported by those comparisons that the study has. No spread: replicates agree exactly, or there "
        "is one, so that there is no test. Not tested: the study has no comparison."
    )
    yield (
        "'all': the mean over the datasets of this study. 'most', for a claim that speaks of most: more than half of "
        "them; of the paper's means, more than half of its five."
    )
    yield (
        "The sample is one of trainings, on one split of the data or, with resplit, on a split of its own for each "
        "replicate; other data are not in it. Where nothing differs, at most one verdict in 20 says that something "
        "does; over all claims nothing is corrected."
    )
