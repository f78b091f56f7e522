"""Intervals of a share of independent trials, which the other metrics are built from."""

import math
from statistics import NormalDist

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval


def normal_quantile(confidence: float) -> float:
    """Return the half-width, in standard deviations, of a normal interval of this confidence."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def lower_limit(successes: Float[Array, " k"] | Int[Array, " k"], trials: int, tail: float) -> Float[Array, " k"]:
    """Return the share below which so many successes have at most probability `tail`.

    Args:
        successes: `(k,)`, of this many `trials`.
        trials: the number of independent trials.
        tail: a probability.

    Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    limit: Array = betaincinv(np.maximum(successes, 1), trials - successes + 1, tail)
    return np.where(successes > 0, limit, 0.0)


def binomial_interval(share: float, trials: int, confidence: float) -> Interval:
    """Return a share of independent trials with its interval.

    Source: Clopper and Pearson 1934.
    """
    tail = (1 - confidence) / 2
    low, high = lower_limit(np.array([share, 1 - share]) * trials, trials, tail)
    return Interval(share, float(low), float(1 - high))


def wilson_limits(share: float, trials: int, z: float) -> tuple[float, float]:
    """Return the limits of a share, never outside [0, 1], never of width 0.

    Source: Wilson 1927.
    """
    shrunk, weight = z * z / trials, 1 / (1 + z * z / trials)
    centre = (share + shrunk / 2) * weight
    half_width = z * weight * math.sqrt((share * (1 - share) + shrunk / 4) / trials)
    return centre - half_width, centre + half_width
