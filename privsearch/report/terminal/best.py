"""The best configuration of each task among those that have finished so far, by the rule of `privsearch pick`."""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from privsearch.analysis.candidates import bits
from privsearch.analysis.decision import best_of
from privsearch.analysis.labels import guess_mark, measured, quantity
from privsearch.analysis.selection import private_column
from privsearch.errors import StudyError
from privsearch.spec.columns import ACCURACY, Column
from privsearch.spec.objectives import Objectives, as_objective


@dataclass(frozen=True)
class Finished:
    """A configuration that may be the best, as it was when it was last heard of.

    Attributes:
        name: the configuration in words.
        place: its place in the sweep.
        targets: the number of its targets.
        numbers: its columns of the results table.
        axes: the values of its axes.
        objectives: the objectives of its task.
    """

    name: str
    place: int
    targets: int
    numbers: Mapping[str, Any]
    axes: Mapping[str, Any]
    objectives: Objectives

    @property
    def goodness(self) -> float:
        """The first objective, of which more is better."""
        column, direction = next(iter(self.objectives.items()))
        value = as_objective(column, direction, self.numbers[column])
        return value if direction == "maximize" else -value

    @property
    def leakage(self) -> float:
        """What it leaks by the column that privacy is judged by; NaN without one."""
        with suppress(StudyError):
            column = private_column(self.objectives)
            return float(Column.parse(column).as_leakage(self.numbers[column]))
        return float("nan")


class BestSoFar:
    """The best configuration of each task so far: the most accurate one, unless the sweep asks for something else."""

    def __init__(self) -> None:
        """Begin without any."""
        self._tasks: dict[str, dict[Hashable, Finished]] = {}

    def note(self, task: str, configuration: Hashable, finished: Finished) -> None:
        """Take note of a configuration; after a round of a race, of what it is with more networks."""
        self._tasks.setdefault(task, {})[configuration] = finished

    def lines(self, until: str = "") -> list[str]:
        """Return, for each task, one configuration that exists, with all of its objectives.

        Args:
            until: how far this goes, such as ` so far`.
        """
        # Copies, as the display's own thread runs this while trials finish.
        tasks = {task: list(known.copy().values()) for task, known in self._tasks.copy().items()}
        return [_line(task, _best(known), until) for task, known in tasks.items()]


def objective_words(numbers: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Return numbers with their spread, each as `worst AUC ~0.512 ± 0.010`."""
    return [f"{quantity(column)} {guess_mark(numbers, column)}{measured(numbers, column)}" for column in columns]


def sample(targets: int) -> str:
    """Return the number of targets, `n = 8`."""
    return f"n = {targets}"


def _best(known: Sequence[Finished]) -> Finished:
    # In the order of the fronts, from which `privsearch pick` takes the first of equals.
    known = sorted(known, key=lambda one: (-one.goodness, one.place))
    goodness, leakage = np.array([one.goodness for one in known]), np.array([one.leakage for one in known])
    widths = np.array([bits(one.axes) for one in known], dtype=float)
    return known[best_of(goodness, leakage, widths, np.ones(len(known), dtype=bool))]


def _line(task: str, best: Finished, until: str) -> str:
    first = next(iter(best.objectives))
    superlative = "most accurate" if first == ACCURACY else f"best {quantity(first)}"
    numbers = ", ".join(objective_words(best.numbers, list(best.objectives)))
    return f"{superlative}{until}  {task}: {best.name}, {numbers} ({sample(best.targets)})"
