"""How the hypervolume of a search has grown."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

# Private, yet the only function of Optuna's that returns it.
from optuna._hypervolume import compute_hypervolume

from privsearch.spec import Constraint, Direction
from privsearch.spec.columns import DECIMALS, column_range
from privsearch.spec.search import Until

Outcome = Mapping[str, float] | None
"""By result column, what a trial came to, every objective and constraint among them; None where it has no result: it
failed, a number is missing, or a network is dead."""


class Growth:
    """The hypervolume of outcomes that satisfy the constraints, against the worst value that each objective can have.

    Where nothing bounds an objective, the worst of the outcomes takes the place of that value.
    """

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

    def stalled(self, until: Until) -> bool:
        """Whether it did not grow by such a share of itself in so many trials."""
        if len(self._trials) < until.in_trials:
            return False
        losses, before = self._losses(self._outcomes), self._trials[-until.in_trials] - 1
        reference = self._reference(losses)
        then = _volume(self._losses(self._outcomes[:before]), reference)
        return _volume(losses, reference) <= then * (1 + until.growth)

    def of(self, outcomes: Iterable[Outcome]) -> float:
        """The hypervolume of these outcomes, whether they were noted or not."""
        losses = self._losses(outcomes)
        return _volume(losses, self._reference(losses))

    def _losses(self, outcomes: Iterable[Outcome]) -> Float[Array, "n objectives"]:
        """Numbers of which less is better, of the outcomes that count."""
        signs = [-1.0 if direction == "maximize" else 1.0 for direction in self._objectives.values()]
        rows = [[outcome[column] for column in self._objectives] for outcome in outcomes if self._counts(outcome)]  # type: ignore[index]
        return (np.array(rows, float).reshape(-1, len(signs)) * signs).round(DECIMALS)

    def _counts(self, outcome: Any) -> bool:
        return outcome is not None and all(c.holds(outcome[column]) for column, c in self._constraints.items())

    def _reference(self, losses: Float[Array, "n objectives"]) -> Float[Array, " objectives"]:
        worst = [
            -column_range(column)[0] if direction == "maximize" else column_range(column)[1]
            for column, direction in self._objectives.items()
        ]
        seen = losses.max(0) if len(losses) else np.zeros(len(worst))
        return np.array([bound if isfinite(bound) else own for bound, own in zip(worst, seen, strict=True)])


def _volume(losses: Float[Array, "n objectives"], reference: Float[Array, " objectives"]) -> float:
    return float(compute_hypervolume(losses, reference)) if len(losses) else 0.0
