"""Intervals of means over targets, where only each target's estimate is at hand and not its scores."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Final

from privsearch._util.interval import Interval

_NORMAL: Final = NormalDist().inv_cdf(0.975)


def mean_interval(estimates: Sequence[Interval], *, shared: bool, lowest: float = 0.0) -> Interval:
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
    """
    value = fmean(estimate.value for estimate in estimates)
    if len(estimates) == 1:
        return estimates[0]
    standard_errors = [(e.high - e.low) / 2 / _NORMAL for e in estimates]
    within = fmean(error**2 for error in standard_errors)
    within *= len(estimates) if shared else len(estimates) / (len(estimates) - 1)
    half_width = _half_width([estimate.value for estimate in estimates], within)
    return Interval(value, max(value - half_width, lowest), min(value + half_width, 1.0))


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
    value, half_width = fmean(values), _half_width(values, within=0.0)
    return Interval(value, max(value - half_width, lowest), min(value + half_width, highest))


def _half_width(values: Sequence[float], within: float) -> float:
    """Return the half-width of the 95 % interval by Student's t."""
    # Here, and not from scipy.stats, which takes a second to import.
    from scipy.special import stdtrit

    return float(stdtrit(len(values) - 1, 0.975)) * sqrt((variance(values) + within) / len(values))
