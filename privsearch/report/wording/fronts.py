"""A Pareto front in words, alike in the terminal, in figures and on the page."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from privsearch.analysis.axis_values import axis_values
from privsearch.analysis.columns import numbers
from privsearch.analysis.frames import records
from privsearch.analysis.labels import (
    TPRS,
    configuration,
    measured,
    plain,
    quantity,
    reason_missing,
)
from privsearch.analysis.learning import learnt_rows, majority
from privsearch.analysis.pareto import reference_point
from privsearch.analysis.tasks import Task
from privsearch.report.wording.learning import dead_words, not_learnt_words
from privsearch.report.wording.race import race_words
from privsearch.spec import WORST
from privsearch.spec.axes import UNTOLD
from privsearch.spec.columns import Column


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
    yield from dead_words(completed)
    yield from not_learnt_words(completed, task.varying)
    for column in task.objectives:
        lacking = learnt_rows(completed[np.isnan(numbers(completed, column))])
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


def hypervolume_words(task: Task) -> str:
    """Return the hypervolume with its reference point, and its interval if that is known."""
    objectives, estimate = task.objectives, task.uncertainty.hypervolume
    point = zip(objectives, reference_point(task.rows, objectives, task.constraints), strict=True)
    worst = ", ".join(f"{column} {value:g}" for column, value in point)
    text = f"Hypervolume {task.hypervolume:.4f} against the reference point ({worst})"
    if not estimate or not estimate.value:
        return f"{text}."
    return f"{text}; 95 % interval, corrected for optimism: {estimate.low:.4f} to {estimate.high:.4f}."


def shared_axes(task: Task) -> str:
    """Return the axes that have the same value wherever they have an effect, such as `epochs 20, batch_size 32`.

    How membranes are quantised is left out where it is the default, as in names of configurations. A batch that takes
    all that a network is trained on is no number: whatever it is, each epoch is one step.
    """
    shared = {axis: values[0] for axis, values in axis_values(task.rows).items() if len(values) == 1}
    told = {axis: plain(value) for axis, value in shared.items() if value not in (None, UNTOLD.get(axis))}
    sizes = {majority(replicate)[1] for trial in task.completed for replicate in trial.replicates}
    known = {size for size in sizes if size is not None}
    if "batch_size" in told and known == sizes != set() and shared["batch_size"] >= max(known):
        told["batch_size"] = "all (one step an epoch)"
    return ", ".join(f"{axis} {value}" for axis, value in told.items())
