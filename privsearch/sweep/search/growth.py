"""The growth of a search's hypervolume, and the test for whether it has stalled."""

from collections.abc import Iterable, Mapping

import pandas as pd

from privsearch.analysis.pareto import Space, feasible, losses, outcome_space
from privsearch.spec import Constraint, Direction
from privsearch.spec.search import StopRule

Outcome = Mapping[str, float] | None
"""A trial's numbers by result column, with every objective and constraint; None if the trial failed, lacks a number, or
has a network that is dead or has not learnt."""


class HypervolumeTracker:
    """The hypervolume of the outcomes noted so far (see `privsearch.analysis.pareto.hypervolume`)."""

    def __init__(self, objectives: Mapping[str, Direction], constraints: Mapping[str, Constraint]) -> None:
        """Create a tracker without outcomes."""
        self._objectives = objectives
        self._constraints = constraints
        self._outcomes: list[Outcome] = []
        self._trials: list[int] = []

    def add(self, outcome: Outcome, *, counts: bool) -> None:
        """Note the next outcome; `counts` tells whether it is one of the search's own trials."""
        self._outcomes.append(outcome)
        if counts:
            self._trials.append(len(self._outcomes))

    def stalled(self, until: StopRule) -> bool:
        """Tell whether the hypervolume grew by no more than the rule's share over the rule's number of trials."""
        if len(self._trials) < until.in_trials:
            return False
        rows, before = self._rows(self._outcomes), self._trials[-until.in_trials] - 1
        space = outcome_space(rows, self._objectives, self._constraints)
        then = self._share(space, self._rows(self._outcomes[:before]))
        return self._share(space, rows) <= then * (1 + until.growth)

    def of(self, outcomes: Iterable[Outcome]) -> float:
        """Compute the hypervolume of given outcomes, noted or not."""
        rows = self._rows(outcomes)
        return self._share(outcome_space(rows, self._objectives, self._constraints), rows)

    def _rows(self, outcomes: Iterable[Outcome]) -> pd.DataFrame:
        columns = list(dict.fromkeys((*self._objectives, *self._constraints)))
        return pd.DataFrame([outcome for outcome in outcomes if outcome], columns=columns, dtype=float)

    def _share(self, space: Space, rows: pd.DataFrame) -> float:
        return space.share(losses(rows[feasible(rows, self._constraints)], self._objectives))
