"""Lower bounds on the epsilon of differential privacy, from an attack's hits and misses."""

import math
from collections.abc import Sequence
from statistics import median_high
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.analysis.metrics.binomial import lower_limit
from privsearch.analysis.metrics.held_out import all_thresholds, check_halves, direction, num_above

TARGET_CONFIDENCE: Final = 0.975
"""The confidence of the bound on one target, so that the median over targets has one of 0.95 (`bound_over_targets`)."""


def epsilon_lower_bound(
    scores: Float[Array, " n"],
    is_member: Bool[Array, " n"],
    first: Bool[Array, " n"],
    confidence: float = TARGET_CONFIDENCE,
) -> float:
    """Bound from below the epsilon of pure differential privacy that allows the attack to do this well.

    Under epsilon-differential privacy both TPR / FPR and TNR / FNR are at most exp(epsilon). The direction of the
    scores, the threshold, and which of the two ratios, are those with the best bound on the first half of the examples;
    the bound is then taken on the second half, with half of the allowed error for each of its two rates.

    Membership must have been drawn at random: where all members are of one split and all non-members of another, the
    attack may tell the splits apart. It treats the examples of one network as independent, which they are not quite:
    they were trained on together. It says nothing of the worst example, of a delta above 0, or of what a better attack
    would show; and no more than `largest_epsilon`.

    Args:
        scores: `(n,)`, unitless.
        is_member: `(n,)`.
        first: `(n,)`, True for the first half of the examples, drawn without regard to their membership.
        confidence: a fraction.

    Returns:
        Epsilon in nats, at least 0.

    Raises:
        MetricError: a half lacks members or non-members, or a score is not finite.

    Source: Jagielski et al. 2020; Nasr et al. 2021.
    """
    check_halves(scores, is_member, first, "a bound on epsilon")
    tail = (1 - confidence) / 2
    turned = direction(scores[first], is_member[first]) * scores
    thresholds = all_thresholds(turned[first])
    ratios = _ratio_bounds(turned[first], is_member[first], thresholds, tail)
    which, best = np.unravel_index(ratios.argmax(), ratios.shape)
    held_out = _ratio_bounds(turned[~first], is_member[~first], thresholds[[best]], tail)
    return math.log(max(held_out[which, 0], 1.0))


def largest_epsilon(num_members: int, num_non_members: int, confidence: float = TARGET_CONFIDENCE) -> float:
    """Return the bound that a perfect attack would get on so many judged examples: the largest that they can show.

    It is about ln(n / 3.7) for n of each kind at a confidence of 0.95, and ln(n / 4.4) at 0.975.

    Args:
        num_members: judged examples that are members, at least 1.
        num_non_members: judged examples that are not, at least 1.
        confidence: a fraction.

    Returns:
        Epsilon in nats, at least 0.
    """
    tail = (1 - confidence) / 2
    tpr, tnr = tail ** (1 / num_members), tail ** (1 / num_non_members)
    return math.log(max(tpr / (1 - tnr), tnr / (1 - tpr), 1.0))


def bound_over_targets(bounds: Sequence[float]) -> float:
    """Return a bound on epsilon at a confidence of 0.95 from bounds of several targets, each at `TARGET_CONFIDENCE`.

    It is their median, the upper one of an even number. For it to be too high, at least half of the bounds must be;
    on average at most 0.025 of them are, so that happens in 0.05 of cases at most (Markov's inequality), however much
    the targets depend on each other.

    Source: Rueger 1978; Morgenstern 1980.
    """
    return median_high(bounds)


def _ratio_bounds(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], thresholds: Float[Array, " k"], tail: float
) -> Float[Array, "2 k"]:
    """Compute lower bounds of TPR / FPR and of TNR / FNR at each threshold."""
    members, others = scores[is_member], scores[~is_member]
    tpr = lower_limit(num_above(members, thresholds), len(members), tail)
    tnr = lower_limit(len(others) - num_above(others, thresholds), len(others), tail)
    return np.stack([tpr / (1 - tnr), tnr / (1 - tpr)])
