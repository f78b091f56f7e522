"""The energy of an example against what configurations leak, by every table of costs, as a figure for a paper."""

from textwrap import fill
from typing import Any, Final

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from privsearch.analysis.columns import axis_title, bar_ends, measured_rows
from privsearch.analysis.labels import model_name
from privsearch.analysis.selection import private_column
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.report.figures.palette import GREY, MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import PAGE_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.report.wording.fronts import counts
from privsearch.spec.columns import ACCURACY, FLAT_ENERGY, Column
from privsearch.spec.energy import COST_TABLES

_WIDE: Final = 30
"""The quotient of two energies above which an axis has room for powers of 10 alone."""

EQUAL_ACCURACY: Final = 0.01
"""How far the mean accuracy of a configuration may lie below the best for both to count as equally accurate."""


def has_energies(task: Task) -> bool:
    """Tell whether a task has configurations with a known energy and a number that leakage is judged by."""
    try:
        private = private_column(task.objectives)
    except StudyError:
        return False
    return bool(len(measured_rows(measured_rows(task.candidates, FLAT_ENERGY), private)))


def plot_energy(task: Task) -> Figure:
    """Draw leakage against the energy of an example, one panel for each table of costs, energies on a log scale.

    Points are filled if a configuration is as accurate as the most accurate one, within `EQUAL_ACCURACY`, so that these
    can be compared by energy and leakage alone; others are hollow. Error bars of leakage are 95 % intervals, if there
    are any. A line leads from a point to the energy with the layers before the first spikes computed once.

    Args:
        task: one that `has_energies` is true of.
    """
    private = private_column(task.objectives)
    rows = measured_rows(measured_rows(task.candidates, FLAT_ENERGY), private)
    is_equal = rows[ACCURACY] >= rows[ACCURACY].max() - EQUAL_ACCURACY
    figure = new_figure(PAGE_WIDTH, 3.4)
    key: dict[str, Artist] = {}
    panels = figure.subplots(1, len(COST_TABLES), sharey=True)
    for axes, table in zip(panels, COST_TABLES, strict=True):
        _draw(axes, rows, is_equal, f"energy.{table}", private)
        key |= draw_guessing(axes, Column.parse(private), along="y")
    panels[0].set_ylabel(axis_title(private), fontsize=9)
    for model in sorted(rows["model"].unique()):
        key[model_name(model)] = Line2D([], [], **_mark(model, is_filled=True))
    key[f"accuracy within {EQUAL_ACCURACY:g} of the best"] = Line2D([], [], ls="none", marker="s", color=GREY, ms=5)
    key["less accurate"] = Line2D([], [], ls="none", marker="s", mfc="white", mec=GREY, ms=5)
    key["to: first layers computed once"] = Line2D([], [], color=GREY, lw=0.8, alpha=0.6)
    title = f"{fill(task.title, 60)}\n{counts(task.rows)}; bars: 95 % interval"
    panels[0].set_title(title, loc="left", fontsize=9)
    legend_below(figure, key, handle_length=2)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, is_equal: "pd.Series[bool]", energy: str, private: str) -> None:
    low, high = bar_ends(rows, private)
    ends = pd.DataFrame({"low": low, "high": high}, index=rows.index)
    axes.set_xscale("log")
    energies = rows[[energy, f"{energy}_once"]].to_numpy(float)
    is_wide = energies.max() > _WIDE * energies.min()
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if is_wide else (1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(axis_title(energy), fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    for model, of_model in rows.groupby("model"):
        colour = MODEL_COLOURS[str(model)]
        x, y, bars = of_model[energy], of_model[private], ends.loc[of_model.index]
        axes.hlines(y, of_model[f"{energy}_once"], x, color=colour, lw=0.8, alpha=0.6, zorder=2)
        axes.vlines(x, bars["low"], bars["high"], color=colour, lw=0.8, alpha=0.4, zorder=2)
        for is_filled in (False, True):
            shown = is_equal.loc[of_model.index] == is_filled
            axes.plot(x[shown], y[shown], **_mark(str(model), is_filled=is_filled))


def _mark(model: str, *, is_filled: bool) -> dict[str, Any]:
    colour = MODEL_COLOURS[model]
    return {
        "marker": MODEL_MARKERS[model],
        "ls": "none",
        "mfc": colour if is_filled else "white",
        "mec": colour,
        "ms": 5,
    }
