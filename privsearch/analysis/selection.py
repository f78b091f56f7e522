"""The configuration to take: the most private one above an accuracy, or the knee of the front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch._util.html import html_table
from privsearch._util.interval import Interval
from privsearch._util.text import cut, remedy
from privsearch.analysis.differences import ACCURACY, differences_frame
from privsearch.analysis.frames import records
from privsearch.analysis.intervals import spread_interval
from privsearch.analysis.paired import ALPHA
from privsearch.analysis.pareto import losses
from privsearch.analysis.targets import BOUNDS
from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import SpecError, StudyError
from privsearch.spec.columns import DECIMALS, Column
from privsearch.spec.objectives import Objectives
from privsearch.study.content import StudyContent
from privsearch.study.result import Completed, TrialResult

Rule = Literal["bound", "knee", "single", "no_knee"]
"""The rule that chose a configuration: it is the most private above the accuracy; the knee; alone on the front; or the
most private on a front that has no knee."""

Row = Mapping[str, Any]
"""A row of the results table, as plain values."""

_NO_SPREAD: Final = 1e-12
"""Accuracies that differ by less are equal."""

_NO_BULGE: Final = 1e-9
"""A front that comes no nearer to the ideal than this, in scaled objectives, is a straight line."""


@dataclass(frozen=True)
class Cost:
    """The difference of the chosen configuration from the most accurate one in one quantity, paired by targets.

    Attributes:
        quantity: a column of the results table.
        difference: the chosen one's mean less the other's.
        low: the lower end of its 95 % interval; None where no spread is known.
        high: the upper end.
        verdict: in words, B being the chosen one.
    """

    quantity: str
    difference: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, eq=False)
class Selection:
    """The configuration to take of one task, and the numbers that the choice rests on.

    Attributes:
        task: of one dataset under one protocol.
        private: the column that is to be low (`private_column`).
        min_accuracy: the least test accuracy asked for, a fraction; None if the knee was.
        rule: what made the chosen configuration the one.
        chosen: its row; None where no configuration reaches the accuracy, or none can be compared.
        accuracy: its test accuracy with the 95 % interval over the targets; None if these show no spread: there is
            one of them, or all have the same accuracy, as they may on a small test split.
        distance: of the knee from the line between the front's ends (`knee_distances`); None without one.
        most_accurate: the row of the feasible configuration with the highest test accuracy; None if there is none.
        costs: its differences from the most accurate one, in accuracy and privacy; empty if it is that one.
        rivals: how many others were candidates: those above the accuracy, or the rest of the front.
        alike: those of them that do not differ significantly from the chosen one; None if the targets lack the numbers
            for it.
    """

    task: Task
    private: str
    min_accuracy: float | None
    rule: Rule
    chosen: Row | None
    accuracy: Interval | None = None
    distance: float | None = None
    most_accurate: Row | None = None
    costs: tuple[Cost, ...] = ()
    rivals: int = 0
    alike: tuple[Row, ...] | None = ()

    def __repr__(self) -> str:
        chosen = "nothing" if self.chosen is None else f"trial {self.chosen['trial_id']}"
        return f"Selection({self.task.title}: {chosen} by the rule {self.rule!r})"

    def _repr_html_(self) -> str:
        rows = {"chosen": self.chosen, "most accurate": self.most_accurate}
        columns = list(dict.fromkeys(("trial_id", "model", ACCURACY, *self.task.objectives)))
        shown = [{"": name} | {column: row[column] for column in columns} for name, row in rows.items() if row]
        return html_table(pd.DataFrame(shown, columns=["", *columns]), repr(self))

    @property
    def is_doubtful(self) -> bool:
        """Doubt about the accuracy: its interval reaches below the least accuracy asked for, or is not known."""
        if self.min_accuracy is None or self.chosen is None:
            return False
        return self.accuracy is None or self.accuracy.low < self.min_accuracy


def select(content: StudyContent, *, dataset: str | None = None, min_accuracy: float | None = None) -> list[Selection]:
    """Choose a configuration for every dataset and protocol of a study.

    Args:
        content: the content of the study.
        dataset: the name of one of its datasets, to leave the others out.
        min_accuracy: a fraction: take the most private configuration whose mean test accuracy is at least this; without
            it, the knee of the front.

    Raises:
        SpecError: `min_accuracy` is no fraction.
        StudyError: the study has no such dataset or no result yet, or nothing in it is to be low.
    """
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        hint = f"; {min_accuracy:g} % is {min_accuracy / 100:g}" if 1 < min_accuracy <= 100 else ""
        raise SpecError(f"--min-accuracy: must be a fraction from 0 to 1, but got {min_accuracy:g}{hint}")
    results = content.results
    names = list(dict.fromkeys(result.spec.dataset_name for result in results))
    if not names:
        raise StudyError(
            f"{content.path}: must have a finished trial to choose from, but has none; run its sweep first"
        )
    if dataset is not None and dataset not in names:
        raise StudyError(
            f"--dataset: must be one with results in this study ({', '.join(names)}), but got {cut(dataset)}; "
            f"{remedy(dataset, names)}"
        )
    study_tasks = tasks([r for r in results if dataset in (None, r.spec.dataset_name)], content.sweep)
    return [select_in_task(task, results, min_accuracy) for task in study_tasks]


def select_in_task(task: Task, results: Sequence[TrialResult], min_accuracy: float | None = None) -> Selection:
    """Choose among the configurations of one task that keep its constraints.

    Args:
        task: of one dataset under one protocol.
        results: its trials, with others or without.
        min_accuracy: as of `select`.

    Raises:
        StudyError: nothing in the task is to be low.
    """
    private = private_column(task.objectives)
    candidates = task.candidates[task.candidates["feasible"]]
    if candidates.empty:
        return Selection(task, private, min_accuracy, "bound" if min_accuracy is not None else "knee", None)
    most_accurate = _first(candidates, [ACCURACY, private], [False, True])
    if min_accuracy is None:
        rivals = candidates[candidates["on_front"]]
        index, rule, distance = _knee(rivals, task.objectives, private)
    else:
        rivals = candidates[candidates[ACCURACY].round(DECIMALS) >= min_accuracy]
        rule, distance = "bound", None
        if rivals.empty:
            (best,) = records(candidates.loc[[most_accurate]])
            return Selection(task, private, min_accuracy, rule, None, most_accurate=best)
        index = _first(rivals, [private, ACCURACY], [True, False])
    (chosen,), (best,) = records(candidates.loc[[index]]), records(candidates.loc[[most_accurate]])
    compared = _Comparison(task, results, private)
    others = rivals.drop(index=index)
    targets = task.targets[task.targets["trial_id"] == chosen["trial_id"]]
    return Selection(
        task,
        private,
        min_accuracy,
        rule,
        chosen,
        _spread(targets[ACCURACY].tolist()),
        distance,
        best,
        compared.costs(best, chosen),
        len(others),
        compared.alike(chosen, others, (private,) if rule == "bound" else (ACCURACY, private)),
    )


def _spread(accuracies: Sequence[float]) -> Interval | None:
    return spread_interval(accuracies) if np.ptp(accuracies) >= _NO_SPREAD else None


def private_column(objectives: Objectives) -> str:
    """Return the column that stands for privacy: the first number of an attack that is minimised.

    Raises:
        StudyError: none is.
    """
    for column, direction in objectives.items():
        if direction == "minimize" and Column.parse(column).attack is not None:
            return column
    raise StudyError(
        "one objective must be an attack's number that is minimised, which is then what private means, but those of "
        f"this study are {', '.join(objectives)}; run its sweep with another objective, such as "
        "--set 'objectives={test_accuracy: maximize, worst.auc: minimize}', which trains nothing again"
    )


def knee_distances(outcomes: Float[Array, "n objectives"]) -> Float[Array, " n"]:
    """Measure how far each point of a front lies from the line between its ends, towards the ideal.

    Each objective is scaled to go from 0, the best on the front, to 1, the worst. With two objectives the ends are
    (0, 1) and (1, 0), and the knee is the point with the largest distance from the chord between them. With three, the
    chord becomes the plane through (0, 1, 1), (1, 0, 1) and (1, 1, 0): the worst that the best in one objective can be
    in the others.

    Args:
        outcomes: `(n, objectives)`, numbers of which less is better.

    Source: Das 1999, On characterizing the "knee" of the Pareto curve based on normal-boundary intersection; named
        among other definitions by Branke et al. 2004, Finding knees in multi-objective optimization.
    """
    low, width = outcomes.min(0), np.ptp(outcomes, axis=0)
    scaled = (outcomes - low) / np.where(width > 0, width, 1.0)
    count = outcomes.shape[1]
    distances: Float[Array, " n"] = (count - 1 - scaled.sum(1)) / np.sqrt(count)
    return distances


def _knee(front: pd.DataFrame, objectives: Objectives, private: str) -> tuple[Any, Rule, float | None]:
    """Return the index of the front's row to take, the rule for it, and the knee's distance."""
    outcomes = losses(front, objectives)
    most_private = _first(front, [private, ACCURACY], [True, False])
    if len(np.unique(outcomes, axis=0)) == 1:
        return most_private, "single", None
    distances = knee_distances(outcomes)
    if distances.max() <= _NO_BULGE:
        return most_private, "no_knee", None
    nearest = front[distances >= distances.max() - _NO_BULGE]
    return _first(nearest, [private, ACCURACY], [True, False]), "knee", float(distances.max())


def _first(rows: pd.DataFrame, columns: list[str], ascending: list[bool]) -> Any:
    """Return the index of the row that comes first; among equals, the likeliest to be on the front."""
    by = [*columns, "front_probability"]
    judged = rows[by].astype(float).apply(lambda column: Column.parse(str(column.name)).as_leakage(column))
    ordered = judged.round(DECIMALS).sort_values(by, ascending=[*ascending, False], kind="stable")
    return ordered.index[0]


class _Comparison:
    """The paired differences between the trials of a task."""

    def __init__(self, task: Task, results: Sequence[TrialResult], private: str) -> None:
        self._trials = {result.trial_id: result for result in results if isinstance(result, Completed)}
        self._private = private
        # Of a bound a difference says nothing.
        is_estimate = Column.parse(private).number not in BOUNDS
        self._known = is_estimate and private in task.targets.select_dtypes("number")

    def costs(self, best: Row, chosen: Row) -> tuple[Cost, ...]:
        """Compare the chosen configuration with the most accurate one; return nothing if they are the same."""
        if best["trial_id"] == chosen["trial_id"]:
            return ()
        rows = records(self._against(best, [chosen["trial_id"]]))
        fields = ("quantity", "difference", "low", "high", "verdict")
        return tuple(Cost(*(row[field] for field in fields)) for row in rows if row["difference"] is not None)

    def alike(self, chosen: Row, others: pd.DataFrame, quantities: Sequence[str]) -> tuple[Row, ...] | None:
        """Return those of the others that differ significantly from the chosen one in none of the quantities."""
        if others.empty:
            return ()
        if not self._known:
            return None
        differences = self._against(chosen, others["trial_id"].tolist())
        significant = differences[differences["quantity"].isin(quantities) & (differences["p_holm"] < ALPHA)]
        return tuple(records(others[~others["trial_id"].isin(significant["trial_id"])]))

    def _against(self, one: Row, others: Sequence[str]) -> pd.DataFrame:
        column = self._private if self._known else ACCURACY
        found = differences_frame(self._trials[one["trial_id"]], [self._trials[other] for other in others], column)
        return found[found["role"].isin(["accuracy", "compared"])]
