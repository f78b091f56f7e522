"""A study in the layout of the paper's Tables II and III: Markdown, LaTeX, CSV and the terminal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.table import Table

from privsearch.analysis.learning import leakage_of_learnt
from privsearch.analysis.paper.cells import Cell, StudyCells, check_attack, paper_rows, title
from privsearch.report.wording.formats import MISSING, console_table, latex, markdown_table, with_spread
from privsearch.spec.columns import Column

_NOT_LEARNT: Final = "not learnt"
_HEADER: Final = ("train accuracy", "test accuracy", "attack AUC", "excess AUC")


@dataclass(frozen=True)
class Layout:
    """The layout of a table of the paper.

    Attributes:
        name: the name of the table's files.
        axis: the axis whose values are the lines of each dataset.
        header: the name of that axis in the paper.
        paper_values: the lines that the paper has for each dataset.
        models: the models that stand side by side.
        subject: the beginning of the table's caption.
    """

    name: str
    axis: str
    header: str
    paper_values: tuple[Any, ...]
    models: tuple[str, ...]
    subject: str

    def label(self, value: Any) -> str:
        """Return a value of the axis as the paper writes it."""
        if self.axis == "surrogate_gradient":
            return title(value)
        return "Full precision" if value is None else f"Quantised (w={value})"


LAYOUTS: Final = (
    Layout(
        *("weight_quantization", "weight_bit_width", "Method", (None, 8, 4, 2), ("ann", "snn")),
        "Accuracy of ANNs and SNNs with quantised weights, and what a membership inference attack finds.",
    ),
    Layout(
        *("surrogate_gradients", "surrogate_gradient", "Surrogate gradient"),
        ("fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through"),
        ("snn",),
        "Accuracy of SNNs trained with several surrogate gradients, and what a membership inference attack finds.",
    ),
)
"""The layouts of Tables II and III."""


@dataclass(frozen=True)
class Line:
    """A line of a table: a dataset, a value of the table's axis, and each model's row of the results table."""

    dataset: str
    value: Any
    rows: Mapping[str, dict[str, Any] | None]


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, filled from a study.

    Attributes:
        layout: the table's layout.
        attack: the first part of the attack's columns.
        lines: the lines with a trial in the study, in the order of the study's datasets and of the paper's lines.
        missing: the paper's other cells for these datasets, in words.
    """

    layout: Layout
    attack: str
    lines: tuple[Line, ...]
    missing: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The result columns below each model."""
        auc = Column(self.attack, "auc")
        return ("train_accuracy", "test_accuracy", str(auc), str(auc.excess))

    @property
    def caption(self) -> str:
        """The caption: the meaning of the numbers, the replicates, and the missing cells."""
        rows = [row for line in self.lines for row in line.rows.values() if row]
        few, most = min(row["replicates"] for row in rows), max(row["replicates"] for row in rows)
        sentences = [
            self.layout.subject,
            f"Fractions; mean ± standard deviation over n = {few if few == most else f'{few} to {most}'} replicates.",
            f"Attack AUC: of the attack '{self.attack}'. Excess AUC (not in the paper): on members, less "
            "that of the placebo, the same attack on examples that neither network was trained on; 0 without a leak.",
        ]
        if floors := _floors(self):
            sentences.append(f"Guessing keeps the AUC of one target within 0.5 ± {floors}, 95 % of the time.")
        if any(row["status"] == "failed" for row in rows):
            sentences.append("'failed': the trial ended without numbers.")
        if any(row["networks_at_chance"] for row in rows):
            sentences.append(
                f"'{_NOT_LEARNT}': some network classifies its own training data no better than the most frequent "
                "class would, and what it does not leak says nothing."
            )
        if self.missing:
            sentences.append(f"Not in this study ({MISSING}, or no line): {'; '.join(self.missing)}.")
        return " ".join(sentences)


def paper_tables(frame: pd.DataFrame, attack: str = "svm") -> list[PaperTable]:
    """Fill Tables II and III of the paper from a study; a table that the study has no trial for is left out.

    A table has every line with a trial for one of its cells, failed ones included. Bit widths that are not in the paper
    come last. The excess over the placebo beside the attack's AUC is our addition.

    Args:
        frame: the results table of one study; trials under another protocol are ignored.
        attack: the first part of the attack's columns.

    Raises:
        StudyError: no trial follows the paper's protocol, there are no numbers of that attack, or several
            configurations fill one cell.
    """
    frame = paper_rows(frame)
    check_attack(frame, attack)
    cells = StudyCells(leakage_of_learnt(frame))
    return [table for layout in LAYOUTS if (table := _filled(layout, cells, attack)).lines]


def write_tables(folder: Path, tables: Iterable[PaperTable]) -> list[Path]:
    """Write each of `paper_tables` as .md, .tex and .csv; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in tables:
        for ending, text in {"md": to_markdown(table), "tex": to_latex(table), "csv": to_csv(table)}.items():
            path = folder / f"{table.layout.name}.{ending}"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths


def to_markdown(table: PaperTable) -> str:
    """Return the table in Markdown, below its caption."""
    names = [f"{model.upper()} {name}" for model in table.layout.models for name in _HEADER]
    rows = [[title(line.dataset), table.layout.label(line.value), *texts(table, line)] for line in table.lines]
    return f"{table.caption}\n\n{markdown_table(['Dataset', table.layout.header, *names], rows)}"


def to_latex(table: PaperTable) -> str:
    """Return the table in LaTeX with the rules of booktabs; adjustbox shrinks it if the page is too narrow."""
    width, models = len(_HEADER), table.layout.models
    groups = [rf"\multicolumn{{{width}}}{{c}}{{{model.upper()}}}" for model in models]
    rules = [rf"\cmidrule(lr){{{start}-{start + width - 1}}}" for start in range(3, 3 + width * len(models), width)]
    lines = [
        r"% needs \usepackage{booktabs} and \usepackage{adjustbox}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{latex(table.caption)}}}",
        rf"\label{{tab:{table.layout.name.replace('_', '-')}}}",
        r"\begin{adjustbox}{max width=\textwidth}",
        rf"\begin{{tabular}}{{ll{'c' * width * len(models)}}}",
        r"\toprule",
        rf" & & {' & '.join(groups)} \\",
        " ".join(rules),
        rf"{' & '.join(['Dataset', table.layout.header, *_HEADER * len(models)])} \\",
        *_latex_body(table),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def to_csv(table: PaperTable) -> str:
    """Return the numbers as CSV, one line a cell: mean, standard deviation and number of replicates; fractions."""
    rows = [
        {
            "dataset": line.dataset,
            "model": model,
            table.layout.axis: line.value,
            "quantity": column,
            "status": row["status"] if row else "missing",
            "mean": row[column] if row else None,
            "sd": row[str(Column.parse(column).sd)] if row else None,
            "n": row["replicates"] if row and row["status"] == "completed" else None,
        }
        for line in table.lines
        for model, row in line.rows.items()
        for column in table.columns
    ]
    # As objects, since an integer beside a missing value would be written with a decimal point.
    return pd.DataFrame(rows, dtype=object).to_csv(index=False)


def console_view(table: PaperTable) -> Table:
    """Return the table for a terminal of 80 characters, the models below each other, with three digits."""
    models = table.layout.models
    shown = console_table(
        "", *(name.replace(" ", "\n") for name in _HEADER), title=table.layout.name, caption=table.caption
    )
    for dataset in dict.fromkeys(line.dataset for line in table.lines):
        shown.add_row(title(dataset), style="bold")
        for model in models:
            for line in [line for line in table.lines if line.dataset == dataset]:
                name = f"{model.upper()} " if len(models) > 1 else ""
                texts = [_text(line.rows[model], column, digits=3) for column in table.columns]
                shown.add_row(name + table.layout.label(line.value), *texts)
    return shown


def _filled(layout: Layout, cells: StudyCells, attack: str) -> PaperTable:
    lines = []
    missing = defaultdict(list)
    unquantised = [axis for axis in ("weight_bit_width", "act_bit_width") if axis != layout.axis]
    for dataset in cells.datasets:
        fixed = {"dataset": dataset} | dict.fromkeys(unquantised)
        study_values = [
            value for model in layout.models for value in cells.axis_values(layout.axis, model=model, **fixed)
        ]
        for value in dict.fromkeys([*layout.paper_values, *study_values]):
            rows = {model: cells.find(Cell(dataset, model, **{layout.axis: value})) for model in layout.models}
            if any(rows.values()):
                lines.append(Line(dataset, value, rows))
            for model in [model for model, row in rows.items() if row is None]:
                missing[f"{layout.label(value)} {model.upper()}"].append(title(dataset))
    return PaperTable(layout, attack, tuple(lines), tuple(f"{k}: {', '.join(v)}" for k, v in missing.items()))


def _text(row: Mapping[str, Any] | None, column: str, digits: int = 4) -> str:
    if row is None or row["status"] == "failed":
        return MISSING if row is None else "failed"
    if row["networks_at_chance"] and Column.parse(column).attack is not None:
        return _NOT_LEARNT
    # A trial recorded before the attack was asked for has no number of that attack.
    return MISSING if row[column] is None else with_spread(row[column], row[str(Column.parse(column).sd)], digits)


def texts(table: PaperTable, line: Line) -> list[str]:
    """Return the cells of a line, model by model."""
    return [_text(row, column) for row in line.rows.values() for column in table.columns]


def _latex_body(table: PaperTable) -> Iterator[str]:
    previous = None
    for line in table.lines:
        first = line.dataset != previous
        if first:
            yield r"\midrule"
        words = [title(line.dataset) if first else "", table.layout.label(line.value), *texts(table, line)]
        yield rf"{' & '.join(map(latex, words))} \\"
        previous = line.dataset


def _floors(table: PaperTable) -> str:
    column = str(Column(table.attack, "noise_floor"))
    floors = {
        line.dataset: row[column]
        for line in table.lines
        for row in line.rows.values()
        if row and row[column] is not None
    }
    return ", ".join(f"{floor:.3f} ({title(dataset)})" for dataset, floor in floors.items())
