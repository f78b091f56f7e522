"""The values that calls return: all that happened, each showing itself in a notebook as a table or a picture."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, overload

from privsearch._util.html import html_table, html_text
from privsearch.errors import StudyError
from privsearch.study.findings import Finding, State
from privsearch.study.result import Completed

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from privsearch.analysis.explanation import Explanation  # noqa: F401  # a quoted type argument below
    from privsearch.analysis.paper.verdicts import Verdict
    from privsearch.analysis.selection import Selection  # noqa: F401  # likewise
    from privsearch.report.documents.paper_tables import PaperTable

T = TypeVar("T")

MOST_PICTURES: Final = 12
"""The figures that a notebook shows of a report; the others are named."""

_WIDTH: Final = 100


@dataclass(frozen=True, eq=False)
class AuditReport:
    """The findings of every attack on a study.

    Attributes:
        table: a row for each trial and attack, with intervals, placebos and noise floors.
        left_out: the trials that have no row, counted, and why.
        blind: the blind baselines of data with a test split of their own, in words, with warnings if the splits differ.
        odd_outputs: warnings of examples whose outputs lie far out of those of all others.
        verdicts: the verdict on each dataset, in a sentence.
        groups: what leaks in each subgroup of the data, if they name any, in words.
        files: the tables and plots that were written.
        skipped: a message for each figure that the study cannot fill.
    """

    table: "pd.DataFrame"
    left_out: tuple[str, ...]
    files: tuple[Path, ...] = ()
    skipped: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    odd_outputs: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"AuditReport({len(self.table)} rows, {_count(self.files)})"

    def _repr_html_(self) -> str:
        told = (*self.groups, *self.blind, *self.odd_outputs, *self.left_out)
        return _paragraphs(self.verdicts) + html_table(self.table, repr(self)) + _paragraphs(told)


@dataclass(frozen=True, eq=False)
class CheckReport:
    """The state of a study, part by part.

    Attributes:
        findings: one or more for each part.
        repaired: the repairs that were made before looking, in words.
    """

    findings: tuple[Finding, ...]
    repaired: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is to be repaired."""
        return all(finding.state is not State.REPAIR for finding in self.findings)

    @property
    def table(self) -> "pd.DataFrame":
        """The findings as a table with the columns `part`, `state`, `found` and `remedy`."""
        import pandas as pd

        rows = [(finding.part, str(finding.state), finding.found, finding.remedy) for finding in self.findings]
        return pd.DataFrame(rows, columns=["part", "state", "found", "remedy"])

    def __repr__(self) -> str:
        state = "sound" if self.is_sound else "to repair"
        return f"CheckReport({state}: {len(self.findings)} findings, {len(self.repaired)} repairs)"

    def _repr_html_(self) -> str:
        return html_table(self.table, repr(self)) + _paragraphs(self.repaired)


@dataclass(frozen=True, eq=False)
class DifferenceReport:
    """The differences between one configuration and others.

    Attributes:
        first: the configuration that the others are compared with.
        others: the others.
        table: a row for each other configuration and quantity: difference, interval and verdict.
        varying: the axes that tell the configurations of the task apart, by which they are named.
        at_equal_accuracy: True if families were compared along their frontiers.
    """

    first: Completed
    others: tuple[Completed, ...]
    table: "pd.DataFrame"
    varying: tuple[str, ...] = ()
    at_equal_accuracy: bool = False

    def write_csv(self, path: Path | str) -> Path:
        """Write the table as a CSV file, and return the file.

        Raises:
            StudyError: the file cannot be written.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.table.to_csv(path, index=False)
        except OSError as error:
            raise StudyError(f"{path}: must be a file that can be written, but: {error.strerror}") from None
        return path

    def __repr__(self) -> str:
        return f"DifferenceReport({self.first.trial_id} against {len(self.others)} others: {len(self.table)} rows)"

    def _repr_html_(self) -> str:
        return html_table(self.table, repr(self))


@dataclass(frozen=True, eq=False)
class _ReportOfParts(Sequence[T]):
    """A report that is a sequence of its parts, one for each task of a study."""

    parts: tuple[T, ...]

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.parts[index]

    def __len__(self) -> int:
        return len(self.parts)


@dataclass(frozen=True, eq=False, repr=False)
class SelectionReport(_ReportOfParts["Selection"]):
    """The configuration to take of each task of a study.

    Attributes:
        parts: a selection for each task.
        study: the folder of the study.
        warnings: sentences on datasets whose splits differ without any training.
    """

    study: Path
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        from privsearch.report.terminal.selection import selection_lines

        parts = ["\n".join(selection_lines(selection, self.study)) for selection in self]
        return "\n\n".join([*parts, *self.warnings])

    def __repr__(self) -> str:
        chosen = sum(selection.chosen is not None for selection in self)
        return f"SelectionReport({chosen} of {len(self)} tasks with a configuration to take; print it to read it)"

    def _repr_html_(self) -> str:
        return html_text(str(self))


@dataclass(frozen=True, eq=False, repr=False)
class ExplanationReport(_ReportOfParts["Explanation"]):
    """An account of what mattered for each front of a study.

    Attributes:
        parts: an explanation for each task.
        files: the tables and plots that were written.
    """

    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"ExplanationReport({len(self)} tasks, {_count(self.files)})"

    def _repr_html_(self) -> str:
        from privsearch.report.terminal.importances import explanation_view

        return _html_of(view for explanation in self for view in explanation_view(explanation))


@dataclass(frozen=True, eq=False)
class PaperTablesReport:
    """The paper's Tables II and III, filled from a study.

    Attributes:
        tables: those that the study has a trial for.
        files: each table as Markdown, LaTeX and CSV.
    """

    tables: tuple["PaperTable", ...]
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"PaperTablesReport({len(self.tables)} tables, {_count(self.files)})"

    def _repr_html_(self) -> str:
        from privsearch.report.documents.paper_tables import console_view

        return _html_of(console_view(table) for table in self.tables)


@dataclass(frozen=True, eq=False)
class PlotsReport:
    """The figures of a study for a paper.

    Attributes:
        files: a PNG and an SVG of each figure.
        skipped: a message for each figure that the study cannot fill.
    """

    files: tuple[Path, ...]
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"PlotsReport({_count(self.files)}, {len(self.skipped)} figures skipped)"

    def _repr_html_(self) -> str:
        return _paragraphs(self.skipped) + _pictures(path for path in self.files if path.suffix == ".png")


@dataclass(frozen=True, eq=False)
class PaperComparison:
    """A study beside the paper.

    Attributes:
        cells: every published number beside the study's.
        verdicts: a verdict on each of the paper's claims, for each reading and dataset.
        files: both as CSV and Markdown.
    """

    cells: "pd.DataFrame"
    verdicts: tuple["Verdict", ...]
    files: tuple[Path, ...] = ()

    @property
    def claims(self) -> "pd.DataFrame":
        """The verdicts as a table.

        Its columns are `claim`, `text`, `reading`, `dataset`, `success`, `verdict`, `n` and `paper_means`, the finding
        of the paper's own printed means.
        """
        import pandas as pd

        fields = ["claim", "text", "reading", "dataset", "success", "verdict", "n"]
        rows = [
            {field: getattr(verdict, field) for field in fields} | {"paper_means": verdict.published.finding}
            for verdict in self.verdicts
        ]
        return pd.DataFrame(rows, columns=[*fields, "paper_means"])

    def __repr__(self) -> str:
        ours = int((self.cells["status"] != "missing").sum())
        return f"PaperComparison({ours} of {len(self.cells)} published numbers, {len(self.verdicts)} verdicts)"

    def _repr_html_(self) -> str:
        ours = self.cells[self.cells["status"] != "missing"]
        return html_table(self.claims, repr(self)) + html_table(ours, "Published numbers and this study's")


def _count(files: Sequence[Path]) -> str:
    return f"{len(files)} file{'s' if len(files) != 1 else ''} written"


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _html_of(views: Iterator["RenderableType"]) -> str:
    """Return what a terminal shows as HTML."""
    from rich.console import Console

    console = Console(record=True, width=_WIDTH, file=StringIO(), markup=False, emoji=False, highlight=False)
    for view in views:
        console.print(view, "")
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def _pictures(files: Iterable[Path]) -> str:
    paths, images, named = list(files), [], []
    for path in paths[:MOST_PICTURES]:
        try:
            content = base64.b64encode(path.read_bytes()).decode()
            images.append(f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{content}">')
        except OSError:  # it may be gone by now
            named.append(path)
    return "".join(images) + _paragraphs(str(path) for path in [*named, *paths[MOST_PICTURES:]])
