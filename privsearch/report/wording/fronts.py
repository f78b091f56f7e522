"""A Pareto front in words, alike in the terminal, in figures and on the page."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from privsearch.analysis.columns import numbers
from privsearch.analysis.frames import axis_values, records, varying_axes
from privsearch.analysis.labels import (
    TPRS,
    configuration,
    measured,
    plain,
    quantity,
    reason_missing,
)
from privsearch.analysis.pareto import reference_point
from privsearch.analysis.tasks import Task
from privsearch.spec.columns import Column


def counts(frame: pd.DataFrame) -> str:
    """Return the number of a task's configurations, failed ones included, and of targets in each."""
    failed = int((frame["status"] == "failed").sum())
    targets = int(frame["replicates"].iloc[0])
    parts = [
        f"{len(frame)} configuration{'s' if len(frame) > 1 else ''}",
        f"{failed} of them failed" if failed else "",
        f"{targets} target{'s' if targets > 1 else ''} each",
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
        words.append(f"{configuration(row, varying_axes(task.rows))}{', with ' if present else ''}{numbers}")
    return "".join(words)


def missing_words(task: Task) -> Iterator[str]:
    """Yield how many trials are dead or lack a number for an objective, with the reason if it is known."""
    completed = task.rows[task.rows["status"] == "completed"]
    is_dead = completed["dead_networks"].fillna(0) > 0
    if is_dead.any():
        yield (
            f"{is_dead.sum()} of {len(completed)} completed configurations have a dead network, which gives all "
            "examples the same outputs, and so cannot be on the front."
        )
    for column in task.objectives:
        lacking = completed[np.isnan(numbers(completed, column)) & ~is_dead]
        if len(lacking):
            parsed = Column.parse(column)
            sizes = numbers(lacking, parsed.num_non_members)
            has_reason = parsed.number in TPRS and not np.isnan(sizes).any()
            reason = f": it {reason_missing(parsed.number, int(sizes.min()))}" if has_reason else ""
            yield (
                f"{len(lacking)} of {len(completed)} completed configurations have no {quantity(column)}, and so "
                f"cannot be on the front{reason}."
            )


def hypervolume_words(task: Task) -> str:
    """Return the hypervolume with its reference point, and its interval if that is known."""
    objectives, estimate = task.objectives, task.uncertainty.hypervolume
    point = zip(objectives, reference_point(task.rows, objectives), strict=True)
    worst = ", ".join(f"{column} {value:g}" for column, value in point)
    text = f"Hypervolume {task.hypervolume:.4f} against the reference point ({worst})"
    if not estimate or not estimate.value:
        return f"{text}."
    return f"{text}; 95 %, less the luck of the best: {estimate.low:.4f} to {estimate.high:.4f}."


def shared_axes(frame: pd.DataFrame) -> str:
    """Return the axes that have the same value wherever they have an effect, such as `epochs 20, batch_size 32`."""
    shared = {axis: values[0] for axis, values in axis_values(frame).items() if len(values) == 1}
    return ", ".join(f"{axis} {plain(value)}" for axis, value in shared.items() if value is not None)
