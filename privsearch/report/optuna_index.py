"""An index of the results for Optuna's own tools."""

import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from privsearch.analysis.axis_values import axis_values
from privsearch.analysis.frames import records
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.spec import AXES
from privsearch.spec.axes import CONDITIONAL_DEFAULTS
from privsearch.spec.columns import DECIMALS
from privsearch.spec.constraints import Constraints
from privsearch.spec.objectives import as_objective
from privsearch.sweep.search.samplers import optuna_value, quiet_optuna


def index_results(path: Path, tasks: Iterable[Task]) -> None:
    """Write the results as an Optuna journal, one Optuna study a task, and replace an existing journal.

    A configuration is a trial: COMPLETE with the objectives as values, or else FAIL, as are those with a
    network that is dead or has not learnt. The parameters
    of a trial are the axes that vary within the study and have an effect on the trial. A constant axis is an attribute
    of the study, and every other column an attribute of the trial; so is an attack's number that is an objective, of
    which the objective is what it leaks (`Column.as_leakage`). Violations of constraints are stored in Optuna's
    form, so that `study.best_trials` is the front. The new journal replaces the old one in a single step, once it is
    complete.

    Args:
        path: the journal; Optuna opens it with `JournalStorage(JournalFileBackend(path))`.
        tasks: the tasks of a study; the Optuna study of a task has the task's name.
    """
    with quiet_optuna(), TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        # A journal takes 0.5 s for 868 trials and SQLite 13 s, as Optuna needs several queries a row there.
        journal = Path(folder) / path.name
        storage = JournalStorage(JournalFileBackend(str(journal)))
        for task in tasks:
            directions = list(task.objectives.values())
            study = optuna.create_study(storage=storage, study_name=task.name, directions=directions)
            study.set_metric_names(list(task.objectives))
            _fill(study, task)
        journal.replace(path)


def indexed_trials(path: Path) -> set[str]:
    """Return the ids of the trials that an index holds.

    Raises:
        StudyError: the index is missing or incomplete.
    """
    try:
        # Parsed here, because Optuna's reader needs the right to write to the file.
        with path.open("rb") as lines:
            trials = [log["user_attrs"] for line in lines if "user_attrs" in (log := json.loads(line))]
        return {str(trial["trial_id"]) for trial in trials}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise StudyError(
            f"{path}: must be an index that `privsearch front` has written, but is missing or damaged"
        ) from None


def _fill(study: optuna.Study, task: Task) -> None:
    distributions = {}
    for axis, values in axis_values(task.rows).items():
        if len(values) > 1:
            distributions[axis] = _distribution(values)
        elif values:
            study.set_user_attr(axis, optuna_value(values[0]))
    study.add_trials(_trial(row, distributions, task) for row in records(task.rows))


def _distribution(values: list[Any]) -> BaseDistribution:
    """Return the distribution of an axis: numbers keep their order in plots; names or None make it categorical."""
    if all(isinstance(value, int) for value in values):
        return IntDistribution(values[0], values[-1])
    if all(isinstance(value, float) for value in values):
        return FloatDistribution(values[0], values[-1])
    return CategoricalDistribution([optuna_value(value) for value in values])


def _trial(row: dict[str, Any], distributions: Mapping[str, BaseDistribution], task: Task) -> FrozenTrial:
    values = [row.get(column) for column in task.objectives]
    complete = (
        row["status"] == "completed" and None not in values and not (row["dead_networks"] or row["networks_at_chance"])
    )
    params = {
        axis: optuna_value(row[axis])
        for axis in distributions
        if row[axis] is not None or axis not in CONDITIONAL_DEFAULTS
    }
    used = {"dataset", *AXES, *(c for c, way in task.objectives.items() if way == "maximize" or not complete)}
    violations = _violations(row, task.constraints) if complete else {}
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.FAIL,
        values=[round(value, DECIMALS) for value in _judged(row, task)] if complete else None,
        params=params,
        distributions={axis: distributions[axis] for axis in params},
        user_attrs={column: value for column, value in row.items() if value is not None and column not in used},
        constraints=violations,
        # The form before Optuna 5.0, which optuna-dashboard reads.
        system_attrs={"constraints": [*violations.values()]} if violations else None,
    )


def _judged(row: Mapping[str, Any], task: Task) -> list[float]:
    """Return a configuration's objectives: of what an attack finds, how much it leaks."""
    return [as_objective(column, direction, float(row[column])) for column, direction in task.objectives.items()]


def _violations(row: Mapping[str, Any], constraints: Constraints) -> dict[str, float]:
    """Return a configuration's violation of each constraint: 0 or less if it holds, huge if the number is missing."""
    judged = {column: constraint.judged(column, _number(row.get(column))) for column, constraint in constraints.items()}
    lacking = {column: constraint.violation(judged[column]) for column, constraint in constraints.items()}
    # Not infinity, as the dashboard sends JSON to the browser.
    return {column: min(violation, sys.float_info.max) for column, violation in lacking.items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
