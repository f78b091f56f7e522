"""A Pareto front in words, alike in the terminal, in figures and on the page."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from privsearch.analysis.columns import numbers
from privsearch.analysis.frames import axis_values, records
from privsearch.analysis.labels import (
    TPRS,
    configuration,
    measured,
    plain,
    quantity,
    reason_missing,
)
from privsearch.analysis.learning import FAR_BELOW, far_below_full_precision, learnt_rows, not_learnt_rows
from privsearch.analysis.pareto import reference_point
from privsearch.analysis.tasks import Task
from privsearch.report.wording.race import race_words
from privsearch.spec import WORST
from privsearch.spec.axes import UNTOLD
from privsearch.spec.columns import Column

_GUESSING: Final = 0.5
_MOST_NAMED: Final = 6
"""The most configurations that a sentence names."""


def counts(frame: pd.DataFrame) -> str:
    """Return the number of a task's configurations, failed ones included, and of targets in each."""
    failed = int((frame["status"] == "failed").sum())
    few, most = int(frame["replicates"].min()), int(frame["replicates"].max())
    targets = f"{few} to {most} targets" if few < most else f"{most} target{'s' if most > 1 else ''}"
    parts = [
        f"{len(frame)} configuration{'s' if len(frame) > 1 else ''}",
        f"{failed} of them failed" if failed else "",
        f"{targets} each",
    ]
    return ", ".join(filter(None, parts))


def asked_words(task: Task) -> list[str]:
    """Return the constraints and how many configurations satisfy them; nothing if there are no constraints."""
    rows = task.candidates
    fit = int(rows["feasible"].sum())
    count = f"{fit} of {len(rows)} configurations with every objective {'satisfies' if fit == 1 else 'satisfy'} it"
    return [f"asked for: {constraints_words(task)}; {count}"] if task.constraints else []


def constraints_words(task: Task) -> str:
    """Return the constraints in words, such as `test accuracy >= 0.9`."""
    return ", ".join(f"{quantity(column)} {constraint}" for column, constraint in task.constraints.items())


def nearest_words(task: Task) -> str:
    """Return the configuration nearest to satisfying all constraints; nothing if one satisfies them."""
    words = []
    for row in records(task.nearest):
        present = [c for c in task.constraints if row.get(c) is not None]
        numbers = ", ".join(f"{quantity(column)} {measured(row, column)}" for column in present)
        words.append(f"{configuration(row, task.varying)}{', with ' if present else ''}{numbers}")
    return "".join(words)


def missing_words(task: Task) -> Iterator[str]:
    """Yield which trials are dead, have not learnt, are out of a race, or lack an objective's number, and why."""
    yield from race_words(task)
    completed = task.rows[task.rows["status"] == "completed"]
    is_dead = completed["dead_networks"].fillna(0) > 0
    if is_dead.any():
        yield (
            f"{is_dead.sum()} of {len(completed)} completed configurations {'has' if is_dead.sum() == 1 else 'have'} a "
            "dead network, which gives all examples the same outputs, and so cannot be on the front."
        )
    yield from not_learnt_words(completed, task.varying)
    for column in task.objectives:
        is_lacking = np.isnan(numbers(completed, column)) & ~is_dead
        lacking = learnt_rows(completed[is_lacking])
        if len(lacking):
            parsed = Column.parse(column)
            sizes = numbers(lacking, parsed.num_non_members)
            has_reason = parsed.number in TPRS and not np.isnan(sizes).any()
            reason = f": it {reason_missing(parsed.number, int(sizes.min()))}" if has_reason else ""
            unrun = dict.fromkeys(lacking["attacks_missing"].dropna()) if parsed.attack == WORST else ()
            if parsed.is_cost:
                reason = (
                    ": their operations were not counted, as in what an earlier privsearch recorded; run the sweep "
                    "into another --study"
                )
            if unrun:
                reason = f": not all attacks have been run on them (missing: {'; '.join(unrun)}); run the sweep again"
            yield (
                f"{len(lacking)} of {len(completed)} completed configurations have no {quantity(column)}, and so "
                f"cannot be on the front{reason}."
            )


def not_learnt_words(rows: pd.DataFrame, varying: Collection[str]) -> Iterator[str]:
    """Yield a sentence on the completed configurations with networks that have not learnt, if there are any.

    Args:
        rows: rows of the results table.
        varying: the axes to name.
    """
    idle = not_learnt_rows(rows)
    if len(idle):
        yield (
            f"{len(idle)} of {len(rows)} completed configurations {'has' if len(idle) == 1 else 'have'} not learnt: "
            "some network classifies its own training data no better than the most frequent class would, and what such "
            f"a network does not leak says nothing. In no audit and on no front: {_named(idle, varying)}."
        )


def not_learnt_count(task: Task) -> int:
    """Count the configurations of a task that have not learnt."""
    return len(not_learnt_rows(task.rows))


def learnt_less_words(rows: pd.DataFrame, varying: Collection[str]) -> Iterator[str]:
    """Yield a sentence on the configurations that have learnt far less than in full precision, if there are any.

    Args:
        rows: rows of the results table, those in full precision among them.
        varying: the axes to name.
    """
    told = far_below_full_precision(rows)
    if len(told):
        yield (
            f"Learnt far less than in full precision, by more than {FAR_BELOW:g} in training accuracy, so that less "
            f"leakage may be less learning: {_named(told, varying)}."
        )


def _named(rows: pd.DataFrame, varying: Collection[str]) -> str:
    shown = [f"{configuration(row, varying)} ({_learnt_words(row)})" for row in records(rows.head(_MOST_NAMED))]
    more = len(rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _learnt_words(row: Mapping[str, Any]) -> str:
    words = f"train accuracy {row['train_accuracy']:.3f}"
    if full := row.get("full_precision_train_accuracy"):
        return f"{words}, in full precision {full:.3f}"
    count = row["networks_at_chance"]
    found = [column.attack for column in map(Column.parse, row) if column.number == "auc_low" and column.attack]
    leaking = [attack for attack in found if (row[str(Column(attack, "auc_low"))] or 0) > _GUESSING]
    leak = f"; {', '.join(leaking)} find{'s' if len(leaking) == 1 else ''} a leak all the same" if leaking else ""
    return f"{count} network{'s' if count > 1 else ''}; mean {words}{leak}"


def hypervolume_words(task: Task) -> str:
    """Return the hypervolume with its reference point, and its interval if that is known."""
    objectives, estimate = task.objectives, task.uncertainty.hypervolume
    point = zip(objectives, reference_point(task.rows, objectives, task.constraints), strict=True)
    worst = ", ".join(f"{column} {value:g}" for column, value in point)
    text = f"Hypervolume {task.hypervolume:.4f} against the reference point ({worst})"
    if not estimate or not estimate.value:
        return f"{text}."
    return f"{text}; 95 % interval, corrected for optimism: {estimate.low:.4f} to {estimate.high:.4f}."


def shared_axes(frame: pd.DataFrame) -> str:
    """Return the axes that have the same value wherever they have an effect, such as `epochs 20, batch_size 32`.

    How membranes are quantised is left out where it is the default, as in names of configurations.
    """
    shared = {axis: values[0] for axis, values in axis_values(frame).items() if len(values) == 1}
    told = {axis: value for axis, value in shared.items() if value not in (None, UNTOLD.get(axis))}
    return ", ".join(f"{axis} {plain(value)}" for axis, value in told.items())
