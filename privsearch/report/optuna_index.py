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

from privsearch.analysis.frames import CONDITIONAL_AXES, axis_values, records
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.spec import AXES
from privsearch.spec.columns import DECIMALS
from privsearch.spec.constraints import Constraints
from privsearch.sweep.search.samplers import quiet_optuna


def index_results(path: Path, found: Iterable[Task]) -> None:
    """Write the results as an Optuna journal, one study a task, in place of the file that is there.

    A configuration is a trial: COMPLETE with the objectives as values, or else FAIL, a dead one among these. Its
    parameters are the axes that vary within the study and have an effect on it; an axis that is constant is an
    attribute of the study, every other column one of the trial. By how much it violates a constraint stands in it as
    Optuna has it, so that `study.best_trials` is the front. The new journal replaces the old one in a single step, once
    it is whole.

    Args:
        path: the journal; Optuna opens it with `JournalStorage(JournalFileBackend(path))`.
        found: what was found, sorted into what can be compared; a task's name is its study's.
    """
    with quiet_optuna(), TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        # A journal, not SQLite: 0.5 s for 868 trials against 13 s, as every row costs Optuna several queries there.
        journal = Path(folder) / path.name
        storage = JournalStorage(JournalFileBackend(str(journal)))
        for task in found:
            directions = list(task.objectives.values())
            study = optuna.create_study(storage=storage, study_name=task.name, directions=directions)
            study.set_metric_names(list(task.objectives))
            _fill(study, task)
        journal.replace(path)


def indexed_trials(path: Path) -> set[str]:
    """The ids of the trials that an index holds.

    Raises:
        StudyError: it is missing, or not whole.
    """
    try:
        # As text, because Optuna's reader must be able to write to the file.
        with path.open("rb") as lines:
            trials = [log["user_attrs"] for line in lines if "user_attrs" in (log := json.loads(line))]
        return {str(trial["trial_id"]) for trial in trials}
    except (OSError, ValueError, LookupError, TypeError):
        raise StudyError(
            f"{path}: must be an index that `privsearch front` has written, but is missing or damaged"
        ) from None


def _fill(study: optuna.Study, task: Task) -> None:
    distributions = {}
    for axis, values in axis_values(task.rows).items():
        if len(values) > 1:
            distributions[axis] = _distribution(values)
        elif values:
            study.set_user_attr(axis, values[0])
    study.add_trials(_trial(row, distributions, task) for row in records(task.rows))


def _distribution(values: list[Any]) -> BaseDistribution:
    """Numbers stay numbers, so that plots and importances see their order; names and nulls make a category."""
    if all(isinstance(value, int) for value in values):
        return IntDistribution(values[0], values[-1])
    if all(isinstance(value, float) for value in values):
        return FloatDistribution(values[0], values[-1])
    return CategoricalDistribution(values)


def _trial(row: dict[str, Any], distributions: Mapping[str, BaseDistribution], task: Task) -> FrozenTrial:
    values = [row.get(column) for column in task.objectives]
    complete = row["status"] == "completed" and None not in values and not row["dead_networks"]
    params = {axis: row[axis] for axis in distributions if row[axis] is not None or axis not in CONDITIONAL_AXES}
    known = {"dataset", *AXES, *task.objectives}
    violations = _violations(row, task.constraints) if complete else {}
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.FAIL,
        values=[round(float(value), DECIMALS) for value in values if value is not None] if complete else None,
        params=params,
        distributions={axis: distributions[axis] for axis in params},
        user_attrs={column: value for column, value in row.items() if value is not None and column not in known},
        constraints=violations,
        # As Optuna had it before 5.0, which is what optuna-dashboard reads.
        system_attrs={"constraints": [*violations.values()]} if violations else None,
    )


def _violations(row: Mapping[str, Any], constraints: Constraints) -> dict[str, float]:
    """By how much a configuration violates each constraint, 0 or less where it holds; of a missing number, very."""
    lacking = {column: constraint.violation(_number(row.get(column))) for column, constraint in constraints.items()}
    # Infinity is no JSON, which the dashboard sends to the browser.
    return {column: min(violation, sys.float_info.max) for column, violation in lacking.items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
