"""A Pareto front among all configurations, as an interactive page."""

from collections.abc import Collection, Mapping
from html import escape
from itertools import combinations
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from matplotlib.colors import to_rgb
from plotly.subplots import make_subplots

from privsearch.analysis.columns import axis_title, bar_reach
from privsearch.analysis.frames import records
from privsearch.analysis.labels import (
    TAKEN_MEANING,
    configuration,
    guess_mark,
    interval,
    measured,
    model_name,
    quantity,
)
from privsearch.analysis.selection import taken
from privsearch.analysis.tasks import Task
from privsearch.report.figures.front_marks import (
    front_rows,
    front_title,
    marked_parts,
    taken_row,
    taken_words,
    tier_words,
)
from privsearch.report.figures.palette import MODEL_COLOURS, MODEL_SYMBOLS
from privsearch.spec.columns import Column

_LINE: Final = "#808080"
"""The grey of lines, which can be seen in the light and in the dark."""

_BAR_ALPHAS: Final = (0.8, 0.35, 0.15, 0.15)


def plot_front_interactive(task: Task) -> go.Figure:
    """Draw the figure of `privsearch.report.figures.front` for a browser; hovering over a point shows its numbers.

    Error bars are 95 % intervals of the means where the results have them, else standard deviations over the targets,
    and end where the column's range ends. A dotted line is what guessing gives, and a square is around what
    `privsearch pick` takes.
    """
    objectives = list(task.objectives)
    side = len(objectives) - 1
    figure = make_subplots(side, side) if side > 1 else go.Figure()
    for x, y in combinations(objectives, 2):
        place = {"row": objectives.index(y), "col": objectives.index(x) + 1} if side > 1 else {}
        if side == 1 and task.candidates["on_front"].any():
            figure.add_trace(_line(task, x, y))
        # The likeliest last, so that they are drawn on top.
        for part in reversed([*marked_parts(task)]):
            trace = _trace(task, (x, y), *part).update(showlegend=[x, y] == objectives[:2])
            figure.add_trace(trace, **place)
        if chosen := taken_row(task):
            figure.add_trace(_frame(task, chosen, x, y).update(showlegend=[x, y] == objectives[:2]), **place)
        for column, add in ((x, figure.add_vline), (y, figure.add_hline)):
            guess = Column.parse(column).guess
            if guess is not None:
                line = {"line_color": _LINE, "line_width": 1, "line_dash": "dot", "opacity": 1, "layer": "below"}
                add(guess, annotation_text="guessing", **line, **place)
        figure.update_xaxes(title=axis_title(x), **place)
        figure.update_yaxes(title=axis_title(y), **place)
    title = escape(front_title(task)).replace("\n", "<br>")
    figure.update_layout(
        template="simple_white",
        title={"text": title, "font_size": 15},
        margin_t=60 + 20 * title.count("<br>"),
        legend={"orientation": "h", "yanchor": "top", "y": -0.18},
    )
    return figure


def _line(task: Task, x: str, y: str) -> go.Scatter:
    line = front_rows(task).sort_values(x)
    style = {"color": _LINE, "width": 1.5, "shape": "vh" if task.objectives[x] == "maximize" else "hv"}
    name = "Pareto front of the means"
    return go.Scatter(x=line[x], y=line[y], mode="lines", name=name, line=style, hoverinfo="skip")


def _frame(task: Task, chosen: Mapping[str, Any], x: str, y: str) -> go.Scatter:
    """Return a square around the point of what is taken, which can be seen in the light and in the dark."""
    marker = {"symbol": "square-open", "size": 20, "color": _LINE, "line": {"width": 2}}
    name = escape(taken_words(task, chosen))
    return go.Scatter(x=[chosen[x]], y=[chosen[y]], mode="markers", name=name, marker=marker, hoverinfo="skip")


def _trace(task: Task, pair: tuple[str, str], model: str, tier: int, rows: pd.DataFrame) -> go.Scatter:
    (x, y), colour, symbol = pair, MODEL_COLOURS[model], MODEL_SYMBOLS[model]
    varying = task.varying
    style = {"thickness": 1, "width": 0, "color": _rgba(colour, _BAR_ALPHAS[tier])}
    marker = (
        {"symbol": symbol, "size": 11, "color": colour, "line": {"width": 1, "color": "black"}},
        {"symbol": f"{symbol}-open", "size": 9, "color": colour, "line": {"width": 1.5}},
        {"symbol": symbol, "size": 7, "color": _rgba(colour, 0.35)},
        {"symbol": "x-thin-open", "size": 7, "color": colour, "line": {"width": 1}},
    )[tier]
    return go.Scatter(
        x=rows[x],
        y=rows[y],
        error_x=_bars(rows, x) | style,
        error_y=_bars(rows, y) | style,
        mode="markers",
        name=f"{model_name(model)}, {tier_words(task, tier)}",
        marker=marker,
        hovertext=[_hover(row, task, varying) for row in records(rows)],
        hoverinfo="text",
        legendgroup=f"{model} {tier}",
    )


def _bars(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    down, up = bar_reach(rows, column)
    return {"symmetric": False, "array": up, "arrayminus": down}


def _rgba(colour: str, alpha: float) -> str:
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def _hover(row: Mapping[str, Any], task: Task, varying: Collection[str]) -> str:
    excesses = [column.excess for column in map(Column.parse, task.objectives) if column.is_auc]
    columns = [*task.objectives, *(str(column) for column in excesses if str(column) in row)]
    columns += [column for column in task.constraints if column not in columns and row.get(column) is not None]
    said = [
        f"{quantity(column)} {guess_mark(row, column)}{measured(row, column)} {interval(row, column)}".rstrip()
        for column in columns
    ]
    p = row["front_probability"]
    probability = [] if p is None else [f"on the front with probability {p:.2f}"]
    violates = [] if row["feasible"] else ["violates a constraint"]
    is_taken = [TAKEN_MEANING] if row["trial_id"] == taken(task) else []
    name = escape(configuration(row, varying))
    return "<br>".join(
        [f"<b>{name}</b>", *is_taken, *probability, *violates, *said, f"trial {escape(row['trial_id'])}"]
    )
