"""How the hypervolume of a search has grown."""

from collections.abc import Iterable, Mapping

import pandas as pd

from privsearch.analysis.pareto import Space, feasible, losses, outcome_space
from privsearch.spec import Constraint, Direction
from privsearch.spec.search import StopRule

Outcome = Mapping[str, float] | None
"""By result column, what a trial came to, every objective and constraint among them; None where it has no result: it
failed, a number is missing, or a network is dead."""


class HypervolumeTracker:
    """The hypervolume of outcomes, as that of the front that they make (`privsearch.analysis.pareto.hypervolume`)."""

    def __init__(self, objectives: Mapping[str, Direction], constraints: Mapping[str, Constraint]) -> None:
        """Begin with no outcome."""
        self._objectives = objectives
        self._constraints = constraints
        self._outcomes: list[Outcome] = []
        self._trials: list[int] = []

    def add(self, outcome: Outcome, *, counts: bool) -> None:
        """Note the next outcome, which counts as one of the search's trials or not."""
        self._outcomes.append(outcome)
        if counts:
            self._trials.append(len(self._outcomes))

    def stalled(self, until: StopRule) -> bool:
        """Whether it did not grow by such a share of itself in so many trials."""
        if len(self._trials) < until.in_trials:
            return False
        rows, before = self._rows(self._outcomes), self._trials[-until.in_trials] - 1
        space = outcome_space(rows, self._objectives)
        then = self._share(space, self._rows(self._outcomes[:before]))
        return self._share(space, rows) <= then * (1 + until.growth)

    def of(self, outcomes: Iterable[Outcome]) -> float:
        """The hypervolume of these outcomes, whether they were noted or not."""
        rows = self._rows(outcomes)
        return self._share(outcome_space(rows, self._objectives), rows)

    def _rows(self, outcomes: Iterable[Outcome]) -> pd.DataFrame:
        columns = list(dict.fromkeys((*self._objectives, *self._constraints)))
        return pd.DataFrame([outcome for outcome in outcomes if outcome], columns=columns, dtype=float)

    def _share(self, space: Space, rows: pd.DataFrame) -> float:
        return space.share(losses(rows[feasible(rows, self._constraints)], self._objectives))
