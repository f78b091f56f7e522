"""A figure of test accuracy against attack AUC for each surrogate gradient of full-precision SNNs."""

import math
from textwrap import fill
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from privsearch.analysis.columns import axis_title, bar_lengths, measured_rows, numbers
from privsearch.analysis.learning import leakage_of_learnt
from privsearch.errors import StudyError
from privsearch.report.figures.palette import GREY
from privsearch.report.figures.style import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    bar_key,
    check_room,
    draw_guessing,
    guessing_line,
    legend_below,
    new_figure,
    panels,
    sample_note,
)
from privsearch.spec.columns import Column

_MARKERS: Final = {
    "fast_sigmoid": ("#0072B2", "o", 8),
    "atan": ("#E69F00", "^", 7.5),
    "spike_rate_escape": ("#009E73", "s", 5.5),
    "triangular": ("#CC79A7", "D", 5),
    "straight_through": ("#000000", "v", 5),
}
"""The colour, marker and marker size of each surrogate gradient.

Later ones are drawn on top and smaller, as several gradients often share one point on small datasets. Colours: Okabe
and Ito 2008.
"""
_MOST_PANELS: Final = 9
_ACCURACY: Final = "test_accuracy"
_DEBIASED: Final[dict[str, Any]] = {"mfc": "white", "ms": 3.5, "mew": 0.7, "zorder": 2.5}


def plot_surrogates(frame: pd.DataFrame, attack: str = "svm") -> Figure:
    """Draw test accuracy against an attack's AUC, one panel a dataset, one point a surrogate gradient.

    The points are SNNs at full precision. Error bars are standard deviations over the replicates in both directions; a
    thin line leads to 0.5 plus the excess over the placebo. Failed trials, and those that have not learnt, have no
    point. SNNs that differ in another
    axis, such as `num_steps`, have a panel for each value of that axis.

    Args:
        frame: the results table; every dataset with two surrogate gradients is drawn.
        attack: the first part of the attack's columns.

    Raises:
        StudyError: there are no completed trials of two surrogate gradients that differ in nothing else.
    """
    column = str(Column(attack, "auc"))
    frame = leakage_of_learnt(frame)
    parts = _parts(frame, column)
    columns = min(len(parts), 3)
    rows = math.ceil(len(parts) / columns)
    width = COLUMN_WIDTH if columns == 1 else PAGE_WIDTH
    figure = new_figure(width, 0.7 + 2.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        axes.set_visible(number < len(parts))
    for axes, (title, part) in zip(grid.flat, parts.items(), strict=False):
        axes.set_title(fill(f"{title} ({sample_note(part)})", int(15 * width / columns)), fontsize=8)
        _draw_panel(axes, part, column)
    for axes in grid[:, 0]:
        axes.set_ylabel(axis_title(_ACCURACY), fontsize=8)
    for number, axes in enumerate(grid.flat):
        if len(parts) - columns <= number < len(parts):
            axes.set_xlabel(axis_title(column), fontsize=8)
    legend_below(figure, _key(measured_rows(pd.concat(parts.values()), column), column), handle_length=2)
    return figure


def _parts(frame: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """Return the rows of each panel, by the panel's title."""
    full_precision = frame["weight_bit_width"].isna() & frame["act_bit_width"].isna()
    rows = frame[full_precision & frame["model"].eq("snn")]
    parts = {}
    for dataset, words, part in panels(rows, ("surrogate_gradient",)):
        if len(measured_rows(part, column)) > 1:
            parts[dataset + words.removeprefix("SNN").replace(" ", ", ", 1)] = part
    if not parts:
        raise StudyError(
            f"{_ACCURACY} against {column} needs SNNs at full precision completed with two surrogate gradients at "
            "least that differ in nothing else, but this study has none; sweep 'surrogate_gradient'"
        )
    check_room(len(parts), _MOST_PANELS, rows, ("surrogate_gradient",))
    return parts


def _draw_panel(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    draw_guessing(axes, Column.parse(column), along="x")
    for name in _MARKERS:
        point = rows[rows["surrogate_gradient"] == name]
        x, y, excess = (numbers(point, c) for c in (column, _ACCURACY, Column.parse(column).excess))
        debiased = 0.5 + excess
        style = _style(name)
        axes.plot([*x, *debiased], [*y, *y], color=style["color"], lw=0.5, ls=":", zorder=1.5)
        axes.plot(debiased, y, **style | _DEBIASED | {"mec": style["color"]})
        axes.errorbar(x, y, bar_lengths(point, _ACCURACY), bar_lengths(point, column), elinewidth=0.8, **style)


def _style(name: str) -> dict[str, Any]:
    colour, marker, size = _MARKERS[name]
    return {"color": colour, "marker": marker, "ls": "none", "ms": size, "mec": "white", "mew": 0.4}


def _key(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    drawn = set(rows["surrogate_gradient"])
    key: dict[str, Any] = {name: Line2D([], [], **_style(name)) for name in _MARKERS if name in drawn}
    key["0.5 + excess over placebo"] = Line2D([], [], ls="none", marker="o", mec=GREY, **_DEBIASED)
    key["guessing"] = guessing_line()
    return key | bar_key(rows, column)
