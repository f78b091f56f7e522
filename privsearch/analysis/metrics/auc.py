"""The area under the ROC curve of an attack: its value, its interval, and what guessing gives."""

import math

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.metrics.binomial import binomial_interval, normal_quantile
from privsearch.errors import MetricError


def attack_auc(scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float:
    """Compute the probability that a random member scores above a random non-member, ties counting one half.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.

    Returns:
        The area under the ROC curve, a fraction; 0.5 is what guessing gives.

    Raises:
        MetricError: there are no members or no non-members, or a score is not finite.

    Source: Hanley and McNeil 1982, from the rank sum of Mann and Whitney 1947.
    """
    check_scores(scores, is_member, "an attack's AUC")
    # Here, because whoever only reads results should not wait for scipy.
    from scipy.stats import rankdata

    members = int(is_member.sum())
    pairs = members * (len(is_member) - members)
    return float((rankdata(scores)[is_member].sum() - members * (members + 1) / 2) / pairs)


def noise_floor(num_members: int, num_non_members: int, confidence: float = 0.95) -> float:
    """Compute the half-width of the interval around 0.5 that holds a guessing attack's AUC with this confidence.

    Args:
        num_members: examples scored that are members.
        num_non_members: examples scored that are not.
        confidence: a fraction.

    Raises:
        MetricError: there are no members or no non-members.

    Source: variance of the Mann-Whitney U statistic under the null hypothesis, (m + n + 1) / (12 m n) for the AUC;
    Mann and Whitney 1947, with a normal approximation.
    """
    if num_members < 1 or num_non_members < 1:
        raise MetricError(
            f"a noise floor needs both kinds, but got {num_members} members, {num_non_members} non-members"
        )
    sd = math.sqrt((num_members + num_non_members + 1) / (12 * num_members * num_non_members))
    return normal_quantile(confidence) * sd


def auc_interval(scores: Float[Array, " n"], is_member: Bool[Array, " n"], confidence: float = 0.95) -> Interval:
    """Compute the AUC of an attack on one network, and how far the choice of examples moves it.

    The interval is symmetric on the logit scale, where the AUC is closer to normal and cannot leave [0, 1]. Where
    DeLong's variance is 0, because members and non-members separate or all scores are equal, it is the binomial one
    for as many independent pairs as the rarer kind allows, which is conservative. One member or one non-member says
    nothing about the variance, and the interval is [0, 1].

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        confidence: a fraction.

    Raises:
        MetricError: there are no members or no non-members, or a score is not finite.

    Source: variance of DeLong, DeLong and Clarke-Pearson 1988, by the midranks of Sun and Xu 2014; on the logit scale,
    Pepe 2003; it varies no more than a share of `min(members, non-members)` pairs, Birnbaum and Klose 1957.
    """
    from scipy.special import expit, logit

    value = attack_auc(scores, is_member)
    pairs = int(min(is_member.sum(), (~is_member).sum()))
    if pairs == 1:
        return Interval(value, 0.0, 1.0)
    variance = _delong_variance(scores, is_member)
    if variance == 0:
        return binomial_interval(value, pairs, confidence)
    half_width = normal_quantile(confidence) * math.sqrt(variance) / (value * (1 - value))
    return Interval(value, float(expit(logit(value) - half_width)), float(expit(logit(value) + half_width)))


def check_scores(scores: Float[Array, " n"], is_member: Bool[Array, " n"], metric: str, at_least: int = 1) -> None:
    """Check that an attack's scores can be judged.

    Args:
        scores: `(n,)`.
        is_member: `(n,)`.
        metric: the number that is asked for, in words.
        at_least: the fewest members, and the fewest non-members.

    Raises:
        MetricError: there are too few members or non-members, or a score is not finite.
    """
    members = int(is_member.sum())
    others = len(is_member) - members
    if min(members, others) == 0:
        kind = "members" if members else "non-members"
        raise MetricError(f"{metric} needs members and non-members, but all {len(is_member)} examples are {kind}")
    if min(members, others) < at_least:
        raise MetricError(
            f"{metric} needs at least {at_least} members and {at_least} non-members, but got {members} and {others}"
        )
    if not np.isfinite(scores).all():
        raise MetricError(
            f"scores must be finite, but {np.count_nonzero(~np.isfinite(scores))} of {len(scores)} are not"
        )


def _delong_variance(scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float:
    from scipy.stats import rankdata

    rank, num_members, num_others = rankdata(scores), is_member.sum(), (~is_member).sum()
    beaten_by_member = (rank[is_member] - rankdata(scores[is_member])) / num_others
    beating_other = (rank[~is_member] - rankdata(scores[~is_member])) / num_members
    return float(beaten_by_member.var(ddof=1) / num_members + beating_other.var(ddof=1) / num_others)
