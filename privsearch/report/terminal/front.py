"""The Pareto fronts of tasks as tables for the terminal, and one key for all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.table import Column as TableColumn
from rich.table import Table

from privsearch.analysis.frames import SEPARATOR, records
from privsearch.analysis.labels import (
    NOTATION,
    POSSIBLE,
    TAKEN,
    TAKEN_MEANING,
    configuration,
    guess_mark,
    guessing_excess_words,
    guessing_words,
    interval,
    matched_and_placebo,
    measured,
    quantity,
    turned_words,
    written,
)
from privsearch.analysis.lookup import SHOWN_ID
from privsearch.analysis.promises import has_promise
from privsearch.analysis.selection import taken
from privsearch.analysis.tasks import Task
from privsearch.report.wording.audit import EXCESS_MEANING
from privsearch.report.wording.energy import energy_key, equal_bits_words
from privsearch.report.wording.formats import console_table, narrowed
from privsearch.report.wording.fronts import (
    asked_words,
    counts,
    hypervolume_words,
    missing_words,
    nearest_words,
    shared_axes,
)
from privsearch.report.wording.learning import learnt_less_words
from privsearch.report.wording.promises import promise_cells, promise_words
from privsearch.spec.columns import Column
from privsearch.study.environment import mixture

_MOST_CONTENDERS: Final = 10


def front_table(task: Task, width: int = 80) -> Table:
    """Return a table of a task's front, the best in the first objective first.

    Configurations that may also be on the front follow, and what `privsearch pick` takes if it is neither; the caption
    tells of the rest. A configuration has the probability that it is on the front, if that is known. What the columns
    and marks mean is in `front_key`.

    Args:
        task: the task.
        width: the characters of a line; where the table would not fit, intervals go below their numbers.
    """
    front, others, num_possible = _shown(task)
    sure = task.uncertainty.hypervolume is not None
    headers = ["trial", *["prob"] * sure, *(header for column in task.objectives for header in _headers(task, column))]
    is_private = has_promise(task.candidates)
    headers += ["epsilon promised", "epsilon measured"] if is_private else []
    varying = task.varying
    parts = [
        [
            [
                configuration(row, varying) + (f" {TAKEN}" if row["trial_id"] == taken(task) else ""),
                row["trial_id"][:SHOWN_ID],
                *([f"{row['front_probability']:.2f}"] if sure else []),
                *(cell for column in task.objectives for cell in _cells(task, row, column)),
                *(promise_cells(row) if is_private else ()),
            ]
            for row in rows
        ]
        for rows in (front, others)
    ]
    table = console_table(
        TableColumn("configuration", overflow="fold"),
        # On two lines, as one would not fit into 80 characters.
        *(TableColumn(header.replace(" ", "\n", 1), no_wrap=True) for header in headers),
        title=f"{task.title}: Pareto front",
        caption=_caption(task, front, others, num_possible),
        gap=1,
    )
    shown = narrowed(["configuration", *headers], [row for rows in parts for row in rows], width)
    for number, row in enumerate(shown):
        table.add_row(*row, style="dim" if number >= len(front) else None, end_section=number == len(front) - 1)
    return table


def front_key(tasks: Iterable[Task]) -> list[str]:
    """Return what the columns and marks of the fronts of some tasks mean, each thing once; nothing without a row."""
    known = list(tasks)
    shown = [(task, row) for task in known for rows in _shown(task)[:2] for row in rows]
    if not shown:
        return []
    lines = [f"{TAKEN} {TAKEN_MEANING}."] if any(row["trial_id"] == taken(task) for task, row in shown) else []
    lines.append("±: standard deviation over the targets. In brackets: 95 % interval of the mean.")
    if any(task.uncertainty.hypervolume for task in known):
        lines.append(
            "prob: the probability of being on the front, by a bootstrap over the targets; rough where they are few."
        )
    aucs = [(row, Column.parse(column)) for task, row in shown for column in task.objectives]
    ends = [(row[str(auc.low)], row[str(auc.high)]) for row, auc in aucs if auc.is_auc]
    lines += [*guessing_words(ends), *turned_words(high for _, high in ends)]
    excesses = [(row, _excess(task, column)) for task, row in shown for column in task.objectives]
    lines += guessing_excess_words(
        (row.get(str(excess.low)), row.get(str(excess.high))) for row, excess in excesses if excess
    )
    if any(_excess(task, column) for task in known for column in task.objectives):
        lines.append(EXCESS_MEANING)
    promises = dict.fromkeys(words for task in known for words in promise_words(task.candidates))
    return [*lines, *promises, *energy_key(known), NOTATION, *_constant_axes(known)]


def _constant_axes(known: Sequence[Task]) -> Iterator[str]:
    """Yield the axes with one value, once for all tasks in which they are the same."""
    by_axes: dict[str, list[str]] = {}
    for task in known:
        by_axes.setdefault(shared_axes(task), []).append(task.name)
    for shared, names in by_axes.items():
        if shared:
            where = "" if len(by_axes) == 1 else f" of {', '.join(names)}"
            yield f"Constant axes{where}: {shared}."


def _shown(task: Task) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Return the rows of the front, those of the likeliest others and of what is taken, and how many may be on it."""
    candidates = task.candidates
    front = records(candidates[candidates["on_front"]])
    possible = candidates[~candidates["on_front"] & (candidates["front_probability"] >= POSSIBLE)]
    likeliest = possible["front_probability"].nlargest(_MOST_CONTENDERS).index
    others = candidates.index.isin(likeliest) | (~candidates["on_front"] & (candidates["trial_id"] == taken(task)))
    return front, records(candidates[others]), len(possible)


def _excess(task: Task, column: str) -> Column | None:
    """Return the excess that belongs to an objective: that of an AUC, or itself; None without one."""
    parsed = Column.parse(column)
    if parsed.is_auc and str(parsed.excess) in task.candidates:
        return parsed.excess
    return parsed if parsed.number == "excess_auc" else None


def _headers(task: Task, column: str) -> list[str]:
    excess = _excess(task, column)
    if excess is None:
        return [quantity(column)]
    if str(excess) == column:
        # The first two give the third.
        return ["matched AUC", "placebo AUC", quantity(column)]
    return [quantity(column), "excess AUC"]


def _cells(task: Task, row: Mapping[str, Any], column: str) -> list[str]:
    parsed, excess = Column.parse(column), _excess(task, column)
    if str(excess) == column:
        auc = Column(parsed.attack, "auc")
        matched, placebo = matched_and_placebo(row[str(auc.placebo)], row[column])
        shown = {**row, str(auc.matched): matched, str(auc.placebo): placebo}
        return [measured(shown, str(auc.matched)), measured(shown, str(auc.placebo)), _marked(row, column)]
    if not parsed.is_auc:
        return [measured(row, column)]
    return [_marked(row, column), *([] if excess is None else [_marked(row, str(excess))])]


def _marked(row: Mapping[str, Any], column: str) -> str:
    """Write an AUC or an excess with its mark and its interval, `~+0.020 [-.010, .050]`; else with its spread."""
    bounds = interval(row, column)
    number = f"{written(column, row[column])} {bounds}" if bounds else measured(row, column)
    return f"{guess_mark(row, column) or ' '}{number}"


def _caption(task: Task, front: list[dict[str, Any]], others: list[dict[str, Any]], num_possible: int) -> str:
    return "\n".join(_own_lines(task, front, others, num_possible))


def _own_lines(
    task: Task, front: list[dict[str, Any]], others: list[dict[str, Any]], num_possible: int
) -> Iterator[str]:
    """Yield what is to be said of this front alone."""
    yield f"{len(front)} on the front of {counts(task.rows)}."
    yield from missing_words(task)
    yield from learnt_less_words(task.rows, task.varying)
    yield from _constraints(task)
    yield from _below(others, num_possible)
    yield hypervolume_words(task)
    yield from equal_bits_words(task)
    origins = task.rows["environment"].dropna()
    if mixed := mixture(environment for origin in origins for environment in origin.split(SEPARATOR)):
        yield f"Computed in different environments: {mixed}."


def _below(others: Sequence[Mapping[str, Any]], num_possible: int) -> Iterator[str]:
    """Yield why each row below the front is there."""
    shown = min(num_possible, _MOST_CONTENDERS)
    if num_possible:
        which = "all of them" if shown == num_possible else f"the {shown} likeliest of {num_possible}"
        yield f"Below the front: not on it, but with a prob of at least {POSSIBLE:g}; {which}."
    if len(others) > shown:
        yield f"Below the front, marked {TAKEN}: {TAKEN_MEANING}."


def _constraints(task: Task) -> list[str]:
    """Return the constraints, how many configurations satisfy them, and the nearest one if none does."""
    if not task.constraints:
        return []
    nearest = nearest_words(task)
    sentences = [f"A{words.removeprefix('a')}." for words in asked_words(task)]
    return [*sentences, *([f"The nearest to it: {nearest}."] if nearest else [])]
