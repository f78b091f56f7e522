"""The Pareto front of a task as a table for the terminal."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from rich.table import Column as TableColumn
from rich.table import Table

from privsearch.analysis.frames import SEPARATOR, records, varying_axes
from privsearch.analysis.labels import (
    NOTATION,
    POSSIBLE,
    auc_mark,
    configuration,
    guessing_words,
    interval,
    measured,
    quantity,
    turned_words,
)
from privsearch.analysis.tasks import Task
from privsearch.report.wording.audit import EXCESS_MEANING
from privsearch.report.wording.formats import console_table
from privsearch.report.wording.fronts import (
    asked_words,
    counts,
    hypervolume_words,
    learnt_less_words,
    missing_words,
    nearest_words,
    shared_axes,
)
from privsearch.spec.columns import Column
from privsearch.study.environment import mixture

_MOST_CONTENDERS: Final = 10


def front_table(task: Task) -> Table:
    """Return a table of a task's front, the best in the first objective first.

    Configurations that may also be on the front follow, and the caption tells of the rest. A configuration has the
    probability that it is on the front, if that is known; an attack AUC has its placebo and its excess, if the protocol
    has a placebo. An AUC that guessing could give is marked.
    """
    candidates = task.candidates
    front = records(candidates[candidates["on_front"]])
    possible = candidates[~candidates["on_front"] & (candidates["front_probability"] >= POSSIBLE)]
    likeliest = possible["front_probability"].nlargest(_MOST_CONTENDERS).index
    contenders = records(possible[possible.index.isin(likeliest)])
    sure = task.uncertainty.hypervolume is not None
    headers = [header for column in task.objectives for header in _headers(column, candidates)]
    table = console_table(
        "configuration",
        # On two lines, as one would not fit into 80 characters.
        *(TableColumn(header.replace(" ", "\n", 1), no_wrap=True) for header in ["prob"] * sure + headers),
        title=f"{task.title}: Pareto front",
        caption=_caption(task, front, contenders, len(possible)),
        gap=1,
    )
    varying = varying_axes(task.rows)
    for style, rows in ((None, front), ("dim", contenders)):
        for row in rows:
            probability = [f"{row['front_probability']:.2f}"] if sure else []
            cells = (cell for column in task.objectives for cell in _cells(row, column))
            table.add_row(configuration(row, varying), *probability, *cells, style=style)
        table.add_section()
    return table


def _headers(column: str, candidates: pd.DataFrame) -> list[str]:
    parsed = Column.parse(column)
    has_placebo = parsed.is_auc and str(parsed.placebo) in candidates
    return [quantity(column), *(("placebo AUC", "excess AUC") if has_placebo else ())]


def _cells(row: Mapping[str, Any], column: str) -> list[str]:
    parsed = Column.parse(column)
    if not parsed.is_auc:
        return [measured(row, column)]
    mark = auc_mark(row[column], row[str(parsed.noise_floor)], row[str(parsed.high)]) or " "
    bounds = interval(row, column)
    auc = f"{mark}{row[column]:.3f} {bounds}" if bounds else f"{mark}{measured(row, column)}"
    if str(parsed.placebo) not in row:
        return [auc]
    return [auc, f"{row[str(parsed.placebo)]:.3f}", f"{row[str(parsed.excess)]:+.3f}"]


def _caption(task: Task, front: list[dict[str, Any]], contenders: list[dict[str, Any]], num_possible: int) -> str:
    spreads = " ±: sd over the targets. In brackets: 95 %." if front else ""
    lines = [f"{len(front)} on the front of {counts(task.rows)}.{spreads}", *missing_words(task)]
    lines += [*learnt_less_words(task.rows, varying_axes(task.rows)), *_constraints(task)]
    if task.uncertainty.hypervolume:
        lines.append("prob: of being on the front, by a bootstrap over the targets; rough where these are few.")
    if num_possible:
        which = "those" if len(contenders) == num_possible else f"the {len(contenders)} likeliest of {num_possible}"
        lines.append(f"Below the front: {which} off it with a prob of at least {POSSIBLE:g}.")
    lines.append(hypervolume_words(task))
    for auc in (column for column in map(Column.parse, task.objectives) if front and column.is_auc):
        lines.append(guessing_words(row[str(auc.noise_floor)] for row in front + contenders))
        lines += turned_words(row[str(auc.high)] for row in front + contenders)
        if str(auc.placebo) in task.rows:
            lines.append(EXCESS_MEANING)
    lines.append(NOTATION)
    origins = task.rows["environment"].dropna()
    if mixed := mixture(environment for origin in origins for environment in origin.split(SEPARATOR)):
        lines.append(f"Computed in different environments: {mixed}.")
    if shared := shared_axes(task.rows):
        lines.append(f"Constant axes: {shared}.")
    return "\n".join(lines)


def _constraints(task: Task) -> list[str]:
    """Return the constraints, how many configurations satisfy them, and the nearest one if none does."""
    if not task.constraints:
        return []
    nearest = nearest_words(task)
    sentences = [f"A{words.removeprefix('a')}." for words in asked_words(task)]
    return [*sentences, *([f"The nearest to it: {nearest}."] if nearest else [])]
