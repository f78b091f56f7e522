"""A figure of a number against the activation threshold, one line a bit width, as the paper's Figures 2 and 3."""

from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from privsearch.analysis.columns import axis_title, bar_lengths, measured_rows, numbers, spreads
from privsearch.analysis.learning import leakage_of_learnt
from privsearch.analysis.paper.readings import shown_rows
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
from privsearch.spec.axes import SNN_DEFAULTS
from privsearch.spec.columns import Column

_LINES: Final = {
    8: ("#004488", "s", ":"),
    7: ("#6699CC", "v", (0, (6, 1))),
    6: ("#997700", "P", (0, (1, 3))),
    5: ("#994455", "X", (0, (6, 3))),
    4: ("#BB5566", "o", "--"),
    3: ("#EE99AA", "D", (0, (3, 1, 1, 1, 1, 1))),
    2: ("#DDAA33", "^", "-."),
}
"""The colour, marker and dashes of each bit width; the dashes of 8, 4 and 2 bits are the paper's.

Colours: the schemes 'high contrast' (8, 4, 2 bits: dark, middle and light in grey) and 'medium contrast' of Tol 2021.
"""
_REFERENCE_LINE: Final[dict[str, Any]] = {"color": "black", "lw": 1.0, "zorder": 1.5}
_REFERENCE_BAND: Final[dict[str, Any]] = {
    "facecolor": (0, 0, 0, 0.1),
    "edgecolor": (0, 0, 0, 0.5),
    "lw": 0.4,
    "zorder": 0.5,
}
_DEBIASED: Final[dict[str, Any]] = {"ls": "none", "mfc": "white", "ms": 3, "mew": 0.6, "zorder": 2.5}
_REFERENCE_DEBIASED: Final[dict[str, Any]] = _DEBIASED | {
    "color": "black",
    "marker": "<",
    "ms": 4,
    "clip_on": False,
    "zorder": 3,
}
_MOST_COLUMNS: Final = 4
_DODGE: Final = 9.0
"""The width in points over which three or more bit widths spread at one threshold, so that no bar hides another."""


def plot_threshold(frame: pd.DataFrame, column: str) -> Figure:
    """Draw a number against the threshold, one row of panels a dataset, one column a model kind, one line a bit width.

    The lines are trials with full-precision weights and the default surrogate gradient. The reference line is the trial
    with full-precision activations too. Markers at the same threshold stand side by side. Error bars, and the band of
    the reference line, are standard deviations over the replicates; a failed trial leaves a gap, and one that has not
    learnt has no number of an attack. An attack AUC has a line of guessing, and hollow markers at 0.5 plus the excess
    over the placebo. SNNs that differ in another axis, such as `num_steps`, have a column of panels for each value of
    that axis. Of several readings of how membranes are quantised one is drawn (`shown_rows`), and a line above the
    panels names it.

    Args:
        frame: the results table; every dataset with quantised activations is drawn.
        column: a result column, a fraction: `test_accuracy`, or an attack's AUC such as `svm.auc`.

    Raises:
        StudyError: no two thresholds have a number, or more columns of panels are needed than fit on a page.
    """
    frame, note = shown_rows(leakage_of_learnt(frame))
    parts = _parts(frame, column)
    datasets = list(dict.fromkeys(dataset for dataset, _ in parts))
    kinds = sorted(dict.fromkeys(kind for _, kind in parts), key=lambda kind: kind.split()[0])
    width = COLUMN_WIDTH if len(kinds) == 1 else PAGE_WIDTH
    figure = new_figure(width, 0.7 + max(1.4 * len(datasets), 2.0))
    if note:
        figure.suptitle(fill(note, int(15 * width)), fontsize=8)
    grid = figure.subplots(len(datasets), len(kinds), sharex=True, sharey="row", squeeze=False)
    ragged = len(parts) < grid.size
    for axes in grid.flat:
        axes.set_visible(False)
    for (dataset, kind), rows in parts.items():
        axes = grid[datasets.index(dataset), kinds.index(kind)]
        axes.set_visible(True)
        _draw_panel(axes, rows, column)
        # The most characters that fit above a panel.
        axes.set_title(fill(f"{dataset}, {kind} ({sample_note(rows)})", int(14 * width / len(kinds))), fontsize=8)
        axes.tick_params(
            labelsize=7, labelbottom=ragged or dataset == datasets[-1], labelleft=ragged or kind == kinds[0]
        )
    for row in grid:
        next(axes for axes in row if axes.get_visible()).set_ylabel(fill(axis_title(column), 18), fontsize=8)
    for stack in grid.T[:, ::-1]:
        next(axes for axes in stack if axes.get_visible()).set_xlabel("threshold (dimensionless)", fontsize=8)
    legend_below(figure, _key(measured_rows(pd.concat(parts.values()), column), column), handle_length=3.4)
    return figure


def _parts(frame: pd.DataFrame, column: str) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the rows of each panel, by dataset and words for the model kind."""
    default = frame["surrogate_gradient"].isin([SNN_DEFAULTS["surrogate_gradient"]]) | frame["model"].eq("ann")
    rows = frame[frame["weight_bit_width"].isna() & default]
    drawn = ("act_bit_width", "threshold")
    parts = {(d, kind): part for d, kind, part in panels(rows, drawn) if part["act_bit_width"].notna().any()}
    num_thresholds = measured_rows(rows, column)["threshold"].nunique()
    if num_thresholds < 2:
        raise StudyError(
            f"{column} against the threshold needs trials completed at two thresholds at least, with quantised "
            f"activations, full-precision weights and the default surrogate gradient, but got "
            f"{num_thresholds} such thresholds; sweep 'threshold' beside 'act_bit_width'"
        )
    check_room(len({kind for _, kind in parts}), _MOST_COLUMNS, rows, ("model", *drawn))
    return parts


def _draw_panel(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """Draw the lines of one dataset and model kind, the reference, and for an AUC what guessing gets.

    If every trial failed, the panel stays empty, and its title says so.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1, 0.06)
    axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2.5, 5, 10], nbins=6))
    if measured_rows(rows, column).empty:
        return
    if Column.parse(column).is_auc:
        draw_guessing(axes, Column.parse(column), along="y")
    _draw_reference(axes, measured_rows(rows[rows["act_bit_width"].isna()], column), column)
    widths = _bit_widths(rows)
    for place, width in enumerate(widths):
        inches = (place - (len(widths) - 1) / 2) * _DODGE / max(len(widths) - 1, 2) / 72
        shift = ScaledTranslation(inches, 0, axes.figure.dpi_scale_trans)
        line = rows[rows["act_bit_width"] == width].sort_values("threshold")
        _draw_line(axes, line, column, _line_style(width) | {"transform": axes.transData + shift})


def _draw_reference(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """Draw the trial at full precision; `rows` is empty if the trial failed or was not asked for."""
    for value, spread in zip(numbers(rows, column), spreads(rows, column), strict=True):
        # The band extends beyond the panel on both sides, so that it has no edge there.
        axes.axhspan(value - spread, value + spread, -0.1, 1.1, **_REFERENCE_BAND)
        axes.axhline(value, **_REFERENCE_LINE)
    # An empty line that is not clipped would break the layout.
    if Column.parse(column).is_auc and len(rows):
        debiased = 0.5 + numbers(rows, Column.parse(column).excess)
        axes.plot([1.0], debiased, transform=axes.get_yaxis_transform(), **_REFERENCE_DEBIASED)


def _draw_line(axes: Axes, line: pd.DataFrame, column: str, style: dict[str, Any]) -> None:
    thresholds, values, (down, up) = numbers(line, "threshold"), numbers(line, column), bar_lengths(line, column)
    axes.errorbar(thresholds, values, yerr=[down, up], elinewidth=0.8, **style)
    extents = [values - down, values + up]
    if Column.parse(column).is_auc:
        extents.append(0.5 + numbers(line, Column.parse(column).excess))
        axes.plot(thresholds, extents[-1], **style | _DEBIASED)
    # Markers shifted by points on the page do not count towards the limits by themselves.
    axes.update_datalim(np.column_stack([np.tile(thresholds, len(extents)), np.concatenate(extents)]))


def _bit_widths(rows: pd.DataFrame) -> list[int]:
    return sorted(rows["act_bit_width"].dropna().unique().tolist(), reverse=True)


def _line_style(width: int) -> dict[str, Any]:
    colour, marker, dashes = _LINES[width]
    return {"color": colour, "marker": marker, "ls": dashes, "lw": 1.2, "ms": 4, "mew": 0.7}


def _key(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the key of the lines, bands and hollow markers."""
    key: dict[str, Any] = {f"{width} bits": Line2D([], [], **_line_style(width)) for width in _bit_widths(rows)}
    referred = rows["act_bit_width"].isna().any()
    if referred:
        key["full precision"] = (Patch(**_REFERENCE_BAND), Line2D([], [], **_REFERENCE_LINE))
    if Column.parse(column).is_auc:
        key["0.5 + excess over placebo"] = Line2D([], [], color=GREY, marker="o", **_DEBIASED)
        if referred:
            key["the same of full precision"] = Line2D([], [], **_REFERENCE_DEBIASED)
        key["guessing"] = guessing_line()
    return key | bar_key(rows, column)
