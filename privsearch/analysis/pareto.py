"""Comparable outcomes, the Pareto front among them, constraints, and the hypervolume that the front covers."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

import moocore
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.learning import learnt_rows
from privsearch.analysis.racing import OUT
from privsearch.spec.columns import DECIMALS, Column
from privsearch.spec.constraints import Constraints
from privsearch.spec.objectives import Objectives

UNCONSTRAINED: Final[Constraints] = {}


def comparable(frame: pd.DataFrame, objectives: Objectives) -> pd.DataFrame:
    """Return the rows that a front can be drawn from: completed, with every objective, and all networks have learnt.

    What a race for networks has put out is left out as well: it has fewer of them, and is on no front.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets or protocols, whose numbers say nothing about each other.
    """
    origins = dict.fromkeys(zip(frame["dataset"], frame["protocol"], strict=True))
    if len(origins) > 1:
        origin_names = ", ".join(f"{dataset} under {protocol}" for dataset, protocol in origins)
        raise ValueError(
            f"a front is that of one dataset under one protocol, but got rows of {origin_names}; select the rows of one"
        )
    # A column stands in the table only once some trial has a number for it.
    missing = {column: np.nan for column in objectives if column not in frame}
    rows = learnt_rows(frame[frame["status"] == "completed"])
    if "race" in rows:
        rows = rows[~rows["race"].isin(OUT)]
    return rows.assign(**missing).dropna(subset=list(objectives))


def pareto_front(frame: pd.DataFrame, objectives: Objectives, constraints: Constraints = UNCONSTRAINED) -> pd.DataFrame:
    """Return the rows that no other row beats in every objective, the best in the first objective first.

    Rows with equal numbers do not beat each other: all of them are on the front, or none. What violates a constraint
    is not on the front, and keeps nothing else off it.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: two or three result columns, and which way is better.
        constraints: what must hold of result columns.

    Raises:
        ValueError: there are rows of several datasets or protocols.
    """
    rows = comparable(frame, objectives)
    rows = rows[feasible(rows, constraints)]
    return best_first(rows[unbeaten(losses(rows, objectives))], objectives)


def best_first(rows: pd.DataFrame, objectives: Objectives) -> pd.DataFrame:
    """Sort the rows by the first objective, best first; rows equal in it keep their order."""
    first, direction = next(iter(objectives.items()))
    return rows.sort_values(first, ascending=direction == "minimize", kind="stable")


def losses(rows: pd.DataFrame, objectives: Objectives) -> Float[Array, "n objectives"]:
    """Return the objectives as numbers of which less is better: of what an attack finds, how much it leaks."""
    return losses_of(rows[list(objectives)].to_numpy(float), objectives)


def losses_of(values: Float[Array, "n objectives"], objectives: Objectives) -> Float[Array, "n objectives"]:
    """Return the losses of values of the objectives' columns, in their order."""
    judged = [
        -of_column if direction == "maximize" else Column.parse(column).as_leakage(of_column)
        for of_column, (column, direction) in zip(values.T, objectives.items(), strict=True)
    ]
    return np.stack(judged, axis=1).round(DECIMALS)


def _signs(objectives: Objectives) -> list[float]:
    """Return the sign that turns the value of each objective into a loss, and back."""
    return [-1.0 if direction == "maximize" else 1.0 for direction in objectives.values()]


def unbeaten(outcomes: Float[Array, "n objectives"]) -> Bool[Array, " n"]:
    """Mark the losses that no others beat in every objective."""
    on_front: Bool[Array, " n"] = moocore.is_nondominated(outcomes, keep_weakly=True)
    return on_front


def front_ranks(outcomes: Float[Array, "n objectives"], violation: Float[Array, " n"]) -> Int[Array, " n"]:
    """Rank losses: 0 on the front, 1 on the front without these, and so on; then constraint violations, least first.

    Args:
        outcomes: the losses to rank.
        violation: 0 if the constraints hold.

    Source: Deb et al. 2002, the non-dominated sorting of NSGA-II under constraints.
    """
    is_fit = violation <= 0
    ranks = np.empty(len(outcomes), np.int64)
    ranks[is_fit] = moocore.pareto_rank(outcomes[is_fit])
    _, by_violation = np.unique(violation[~is_fit], return_inverse=True)
    ranks[~is_fit] = ranks[is_fit].max(initial=-1) + 1 + by_violation
    return ranks


def shortfalls(rows: pd.DataFrame, constraints: Constraints) -> Float[Array, "n constraints"]:
    """Compute each row's shortfall of each constraint, in the column's unit; negative if the row has more than enough.

    What an attack finds, and is to be low, counts as what it leaks. It is missing if the row has no such number.
    """
    # A column stands in the table only once some trial has a number for it.
    return shortfalls_of(rows.reindex(columns=list(constraints)).to_numpy(float, na_value=np.nan), constraints)


def shortfalls_of(values: Float[Array, "n constraints"], constraints: Constraints) -> Float[Array, "n constraints"]:
    """Compute the shortfalls of values of the constraints' columns, in their order."""
    if not constraints:
        return np.empty((len(values), 0))
    lacking = [
        Column.parse(column).as_leakage(of_column) - constraint.bound
        if constraint.is_upper
        else constraint.bound - of_column
        for of_column, (column, constraint) in zip(values.T, constraints.items(), strict=True)
    ]
    return np.stack(lacking, axis=1)


def satisfied(lacking: Float[Array, "n constraints"], constraints: Constraints) -> Bool[Array, " n"]:
    """Mark the rows of shortfalls that satisfy every constraint, as `Constraint.holds` decides for one value."""
    strict = np.array(["=" not in constraint.relation for constraint in constraints.values()], bool)
    rounded = lacking.round(DECIMALS)
    fit: Bool[Array, " n"] = ((rounded < 0) | ((rounded == 0) & ~strict)).all(axis=1)
    return fit


def feasible(rows: pd.DataFrame, constraints: Constraints) -> Bool[Array, " n"]:
    """Mark the rows that satisfy every constraint; all of them if there is none."""
    return satisfied(shortfalls(rows, constraints), constraints)


def total_violation(rows: pd.DataFrame, constraints: Constraints) -> Float[Array, " n"]:
    """Measure how far each row is from satisfying all constraints: 0 if it does.

    It is the sum of what it lacks, each in shares of the range of its column, or, where nothing bounds that, of the
    constraint's bound; infinite where a number is missing.
    """
    total = np.zeros(len(rows))
    for column, constraint in constraints.items():
        low, high = Column.parse(column).bounds
        width = high - low if isfinite(high) else abs(constraint.bound) or 1.0
        values = rows.reindex(columns=[column])[column].to_numpy(float, na_value=np.nan)
        judged = (constraint.judged(column, value) for value in values)
        total += [max(constraint.violation(value), 0.0) / width for value in judged]
    return total


_BEYOND: Final = 1.1
"""How far beyond the front's worst value an unbounded objective's reference point lies."""


@dataclass(frozen=True, eq=False)
class Space:
    """All outcomes there can be, between the best and the worst of each objective.

    Attributes:
        best: the least losses, `(objectives,)`.
        worst: the greatest.
    """

    best: Float[Array, " objectives"]
    worst: Float[Array, " objectives"]

    def share(self, outcomes: Float[Array, "n objectives"]) -> float:
        """Return the share of the space that some of these losses beat or equal.

        Source: Zitzler and Thiele 1998, the size of the space covered, against the worst outcome as reference point.
        """
        if not len(outcomes):
            return 0.0
        # All outcomes may be alike, and the best.
        width = np.where(self.worst > self.best, self.worst - self.best, 1.0)
        scaled = (np.clip(outcomes, self.best, self.worst) - self.best) / width
        return float(moocore.hypervolume(np.minimum(scaled, 1.0), ref=np.ones(len(width))))


def outcome_space(rows: pd.DataFrame, objectives: Objectives, constraints: Constraints = UNCONSTRAINED) -> Space:
    """Return the bounds of the outcomes: their columns' ranges, or, if unbounded, what the front among the rows says.

    What an attack finds is at best what guessing gives. Of an unbounded column the greatest value on the front counts,
    and a tenth more where it is the worst, so that the front's own end covers something. What is beaten, or violates a
    constraint, moves nothing.

    Source: Ishibuchi, Imada, Setoguchi and Nojima 2018, How to Specify a Reference Point in Hypervolume Calculation for
    Fair Performance Comparison: a point slightly worse than the front's worst values.
    """
    front = rows[feasible(rows, constraints)]
    front = front[unbeaten(losses(front, objectives))] if len(front) else front
    best, worst = [], []
    for column, direction in objectives.items():
        low, high = Column.parse(column).bounds
        if direction == "minimize":
            low = Column.parse(column).least_leakage
        if not isfinite(high):
            beyond = _BEYOND if direction == "minimize" else 1.0
            high = max(beyond * float(front[column].max()), low) if len(front) else low
        best.append(low if direction == "minimize" else -high)
        worst.append(high if direction == "minimize" else -low)
    return Space(np.array(best), np.array(worst))


def reference_point(
    frame: pd.DataFrame, objectives: Objectives, constraints: Constraints = UNCONSTRAINED
) -> tuple[float, ...]:
    """Return the worst value of each objective: of its range, or, if that is unbounded, a little beyond the front's.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: result columns, and which way is better.
        constraints: what must hold of result columns.
    """
    worst = outcome_space(comparable(frame, objectives), objectives, constraints).worst
    return tuple(float(sign * loss) + 0.0 for sign, loss in zip(_signs(objectives), worst, strict=True))


def hypervolume(frame: pd.DataFrame, objectives: Objectives, constraints: Constraints = UNCONSTRAINED) -> float:
    """Compute the share of all possible outcomes that some row beats or equals: 0 for no rows, 1 for a perfect one.

    What violates a constraint counts for nothing. Where nothing bounds an objective, such as seconds, the outcomes go
    from 0 to a tenth beyond the greatest on the front: hypervolumes are then comparable only as far as that is the
    same.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: two or three result columns, and which way is better.
        constraints: what must hold of result columns.

    Raises:
        ValueError: there are rows of several datasets or protocols.

    Source: Zitzler and Thiele 1998, the size of the space covered, against `reference_point`.
    """
    rows = comparable(frame, objectives)
    return outcome_space(rows, objectives, constraints).share(losses(rows[feasible(rows, constraints)], objectives))
