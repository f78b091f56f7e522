"""The rule by which a configuration is chosen: accuracy is given up only for less leakage that is shown.

Among m configurations that may be chosen, each with the same n targets:

1. The most accurate one, M, is the one to beat.
2. Every other configuration is compared with M in leakage, target by target (`privsearch.analysis.paired`), with the
   correction for all comparisons. Those that leak significantly less go on. If none does, M stays: what the rest
   leaks less may be noise, and accuracy is not given up for noise.
3. Of those, one is taken for its privacy. With a least accuracy asked for: the one that leaks least. Without: the one
   that gains most, where a gain in leakage counts as its share of all that an attack could gain, and what it costs in
   accuracy is taken off. If none gains more than it costs, M stays.
4. The one of step 3 is the least of noisy numbers as well. So the most accurate one is taken that also leaks
   significantly less than M, and not significantly more than the one of step 3.
5. If the same network with fewer bits does as well, it is taken. As well: less accurate by no more than one standard
   error of the paired difference, and by no more than `MOST_ACCURACY_FOR_BITS`; and leaking more by no more than one
   standard error.

Sources: step 2 compares many with one, as Dunnett 1955, with Bonferroni's correction in the place of his, which needs
equal variances; step 4 is the selection of a subset that holds the best, Gupta 1965, On some multiple decision
(selection and ranking) rules, with comparisons as of Hsu 1981, Simultaneous confidence intervals for all distances from
the "best"; step 5 is the one-standard-error rule of Breiman et al. 1984, Classification and regression trees.
`benchmarks/decisions.py` measures what the rule costs, and how often it is wrong, where the truth is known.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.analysis.paired import ALPHA, has_spread, mean_difference
from privsearch.analysis.shrinkage import shrunken_means
from privsearch.analysis.verdict_words import leaks_less
from privsearch.spec.columns import DECIMALS, Column

MOST_ACCURACY_FOR_BITS: Final = 0.005
"""The most mean accuracy, a fraction, that fewer bits may cost."""

FEWEST_FOR_SHRINKAGE: Final = 4
"""The fewest configurations that tell how much configurations differ."""

Reason = Literal["nothing leaks less", "leaks less", "costs more than it gains", "not tested"]
"""Why a configuration was chosen: no other leaks significantly less than the most accurate one; it leaks significantly
less than that; others do, but cost more accuracy than they gain; or no difference in leakage could be tested."""


@dataclass(frozen=True)
class Candidates:
    """The configurations to choose from, with their numbers of each target.

    Attributes:
        accuracy: `(m, n)`, test accuracies.
        leakage_against: returns, for the index of a configuration, the leakage of that one and of each one, both
            `(m, n)`, to be compared like for like; NaN where a number is missing.
        column: the column that stands for leakage.
        eligible: `(m,)`, True for those that may be chosen. The others are compared all the same.
        bits: `(m,)`, what a configuration costs; less is better.
        kinds: `(m,)`, equal for configurations that differ in their bits alone.
        correlation: between the differences of any two targets, as for `privsearch.analysis.paired.mean_difference`.
    """

    accuracy: Float[Array, "m n"]
    leakage_against: Callable[[int], tuple[Float[Array, "m n"], Float[Array, "m n"]]]
    column: str
    eligible: Bool[Array, " m"]
    bits: Float[Array, " m"]
    kinds: Sequence[Hashable]
    correlation: float = 0.0


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
    best = _most_accurate(candidates, candidates.eligible)
    gains, is_less, tested = _leakage_below(candidates, best, np.ones_like(candidates.eligible))
    leaking_less = is_less & candidates.eligible
    wanted, reason = best, _why_not(tested, leaking_less)
    if leaking_less.any():
        accuracy = candidates.accuracy.mean(axis=1)
        worth = gains / Column.parse(candidates.column).leakage_range
        worth = np.where(leaking_less, worth if least_leakage else worth + accuracy - accuracy[best], -np.inf)
        if least_leakage or worth.max() > 0:
            private = int(worth.argmax())
            _, is_less, _ = _leakage_below(candidates, private, leaking_less, of_reference=True)
            wanted, reason = _most_accurate(candidates, leaking_less & ~is_less), "leaks less"
    pool = leaking_less if reason == "leaks less" else candidates.eligible
    chosen = _with_fewer_bits(candidates, wanted, pool)
    return Decision(chosen, best, reason, leaking_less, wanted if chosen != wanted else None)


def shrunken(numbers: Float[Array, "m n"]) -> Float[Array, " m"] | None:
    """Draw the means of m configurations towards their common mean, by as much as their differences may be noise.

    The best of many noisy means is too good. An estimate that is drawn towards the others is not: as it is an
    expectation given the means, it stays one whichever of them is looked at. The noise is that of a mean of n targets,
    less what all configurations share of a target.

    Args:
        numbers: `(m, n)`, one number of each target.

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
    noise = (residuals**2).sum() / ((m - 1) * (n - 1)) / n
    if noise == 0:
        return np.asarray(means)
    estimates: Array = shrunken_means(means[None], np.full((1, 1, 1), noise))[0]
    return estimates


def _most_accurate(candidates: Candidates, among: Bool[Array, " m"]) -> int:
    """Return the most accurate; among equals the one with fewer bits, then the first."""
    accuracy = candidates.accuracy.mean(axis=1).round(DECIMALS)
    order = np.lexsort((candidates.bits, -accuracy, ~among))
    return int(order[0])


def _leakage_below(
    candidates: Candidates, reference: int, among: Bool[Array, " m"], *, of_reference: bool = False
) -> tuple[Float[Array, " m"], Bool[Array, " m"], bool]:
    """Compare configurations with a reference in leakage, corrected for all of these comparisons.

    Args:
        candidates: the configurations.
        reference: the index of the reference.
        among: those to compare with it.
        of_reference: True to ask which ones leak significantly more than the reference, False which ones leak less.

    Returns:
        How much less each leaks, what was asked of each, and whether any comparison had a test.
    """
    of_it, of_each = candidates.leakage_against(reference)
    differences = of_each - of_it
    compared = among & has_spread(differences) & (np.arange(len(among)) != reference)
    family = max(1, int(compared.sum()))
    found = mean_difference(differences, correlation=candidates.correlation, family=family)
    means = list(zip(of_it.mean(axis=1), of_each.mean(axis=1), strict=True))
    as_leakage = Column.parse(candidates.column).as_leakage
    gains = np.array([as_leakage(of_a) - as_leakage(of_b) for of_a, of_b in means])
    less = [leaks_less(candidates.column, of_a, of_b) for of_a, of_b in means]
    is_as_asked = np.array([it is not None and it is not of_reference for it in less])
    return gains, compared & (found.p_corrected < ALPHA) & is_as_asked, bool(compared.any())


def _why_not(tested: bool, leaking_less: Bool[Array, " m"]) -> Reason:
    """Return why the most accurate configuration stays, if it does."""
    if not tested and len(leaking_less) > 1:
        return "not tested"
    return "costs more than it gains" if leaking_less.any() else "nothing leaks less"


def _with_fewer_bits(candidates: Candidates, wanted: int, pool: Bool[Array, " m"]) -> int:
    """Return the configuration with the fewest bits that does as well as the wanted one, or that one."""
    losses = candidates.accuracy[wanted] - candidates.accuracy
    of_it, of_each = candidates.leakage_against(wanted)
    sign = -1.0 if of_it.mean() < (Column.parse(candidates.column).guess or 0.0) else 1.0
    leaks = sign * (of_each - of_it)
    as_well = (
        (losses.mean(axis=1) <= np.minimum(_standard_error(losses), MOST_ACCURACY_FOR_BITS))
        & (leaks.mean(axis=1) <= _standard_error(leaks, candidates.correlation))
        & np.array([kind == candidates.kinds[wanted] for kind in candidates.kinds])
        & (candidates.bits < candidates.bits[wanted])
        & pool
    )
    if not as_well.any():
        return wanted
    cheapest = as_well & (candidates.bits == candidates.bits[as_well].min())
    return _most_accurate(candidates, cheapest)


def _standard_error(differences: Float[Array, "m n"], correlation: float = 0.0) -> Float[Array, " m"]:
    """Return the standard error of the mean of paired differences; 0 for one pair, which shows no spread."""
    n = differences.shape[1]
    if n < 2:
        return np.zeros(len(differences))
    error: Array = differences.std(axis=1, ddof=1) * np.sqrt(1 / n + correlation / (1 - correlation))
    return error
