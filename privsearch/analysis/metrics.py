"""AUC, TPR, advantage, epsilon, noise floor: the only definitions of the numbers that privsearch reports."""

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.errors import MetricError

FPRS: Final = (0.1, 0.01, 0.001)
"""The false-positive rates at which the TPR is reported, as fractions, the easiest to resolve first."""


def rate_key(fpr: float) -> str:
    """Write a false-positive rate as in the names of columns: `1e-2`."""
    return f"{fpr:.0e}".replace("e-0", "e-")


@dataclass(frozen=True)
class Thresholded:
    """The success of an attack that must decide between member and non-member.

    Attributes:
        advantage: TPR - FPR, between -1 and 1; 0 is what guessing gives.
    """

    advantage: Interval

    @property
    def balanced_accuracy(self) -> float:
        """The mean of TPR and TNR, a fraction; 0.5 is what guessing gives."""
        return (1 + self.advantage.value) / 2


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
    _check(scores, is_member, "an attack's AUC")
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
    return _normal_quantile(confidence) * sd


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
        return _binomial_interval(value, pairs, confidence)
    half_width = _normal_quantile(confidence) * math.sqrt(variance) / (value * (1 - value))
    return Interval(value, float(expit(logit(value) - half_width)), float(expit(logit(value) + half_width)))


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
    """Compute the share of members found when at most `fpr` of the non-members are accused.

    Accused is who scores strictly above the lowest threshold that keeps to `fpr` on these non-members, so ties never
    exceed it. The interval is about the share of all members above this very threshold. It does not hold the noise of
    the threshold, which dominates where `fpr` allows few accusations: with 5,000 members and 1,000 non-members,
    simulated intervals of 0.95 held the TPR at the true FPR in 0.3 to 0.6 of cases, at 0.01 and at 0.1 alike.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        fpr: the rate allowed, a fraction: 0.001, not 0.1 %.
        confidence: a fraction.

    Raises:
        MetricError: `fpr` is finer than the non-members can resolve or not between 0 and 1, there are no members or no
            non-members, or a score is not finite.

    Source: Carlini et al. 2022, section 4; the interval: Clopper and Pearson 1934.
    """
    threshold = threshold_at_fpr(scores, is_member, fpr)
    members = scores[is_member]
    return _binomial_interval(float(np.mean(members > threshold)), len(members), confidence)


def threshold_at_fpr(scores: Float[Array, " n"], is_member: Bool[Array, " n"], fpr: float) -> float:
    """Return the lowest score above which at most `fpr` of the non-members stand.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        fpr: the rate allowed, a fraction.

    Raises:
        MetricError: as `tpr_at_fpr`.
    """
    _check(scores, is_member, "a TPR at a fixed FPR")
    others = np.sort(scores[~is_member])
    needed = needed_non_members(fpr)
    if len(others) < needed:
        raise MetricError(
            f"an FPR of {fpr} needs at least {needed} non-members, but got {len(others)}; "
            "use more non-members or a larger FPR"
        )
    return float(others[len(others) - math.floor(_as_written(fpr) * len(others)) - 1])


def cross_fitted_advantage(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], rng: np.random.Generator, confidence: float = 0.95
) -> Thresholded:
    """Compute the membership advantage, TPR - FPR, at a threshold that was chosen on other examples.

    The examples are cut at random into halves, alike in members and non-members. The best threshold of each half is
    judged on the other, and the two are averaged. So a guessing attack gets 0 on average, which the best threshold
    judged on its own examples would not. A threshold chosen on few examples is worth a little less than the best.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        rng: draws the halves.
        confidence: a fraction.

    Raises:
        MetricError: there are fewer than two members or non-members, or a score is not finite.

    Source: Yeom et al. 2018; the interval of a difference of shares: Newcombe 1998, method 10, with every example
    counted once and the thresholds taken as given.
    """
    _check(scores, is_member, "a threshold judged on other examples", at_least=2)
    first = random_half(is_member, rng)
    tpr, fpr = np.mean([_held_out_rates(scores, is_member, fit) for fit in (first, ~first)], axis=0)
    z = _normal_quantile(confidence)
    tpr_low, tpr_high = _wilson_limits(tpr, int(is_member.sum()), z)
    fpr_low, fpr_high = _wilson_limits(fpr, int((~is_member).sum()), z)
    value = float(tpr - fpr)
    low = value - math.hypot(tpr - tpr_low, fpr_high - fpr)
    return Thresholded(Interval(value, low, value + math.hypot(tpr_high - tpr, fpr - fpr_low)))


def epsilon_lower_bound(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], rng: np.random.Generator, confidence: float = 0.95
) -> float:
    """Bound from below the epsilon of pure differential privacy that allows the attack to do this well.

    Under epsilon-differential privacy both TPR / FPR and TNR / FNR are at most exp(epsilon). The threshold, and which
    of the two ratios, are those with the best bound on a random half of the examples; the bound is then taken on the
    other half, with half of the allowed error for each of its two rates.

    It treats the examples of one network as independent, which they are not quite: they were trained on together. It
    says nothing of the worst example, of a delta above 0, or of what a better attack would show. n evaluated examples
    of each kind cannot show more than about ln(n / 3.7) at a confidence of 0.95.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.
        rng: draws the halves.
        confidence: a fraction.

    Returns:
        Epsilon in nats, at least 0.

    Raises:
        MetricError: there are fewer than two members or non-members, or a score is not finite.

    Source: Jagielski et al. 2020; Nasr et al. 2021.
    """
    _check(scores, is_member, "a bound on epsilon", at_least=2)
    fit, tail = random_half(is_member, rng), (1 - confidence) / 2
    thresholds = _thresholds(scores[fit])
    ratios = _ratio_bounds(scores[fit], is_member[fit], thresholds, tail)
    which, best = np.unravel_index(ratios.argmax(), ratios.shape)
    held_out = _ratio_bounds(scores[~fit], is_member[~fit], thresholds[[best]], tail)
    return math.log(max(held_out[which, 0], 1.0))


def _check(scores: Float[Array, " n"], is_member: Bool[Array, " n"], metric: str, at_least: int = 1) -> None:
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


def _normal_quantile(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _as_written(fpr: float) -> Fraction:
    """Return the rate in decimal, as the binary 0.29 * 100 is less than 29."""
    return Fraction(str(fpr))


def _delong_variance(scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float:
    from scipy.stats import rankdata

    rank, num_members, num_others = rankdata(scores), is_member.sum(), (~is_member).sum()
    beaten_by_member = (rank[is_member] - rankdata(scores[is_member])) / num_others
    beating_other = (rank[~is_member] - rankdata(scores[~is_member])) / num_members
    return float(beaten_by_member.var(ddof=1) / num_members + beating_other.var(ddof=1) / num_others)


def _lower_limit(successes: Float[Array, " k"] | Int[Array, " k"], trials: int, tail: float) -> Float[Array, " k"]:
    """Return the share below which so many successes have at most probability `tail` (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    limit: Array = betaincinv(np.maximum(successes, 1), trials - successes + 1, tail)
    return np.where(successes > 0, limit, 0.0)


def _binomial_interval(share: float, trials: int, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = _lower_limit(np.array([share, 1 - share]) * trials, trials, tail)
    return Interval(share, float(low), float(1 - high))


def _wilson_limits(share: float, trials: int, z: float) -> tuple[float, float]:
    """Return the limits of Wilson 1927: never outside [0, 1], never of width 0."""
    shrunk, weight = z * z / trials, 1 / (1 + z * z / trials)
    centre = (share + shrunk / 2) * weight
    half_width = z * weight * math.sqrt((share * (1 - share) + shrunk / 4) / trials)
    return centre - half_width, centre + half_width


def random_half(is_member: Bool[Array, " n"], rng: np.random.Generator) -> Bool[Array, " n"]:
    """Draw a mask of half of the members and half of the non-members, rounded down."""
    half = np.zeros(len(is_member), dtype=bool)
    for kind in (is_member, ~is_member):
        of_kind = rng.permutation(np.flatnonzero(kind))
        half[of_kind[: len(of_kind) // 2]] = True
    return half


def _thresholds(scores: Float[Array, " n"]) -> Float[Array, " k"]:
    """Return every threshold that makes a difference, from accusing all to accusing none."""
    return np.append(-np.inf, np.unique(scores))


def _num_above(scores: Float[Array, " n"], thresholds: Float[Array, " k"]) -> Int[Array, " k"]:
    return len(scores) - np.searchsorted(np.sort(scores), thresholds, side="right")


def _held_out_rates(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], fit: Bool[Array, " n"]
) -> tuple[float, float]:
    """Compute TPR and FPR outside of `fit` at the threshold that is best on `fit`."""
    thresholds = _thresholds(scores[fit])
    tpr = _num_above(scores[fit & is_member], thresholds) / np.count_nonzero(fit & is_member)
    fpr = _num_above(scores[fit & ~is_member], thresholds) / np.count_nonzero(fit & ~is_member)
    accused = scores > thresholds[np.argmax(tpr - fpr)]
    return float(accused[~fit & is_member].mean()), float(accused[~fit & ~is_member].mean())


def _ratio_bounds(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], thresholds: Float[Array, " k"], tail: float
) -> Float[Array, "2 k"]:
    """Compute lower bounds of TPR / FPR and of TNR / FNR at each threshold."""
    members, others = scores[is_member], scores[~is_member]
    tpr = _lower_limit(_num_above(members, thresholds), len(members), tail)
    tnr = _lower_limit(len(others) - _num_above(others, thresholds), len(others), tail)
    return np.stack([tpr / (1 - tnr), tnr / (1 - tpr)])
