"""The importances of axes and the growth of the hypervolume, as tables for the terminal."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.table import Column

from privsearch.analysis.explanation import Explanation, growth_words
from privsearch.analysis.frames import records
from privsearch.analysis.importances import FRONT, ordered_axes
from privsearch.analysis.tasks import Task
from privsearch.report.wording.formats import MISSING, console_table
from privsearch.report.wording.fronts import constraints_words
from privsearch.report.wording.importances import goal

CHANCE_MARK = "~"
"""The mark of an importance that an axis without any effect could have."""


def explanation_view(explanation: Explanation) -> Iterator[RenderableType]:
    """Yield the importances, the values on the front, and the growth of the hypervolume."""
    title = explanation.task.title
    yield _importances(explanation)
    if len(explanation.values):
        yield _value_table(title, explanation.values)
    yield f"{title}: {growth_words(explanation.history)}"


def explanation_summary(explanation: Explanation) -> Iterator[RenderableType]:
    """Yield the importances, or why there are none, and the growth of the hypervolume."""
    yield _importances(explanation)
    yield f"{explanation.task.title}: {growth_words(explanation.history)}"


def _importances(explanation: Explanation) -> RenderableType:
    if explanation.refused:
        return f"{explanation.task.title}: {explanation.refused}"
    return _importance_table(explanation.task, explanation.importances)


def _importance_table(task: Task, importances: pd.DataFrame) -> RenderableType:
    goals = importances["objective"].unique().tolist()
    by_cell = {(row["objective"], row["axis"]): row for row in records(importances)}
    lines = [
        "Shares of what all axes come to (PED-ANOVA). In brackets: 95 %, by a bootstrap over configurations.",
        f"{CHANCE_MARK} no more than an axis without any effect has in 95 % of cases. n: configurations it can affect.",
    ]
    if equal := [goal(objective) for objective in goals if _all_equal(importances, objective)]:
        lines.append(f"{MISSING} all configurations are equally good: {', '.join(equal)}.")
    if task.constraints:
        lines.append(f"For reaching the front, what violates {constraints_words(task)} comes last.")
    table = console_table(
        "axis",
        *(Column(goal(objective).replace(" ", "\n", 1), no_wrap=True) for objective in goals),
        Column("n", justify="right"),
        title=f"{task.title}: what decides",
        caption="\n".join(lines),
    )
    # Four objectives with their intervals do not fit into 80 characters.
    gap = " " if len(goals) < 4 else "\n"
    for axis in ordered_axes(importances):
        cells = [_cell(by_cell[objective, axis], gap) for objective in goals]
        table.add_row(axis, *cells, str(by_cell[FRONT, axis]["n"]))
    return table


def _all_equal(importances: pd.DataFrame, objective: str) -> bool:
    return bool(importances.loc[importances["objective"] == objective, "importance"].isna().all())


def _cell(row: dict[str, Any], gap: str) -> str:
    if row["importance"] is None:
        return MISSING
    low, high = (f"{row[end]:.2f}".removeprefix("0") for end in ("low", "high"))
    mark = CHANCE_MARK if row["importance"] <= row["chance"] else " "
    return f"{mark}{row['importance']:.2f}{gap}[{low}, {high}]"


def _value_table(title: str, values: pd.DataFrame) -> RenderableType:
    table = console_table(
        "axis",
        "value",
        *(Column(header, justify="right") for header in ("on the front", "share", "everywhere", "share")),
        title=f"{title}: values on the front",
        caption="Configurations with the value, and their share of those that the axis has an effect on.",
    )
    axis = ""
    for row in records(values):
        share = MISSING if row["front_share"] is None else f"{row['front_share']:.2f}"
        cells = [str(row["on_front"]), share, str(row["configurations"]), f"{row['share']:.2f}"]
        table.add_row("" if row["axis"] == axis else row["axis"], row["value"], *cells)
        axis = row["axis"]
    return table
