"""A Pareto front among all configurations, as a figure for a paper and as an interactive page."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from jaxtyping import Float, Int
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy import ndarray as Array

from privsearch.frame import records, varying_axes
from privsearch.front import Contest
from privsearch.report.front_table import counts
from privsearch.report.labels import LIKELY, POSSIBLE, configuration, interval, measured, model_name, quantity
from privsearch.report.style import (
    BAND,
    GREY,
    MODEL_COLOURS,
    MODEL_MARKERS,
    MODEL_SYMBOLS,
    PAGE_WIDTH,
    axis_title,
    draw_noise_floor,
    excess_of,
    legend_below,
    new_figure,
    noise_floor_of,
    placebo_of,
    spreads,
)
from privsearch.spec.sweep import Objectives

_TIERS: Final = (
    *(f"on the front with probability ≥ {LIKELY:g}", f"with probability ≥ {POSSIBLE:g}"),
    f"with probability < {POSSIBLE:g}",
)
_TIERS_OF_ONE_TARGET: Final = ("on the front", "not on the front")
"""What it says that a point is filled, hollow or faint."""
_BAR_ALPHAS: Final = (0.8, 0.35, 0.15)
_MOST_LINES: Final = 20
"""As many lines as fit beside the plot; a longer front has only some of its points named."""


def plot_front(contest: Contest) -> Figure:
    """All configurations of a contest with a number for both objectives, of which there is at least one.

    Those likely to be on the front are filled, those that may be are hollow, all others faint; of one target nothing
    is known, and the front is filled, the rest hollow. The front of the means is numbered and named. Its line bounds
    the outcomes that some configuration reaches or beats. Error bars are standard deviations over the targets. The
    band around an AUC of 0.5 is the noise floor.
    """
    x, y = contest.objectives
    figure = new_figure(PAGE_WIDTH, 4.2)
    axes = figure.add_subplot()
    axes.set_title(_title(contest), loc="left", fontsize=9)
    axes.set_xlabel(axis_title(x), fontsize=9)
    axes.set_ylabel(axis_title(y), fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1)
    key: dict[str, Artist] = {}
    for column, floor in _noise_floors(contest):
        band = draw_noise_floor(axes, floor, along="x" if column == x else "y")
        key[f"noise floor of guessing: 0.5 ± {floor:.3f}"] = band
    line = _front(contest).sort_values(x)
    step = "steps-pre" if contest.objectives[x] == "maximize" else "steps-post"
    (key["Pareto front of the means"],) = axes.plot(line[x], line[y], color=GREY, lw=1, drawstyle=step, zorder=2.5)
    key |= {
        model_name(m): _handle(MODEL_COLOURS[m], MODEL_MARKERS[m], 0)
        for m in sorted(contest.candidates["model"].unique())
    }
    for model, tier, rows in _parts(contest):
        _draw_points(axes, rows, contest.objectives, model, tier)
        key[_said(contest, tier)] = _handle(GREY, "s", tier)
    _name_front(figure, axes, contest)
    legend_below(figure, key, handle_length=2)
    return figure


def _front(contest: Contest) -> pd.DataFrame:
    return contest.candidates[contest.candidates["on_front"]]


def _parts(contest: Contest) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """The candidates of each tier and model."""
    tiers = _tiers(contest.candidates)
    for tier in np.unique(tiers).tolist():
        for model, rows in contest.candidates[tiers == tier].groupby("model"):
            yield str(model), tier, rows


def _tiers(rows: pd.DataFrame) -> Int[Array, " n"]:
    """0 for what is likely to be on the front, 1 for what may be, 2 for what hardly is; of one target, 0 or 1."""
    probability = rows["front_probability"]
    known = np.select([probability >= LIKELY, probability >= POSSIBLE], [0, 1], 2)
    return np.where(probability.isna(), ~rows["on_front"], known)


def _said(contest: Contest, tier: int) -> str:
    return (_TIERS if contest.uncertainty.hypervolume else _TIERS_OF_ONE_TARGET)[tier]


def _mark(colour: str, shape: str, tier: int) -> dict[str, Any]:
    """Filled with a dark edge, hollow, or faint."""
    style = (
        {"mfc": colour, "mec": "black", "mew": 0.8, "ms": 7, "zorder": 4},
        {"mfc": "white", "mec": colour, "mew": 1.0, "ms": 6, "zorder": 3.8},
        {"mfc": colour, "mec": "none", "ms": 5, "alpha": 0.35, "zorder": 2},
    )[tier]
    return {"marker": shape, "ls": "none", **style}


def _handle(colour: str, shape: str, tier: int) -> Line2D:
    return Line2D([], [], **_mark(colour, shape, tier))


def _draw_points(axes: Axes, rows: pd.DataFrame, objectives: Objectives, model: str, tier: int) -> None:
    x, y = objectives
    axes.errorbar(
        rows[x],
        rows[y],
        yerr=spreads(rows, y),
        xerr=spreads(rows, x),
        fmt="none",
        ecolor=MODEL_COLOURS[model],
        elinewidth=0.8,
        alpha=_BAR_ALPHAS[tier],
    )
    axes.plot(rows[x], rows[y], **_mark(MODEL_COLOURS[model], MODEL_MARKERS[model], tier))


def _name_front(figure: Figure, axes: Axes, contest: Contest) -> None:
    """Number the points of the front, from the best in the first objective, and say beside the plot what they are."""
    front, tiers = records(_front(contest)), _tiers(_front(contest))
    words = [fill(f"{i}  {name}", 40) for i, name in enumerate(_names(contest, front), 1)]
    room = _MOST_LINES // max((text.count("\n") + 1 for text in words), default=1)
    shown = sorted({round(i) for i in np.linspace(0, len(front) - 1, min(len(front), room))})
    marks = [_mark(MODEL_COLOURS[front[i]["model"]], MODEL_MARKERS[front[i]["model"]], tiers[i]) for i in shown]
    names = [Line2D([], [], label=words[i], **mark) for i, mark in zip(shown, marks, strict=True)]
    title = "on the front" if len(shown) == len(front) else f"{len(shown)} of the {len(front)} on the front"
    title += " (probability)" if contest.uncertainty.hypervolume else ""
    style = {"fontsize": 7, "title_fontsize": 8, "alignment": "left", "frameon": False, "handletextpad": 0.2}
    figure.legend(handles=names, loc="outside right upper", title=title, **style)
    # The layout has to be settled before the numbers are placed, as they keep clear of each other on the page.
    figure.draw_without_rendering()
    places = np.array([[row[column] for column in contest.objectives] for row in front]).reshape(-1, 2)
    on_page = axes.transData.transform(places) * 72 / figure.dpi
    ideal = np.array([1 if direction == "maximize" else -1 for direction in contest.objectives.values()])
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


def _names(contest: Contest, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Configurations in words, each with the probability that it is on the front, where that is known."""
    varying = varying_axes(contest.rows)
    for row in rows:
        p = row["front_probability"]
        yield configuration(row, varying) + ("" if p is None else f" ({p:.2f})")


def plot_front_interactive(contest: Contest) -> go.Figure:
    """The same as `plot_front` for a browser: hovering over a point tells its configuration and its numbers."""
    x, y = contest.objectives
    line = _front(contest).sort_values(x)
    style = {"color": GREY, "width": 1.5, "shape": "vh" if contest.objectives[x] == "maximize" else "hv"}
    name = "Pareto front of the means"
    figure = go.Figure(go.Scatter(x=line[x], y=line[y], mode="lines", name=name, line=style, hoverinfo="skip"))
    # The likeliest last, so that they stand on top.
    figure.add_traces([_trace(contest, *part) for part in reversed([*_parts(contest)])])
    for column, floor in _noise_floors(contest):
        add = figure.add_vrect if column == x else figure.add_hrect
        add(0.5 - floor, 0.5 + floor, fillcolor=BAND, line_width=0, layer="below", annotation_text="noise floor")
    figure.update_layout(
        template="simple_white",
        title=escape(_title(contest)).replace("\n", "<br>"),
        xaxis_title=axis_title(x),
        yaxis_title=axis_title(y),
    )
    return figure


def _trace(contest: Contest, model: str, tier: int, rows: pd.DataFrame) -> go.Scatter:
    (x, y), colour, symbol = contest.objectives, MODEL_COLOURS[model], MODEL_SYMBOLS[model]
    bars = {"thickness": 1, "width": 0, "color": _rgba(colour, _BAR_ALPHAS[tier])}
    marker = (
        {"symbol": symbol, "size": 11, "color": colour, "line": {"width": 1, "color": "black"}},
        {"symbol": f"{symbol}-open", "size": 9, "color": colour, "line": {"width": 1.5}},
        {"symbol": symbol, "size": 7, "color": _rgba(colour, 0.35)},
    )[tier]
    return go.Scatter(
        x=rows[x],
        y=rows[y],
        error_x={"array": spreads(rows, x), **bars},
        error_y={"array": spreads(rows, y), **bars},
        mode="markers",
        name=f"{model_name(model)}, {_said(contest, tier)}",
        marker=marker,
        hovertext=[_hover(row, contest) for row in records(rows)],
        hoverinfo="text",
    )


def _rgba(colour: str, alpha: float) -> str:
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def _hover(row: Mapping[str, Any], contest: Contest) -> str:
    aucs = [c for c in contest.objectives if c.endswith(".auc")]
    columns = [*contest.objectives, *(of(c) for c in aucs for of in (placebo_of, excess_of) if of(c) in row)]
    numbers = [f"{quantity(column)} {measured(row, column)} {interval(row, column)}".rstrip() for column in columns]
    p = row["front_probability"]
    probability = [] if p is None else [f"on the front with probability {p:.2f}"]
    name = escape(configuration(row, varying_axes(contest.rows)))
    return "<br>".join([f"<b>{name}</b>", *probability, *numbers, f"trial {escape(row['trial_id'])}"])


def write_front_plots(folder: Path, found: Iterable[Contest]) -> list[Path]:
    """Write `<name>.png` and `<name>.html`, which needs no network, for every contest with a candidate.

    Args:
        folder: where to; made if it is not there.
        found: what was found, sorted into what can be compared.

    Returns:
        The files, in the order of the contests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for contest in found:
        if contest.candidates.empty:
            continue
        png, html = folder / f"{contest.name}.png", folder / f"{contest.name}.html"
        plot_front(contest).savefig(png)
        plot_front_interactive(contest).write_html(html, include_plotlyjs=True, div_id="front")
        written += [png, html]
    return written


def _noise_floors(contest: Contest) -> list[tuple[str, float]]:
    """The objectives that are AUCs, each with the widest noise floor of the contest's trials."""
    aucs = [column for column in contest.objectives if column.endswith(".auc")]
    return [(column, noise_floor_of(contest.rows, column)) for column in aucs]


def _title(contest: Contest) -> str:
    return f"{fill(contest.title, 60)}\n{counts(contest.rows)}; bars: ± sd"
