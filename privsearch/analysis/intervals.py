"""Intervals of means over targets, where only each target's estimate is at hand and not its scores."""

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import NormalDist, fmean
from typing import Final

from privsearch._util.interval import Interval

_NORMAL: Final = NormalDist().inv_cdf(0.975)


def mean_interval(
    estimates: Sequence[Interval], *, shared: bool, lowest: float = 0.0, confidence: float = 0.95
) -> Interval:
    """Return the mean of one estimate a target, and how far the choice of networks and of examples moves it.

    The normal approximation of `privsearch.analysis.bootstrap.hierarchical_auc_interval`, and as conservative:
    Student's t over the targets, where the variance between them is increased by that within, which each target's own
    interval tells.
    Around AUCs of 8 targets it is as wide as the bootstrap's, within 10 %; of 3 targets, half as wide again.
    One target alone says nothing about other networks: then the interval is its own.

    Args:
        estimates: one a target, each with its interval of 95 %.
        shared: all targets have the same members and non-members, whose noise then does not average out.
        lowest: the least possible value; the greatest is 1.
        confidence: a fraction.
    """
    value = fmean(estimate.value for estimate in estimates)
    if len(estimates) == 1:
        wider = NormalDist().inv_cdf((1 + confidence) / 2) / _NORMAL
        low, high = value - wider * (value - estimates[0].low), value + wider * (estimates[0].high - value)
        return Interval(value, max(low, lowest), min(high, 1.0))
    standard_errors = [(e.high - e.low) / 2 / _NORMAL for e in estimates]
    within = fmean(error**2 for error in standard_errors)
    within *= len(estimates) if shared else len(estimates) / (len(estimates) - 1)
    half_width = _half_width([estimate.value for estimate in estimates], within, confidence)
    return Interval(value, max(value - half_width, lowest), min(value + half_width, 1.0))


def highest_mean_interval(estimates: Sequence[Sequence[Interval]], *, shared: bool) -> Interval:
    """Return the highest of several attacks' means over the same targets, and how far chance moves it.

    The intervals of all means are simultaneous, by the correction of Bonferroni (Dunn 1961): in 95 % of cases they hold
    all true means together, and then the highest of these lies between the highest of the lower ends and the highest of
    the upper ends. So it holds although the attack was chosen on the examples that its mean comes from.

    Args:
        estimates: for each attack, one estimate a target, each with its interval of 95 %.
        shared: as for `mean_interval`.
    """
    confidence = 1 - 0.05 / len(estimates)
    intervals = [mean_interval(of_one, shared=shared, confidence=confidence) for of_one in estimates]
    return Interval(*(max(getattr(interval, end) for interval in intervals) for end in ("value", "low", "high")))


def spread_interval(values: Sequence[float], *, lowest: float = 0.0, highest: float = 1.0) -> Interval | None:
    """Return the mean of one number a network, such as accuracy, and how far the choice of networks moves it.

    Student's t with 95 %. It is about the examples at hand: their choice is not in it.

    Args:
        values: one a network.
        lowest: the least possible value.
        highest: the greatest.

    Returns:
        None for one network, which says nothing about others.
    """
    if len(values) == 1:
        return None
    value, half_width = fmean(values), _half_width(values, within=0.0, confidence=0.95)
    return Interval(value, max(value - half_width, lowest), min(value + half_width, highest))


def _half_width(values: Sequence[float], within: float, confidence: float) -> float:
    """Return the half-width of the interval by Student's t."""
    # Here, and not from scipy.stats, which takes a second to import.
    from scipy.special import stdtrit

    # Not `statistics.variance`, whose fractions take thirty times as long: a table of results has thousands of these.
    # From the first value on, so that equal values have a variance of 0 exactly.
    steps = [value - values[0] for value in values]
    mean = fmean(steps)
    variance = fsum((step - mean) ** 2 for step in steps) / (len(steps) - 1)
    return float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * sqrt((variance + within) / len(values))
