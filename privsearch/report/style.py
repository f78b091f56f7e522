"""What the figures for a paper have in common: their widths, greys, spreads, panels and files."""

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray as Array

from privsearch.errors import StudyError
from privsearch.frame import records, varying_axes
from privsearch.report.labels import configuration, quantity
from privsearch.spec import AXES
from privsearch.spec.columns import column_range

PAGE_WIDTH: Final = 7.2
COLUMN_WIDTH: Final = 3.5
"""Inches: a page, and one of its two columns. Figures are drawn at the size of print, all text at 7 points or more."""


class _ByModel(dict[str, str]):
    """What stands for each model: a registered one gets, by its name, always the same of some others."""

    def __init__(self, *others: str, **built_in: str) -> None:
        super().__init__(built_in)
        self._others = others

    def __missing__(self, model: str) -> str:
        return self._others[crc32(model.encode()) % len(self._others)]


MODEL_COLOURS: Final = _ByModel("#009E73", "#CC79A7", "#D55E00", "#56B4E9", ann="#0072B2", snn="#E69F00")
"""Blue and orange of Okabe and Ito 2008: told apart with any colour vision, and as dark and light grey.

Registered models have the others of theirs.
"""
MODEL_MARKERS: Final = _ByModel("s", "D", "v", "P", ann="o", snn="^")
MODEL_SYMBOLS: Final = _ByModel("square", "diamond", "triangle-down", "cross", ann="circle", snn="triangle-up")
"""The same markers by plotly's names."""

GREY: Final = "#595959"
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


def axis_title(column: str) -> str:
    """A result column with its unit, as an axis bears it."""
    if column.endswith(".auc"):
        return f"{column.removesuffix('.auc')} attack AUC (fraction)"
    return quantity(column) if math.isinf(column_range(column)[1]) else f"{quantity(column)} (fraction)"


def numbers(rows: pd.DataFrame, column: str) -> Float[Array, " n"]:
    """A result column, `(n,)`; NaN, which is not drawn, where a trial has no such number."""
    # A column stands in the table only once some trial has a number for it.
    return rows.reindex(columns=[column])[column].to_numpy(float, na_value=np.nan)


def measured_rows(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that have a number in a result column."""
    return rows.dropna(subset=column) if column in rows else rows.head(0)


def spreads(rows: pd.DataFrame, column: str) -> Float[Array, " n"]:
    """Standard deviations, `(n,)`; 0, so that no bar is drawn, where there is one replicate, or none of this column."""
    found: Float[Array, " n"] = np.nan_to_num(numbers(rows, f"{column}_sd"))
    return found


def excess_of(column: str) -> str:
    """The column with the excess of an attack AUC over its placebo."""
    return f"{column.removesuffix('auc')}excess_auc"


def placebo_of(column: str) -> str:
    """The column with the placebo of an attack AUC."""
    return f"{column.removesuffix('auc')}placebo_auc"


def noise_floor_of(rows: pd.DataFrame, column: str) -> float:
    """The widest noise floor of some trials, in the attack AUC that is named."""
    return float(rows[f"{column.removesuffix('auc')}noise_floor"].max())


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
    return {"± sd": bar} if rows[f"{column}_sd"].notna().any() else {}


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
