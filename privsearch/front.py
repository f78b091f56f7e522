"""The Pareto front of a dataset, its hypervolume, and an index of the results for Optuna's own tools."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import optuna
import pandas as pd

# Private, yet the only function of Optuna that returns this number: its public one draws a figure of it.
from optuna._hypervolume import compute_hypervolume
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from privsearch.spec import AXES, Direction
from privsearch.spec.trial import SNN_DEFAULTS

_CONDITIONAL: Final = ("threshold", *SNN_DEFAULTS)
"""The axes that have no effect on some configurations, and are null there. Elsewhere null is a value of its own."""


def comparable(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> pd.DataFrame:
    """The rows that a front can be drawn from: completed, with a number for every objective.

    Args:
        frame: rows of the results table, all of one dataset.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets, whose numbers say nothing about each other.
    """
    datasets = frame["dataset"].unique()
    if len(datasets) > 1:
        found = ", ".join(datasets)
        raise ValueError(f"a front is that of one dataset, but got rows of {found}; select the rows of one")
    # A column stands in the table only once some trial has a number for it.
    missing = {column: np.nan for column in objectives if column not in frame}
    return frame[frame["status"] == "completed"].assign(**missing).dropna(subset=list(objectives))


def pareto_front(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> pd.DataFrame:
    """The rows that no other row beats in every objective, the best in the first objective first.

    Rows with equal numbers do not beat each other: all of them are on the front, or none.

    Args:
        frame: rows of the results table, all of one dataset.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets.
    """
    rows = comparable(frame, objectives)
    with _quiet_optuna():
        study = optuna.create_study(directions=list(objectives.values()))
        study.add_trials(create_trial(values=values) for values in rows[list(objectives)].to_numpy(float).tolist())
        numbers = [trial.number for trial in study.best_trials]
    first, direction = next(iter(objectives.items()))
    return rows.iloc[numbers].sort_values(first, ascending=direction == "minimize", kind="stable")


def reference_point(objectives: Mapping[str, Direction]) -> tuple[float, ...]:
    """The worst value of each objective, all of them fractions: 0 where more is better, 1 where less is."""
    return tuple(0.0 if direction == "maximize" else 1.0 for direction in objectives.values())


def hypervolume(frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> float:
    """The share of all possible outcomes that some row beats or equals: 0 for no rows, 1 for a perfect one.

    Args:
        frame: rows of the results table, all of one dataset.
        objectives: result columns, all of them fractions, and which way is better.

    Raises:
        ValueError: there are rows of several datasets.

    Source: Zitzler and Thiele 1998, the size of the space covered, against `reference_point(objectives)`.
    """
    signs = np.array([-1.0 if direction == "maximize" else 1.0 for direction in objectives.values()])
    losses = comparable(frame, objectives)[list(objectives)].to_numpy(float) * signs
    return float(compute_hypervolume(losses, np.array(reference_point(objectives)) * signs))


def axis_values(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """The distinct values of every axis over the rows where it has an effect, in order, None first.

    None is a value of the bit widths (full precision) and of the sizes (the whole split); an axis without any effect
    has no values.
    """
    values = {}
    for axis in AXES:
        null = [None] if frame[axis].isna().any() and axis not in _CONDITIONAL else []
        values[axis] = null + sorted(frame[axis].dropna().unique().tolist())
    return values


def varying_axes(frame: pd.DataFrame) -> tuple[str, ...]:
    """The axes that tell the rows of one dataset apart: those with several values where they have an effect."""
    return tuple(axis for axis, values in axis_values(frame).items() if len(values) > 1)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as mappings from column to a value of plain Python, None where it is missing."""
    # As floats, a missing number would stay a NaN.
    plain = frame.astype(object)
    return [{str(c): v for c, v in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")]


def index_results(path: Path, frame: pd.DataFrame, objectives: Mapping[str, Direction]) -> None:
    """Write the results as an Optuna journal, one study a dataset, in place of the file that is there.

    A configuration is a trial: COMPLETE with the objectives as values, or else FAIL. Its parameters are the axes that
    vary within the study and have an effect on it; an axis that is constant is an attribute of the study, every other
    column one of the trial. The new journal replaces the old one in a single step, once it is whole.

    Args:
        path: the journal; Optuna opens it with `JournalStorage(JournalFileBackend(path))`.
        frame: the results table, of any number of datasets.
        objectives: result columns, and which way is better.
    """
    with _quiet_optuna(), TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        # A journal, not SQLite: 0.5 s for 868 trials against 13 s, as every row costs Optuna several queries there.
        journal = Path(folder) / path.name
        storage = JournalStorage(JournalFileBackend(str(journal)))
        for dataset, rows in frame.groupby("dataset", sort=False):
            study = optuna.create_study(storage=storage, study_name=str(dataset), directions=list(objectives.values()))
            study.set_metric_names(list(objectives))
            _fill(study, rows, objectives)
        journal.replace(path)


def _fill(study: optuna.Study, rows: pd.DataFrame, objectives: Mapping[str, Direction]) -> None:
    distributions = {}
    for axis, values in axis_values(rows).items():
        if len(values) > 1:
            distributions[axis] = _distribution(values)
        elif values:
            study.set_user_attr(axis, values[0])
    study.add_trials(_trial(row, distributions, objectives) for row in records(rows))


def _distribution(values: list[Any]) -> BaseDistribution:
    """Numbers stay numbers, so that plots and importances see their order; names and nulls make a category."""
    if all(isinstance(value, int) for value in values):
        return IntDistribution(values[0], values[-1])
    if all(isinstance(value, float) for value in values):
        return FloatDistribution(values[0], values[-1])
    return CategoricalDistribution(values)


def _trial(
    row: dict[str, Any], distributions: Mapping[str, BaseDistribution], objectives: Mapping[str, Direction]
) -> FrozenTrial:
    values = [row.get(column) for column in objectives]
    complete = row["status"] == "completed" and None not in values
    params = {axis: row[axis] for axis in distributions if row[axis] is not None or axis not in _CONDITIONAL}
    known = {"dataset", *AXES, *objectives}
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.FAIL,
        values=[float(value) for value in values if value is not None] if complete else None,
        params=params,
        distributions={axis: distributions[axis] for axis in params},
        user_attrs={column: value for column, value in row.items() if value is not None and column not in known},
    )


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Keep Optuna from telling of every study that it creates, and that metric names are experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
