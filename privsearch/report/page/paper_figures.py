"""The paper's figures and tables, as far as a study has the trials for them."""

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypedDict

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing

from privsearch.analysis.paper.cells import measured_attacks, title
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.report.documents.paper_tables import PaperTable, paper_tables, texts
from privsearch.report.figures.surrogate import plot_surrogates
from privsearch.report.figures.threshold import plot_threshold
from privsearch.spec import WORST, leading_attack
from privsearch.spec.columns import Column

_DATASETS_ON_A_PAGE: Final = 5


class PaperFigure(TypedDict):
    """A figure as an image.

    Attributes:
        title: the title of the figure.
        alt: the description for readers who cannot see the figure.
        svg: the SVG file in base64.
    """

    title: str
    alt: str
    svg: str


class Table(TypedDict):
    """A table of the paper."""

    title: str
    caption: str
    header: list[str]
    rows: list[list[str]]


class Paper(TypedDict):
    """The section of the paper's figures and tables.

    Attributes:
        figures: the figures that the study can fill.
        tables: the tables that the study can fill.
        missing: a message for each other figure or table, with its name and the trials it needs.
    """

    figures: list[PaperFigure]
    tables: list[Table]
    missing: list[str]


def paper(tasks: Sequence[Task]) -> Paper:
    """Return the paper's Figures 2 and 3, its trade-off by surrogate gradient, and its Tables II and III.

    If a study has several protocols, the trials under `paper` are shown.
    """
    under_paper = [task.rows for task in tasks if (task.rows["protocol"] == "paper").all()]
    parts = under_paper or [task.rows for task in tasks]
    if not parts:
        return {"figures": [], "tables": [], "missing": ["No trial has finished yet."]}
    # The copy joins the many pieces that tables of different columns leave.
    frame = pd.concat(parts, ignore_index=True).copy()
    attacks = [name for name in measured_attacks(frame) if name != WORST]
    if not attacks:
        return {"figures": [], "tables": [], "missing": ["No attack has a number yet, so no figure can be drawn."]}
    attack = leading_attack(attacks)
    shown: Paper = {"figures": [], "tables": [], "missing": []}
    for name, alt, draw in _drawings(attack):
        for rows in _pages(frame):
            try:
                shown["figures"].append({"title": name, "alt": alt, "svg": _svg(draw(rows))})
            except StudyError as problem:
                shown["missing"].append(f"{name}: {problem}.")
    try:
        shown["tables"] = [_table(table) for table in paper_tables(frame, attack)]
    except StudyError as problem:
        shown["missing"].append(f"Tables II and III: {problem}.")
    return shown


def _drawings(attack: str) -> Iterator[tuple[str, str, Callable[[pd.DataFrame], Drawing]]]:
    lines = "One line for each bit width of the activations, a horizontal line for full precision. "
    yield (
        "Test accuracy against the threshold (Figure 2)",
        f"Test accuracy against the activation threshold, a row of panels for each dataset, ANN and SNN side by side. "
        f"{lines}The numbers are in the tables of the fronts.",
        partial(plot_threshold, column="test_accuracy"),
    )
    yield (
        f"AUC of the attack {attack} against the threshold (Figure 3)",
        f"AUC of the attack {attack} against the activation threshold, a row of panels for each dataset, ANN and SNN "
        f"side by side. {lines}The numbers are in the tables of the fronts.",
        partial(plot_threshold, column=str(Column(attack, "auc"))),
    )
    yield (
        "Accuracy and leakage by surrogate gradient",
        f"Test accuracy against the AUC of the attack {attack}, one panel for each dataset, one point for each "
        "surrogate gradient. The numbers are in the tables of the fronts.",
        partial(plot_surrogates, attack=attack),
    )


def _pages(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    datasets = frame["dataset"].unique()
    for start in range(0, len(datasets), _DATASETS_ON_A_PAGE):
        yield frame[frame["dataset"].isin(datasets[start : start + _DATASETS_ON_A_PAGE])]


def _svg(figure: Drawing) -> str:
    """Return a figure as SVG with its text as text, and no ground, so that the page's light or dark shows through.

    As an image in a page it cannot run scripts or fetch anything.
    """
    for ground in (figure.patch, *(axes.patch for axes in figure.axes)):
        ground.set(facecolor="none", edgecolor="none")
    file = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "privsearch"}):
        # Not `savefig`, which draws a figure twice, the first time for its layout.
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return base64.b64encode(file.getvalue()).decode()


def _table(table: PaperTable) -> Table:
    header = ["Dataset", table.layout.header]
    for model in table.layout.models:
        header += [
            f"{model.upper()} {name}" for name in ("train accuracy", "test accuracy", "attack AUC", "excess AUC")
        ]
    names = {
        "weight_quantization": "Table II: bits of the weights",
        "surrogate_gradients": "Table III: surrogate gradients",
    }
    return {
        "title": names[table.layout.name],
        "caption": table.caption,
        "header": header,
        "rows": [[title(line.dataset), table.layout.label(line.value), *texts(table, line)] for line in table.lines],
    }
