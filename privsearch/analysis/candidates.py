"""The configurations of a task that can be compared, with the numbers of their targets, ready for a decision."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.decision import Candidates, most_accurate, shrunken
from privsearch.analysis.differences import Numbers, common_attacks, differences_frame
from privsearch.analysis.frames import records
from privsearch.analysis.intervals import spread_interval
from privsearch.analysis.paired import ALPHA, has_spread, pair_correlation
from privsearch.analysis.targets import BOUNDS
from privsearch.analysis.tasks import Task
from privsearch.spec import AXES, WORST
from privsearch.spec.columns import ACCURACY, DECIMALS, Column

Row = Mapping[str, Any]
"""A row of the results table, as plain values."""

_FULL_PRECISION: Final = 32
_BIT_WIDTHS: Final = ("weight_bit_width", "act_bit_width")


@dataclass(frozen=True)
class PairedDifference:
    """The difference of the chosen configuration from the most accurate one in one quantity, paired by targets.

    Attributes:
        quantity: a column of the results table.
        difference: the chosen one's mean less the other's.
        low: the lower end of its 95 % interval, simultaneous for the family; None where no spread is known.
        high: the upper end.
        n: the number of targets.
        family: the number of comparisons that the interval is corrected for.
        verdict: in words, B being the chosen one.
    """

    quantity: str
    difference: float
    low: float | None
    high: float | None
    n: int
    family: int
    verdict: str


class TaskCandidates:
    """The configurations of a task that can be compared, with the numbers of their targets.

    Args:
        task: of one dataset under one protocol.
        column: the column that stands for leakage.

    Attributes:
        rows: `m` rows of the results table.
        feasible: `(m,)`, True for those that keep the task's constraints.
    """

    def __init__(self, task: Task, column: str) -> None:
        by_id = {result.trial_id: result for result in task.completed}
        self.rows: Sequence[Row] = records(task.competitors)
        self._trials = [by_id[row["trial_id"]] for row in self.rows]
        self._completed = list(task.completed)
        # Of a bound a difference says nothing.
        is_estimate = Column.parse(column).number not in BOUNDS
        self._is_tested = is_estimate and column in task.targets.select_dtypes("number")
        self._column = column
        self._known = task.numbers
        self._tables: dict[int, pd.DataFrame] = {}
        self.feasible: Bool[Array, " m"] = task.competitors["feasible"].to_numpy(bool)
        self._num_out = sum(place.is_out for place in task.race.places.values()) if task.race else 0

    def __len__(self) -> int:
        return len(self._trials)

    @cached_property
    def _numbers(self) -> Numbers:
        return Numbers(self._completed, self._column if self._is_tested else ACCURACY, self._known)

    @cached_property
    def accuracy(self) -> Float[Array, "m n"]:
        """The test accuracy of each target; NaN after the last one of a configuration that a race gave fewer."""
        return self._padded([[r.target.test_accuracy for r in trial.replicates] for trial in self._trials])

    def _padded(self, rows: Sequence[Sequence[float] | Float[Array, " n"]]) -> Float[Array, "m n"]:
        most = max((len(trial.replicates) for trial in self._trials), default=0)
        return np.array([[*row, *[np.nan] * (most - len(row))] for row in rows], dtype=float).reshape(len(rows), most)

    def reaches(self, min_accuracy: float | None) -> Bool[Array, " m"]:
        """Tell which ones reach an accuracy with their whole interval; with their mean where they have none."""
        if min_accuracy is None:
            return np.ones(len(self), dtype=bool)
        spreads = [accuracy_interval(self.accuracies_of(one)) for one in range(len(self))]
        least = [mean if spread is None else spread.low for spread, mean in zip(spreads, self._means, strict=True)]
        return np.array(least, dtype=float).round(DECIMALS) >= min_accuracy

    def within(self, column: str, most: float | None) -> Bool[Array, " m"]:
        """Tell which ones have at most this in a column with their whole interval; their mean where they have none.

        What has no such number is not among them.
        """
        if most is None:
            return np.ones(len(self), dtype=bool)
        high = str(Column.parse(column).high)
        found = [row.get(column) if row.get(high) is None else row[high] for row in self.rows]
        numbers = np.array([np.nan if value is None else value for value in found], dtype=float)
        return numbers.round(DECIMALS) <= most

    def least_row(self, column: str) -> Row | None:
        """Return the row with the least in a column; None if none has such a number."""
        return min((row for row in self.rows if row.get(column) is not None), key=lambda row: row[column], default=None)

    def most_accurate_row(self) -> Row | None:
        """Return the row of the most accurate of those that keep the constraints; None if none does."""
        if not self.feasible.any():
            return None
        return self.rows[most_accurate(self.for_decision(self.feasible), self.feasible)]

    @property
    def _means(self) -> Float[Array, " m"]:
        return np.array([np.nanmean(accuracies) for accuracies in self.accuracy])

    def accuracies_of(self, one: int) -> list[float]:
        """Return the test accuracy of each target of a configuration."""
        return [replicate.target.test_accuracy for replicate in self._trials[one].replicates]

    def for_decision(self, eligible: Bool[Array, " m"]) -> Candidates:
        """Return what the rule decides on."""
        leakage = Column.parse(self._column).as_leakage(np.array([row[self._column] for row in self.rows], dtype=float))
        return Candidates(
            self.accuracy,
            leakage,
            self._leakage_against,
            self._column,
            eligible,
            np.array([bits(row) for row in self.rows], dtype=float),
            [tuple(row[axis] for axis in AXES if axis not in _BIT_WIDTHS) for row in self.rows],
            self._correlation,
            self._num_out,
        )

    def _correlation(self, num_targets: int) -> float:
        return pair_correlation(self._trials[0].spec, self._column, num_targets) if num_targets > 1 else 0.0

    def attacks(self, chosen: int, best: int) -> tuple[str, ...]:
        """Return the attacks that `worst` is the strongest of where two are compared; none for another column.

        Args:
            chosen: the chosen one.
            best: the most accurate one; if it is the chosen one, the attacks are those that all ran.
        """
        if Column.parse(self._column).attack != WORST:
            return ()
        compared = self._trials if chosen == best else [self._trials[chosen], self._trials[best]]
        return common_attacks(compared)

    def differences(self, chosen: int, best: int) -> tuple[PairedDifference, ...]:
        """Compare the chosen configuration with the most accurate one; return nothing if they are the same."""
        if chosen == best:
            return ()
        found = self._compared(best)
        of_chosen = found[found["trial_id"] == self.rows[chosen]["trial_id"]]
        fields = ("quantity", "difference", "low", "high", "n", "family", "verdict")
        return tuple(
            PairedDifference(*(row[name] for name in fields))
            for row in records(of_chosen)
            if row["difference"] is not None
        )

    def resolution(self, reference: int) -> float | None:
        """Return the median half-width of the intervals of all differences in leakage from one; None without a test."""
        if not self._is_tested or len(self) < 2:
            return None
        found = self._compared(reference)
        widths = (found["high"] - found["low"])[found["role"] == "compared"].dropna()
        return float(widths.median()) / 2 if len(widths) else None

    def alike(self, chosen: int, others: Sequence[int], unlike: Collection[int] = ()) -> tuple[Row, ...] | None:
        """Return those of the others that differ significantly from the chosen one neither in accuracy nor leakage.

        Args:
            chosen: the chosen one.
            others: those to compare with it.
            unlike: those of the others that are known to differ.

        Returns:
            None if no leakage can be compared.
        """
        if not others:
            return ()
        if not self._is_tested:
            return None
        found = self._compared(chosen)
        if found["p_corrected"][found["role"] == "compared"].isna().all():
            return None
        significant = set(found["trial_id"][found["p_corrected"] < ALPHA])
        return tuple(self.rows[i] for i in others if i not in unlike and self.rows[i]["trial_id"] not in significant)

    def shrunken(self, chosen: int) -> dict[str, float]:
        """Return the chosen one's accuracy and leakage, drawn towards those of all, by column."""
        tables = {ACCURACY: self.accuracy}
        if self._is_tested:
            tables[self._column] = self._padded([self._numbers.of(trial, self._column) for trial in self._trials])
        correlations = {ACCURACY: 0.0, self._column: self._correlation(self.accuracy.shape[1])}
        estimates = {column: shrunken(table, correlations[column]) for column, table in tables.items()}
        return {column: float(found[chosen]) for column, found in estimates.items() if found is not None}

    def _compared(self, reference: int) -> pd.DataFrame:
        """Compare all others with one, as `privsearch diff` of that one does."""
        if reference not in self._tables:
            self._tables[reference] = self._compare(reference)
        return self._tables[reference]

    def _compare(self, reference: int) -> pd.DataFrame:
        # All that `privsearch diff` compares, with those that cannot be chosen, so that the families are the same.
        others = [trial for trial in self._completed if trial is not self._trials[reference]]
        column = self._column if self._is_tested else ACCURACY
        return differences_frame(self._trials[reference], others, column, numbers=self._numbers, breakdown=False)

    def _leakage_against(self, reference: int) -> tuple[Float[Array, "m n"], Float[Array, "m n"]]:
        """Return the leakage of one and of each, by the strongest of the attacks that both ran if that is asked for."""
        if not self._is_tested:
            missing = np.full_like(self.accuracy, np.nan)
            return missing, missing
        one = self._trials[reference]
        pairs = [
            [self._numbers.of(trial, self._column, frozenset(common_attacks([one, other]))) for trial in (one, other)]
            for other in self._trials
        ]
        return self._padded([of_it for of_it, _ in pairs]), self._padded([of_each for _, of_each in pairs])


def accuracy_interval(accuracies: Sequence[float]) -> Interval | None:
    """Return the mean accuracy of a configuration's targets with its 95 % interval; None where they show no spread."""
    return spread_interval(accuracies) if has_spread(np.asarray(accuracies)) else None


def bits(row: Row) -> int:
    """Return the product of the widths of weights and activations, in bits: that of the bit operations of a product.

    Args:
        row: the axes of a configuration, other columns as well.

    Source: Baskin et al. 2021, UNIQ: uniform noise injection for non-uniform quantization of neural networks.
    """
    weights, activations = (row[axis] or _FULL_PRECISION for axis in _BIT_WIDTHS)
    return int(weights * activations)
