"""The rule by which a configuration is chosen: accuracy is given up only for less leakage that is shown.

Among m configurations that may be chosen, with n targets each, or as many as a race gave them:

1. The most accurate one, M, is the one to beat.
2. Every other configuration is compared with M in leakage, target by target (`privsearch.analysis.paired`), with the
   correction for all comparisons. Those that leak significantly less go on. If none does, M stays: what the rest
   leaks less may be noise, and accuracy is not given up for noise.
3. Of those, one is taken for its privacy. With a least accuracy asked for: the one that leaks least. Without: the one
   that gains most, where a gain in leakage counts as its share of all that an attack could gain, and what it costs in
   accuracy is taken off. If none gains more than it costs, M stays.
4. The one of step 3 is the least of noisy numbers as well. So the most accurate one is taken that also leaks
   significantly less than M, and more than the one of step 3 by no more than one standard error of the difference.
5. If the same network with fewer bits does as well, it is taken. As well: less accurate by no more than one standard
   error of the paired difference, and by no more than `MOST_ACCURACY_FOR_BITS`; and leaking more by no more than one
   standard error.

Among equally accurate configurations the one that leaks less on average comes first, then the one with fewer bits.

M is the most accurate on the same targets. Where a target on which a configuration is accurate by chance is one on
which it leaks more, or less, by chance, M is no control that was fixed beforehand, and the correction of step 2 is not
all that is needed. `benchmarks/decisions.py` measures how much that matters, and how often the rule is right.

Sources: step 2 compares many with one, as Dunnett 1955, with Bonferroni's correction in the place of his, which needs
equal variances; what can be said of the least of all, as of Gupta 1965, On some multiple decision (selection and
ranking) rules, and Hsu 1981, Simultaneous confidence intervals for all distances from the "best"; steps 4 and 5 are the
one-standard-error rule of Breiman et al. 1984, Classification and regression trees.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.paired import ALPHA, error_factor, has_spread, mean_difference
from privsearch.analysis.shrinkage import shrunken_means
from privsearch.analysis.verdict_words import compared_values
from privsearch.spec.columns import DECIMALS, Column

MOST_ACCURACY_FOR_BITS: Final = 0.005
"""The most mean accuracy, a fraction, that fewer bits may cost."""

FEWEST_FOR_SHRINKAGE: Final = 4
"""The fewest configurations that tell how much configurations differ."""

Reason = Literal["nothing leaks less", "leaks less", "costs more than it gains", "not tested"]
"""Why a configuration was chosen: no other leaks significantly less than the most accurate one; it leaks significantly
less than that; others do, but cost more accuracy than they gain; or no difference in leakage could be tested."""


Correlation = Callable[[int], float]
"""The correlation between the differences of any two targets, by their number (`privsearch.analysis.paired`)."""


def independent(num_targets: int) -> float:  # noqa: ARG001
    """Return the correlation of targets that have nothing to do with each other."""
    return 0.0


@dataclass(frozen=True)
class Candidates:
    """The configurations to choose from, with their numbers of each target.

    Attributes:
        accuracy: `(m, n)`, test accuracies; of a configuration with fewer than n targets NaN after these.
        leakage: `(m,)`, what each one's mean leaks; it decides between equally accurate ones alone.
        leakage_against: returns, for the index of a configuration, the leakage of that one and of each one, both
            `(m, n)`, to be compared like for like; NaN where a number is missing. Of targets that one of the two lacks
            nothing is read.
        column: the column that stands for leakage.
        eligible: `(m,)`, True for those that may be chosen. The others are compared all the same.
        bits: `(m,)`, what a configuration costs; less is better.
        kinds: `(m,)`, equal for configurations that differ in their bits alone.
        correlation: between the differences of any two targets.
        elsewhere: the number of configurations that the most accurate one is compared with, and that are not among
            these: those that a race has put out.
    """

    accuracy: Float[Array, "m n"]
    leakage: Float[Array, " m"]
    leakage_against: Callable[[int], tuple[Float[Array, "m n"], Float[Array, "m n"]]]
    column: str
    eligible: Bool[Array, " m"]
    bits: Float[Array, " m"]
    kinds: Sequence[Hashable]
    correlation: Correlation = independent
    elsewhere: int = 0

    @property
    def targets(self) -> Int[Array, " m"]:
        """How many targets each has."""
        counts: Array = (~np.isnan(self.accuracy)).sum(axis=1)
        return counts

    @property
    def mean_accuracy(self) -> Float[Array, " m"]:
        """The mean over each one's own targets."""
        means: Array = np.nanmean(self.accuracy, axis=1)
        return means

    def common(self, reference: int) -> Iterator[tuple[Int[Array, " rows"], int]]:
        """Yield the configurations that have the same number of targets in common with one, and that number."""
        shared = np.minimum(self.targets, self.targets[reference])
        for n in np.unique(shared).tolist():
            yield np.flatnonzero(shared == n), n


@dataclass(frozen=True)
class Decision:
    """The chosen configuration, by its index, and why.

    Attributes:
        chosen: the configuration to take.
        most_accurate: M, of those that may be chosen.
        reason: why it was chosen.
        leaking_less: `(m,)`, True for those that may be chosen and leak significantly less than M.
        in_place_of: the configuration in whose place it was taken, for its fewer bits; None for none.
    """

    chosen: int
    most_accurate: int
    reason: Reason
    leaking_less: Bool[Array, " m"]
    in_place_of: int | None = None


def decide(candidates: Candidates, *, least_leakage: bool) -> Decision:
    """Choose a configuration by the rule at the head of this file.

    Args:
        candidates: the configurations, of which at least one may be chosen.
        least_leakage: True to take, in step 3, the one that leaks least, whatever accuracy it costs.
    """
    best = most_accurate(candidates, candidates.eligible)
    gains, is_less, tested = _leakage_below(candidates, best)
    leaking_less = is_less & candidates.eligible
    wanted, reason = best, _why_not(tested, leaking_less)
    if leaking_less.any():
        accuracy = candidates.mean_accuracy
        worth = gains / Column.parse(candidates.column).leakage_range
        worth = np.where(leaking_less, worth if least_leakage else worth + accuracy - accuracy[best], -np.inf)
        if least_leakage or worth.max() > 0:
            near = _leaks_within_error(candidates, int(worth.argmax()))
            wanted, reason = most_accurate(candidates, leaking_less & near), "leaks less"
    pool = leaking_less if reason == "leaks less" else candidates.eligible
    chosen = _with_fewer_bits(candidates, wanted, pool)
    return Decision(chosen, best, reason, leaking_less, wanted if chosen != wanted else None)


def most_accurate(candidates: Candidates, among: Bool[Array, " m"]) -> int:
    """Return the most accurate; among equals the one that leaks less, then the one with fewer bits, then the first."""
    return best_of(candidates.mean_accuracy, candidates.leakage, candidates.bits, among)


def best_of(
    goodness: Float[Array, " m"], leakage: Float[Array, " m"], bits: Float[Array, " m"], among: Bool[Array, " m"]
) -> int:
    """Return the best in one number; among equals what leaks less, then what has fewer bits, then the first.

    Args:
        goodness: `(m,)`, the mean accuracies, or another number of which more is better.
        leakage: `(m,)`, what each one's mean leaks; NaN, which comes last, where nothing is known.
        bits: `(m,)`, what each costs.
        among: `(m,)`, True for those to choose from, of which there is at least one.
    """
    order = np.lexsort((bits, leakage.round(DECIMALS), -goodness.round(DECIMALS), ~among))
    return int(order[0])


def shrunken(numbers: Float[Array, "m n"], correlation: float = 0.0) -> Float[Array, " m"] | None:
    """Draw the means of m configurations towards their common mean, by as much as their differences may be noise.

    The best of many noisy means is too good. An estimate that is drawn towards the others is less so: were the true
    means normal, it would be an expectation given the measured ones, and stay one whichever of them is looked at. The
    noise is that of a mean of n targets, less what all configurations share of a target.

    Args:
        numbers: `(m, n)`, one number of each target.
        correlation: between any two targets' numbers, as for `privsearch.analysis.paired.mean_difference`.

    Returns:
        `(m,)`; None for fewer than 4 configurations, or one target, or where a number is missing.

    Source: James and Stein 1961, in the form of Efron and Morris 1973; that it answers for the choice of the best,
        Efron 2011, Tweedie's formula and selection bias.
    """
    m, n = numbers.shape
    if m < FEWEST_FOR_SHRINKAGE or n < 2 or np.isnan(numbers).any():
        return None
    shared = numbers.mean(axis=0)
    means = numbers.mean(axis=1)
    residuals = numbers - shared - (means - means.mean())[:, None]
    noise = (residuals**2).sum() / ((m - 1) * (n - 1)) * error_factor(n, correlation) ** 2
    if noise == 0:
        return np.asarray(means)
    estimates: Array = shrunken_means(means[None], np.full((1, 1, 1), noise))[0]
    return estimates


def _leakage_below(candidates: Candidates, reference: int) -> tuple[Float[Array, " m"], Bool[Array, " m"], bool]:
    """Compare all configurations with a reference in leakage, corrected for all of these comparisons.

    Returns:
        How much less each leaks, which ones leak significantly less, and whether any comparison had a test.
    """
    of_it, of_each = candidates.leakage_against(reference)
    as_leakage = Column.parse(candidates.column).as_leakage
    m = len(of_each)
    gains, p, compared = np.zeros(m), np.ones(m), np.zeros(m, dtype=bool)
    for rows, n in candidates.common(reference):
        a, b = of_it[rows, :n], of_each[rows, :n]
        differences = compared_values(candidates.column, b) - compared_values(candidates.column, a)
        p[rows] = mean_difference(differences, correlation=candidates.correlation(n) if n > 1 else 0.0).p
        compared[rows] = has_spread(differences) & (rows != reference)
        gains[rows] = as_leakage(a.mean(axis=1)) - as_leakage(b.mean(axis=1))
    family = max(1, int(compared.sum()) + candidates.elsewhere)
    return gains, compared & (family * p < ALPHA) & (gains > 0), bool(compared.any())


def _leaks_within_error(candidates: Candidates, reference: int) -> Bool[Array, " m"]:
    """Tell which ones leak more than a reference by no more than one standard error of the paired difference."""
    of_it, of_each = candidates.leakage_against(reference)
    within = np.zeros(len(of_each), dtype=bool)
    for rows, n in candidates.common(reference):
        a, b = of_it[rows, :n], of_each[rows, :n]
        more = compared_values(candidates.column, b) - compared_values(candidates.column, a)
        within[rows] = more.mean(axis=1) <= _standard_error(more, candidates.correlation)
    return within


def _why_not(tested: bool, leaking_less: Bool[Array, " m"]) -> Reason:
    """Return why the most accurate configuration stays, if it does."""
    if not tested and len(leaking_less) > 1:
        return "not tested"
    return "costs more than it gains" if leaking_less.any() else "nothing leaks less"


def _with_fewer_bits(candidates: Candidates, wanted: int, pool: Bool[Array, " m"]) -> int:
    """Return the configuration with the fewest bits that does as well as the wanted one, or that one."""
    as_accurate = np.zeros(len(pool), dtype=bool)
    for rows, n in candidates.common(wanted):
        losses = candidates.accuracy[wanted, :n] - candidates.accuracy[rows, :n]
        as_accurate[rows] = losses.mean(axis=1) <= np.minimum(_standard_error(losses), MOST_ACCURACY_FOR_BITS)
    as_well = (
        as_accurate
        & _leaks_within_error(candidates, wanted)
        & np.array([kind == candidates.kinds[wanted] for kind in candidates.kinds])
        & (candidates.bits < candidates.bits[wanted])
        & pool
    )
    if not as_well.any():
        return wanted
    cheapest = as_well & (candidates.bits == candidates.bits[as_well].min())
    return most_accurate(candidates, cheapest)


def _standard_error(differences: Float[Array, "m n"], correlation: Correlation = independent) -> Float[Array, " m"]:
    """Return the standard error of the mean of paired differences; 0 for one pair, which shows no spread."""
    n = differences.shape[1]
    if n < 2:
        return np.zeros(len(differences))
    error: Array = differences.std(axis=1, ddof=1) * error_factor(n, correlation(n))
    return error
