"""Tests of paired differences: is their mean at a bar, and does it lie within a margin of 0?

The K targets of `halves` are not independent: they are one another's shadows, and their subsets complement each other.
How much they depend on each other is up to how much of what differs between networks is owed to the *other* examples
that they were trained on, and not to chance: of networks trained here 0.6 to 0.7 for ANNs on Iris and Breast Cancer,
0.1 to 0.2 for SNNs there, and 0.0 for SNNs on Digits. `benchmarks/coverage.py` simulates it, with pairs of
configurations of one distribution, for 4 to 16 networks and shares of 0.0 to 0.7. Plain intervals of 0.95 held the true
difference in 0.88 to 1.00 of cases for the loss and the SVM, but in 0.78 to 0.96 for offline LiRA and RMIA, 0.67 to
0.95 for online LiRA, and 0.79 to 1.00 for the strongest attack. Widened as `pair_correlation` says, these held it in
0.92 or more, and those of the strongest attack in 0.91 or more. The test for equivalence is widened alike.

Where several comparisons are asked together, interval and p-value have the same correction, that of Bonferroni: the
interval excludes the bar where the corrected p-value is below 0.05, and only there. All intervals of a family hold
their true differences together in at least 95 % of cases. Holm's p-values would be smaller, but no simple interval
belongs to them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array
from scipy.special import stdtr, stdtrit

from privsearch.spec import WORST, TrialSpec
from privsearch.spec.columns import Column

ALPHA: Final = 0.05
"""A p-value below this is significant; intervals are those of `1 - ALPHA`."""

_NO_SPREAD: Final = 1e-12
_FEWEST: Final = 4
"""The number of targets of which none is left out of another's shadows."""


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences with its paired t-test; NaN if there is no test.

    Attributes:
        mean: `(m,)`, one for each comparison.
        low: `(m,)`, the lower end of the 95 % interval, simultaneous for all comparisons of the family.
        high: `(m,)`, the upper end.
        p: `(m,)`, two-sided, of the one comparison.
        p_corrected: `(m,)`, for all comparisons of the family; below 0.05 where the interval excludes the bar.
    """

    mean: Float[Array, " m"]
    low: Float[Array, " m"]
    high: Float[Array, " m"]
    p: Float[Array, " m"]
    p_corrected: Float[Array, " m"]


@dataclass(frozen=True)
class Equivalence:
    """The test of whether the mean of paired differences lies within a margin of 0; NaN if there is no test.

    At 5 % it says the same as the 90 % interval: `p_corrected` is below 0.05 where that lies within the margin, and
    only there.

    Attributes:
        low: `(m,)`, the lower end of the 90 % interval, simultaneous for all comparisons of the family.
        high: `(m,)`, the upper end.
        p: `(m,)`, the larger of the p-values of the two one-sided tests.
        p_corrected: `(m,)`, for all comparisons of the family.
    """

    low: Float[Array, " m"]
    high: Float[Array, " m"]
    p: Float[Array, " m"]
    p_corrected: Float[Array, " m"]


def mean_difference(
    differences: Float[Array, "m n"], bar: float = 0.0, correlation: float = 0.0, family: int = 1
) -> Difference:
    """Test whether the mean of paired differences is at `bar`.

    With one pair, or where all pairs agree, as accuracies on a small test split may, no spread is known: there is a
    mean, and no more. Where a difference is missing, so is everything.

    Args:
        differences: `(m, n)`: m comparisons, each of n pairs; NaN where one is missing.
        bar: the mean to be tested against.
        correlation: between any two pairs' differences, below 1. It widens the interval, as pairs that vary together
            show too little spread.
        family: the number of comparisons that are asked together, for which intervals and p-values are corrected.

    Source: Student 1908; with a correlation, Nadeau and Bengio 2003; for a family, Bonferroni (Dunn 1961).
    """
    n = differences.shape[-1]
    mean, deviation = _mean_and_deviation(differences)
    half_width = half_width_factor(n, correlation, ALPHA / family) * deviation
    p = 2 * stdtr(n - 1, -np.abs(mean - bar) / (deviation * error_factor(n, correlation)))
    return Difference(mean, mean - half_width, mean + half_width, p, np.minimum(family * p, 1.0))


def equivalence(
    differences: Float[Array, "m n"], margin: float, correlation: float = 0.0, family: int = 1
) -> Equivalence:
    """Test whether the mean of paired differences lies between `-margin` and `margin`, by two one-sided t-tests.

    Both the test that the mean is at -margin or below, and the one that it is at margin or above, must reject.

    Args:
        differences: `(m, n)`: m comparisons, each of n pairs; NaN where one is missing.
        margin: above 0, in the units of the differences.
        correlation: as for `mean_difference`.
        family: as for `mean_difference`.

    Source: Schuirmann 1987, A comparison of the two one-sided tests procedure and the power approach for assessing the
        equivalence of average bioavailability.
    """
    n = differences.shape[-1]
    mean, deviation = _mean_and_deviation(differences)
    half_width = half_width_factor(n, correlation, 2 * ALPHA / family) * deviation
    p = stdtr(n - 1, (np.abs(mean) - margin) / (deviation * error_factor(n, correlation)))
    return Equivalence(mean - half_width, mean + half_width, p, np.minimum(family * p, 1.0))


def has_spread(differences: Float[Array, "m n"]) -> Bool[Array, " m"]:
    """Tell which comparisons have pairs that differ; to a t-test, pairs that agree would be a certainty."""
    return np.asarray(np.ptp(differences, axis=-1) >= _NO_SPREAD)


def half_width_factor(n: int, correlation: float = 0.0, alpha: float = ALPHA) -> float:
    """Return the half-width of the interval of a mean of n > 1 paired differences, in their deviations.

    Args:
        n: the number of pairs.
        correlation: as for `mean_difference`.
        alpha: the share of cases that the interval misses: 0.05 for that of 95 %.
    """
    return float(stdtrit(n - 1, 1 - alpha / 2) * error_factor(n, correlation))


def error_factor(n: int, correlation: float) -> float:
    """Return the standard error of a mean of n pairs, in their deviations.

    Args:
        n: the number of pairs.
        correlation: as for `mean_difference`.
    """
    return float(np.sqrt(1 / n + correlation / (1 - correlation)))


def pair_correlation(spec: TrialSpec, quantity: str, num_targets: int) -> float:
    """Return the greatest correlation that a quantity of two targets may have.

    LiRA and RMIA judge the target by its shadows, which are the other targets, so what chance does to a pair of
    networks, it does to the AUC of both. Were nothing else in the AUC, the correlation would be 1 / (K - 1). Online
    LiRA, which weighs how the target deviates by how its shadows do, does so with both networks of every other pair,
    which deviate in opposite directions: twice that, but for four networks, of which the partner is a shadow too. The
    strongest attack is of either kind, now this one and now that. In blocks of m networks it is 1 / (m - 1) within a
    block and 0 between blocks: to the error of the mean and the spread of K targets that is the same as 1 / (K - 1)
    between any two.
    """
    attack = Column.parse(quantity).attack
    if not spec.protocol.targets_are_shadows:
        return 0.0
    online = {each.name for each in spec.attacks if each.kind == "lira" and each.mode == "online"}
    related = {WORST, *(each.name for each in spec.attacks if each.kind in ("lira", "rmia"))}
    if attack not in related:
        return 0.0
    pairs_deviate = attack in online and spec.protocol.shadows_in_each_state > 1 and num_targets > _FEWEST
    return (2 if pairs_deviate else 1) / (num_targets - 1)


def _mean_and_deviation(differences: Float[Array, "m n"]) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Return the mean of each comparison and the standard deviation of its pairs, NaN where they show no spread."""
    mean = differences.mean(axis=-1)
    squares = ((differences.T - mean) ** 2).sum(axis=0)
    variance = np.where(has_spread(differences), squares / max(differences.shape[-1] - 1, 1), np.nan)
    return mean, np.sqrt(variance)
