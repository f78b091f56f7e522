"""Estimates for many examples from few networks each, drawn towards what the other examples say: empirical Bayes."""

import math
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

LEAST_OF_MEDIAN: Final = 1e-8
"""The share of the median variance below which a variance counts as that share, as 0 has no logarithm.

It is lower than the one of limma, with which the rarest variances of one degree of freedom were missed.
"""


def moderated_variances(variances: Float[Array, " n"], degrees: int, least: float) -> tuple[Float[Array, " n"], float]:
    """Draw the variances of n examples towards a common one, the more so the more alike they are.

    Each sample variance is taken as sigma_i^2 chi^2_d / d, and 1 / sigma_i^2 as chi^2_d0 / (d0 s0^2). The mean and
    the variance of the logarithms tell s0^2 and d0. The estimate is (d0 s0^2 + d s_i^2) / (d0 + d). Where the
    variances differ no more than chance has it, d0 is infinite and the estimate is their mean.

    Args:
        variances: `(n,)`, sample variances.
        degrees: d, their degrees of freedom, the same for all examples; at least 1.
        least: the lowest variance, in the unit of the variances, above 0.

    Returns:
        The estimates, `(n,)`, and their degrees of freedom, d0 + d, which may be infinite. With the estimate in the
        place of the variance, a deviation from a known mean has Student's t distribution with these degrees.

    Source: Smyth 2004, sections 3 and 6.2; the infinite d0 as in limma's `fitFDist`.
    """
    variances = np.maximum(variances, max(LEAST_OF_MEDIAN * float(np.median(variances)), least))
    logs = np.log(variances) - digamma(degrees / 2) + math.log(degrees / 2)
    excess = float(logs.var(ddof=1)) - float(polygamma(1, degrees / 2)) if len(logs) > 1 else 0.0
    if excess <= 0:
        return np.full_like(variances, variances.mean()), math.inf
    prior_degrees = 2 * inverse_trigamma(excess)
    prior = math.exp(logs.mean() + digamma(prior_degrees / 2) - math.log(prior_degrees / 2))
    total = prior_degrees + degrees
    return (prior_degrees * prior + degrees * variances) / total, total


def inverse_trigamma(value: float) -> float:
    """Return the positive y whose trigamma function is `value`.

    Args:
        value: above 0.

    Source: 1/y + 1/(2 y^2) < trigamma(y) < 1/y + 1/y^2 bounds y on both sides.
    """
    low, high = (1 + math.sqrt(1 + 2 * value)) / (2 * value), (1 + math.sqrt(1 + 4 * value)) / (2 * value)
    # A little wider, as for a large y the two lie nearer to each other than the trigamma function is rounded.
    return float(brentq(lambda y: float(polygamma(1, y)) - value, 0.99 * low, 1.01 * high, rtol=1e-12))


def shrunken_means(means: Float[Array, "states n"], noise: Float[Array, "states n"]) -> Float[Array, "states n"]:
    """Draw the means of n examples, in one state or in several, towards what the other examples let expect.

    The true means of an example, one for each state, are taken as drawn from one normal distribution over the examples.
    Its covariance is that of the sample means, less their noise; what is negative of it counts as 0. The estimate is
    the true means' expectation, given the sample means. So it contains each example's own means, if examples differ far
    more than noise has it, and one distance between the states for all examples, or a distance that is linear in the
    mean, if their distances differ no more than noise has it.

    Args:
        means: `(states, n)`, sample means.
        noise: `(states, n)`, the variances of these sample means, above 0.

    Source: Efron and Morris 1973, in several dimensions; the moments as in the method of DerSimonian and Laird 1986.
    """
    centre = means.mean(axis=1, keepdims=True)
    apart = means - centre
    covariance = apart @ apart.T / max(means.shape[1] - 1, 1) - np.diag(noise.mean(axis=1))
    values, directions = np.linalg.eigh(covariance)
    between = (directions * np.maximum(values, 0.0)) @ directions.T
    within = noise.T[:, :, None] * np.eye(len(means))
    weighed = np.linalg.solve(between + within, apart.T[:, :, None])[:, :, 0]
    shrunken: Array = centre + between @ weighed.T
    return shrunken
