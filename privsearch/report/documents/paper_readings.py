"""The verdicts on the paper's claims side by side for several readings of it, as Markdown and for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import RenderableType

from privsearch.analysis.paper.audits import Success
from privsearch.analysis.paper.cells import title
from privsearch.analysis.paper.claims import ALL
from privsearch.analysis.paper.readings import NO_READING
from privsearch.analysis.paper.verdicts import Finding, Verdict
from privsearch.report.wording.formats import MISSING, console_table, markdown_table

_MARKS: Final[Mapping[Finding, str]] = {
    "supported": "yes",
    "equivalent": "yes",
    "contradicted": "no",
    "incomplete": "part",
    "no spread": "n.s.",
    "not significant": "n.s.",
    "not tested": MISSING,
}
_COUNTED: Final[Mapping[str, tuple[Finding, ...]]] = {
    "supported": ("supported", "equivalent"),
    "contradicted": ("contradicted",),
}

Matrix = dict[tuple[str, str], dict[str, Finding]]
"""The finding for each reading, by claim and dataset."""


def reading_names(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the names of the readings that some claim is judged for, in the order of the verdicts."""
    return tuple(dict.fromkeys(v.reading for v in verdicts if v.reading != NO_READING))


def readings_markdown(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a heading and a table for each measure of success: a row a claim and dataset, a column a reading."""
    names = reading_names(verdicts)
    yield f"{_subject(verdicts)}\n"
    for success, matrix in _matrices(verdicts).items():
        rows = [[*row, *(findings.get(name, MISSING) for name in names)] for row, findings in matrix.items()]
        counts = [" / ".join(str(_count(matrix, name, counted)) for counted in _COUNTED.values()) for name in names]
        yield f"## By reading of the paper, {success}\n"
        rows.append(["supported / contradicted", "each dataset", *counts])
        yield markdown_table(["Claim", "Dataset", *names], rows)


def readings_views(verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    """Yield the same tables for a terminal of 80 characters, readings as numbers and findings as marks, then a key."""
    names = reading_names(verdicts)
    numbers = [str(number) for number in range(1, len(names) + 1)]
    for success, matrix in _matrices(verdicts).items():
        shown = console_table("", *numbers, title=f"By reading of the paper, {success}")
        previous = None
        for (claim, dataset), findings in matrix.items():
            if claim != previous:
                shown.add_row(claim, style="bold")
            marked = (_MARKS[findings[name]] if name in findings else MISSING for name in names)
            shown.add_row(f"  {dataset}", *marked)
            previous = claim
        for label, counted in _COUNTED.items():
            shown.add_row(label, *(str(_count(matrix, name, counted)) for name in names))
        yield shown
    key = "; ".join(f"{number}: {name}" for number, name in zip(numbers, names, strict=True))
    marks = "; ".join(
        f"{mark}: {' or '.join(finding for finding, other in _MARKS.items() if other == mark)}"
        for mark in dict.fromkeys(_MARKS.values())
    )
    yield f"{_subject(verdicts)} {key}. {marks}.\n"


def _subject(verdicts: Sequence[Verdict]) -> str:
    sizes = {v.n for v in verdicts if v.reading != NO_READING and v.n} or {0}
    n = f"{min(sizes)} to {max(sizes)}" if len(sizes) > 1 else str(min(sizes))
    return (
        "A reading is a way to quantise the membranes of spiking networks, which the paper leaves open. These are the "
        f"claims that it may decide, on n = {n} replicates. The counts at the end leave '{ALL}' out. Nothing is "
        "corrected for the number of readings: among many, chance makes some look better."
    )


def _matrices(verdicts: Sequence[Verdict]) -> dict[Success, Matrix]:
    """Return the findings for each measure of success; the excess over the placebo lacks claims without an attack."""
    matrices: dict[Success, Matrix] = {success: {} for success in Success}
    for v in verdicts:
        if v.reading != NO_READING:
            row = (f"{v.claim}. {v.text}", title(v.dataset))
            matrices[v.success].setdefault(row, {})[v.reading] = v.verdict
    return matrices


def _count(matrix: Matrix, name: str, counted: tuple[Finding, ...]) -> int:
    return sum(findings.get(name) in counted for (_, dataset), findings in matrix.items() if dataset != ALL)
