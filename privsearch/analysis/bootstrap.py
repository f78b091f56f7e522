"""Intervals by resampling, for numbers that are averages over several networks."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.metrics import attack_auc
from privsearch.errors import MetricError

EXAMPLE_RESAMPLES: Final = 200
"""The fewest AUCs over resampled examples that a network's part in a resample is drawn from."""


def hierarchical_auc_interval(
    scores: Sequence[Float[Array, " _"]],
    is_member: Sequence[Bool[Array, " _"]],
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Interval:
    """Return the mean AUC over several targets, and how far the choice of networks and of examples moves it.

    Networks are drawn with replacement, and for each of them its members and its non-members. The percentiles are
    widened as few networks demand. One target alone says nothing about other networks: then only examples are drawn.

    The interval is conservative, since the spread between networks holds the noise of their examples already: in
    simulations of 2 to 8 networks that differ in nothing else, intervals of 0.95 held the truth in 0.99 of cases. Where
    networks differ by much more than their examples' noise, those of 5 or 8 networks held it in 0.94, but those of 3 in
    0.85 and those of 2 in 0.69: so few networks cannot show such a spread.

    Networks that all have the same members, as in the paper's protocol, share the noise of their examples, which then
    does not average out: the same examples are drawn for all of them. Where members and non-members separate, the
    interval has no width.

    Args:
        scores: one array a target, of any length, unitless; higher means more likely a member.
        is_member: one array a target, as long as its scores.
        rng: draws the resamples.
        confidence: a fraction.
        resamples: the number of means that the percentiles are taken over.

    Raises:
        MetricError: there is no target, or one has no members, no non-members, or a score that is not finite.
        ValueError: `scores` and `is_member` are of different numbers of targets.

    Source: Davison and Hinkley 1997, on hierarchical data; the expanded percentiles: Hesterberg 2015.
    """
    if not scores:
        raise MetricError("a mean AUC needs at least one target, but got none")
    pairs = list(zip(scores, is_member, strict=True))
    value = fmean(attack_auc(*pair) for pair in pairs)
    # A pool, because new examples for every drawn network of every resample would cost hundreds of times as much.
    size = max(EXAMPLE_RESAMPLES, resamples // len(pairs))
    shared = all(np.array_equal(membership, is_member[0]) for membership in is_member)
    seeds = rng.integers(2**63, size=len(pairs))
    pool = np.array(
        [
            _resampled_aucs(*pair, size, np.random.default_rng(seeds[0] if shared else seed))
            for pair, seed in zip(pairs, seeds, strict=True)
        ]
    )
    drawn = rng.integers(len(pairs), size=(resamples, len(pairs)))
    means = pool[drawn, rng.integers(size, size=(resamples, 1 if shared else len(pairs)))].mean(axis=1)
    tail = expanded_tail(confidence, len(pairs))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def expanded_tail(confidence: float, num_targets: int) -> float:
    """Return the share of resampled means below the interval, smaller for few networks, which show too little spread.

    Source: Hesterberg 2015.
    """
    if num_targets == 1:
        return (1 - confidence) / 2
    from scipy.special import stdtrit

    z = sqrt(num_targets / (num_targets - 1)) * stdtrit(num_targets - 1, (1 + confidence) / 2)
    return NormalDist().cdf(-z)


def _resampled_aucs(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], size: int, rng: np.random.Generator
) -> Float[Array, " size"]:
    """Return `size` AUCs, each over as many members and non-members as there are, drawn with replacement."""
    members, others = scores[is_member], scores[~is_member]
    order = np.argsort(others)
    others = others[order]
    below, not_above = (np.searchsorted(others, members, side=side) for side in ("left", "right"))
    aucs = np.empty(size)
    for i in range(size):
        copies = np.bincount(rng.integers(len(others), size=len(others)), minlength=len(others))[order]
        # Once sorted, a resample needs no new order: only how many copies stand below each member.
        num_below = np.append(0, copies.cumsum())
        wins = num_below[below] + num_below[not_above]
        aucs[i] = wins[rng.integers(len(members), size=len(members))].mean() / (2 * len(others))
    return aucs
