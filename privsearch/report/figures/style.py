"""Shared parts of the figures for a paper: widths, greys, panels, keys and files."""

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration
from privsearch.analysis.learning import learning
from privsearch.errors import StudyError
from privsearch.report.figures.palette import GREY
from privsearch.spec import AXES
from privsearch.spec.columns import Column

PAGE_WIDTH: Final = 7.2
COLUMN_WIDTH: Final = 3.5
"""Widths of a page and of one of its two columns, in inches. Figures have the size of print, and text of 7 points or
more."""


BAND: Final = "#E8E8E8"
_DPI: Final = 300
_GUESSING: Final[dict[str, Any]] = {"color": GREY, "lw": 0.9, "ls": ":", "zorder": 1}


def new_figure(width: float, height: float) -> Figure:
    """Create an empty figure, its size in inches, with a layout that keeps everything inside."""
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> list[Path]:
    """Write `<path>.png` and `<path>.svg`, with text as text; the same figure gives the same bytes on any day.

    Returns:
        The two files.
    """
    # Not `with_suffix`, as a dataset's name may contain dots.
    png, svg = path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")
    figure.savefig(png, dpi=_DPI)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "privsearch"}):
        figure.savefig(svg, metadata={"Date": None})
    return [png, svg]


def draw_guessing(axes: Axes, column: Column, *, along: str) -> dict[str, Artist]:
    """Draw a line where guessing gets a column, and return its entry in the key; nothing for a column without one.

    Args:
        axes: where to draw.
        column: the column along one axis.
        along: that axis, x or y.
    """
    if column.guess is None:
        return {}
    line = axes.axvline if along == "x" else axes.axhline
    line(column.guess, **_GUESSING)
    return {"guessing": guessing_line()}


def guessing_line() -> Artist:
    """Return the mark of guessing for a key."""
    return Line2D([], [], **_GUESSING)


def panels(rows: pd.DataFrame, drawn: Collection[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Cut the results table so that the rows of each part differ in nothing but the `drawn` axes.

    Yields:
        The dataset, the words that distinguish the part from others of the dataset (such as `SNN num_steps 10`, or the
        model alone if nothing else differs), and the part's rows.
    """
    for dataset, dataset_rows in rows.groupby("dataset", sort=False):
        varying = set(varying_axes(dataset_rows)).difference(drawn)
        words = pd.Series([configuration(row, varying) for row in records(dataset_rows)], dataset_rows.index)
        for name, part in dataset_rows.groupby(words, sort=False):
            yield str(dataset), str(name), part


def check_room(count: int, most: int, rows: pd.DataFrame, drawn: Collection[str]) -> None:
    """Check that the panels, or columns of panels, that come from axes not drawn fit on a page.

    Raises:
        StudyError: `count` is greater than `most`; the message names the axes.
    """
    if count > most:
        varying = {axis for _, dataset_rows in rows.groupby("dataset") for axis in varying_axes(dataset_rows)}
        axes = ", ".join(axis for axis in AXES if axis in varying.difference(drawn))
        raise StudyError(
            f"a page has room for {most} panels that differ in other axes than those drawn, but these trials differ "
            f"in {axes} as well, and make {count}; leave only some values of these axes"
        )


def sample_note(rows: pd.DataFrame) -> str:
    """Return the replicates of each configuration, and how many have no numbers, and why: `n = 3, 1 failed`."""
    few, most = int(rows["replicates"].min()), int(rows["replicates"].max())
    failed = int((rows["status"] == "failed").sum())
    kinds = learning(rows)
    counts = {"failed": failed} | {kind: int((kinds == kind).sum()) for kind in ("dead", "not learnt")}
    return f"n = {few}" + (f" to {most}" if few < most else "") + "".join(f", {n} {k}" for k, n in counts.items() if n)


def bar_key(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the key of an error bar; empty if there is one replicate, and so no bar."""
    bar = Line2D([], [], color=GREY, ls="none", marker="|", ms=9)
    return {"± sd": bar} if rows[str(Column.parse(column).sd)].notna().any() else {}


def legend_below(figure: Figure, key: Mapping[str, Any], *, handle_length: float) -> None:
    """Draw one key for all panels below them, in as few lines as the figure's width allows.

    Args:
        figure: the figure, complete but for its key.
        key: the artist beside each label.
        handle_length: the length of the artists, in multiples of the font size.
    """
    style = {"fontsize": 7, "frameon": False, "columnspacing": 1.2, "handlelength": handle_length}
    for lines in range(1, len(key) + 1):
        columns = math.ceil(len(key) / lines)
        legend = figure.legend(key.values(), key.keys(), loc="outside lower center", ncols=columns, **style)
        if legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


class WrittenPlots(NamedTuple):
    """The figures of a study.

    Attributes:
        files: the files written, a PNG and an SVG of each figure.
        skipped: a message for each figure that the study cannot fill, with its name and what is missing.
    """

    files: list[Path]
    skipped: list[str]
