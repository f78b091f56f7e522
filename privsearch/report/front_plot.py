"""The Pareto front of a dataset among all its configurations, as a figure for a paper and as an interactive page."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy import ndarray as Array

from privsearch.front import comparable, pareto_front, records, varying_axes
from privsearch.report.front_table import counts
from privsearch.report.labels import configuration, measured, quantity
from privsearch.report.style import (
    BAND,
    GREY,
    PAGE_WIDTH,
    axis_title,
    draw_noise_floor,
    excess_of,
    new_figure,
    noise_floor_of,
    placebo_of,
    spreads,
)
from privsearch.spec import Direction

_COLOURS: Final = {"ann": "#0072B2", "snn": "#E69F00"}
"""Blue and orange of Okabe and Ito 2008: told apart with any colour vision, and as dark and light grey."""
_MARKERS: Final = {"ann": ("o", "circle"), "snn": ("^", "triangle-up")}
_MOST_LINES: Final = 20
"""As many lines as fit beside the plot; a longer front has only some of its points named."""


def plot_front(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> Figure:
    """All configurations of one dataset, the front among them connected and named.

    Error bars are standard deviations over the replicates. The line bounds the outcomes that some configuration
    reaches or beats. The band around an AUC of 0.5 is the noise floor.

    Args:
        frame: rows of the results table, all of one dataset, with at least one completed trial.
        objectives: two result columns, the first along x, and which way is better.

    Raises:
        ValueError: there are rows of several datasets.
    """
    x, y = objectives
    front = pareto_front(frame, objectives)
    figure = new_figure(PAGE_WIDTH, 4.2)
    axes = figure.add_subplot()
    axes.set_title(_title(frame), loc="left", fontsize=9)
    axes.set_xlabel(axis_title(x), fontsize=9)
    axes.set_ylabel(axis_title(y), fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1)
    key: list[Artist] = _draw_noise_floor(axes, frame, objectives)
    _draw_points(axes, comparable(frame, objectives).drop(front.index), objectives, on_front=False)
    _draw_points(axes, front, objectives, on_front=True)
    line = front.sort_values(x)
    step = "steps-pre" if objectives[x] == "maximize" else "steps-post"
    key += axes.plot(line[x], line[y], color=GREY, lw=1, drawstyle=step, label="Pareto front (filled)", zorder=2.5)
    key += [Line2D([], [], ls="none", label=m.upper(), **_filled(m)) for m in sorted(frame["model"].unique())]
    figure.legend(handles=key, loc="outside lower center", ncols=len(key), fontsize=8, frameon=False)
    _name_front(figure, axes, frame, objectives)
    return figure


def _filled(model: str) -> dict[str, Any]:
    return {"marker": _MARKERS[model][0], "mfc": _COLOURS[model], "mec": "black", "mew": 0.8, "ms": 7}


def _draw_points(axes: Axes, rows: pd.DataFrame, objectives: Mapping[str, Direction], *, on_front: bool) -> None:
    """Filled with a dark edge on the front, hollow and with paler error bars off it."""
    x, y = objectives
    for model, own in rows.groupby("model"):
        colour = _COLOURS[str(model)]
        style = _filled(str(model)) | ({"zorder": 4} if on_front else {"mfc": "white", "mec": colour, "ms": 5})
        axes.errorbar(
            own[x],
            own[y],
            yerr=spreads(own, y),
            xerr=spreads(own, x),
            fmt="none",
            ecolor=colour,
            elinewidth=0.8,
            alpha=0.8 if on_front else 0.3,
        )
        axes.plot(own[x], own[y], ls="none", **{"zorder": 3} | style)


def _draw_noise_floor(axes: Axes, frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> list[Artist]:
    key: list[Artist] = []
    for column, floor in _noise_floors(frame, objectives):
        band = draw_noise_floor(axes, floor, along="x" if column == next(iter(objectives)) else "y")
        band.set_label(f"noise floor of guessing: 0.5 ± {floor:.3f}")
        key.append(band)
    return key


def _name_front(figure: Figure, axes: Axes, frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> None:
    """Number the points of the front, from the best in the first objective, and say beside the plot what they are."""
    front = records(pareto_front(frame, objectives))
    varying = varying_axes(frame)
    words = [fill(f"{i}  {configuration(row, varying)}", 40) for i, row in enumerate(front, 1)]
    room = _MOST_LINES // max((text.count("\n") + 1 for text in words), default=1)
    shown = sorted({round(i) for i in np.linspace(0, len(front) - 1, min(len(front), room))})
    names = [Line2D([], [], ls="none", label=words[i], **_filled(front[i]["model"])) for i in shown]
    title = "on the front" if len(shown) == len(front) else f"{len(shown)} of the {len(front)} on the front"
    style = {"fontsize": 7, "title_fontsize": 8, "alignment": "left", "frameon": False, "handletextpad": 0.2}
    figure.legend(handles=names, loc="outside right upper", title=title, **style)
    # The layout has to be settled before the numbers are placed, as they keep clear of each other on the page.
    figure.draw_without_rendering()
    places = np.array([[row[column] for column in objectives] for row in front]).reshape(-1, 2)
    on_page = axes.transData.transform(places) * 72 / figure.dpi
    ideal = np.array([1 if direction == "maximize" else -1 for direction in objectives.values()])
    for i, offset in zip(shown, _offsets(on_page, shown, ideal), strict=True):
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


def _offsets(points: Float[Array, "n 2"], shown: list[int], ideal: Float[Array, " 2"]) -> Iterator[Float[Array, " 2"]]:
    """Where each number stands from its point: towards the ideal outcome, where no point can be, and clear of others.

    Args:
        points: the front on the page, in points (1/72 inch).
        shown: which of them get a number.
        ideal: the way that each objective gets better, 1 or -1.
    """
    taken = list(points)
    # A digit of 8 points is 5 wide; a marker needs no more room than a number.
    room = (5 * len(str(len(points))) + 1, 9)
    directions = [ideal * (np.cos(angle), np.sin(angle)) for angle in np.deg2rad((45, 15, 75))]
    candidates = [radius * direction for radius in range(13, 100, 7) for direction in directions]
    for i in shown:
        clear = (o for o in candidates if all((np.abs(points[i] + o - t) >= room).any() for t in taken))
        offset = next(clear, candidates[0])
        taken.append(points[i] + offset)
        yield offset


def plot_front_interactive(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> go.Figure:
    """The same as `plot_front` for a browser: hovering over a point tells its configuration and its numbers.

    Args:
        frame: rows of the results table, all of one dataset, with at least one completed trial.
        objectives: two result columns, the first along x, and which way is better.

    Raises:
        ValueError: there are rows of several datasets.
    """
    x, y = objectives
    front = pareto_front(frame, objectives)
    rest = comparable(frame, objectives).drop(front.index)
    line = front.sort_values(x)
    step = "vh" if objectives[x] == "maximize" else "hv"
    varying = varying_axes(frame)
    traces = [*_traces(rest, objectives, varying, on_front=False), *_traces(front, objectives, varying, on_front=True)]
    style = {"color": GREY, "width": 1.5, "shape": step}
    figure = go.Figure(
        [go.Scatter(x=line[x], y=line[y], mode="lines", name="Pareto front", line=style, hoverinfo="skip"), *traces]
    )
    for column, floor in _noise_floors(frame, objectives):
        add = figure.add_vrect if column == x else figure.add_hrect
        add(0.5 - floor, 0.5 + floor, fillcolor=BAND, line_width=0, layer="below", annotation_text="noise floor")
    figure.update_layout(
        template="simple_white",
        title=_title(frame).replace("\n", "<br>"),
        xaxis_title=axis_title(x),
        yaxis_title=axis_title(y),
    )
    return figure


def _traces(
    rows: pd.DataFrame, objectives: Mapping[str, Direction], varying: tuple[str, ...], *, on_front: bool
) -> Iterator[go.Scatter]:
    x, y = objectives
    for model, own in rows.groupby("model"):
        colour, (_, symbol) = _COLOURS[str(model)], _MARKERS[str(model)]
        yield go.Scatter(
            x=own[x],
            y=own[y],
            error_x={"array": spreads(own, x), "thickness": 1, "width": 0},
            error_y={"array": spreads(own, y), "thickness": 1, "width": 0},
            mode="markers",
            name=f"{str(model).upper()}{'' if on_front else ', not on the front'}",
            marker={
                "symbol": symbol if on_front else f"{symbol}-open",
                "color": colour,
                "size": 11 if on_front else 8,
                "line": {"width": 1, "color": "black" if on_front else colour},
            },
            hovertext=[_hover(row, objectives, varying) for row in records(own)],
            hoverinfo="text",
        )


def _hover(row: Mapping[str, Any], objectives: Mapping[str, Direction], varying: tuple[str, ...]) -> str:
    aucs = [c for c in objectives if c.endswith(".auc")]
    columns = [*objectives, *(of(c) for c in aucs for of in (placebo_of, excess_of))]
    numbers = [f"{quantity(column)} {measured(row, column)}" for column in columns]
    return "<br>".join([f"<b>{configuration(row, varying)}</b>", *numbers, f"trial {row['trial_id']}"])


def write_front_plots(folder: Path, frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> list[Path]:
    """Write `<dataset>.png` and `<dataset>.html`, which needs no network, for every dataset with a completed trial.

    Args:
        folder: where to; made if it is not there.
        frame: the results table, of any number of datasets.
        objectives: two result columns, the first along x, and which way is better.

    Returns:
        The files, in the order of the datasets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for dataset, rows in frame.groupby("dataset", sort=False):
        if comparable(rows, objectives).empty:
            continue
        png, html = folder / f"{dataset}.png", folder / f"{dataset}.html"
        plot_front(rows, objectives).savefig(png)
        plot_front_interactive(rows, objectives).write_html(html, include_plotlyjs=True, div_id="front")
        written += [png, html]
    return written


def _noise_floors(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> list[tuple[str, float]]:
    """The objectives that are AUCs, each with the widest noise floor of the dataset's trials."""
    return [(column, noise_floor_of(frame, column)) for column in objectives if column.endswith(".auc")]


def _title(frame: pd.DataFrame) -> str:
    return f"{fill(frame['dataset'].iloc[0], 60)}\n{counts(frame)}; bars: ± sd"
