"""The true positive rate at a fixed false positive rate, for one direction of the scores."""

import math
from fractions import Fraction
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.metrics.auc import check_scores
from privsearch.analysis.metrics.binomial import binomial_interval
from privsearch.errors import MetricError

FPRS: Final = (0.1, 0.01, 0.001)
"""The false-positive rates at which the TPR is reported, as fractions, the easiest to resolve first."""


def rate_key(fpr: float) -> str:
    """Write a false-positive rate as in the names of columns: `1e-2`."""
    return f"{fpr:.0e}".replace("e-0", "e-")


def needed_non_members(fpr: float) -> int:
    """Return the fewest non-members of which accusing one stays within the rate.

    Raises:
        MetricError: `fpr` is not between 0 and 1.
    """
    if not 0 < fpr < 1:
        raise MetricError(
            f"`0 < fpr < 1` must hold, but got fpr={fpr}; give the rate as a fraction, such as 0.001 for 0.1 %"
        )
    return math.ceil(1 / _as_written(fpr))


def tpr_at_fpr(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], fpr: float, confidence: float = 0.95
) -> Interval:
    """Estimate the share of members found at this false positive rate, so that guessing gets the rate itself.

    Of n non-members, the j-th highest score has a false positive rate of j / (n + 1) on average. So the threshold is
    at rank `fpr` * (n + 1), and the TPRs at the scores on either side of it are interpolated. Equal scores count as if
    chance had put them in order. (To accuse who scores above the (k + 1)-th highest, k = floor(`fpr` * n), gives
    guessing (k + 1) / (n + 1): twice the rate of 0.01 for n = 100.)

    The interval is about the TPR at the true FPR: it joins the noise of the threshold to that of the members. In
    simulations with 100, 200 and 500 of either kind, intervals of 0.95 held the truth in 0.96 to 0.99 of cases at an
    FPR of 0.1, and in 0.98 to 1 at 0.01. For fewer than 368 non-members its lower end at 0.01 is near 0: a single
    accusation may be above the rate.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        fpr: the rate allowed, a fraction: 0.001, not 0.1 %.
        confidence: a fraction.

    Raises:
        MetricError: `fpr` is finer than the non-members can resolve or not between 0 and 1, there are no members or no
            non-members, or a score is not finite.

    Source: Carlini et al. 2022, section 4, for the TPR at a low FPR. The rank: the mean of a uniform order statistic,
    David and Nagaraja 2003, section 2.3. The interval: order statistics bound the threshold (section 7.1 there),
    Clopper and Pearson 1934 the members' share, and the two are joined as in Zou and Donner 2008.
    """
    check_resolution(scores, is_member, fpr)
    value, tail = interpolated_tpr(scores, is_member, fpr), (1 - confidence) / 2
    members = scores[is_member]
    moved = _moved_by_threshold(members, scores[~is_member], fpr, tail)
    share = binomial_interval(value, len(members), confidence)
    below = math.hypot(value - moved[0], value - share.low)
    above = math.hypot(moved[1] - value, share.high - value)
    return Interval(value, max(value - below, 0.0), min(value + above, 1.0))


def check_resolution(scores: Float[Array, " n"], is_member: Bool[Array, " n"], fpr: float) -> None:
    """Check that the non-members can resolve a rate.

    Raises:
        MetricError: as `tpr_at_fpr`.
    """
    check_scores(scores, is_member, "a TPR at a fixed FPR")
    needed, others = needed_non_members(fpr), int((~is_member).sum())
    if others < needed:
        raise MetricError(
            f"an FPR of {fpr} needs at least {needed} non-members, but got {others}; "
            "use more non-members or a larger FPR"
        )


def interpolated_tpr(scores: Float[Array, " n"], is_member: Bool[Array, " n"], fpr: float) -> float:
    """Return the estimate of `tpr_at_fpr`, which has its arguments, however few the non-members."""
    members, others = scores[is_member], -np.sort(-scores[~is_member])
    rank = _as_written(fpr) * (len(others) + 1)
    whole, share = math.floor(rank), float(rank - math.floor(rank))
    found = (1 - share) * _found_above(members, others, whole)
    return found + (share * _found_above(members, others, whole + 1) if share else 0.0)


def threshold_at_fpr(scores: Float[Array, " n"], is_member: Bool[Array, " n"], fpr: float) -> float:
    """Return the lowest score above which at most `fpr` of the non-members stand.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        fpr: the rate allowed, a fraction.

    Raises:
        MetricError: as `tpr_at_fpr`.
    """
    check_resolution(scores, is_member, fpr)
    others = np.sort(scores[~is_member])
    return float(others[len(others) - math.floor(_as_written(fpr) * len(others)) - 1])


def _as_written(fpr: float) -> Fraction:
    """Return the rate in decimal, as the binary 0.29 * 100 is less than 29."""
    return Fraction(str(fpr))


def _found_above(members: Float[Array, " m"], others: Float[Array, " n"], rank: int) -> float:
    """Return the share of members above the non-member of a rank, from 1; equal scores are in random order.

    Args:
        members: `(m,)`.
        others: `(n,)`, the highest first.
        rank: 0 is above all, n + 1 below all.
    """
    if rank in (0, len(others) + 1):
        return float(rank > 0)
    threshold = others[rank - 1]
    equal, higher = np.count_nonzero(others == threshold), np.count_nonzero(others > threshold)
    among_equals = np.count_nonzero(members == threshold) * (rank - higher) / (equal + 1)
    return float(np.count_nonzero(members > threshold) + among_equals) / len(members)


def _moved_by_threshold(
    members: Float[Array, " m"], others: Float[Array, " n"], fpr: float, tail: float
) -> tuple[float, float]:
    """Return the shares of these members above the highest and the lowest score that the true threshold may have.

    Either end is wrong with probability `tail` at most.
    """
    # Here, because whoever only reads results should not wait for scipy.
    from scipy.special import bdtr, bdtrc

    ranked, before = -np.sort(-others), np.arange(len(others))
    # The FPR at the j-th highest is at most `fpr` if at least j non-members are above the true threshold.
    sure_above = np.count_nonzero(bdtr(before, len(others), fpr) <= tail)
    sure_below = np.flatnonzero(bdtrc(before, len(others), fpr) <= tail)
    least = float(np.mean(members > ranked[sure_above - 1])) if sure_above else 0.0
    most = float(np.mean(members >= ranked[sure_below[0]])) if len(sure_below) else 1.0
    return least, most
