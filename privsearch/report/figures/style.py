"""What the figures for a paper have in common: their widths, greys, spreads, panels and files."""

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

from privsearch.analysis.frames import records, varying_axes
from privsearch.analysis.labels import configuration
from privsearch.errors import StudyError
from privsearch.report.figures.palette import GREY
from privsearch.spec import AXES
from privsearch.spec.columns import Column

PAGE_WIDTH: Final = 7.2
COLUMN_WIDTH: Final = 3.5
"""Inches: a page, and one of its two columns. Figures are drawn at the size of print, all text at 7 points or more."""


BAND: Final = "#E8E8E8"
_DPI: Final = 300


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, whose layout keeps everything inside."""
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> list[Path]:
    """Write `<path>.png` and `<path>.svg`, its text as text; the same figure gives the same bytes on any day.

    Returns:
        The two files.
    """
    # Not `with_suffix`, as a dataset's name may have dots.
    png, svg = path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")
    figure.savefig(png, dpi=_DPI)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "privsearch"}):
        figure.savefig(svg, metadata={"Date": None})
    return [png, svg]


def draw_noise_floor(axes: Axes, floor: float, *, along: str) -> Artist:
    """A band around an AUC of 0.5, on the axis `along` which the AUC is drawn, x or y."""
    span, line = (axes.axvspan, axes.axvline) if along == "x" else (axes.axhspan, axes.axhline)
    line(0.5, color=GREY, lw=0.8, ls=":", zorder=1)
    return span(0.5 - floor, 0.5 + floor, color=BAND, lw=0, zorder=0)


def panels(rows: pd.DataFrame, drawn: Collection[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Cut the results table so that the rows of each part differ in nothing but the `drawn` axes.

    Yields:
        A dataset, the words for what sets this part apart from the dataset's others (such as `SNN num_steps 10`;
        the model alone where nothing else does), and the part's rows.
    """
    for dataset, own in rows.groupby("dataset", sort=False):
        varying = set(varying_axes(own)).difference(drawn)
        words = pd.Series([configuration(row, varying) for row in records(own)], own.index)
        for name, part in own.groupby(words, sort=False):
            yield str(dataset), str(name), part


def check_room(count: int, most: int, rows: pd.DataFrame, drawn: Collection[str]) -> None:
    """Refuse more panels, or columns of them, than fit on a page, as they come from axes that are not drawn.

    Raises:
        StudyError: `count` is beyond `most`; the message names the axes.
    """
    if count > most:
        varying = {axis for _, own in rows.groupby("dataset") for axis in varying_axes(own)}
        axes = ", ".join(axis for axis in AXES if axis in varying.difference(drawn))
        raise StudyError(
            f"a page has room for {most} panels that differ in other axes than those drawn, but these trials differ "
            f"in {axes} as well, and make {count}; leave only some values of these axes"
        )


def sample_note(rows: pd.DataFrame) -> str:
    """How often each configuration was trained, and how many of them failed: `n = 3`, `n = 3, 1 failed`."""
    few, most = int(rows["replicates"].min()), int(rows["replicates"].max())
    failed = int((rows["status"] == "failed").sum())
    return f"n = {few}" + (f" to {most}" if few < most else "") + (f", {failed} failed" if failed else "")


def bar_key(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """What an error bar means, for the key; nothing where there is one replicate, and so no bar."""
    bar = Line2D([], [], color=GREY, ls="none", marker="|", ms=9)
    return {"± sd": bar} if rows[str(Column.parse(column).sd)].notna().any() else {}


def legend_below(figure: Figure, key: Mapping[str, Any], *, handle_length: float) -> None:
    """One key, label by label, for all panels: in as few lines as the figure's width allows.

    Args:
        figure: complete but for its key.
        key: what stands beside each label.
        handle_length: its length, in multiples of the font size.
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
        files: what was written, a PNG and an SVG of each figure.
        skipped: one message for each figure that this study cannot fill: its name, and what is missing.
    """

    files: list[Path]
    skipped: list[str]
