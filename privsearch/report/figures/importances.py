"""Figures of the importance of each axis, and of the hypervolume trial by trial."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from privsearch.analysis.explanation import Explanation, order_words
from privsearch.analysis.importances import ordered_axes
from privsearch.report.figures.palette import GREY, MODEL_COLOURS
from privsearch.report.figures.style import COLUMN_WIDTH, PAGE_WIDTH, legend_below, new_figure
from privsearch.report.wording.importances import goal

_COLOUR = MODEL_COLOURS["ann"]


def plot_importances(explanation: Explanation) -> Figure:
    """Draw each axis's importance with its interval, in a panel for each objective and for reaching the front.

    A tick marks the chance level. A point above it is filled; a hollow one may be chance.
    """
    names = ordered_axes(explanation.importances)
    goals = explanation.importances["objective"].unique().tolist()
    figure = new_figure(PAGE_WIDTH, 1.3 + 0.22 * len(names))
    panels = figure.subplots(1, len(goals), sharey=True, squeeze=False)[0]
    for axes, objective in zip(panels, goals, strict=True):
        objective_rows = explanation.importances[explanation.importances["objective"] == objective]
        _draw_importances(axes, objective_rows.set_index("axis").loc[names])
        axes.set_title(goal(objective), fontsize=8)
        axes.set_xlabel("importance (share)", fontsize=8)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    figure.suptitle(f"{explanation.task.title}: what decides", fontsize=9, x=0.01, ha="left")
    point: dict[str, Any] = {"marker": "o", "mec": _COLOUR, "ms": 5}
    key = {
        "above the chance level": Line2D([], [], color=_COLOUR, mfc=_COLOUR, **point),
        "not above it": Line2D([], [], color=_COLOUR, mfc="white", **point),
        "chance level": Line2D([], [], color=GREY, ls="none", marker="|", ms=9),
        "95 %": Line2D([], [], color=_COLOUR, lw=1),
    }
    legend_below(figure, key, handle_length=1.5)
    return figure


def _draw_importances(axes: Axes, rows: pd.DataFrame) -> None:
    places = range(len(rows))
    axes.hlines(places, rows["low"], rows["high"], color=_COLOUR, lw=1)
    # A level beyond 1 only says that everything is chance.
    axes.plot(rows["chance"].clip(upper=1), places, color=GREY, ls="none", marker="|", ms=9, mew=1.2)
    for place, (value, chance) in enumerate(zip(rows["importance"], rows["chance"], strict=True)):
        axes.plot(value, place, marker="o", ms=5, mec=_COLOUR, mfc=_COLOUR if value > chance else "white")
    axes.set_xlim(-0.03, 1.03)
    axes.set_xticks([0, 0.5, 1])
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E8E8E8", lw=0.6)
    axes.set_axisbelow(True)


def plot_hypervolume(explanation: Explanation) -> Figure:
    """Draw the hypervolume after each trial, in the order of finishing or, for a search, of proposal."""
    history = explanation.history
    figure = new_figure(COLUMN_WIDTH, 2.5)
    axes = figure.add_subplot()
    axes.step([0, *history["number"]], [0.0, *history["hypervolume"]], where="post", color=_COLOUR, lw=1.2)
    grown = history[history["hypervolume"].diff().fillna(history["hypervolume"]) > 0]
    axes.plot(grown["number"], grown["hypervolume"], color=_COLOUR, ls="none", marker="o", ms=3)
    # The first front has most of the hypervolume: an axis from 0 would hide the growth.
    if len(grown):
        least, most = grown["hypervolume"].iloc[0], grown["hypervolume"].iloc[-1]
        room = (most - least or 0.1 * most) * 0.08
        axes.set_ylim(least - room, most + room)
    axes.set_title(explanation.task.title, loc="left", fontsize=9)
    axes.set_xlabel(order_words(searched=explanation.searched), fontsize=8)
    axes.set_ylabel("hypervolume (share of all outcomes)", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
