"""A Pareto front among all configurations, as a figure for a paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import combinations
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy import ndarray as Array

from privsearch._util.disk import replace_file
from privsearch.analysis.columns import axis_title, bar_reach
from privsearch.analysis.frames import records
from privsearch.analysis.labels import model_name
from privsearch.analysis.tasks import Task
from privsearch.report.figures.front_interactive import plot_front_interactive
from privsearch.report.figures.front_marks import (
    INFEASIBLE,
    front_names,
    front_rows,
    front_title,
    marked_parts,
    taken_row,
    taken_words,
    tier_words,
    tiers,
)
from privsearch.report.figures.front_page import front_page
from privsearch.report.figures.palette import GREY, MODEL_COLOURS, MODEL_MARKERS
from privsearch.report.figures.style import PAGE_WIDTH, draw_guessing, legend_below, new_figure
from privsearch.spec.columns import Column
from privsearch.study.output_paths import drawings_of

_BAR_ALPHAS: Final = (0.8, 0.35, 0.15, 0.15)
_TAKEN: Final[dict[str, Any]] = {
    "marker": "s",
    "ls": "none",
    "mfc": "none",
    "mec": "black",
    "mew": 1.2,
    "ms": 12,
    "zorder": 4.5,
}
_MOST_LINES: Final = 20
"""The most lines that fit beside the plot; of a longer front, only some points are named."""

Pair = tuple[str, str]
"""The objectives along x and y."""


def plot_front(task: Task) -> Figure:
    """Draw all configurations of a task that have a number for every objective; there must be at least one.

    Points likely to be on the front are filled, points that may be are hollow, all others faint. With one target the
    likelihood is unknown: the front is filled, the rest hollow. A cross violates a constraint. The front of the means
    is numbered and named. A square is around what `privsearch pick` takes. The dotted line is what guessing gets.
    Error bars are 95 % intervals of the means where the results have them, else standard deviations over the targets;
    they end where the column's range ends. With two objectives, a line bounds the outcomes that some
    configuration reaches or beats. With three, each pair has a panel: a front's point that looks dominated there is
    better in the third objective.
    """
    figure = new_figure(PAGE_WIDTH, 4.2 if len(task.objectives) == 2 else 6.4)
    key: dict[str, Artist] = {}
    panels = {pair: _panel(figure, task, pair, key) for pair in combinations(task.objectives, 2)}
    for model in sorted(task.candidates["model"].unique()):
        key[model_name(model)] = Line2D([], [], **_mark(MODEL_COLOURS[model], MODEL_MARKERS[model], 0))
    for _, tier, _ in marked_parts(task):
        shape = "x" if tier == INFEASIBLE else "s"
        key[tier_words(task, tier)] = Line2D([], [], **_mark(GREY, shape, tier))
    if chosen := taken_row(task):
        for (x, y), axes in panels.items():
            axes.plot(chosen[x], chosen[y], **_TAKEN)
        key[taken_words(task, chosen)] = Line2D([], [], **_TAKEN | {"ms": 7})
    next(iter(panels.values())).set_title(front_title(task), loc="left", fontsize=9)
    _name_front(figure, panels, task)
    legend_below(figure, key, handle_length=2)
    return figure


def _panel(figure: Figure, task: Task, pair: Pair, key: dict[str, Artist]) -> Axes:
    """Draw the configurations in two objectives as one panel of the lower left triangle, and add to the key."""
    (x, y), objectives = pair, list(task.objectives)
    side = len(objectives) - 1
    axes = figure.add_subplot(side, side, (objectives.index(y) - 1) * side + objectives.index(x) + 1)
    axes.set_xlabel(axis_title(x), fontsize=9)
    axes.set_ylabel(axis_title(y), fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1)
    for column, along in ((x, "x"), (y, "y")):
        key |= draw_guessing(axes, Column.parse(column), along=along)
    if side == 1 and task.candidates["on_front"].any():
        line = front_rows(task).sort_values(x)
        step = "steps-pre" if task.objectives[x] == "maximize" else "steps-post"
        (key["Pareto front of the means"],) = axes.plot(line[x], line[y], color=GREY, lw=1, drawstyle=step, zorder=2.5)
    for model, tier, rows in marked_parts(task):
        _draw_points(axes, rows, pair, model, tier)
    return axes


def _mark(colour: str, shape: str, tier: int) -> dict[str, Any]:
    """Return the marker of a tier: filled with a dark edge, hollow, faint, or a thin cross."""
    style = (
        {"mfc": colour, "mec": "black", "mew": 0.8, "ms": 7, "zorder": 4},
        {"mfc": "white", "mec": colour, "mew": 1.0, "ms": 6, "zorder": 3.8},
        {"mfc": colour, "mec": "none", "ms": 5, "alpha": 0.35, "zorder": 2},
        {"mec": colour, "mew": 0.8, "ms": 5, "alpha": 0.7, "zorder": 1.9},
    )[tier]
    return {"marker": shape, "ls": "none", **style}


def _mark_of(model: str, tier: int) -> dict[str, Any]:
    return _mark(MODEL_COLOURS[model], "x" if tier == INFEASIBLE else MODEL_MARKERS[model], tier)


def _draw_points(axes: Axes, rows: pd.DataFrame, pair: Pair, model: str, tier: int) -> None:
    x, y = pair
    bars: dict[str, Any] = {"elinewidth": 0.8, "ecolor": MODEL_COLOURS[model], "alpha": _BAR_ALPHAS[tier]}
    axes.errorbar(rows[x], rows[y], yerr=bar_reach(rows, y), xerr=bar_reach(rows, x), fmt="none", **bars)
    axes.plot(rows[x], rows[y], **_mark_of(model, tier))


def _name_front(figure: Figure, panels: Mapping[Pair, Axes], task: Task) -> None:
    """Put numbers beside the front, the best in the first objective first, and name its points beside the plot."""
    rows = front_rows(task)
    front, front_tiers = records(rows), tiers(rows)
    words = [fill(f"{i}  {name}", 40) for i, name in enumerate(front_names(task, front), 1)]
    room = _MOST_LINES // max((text.count("\n") + 1 for text in words), default=1)
    shown = sorted({round(i) for i in np.linspace(0, len(front) - 1, min(len(front), room))})
    names = [Line2D([], [], label=words[i], **_mark_of(front[i]["model"], front_tiers[i])) for i in shown]
    title = "on the front" if len(shown) == len(front) else f"{len(shown)} of the {len(front)} on the front"
    title += " (probability)" if task.uncertainty.hypervolume else ""
    title = title if front else "nothing satisfies all constraints"
    style: dict[str, Any] = {
        "fontsize": 7,
        "title_fontsize": 8,
        "alignment": "left",
        "frameon": False,
        "handletextpad": 0.2,
    }
    style |= {"loc": "outside right upper" if len(panels) == 1 else "upper right"}
    figure.legend(handles=names, title=title, **style)
    # Settle the layout first, as the numbers are placed clear of each other on the page.
    figure.draw_without_rendering()
    for pair, axes in panels.items():
        ideal = np.array([1 if task.objectives[column] == "maximize" else -1 for column in pair])
        _number_front(axes, rows[list(pair)].to_numpy(float), shown, ideal if len(panels) == 1 else None)


def _number_front(
    axes: Axes, places: Float[Array, "n 2"], shown: Sequence[int], ideal: Float[Array, " 2"] | None
) -> None:
    """Put a number beside each shown point, towards the ideal outcome, where a front of two objectives has no points.

    Args:
        axes: the axes, with settled layout.
        places: the points of the front.
        shown: the indices of the points to number.
        ideal: the direction in which each objective improves, 1 or -1; None to try all sides of a point.
    """
    angles = np.deg2rad((45, 15, 75) if ideal is not None else np.arange(45, 405, 30))
    ways = np.column_stack([np.cos(angles), np.sin(angles)]) * (ideal if ideal is not None else 1)
    frame = None if ideal is not None else axes.bbox.get_points() * 72 / axes.figure.dpi
    on_page = axes.transData.transform(places) * 72 / axes.figure.dpi
    for i, offset in zip(shown, _offsets(on_page, shown, ways, frame), strict=True):
        number = axes.annotate(
            f"{i + 1}",
            tuple(places[i]),
            tuple(offset),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            zorder=3.5,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GREY, "shrinkB": 0},
        )
        number.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _offsets(
    points: Float[Array, "n 2"], shown: Sequence[int], ways: Float[Array, "m 2"], frame: Float[Array, "2 2"] | None
) -> Iterator[Float[Array, " 2"]]:
    """Yield the offset of each number from its point: clear of the front and other numbers, within the frame.

    Args:
        points: the front on the page, in points (1/72 inch).
        shown: the indices of the points to number.
        ways: the directions to try, the best first.
        frame: two opposite corners of the frame; None for no frame.
    """
    taken = list(points)
    # A digit of size 8 is 5 points wide; a marker needs no more room than a number.
    room = np.array((5 * len(str(len(points))) + 1, 9))
    candidates = [radius * way for radius in range(13, 100, 7) for way in ways]
    low, high = (np.full(2, -np.inf), np.full(2, np.inf)) if frame is None else (frame[0] + room / 2, frame[1])
    for i in shown:
        inside = (o for o in candidates if (points[i] + o >= low).all() and (points[i] + o <= high).all())
        clear = (o for o in inside if all((np.abs(points[i] + o - t) >= room).any() for t in taken))
        offset = next(clear, candidates[0])
        taken.append(points[i] + offset)
        yield offset


def write_front_plots(folder: Path, tasks: Iterable[Task]) -> list[Path]:
    """Write `<name>.png` and `<name>.html`, which works offline, for every task with a candidate.

    Args:
        folder: the folder to write to, created if missing.
        tasks: the tasks of a study.

    Returns:
        The files, in the order of the tasks.

    Raises:
        StudyError: one cannot be written; it is as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for task in tasks:
        if task.candidates.empty:
            continue
        png, html = drawings_of(folder, task.name)
        drawn = BytesIO()
        plot_front(task).savefig(drawn, format="png")
        replace_file(png, drawn.getvalue())
        replace_file(html, front_page(plot_front_interactive(task), task.title))
        written += [png, html]
    return written
