"""Estimates for many examples from few networks each, drawn towards what the other examples say: empirical Bayes."""

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array


def shrunken_variances(variances: Float[Array, " n"], degrees: int) -> tuple[Float[Array, " n"], float]:
    """Draw the sample variances of n examples towards their mean, the more so the more alike they are.

    The estimate is `w * own + (1 - w) * mean`. A sample variance scatters about the true one by 2 sigma^4 / d, which is
    2 s^4 / (d + 2) on average. The share of that in the scatter of all sample variances is 1 - w. So w is 0 where
    they differ no more than chance has it, and near 1 where chance is little.

    With a prior for which 1 / sigma^2 follows a chi-squared distribution, this is the posterior mean of the variance. A
    deviation from a known mean then has Student's t distribution with d / w + 2 degrees of freedom, and this variance.

    Moments are taken, not logarithms as by Smyth 2004: shadows that agree have a variance of 0, without a logarithm.

    Args:
        variances: `(n,)`, sample variances.
        degrees: d, their degrees of freedom, the same for all examples; at least 1.

    Returns:
        The estimates, `(n,)`, and the degrees of freedom of Student's t, above 2, which may be infinite.

    Source: linear empirical Bayes, Robbins 1983; for variances, Hartigan 1969.
    """
    mean, scatter = variances.mean(), float(variances.var())
    noise = float((2 * variances**2 / (degrees + 2)).mean())
    weight = 1 - noise / scatter if scatter > noise else 0.0
    total = degrees / weight + 2 if weight else math.inf
    return weight * variances + (1 - weight) * mean, total


def shrunken_means(means: Float[Array, "d n"], noise: Float[Array, "#n d d"]) -> Float[Array, "d n"]:
    """Draw the means of n examples, in one state or in several, towards what the other examples let expect.

    The d true means of an example, such as one for each state, are taken as drawn from one normal distribution.
    Its covariance is that of the sample means, less their noise; what is negative of it counts as 0. The estimate is
    the true means' expectation, given the sample means. So it contains each example's own means, if examples differ far
    more than noise has it, and one distance between the states for all examples, or a distance that is linear in the
    mean, if their distances differ no more than noise has it.

    Args:
        means: `(d, n)`, sample means.
        noise: `(n, d, d)`, or `(1, d, d)` for all examples, the covariances of these sample means, positive definite.

    Source: Efron and Morris 1973, in several dimensions; the moments as in the method of DerSimonian and Laird 1986.
    """
    centre = means.mean(axis=1, keepdims=True)
    apart = means - centre
    covariance = apart @ apart.T / max(means.shape[1] - 1, 1) - noise.mean(axis=0)
    values, directions = np.linalg.eigh(covariance)
    between = (directions * np.maximum(values, 0.0)) @ directions.T
    weighed = np.linalg.solve(between + noise, apart.T[:, :, None])[:, :, 0]
    shrunken: Array = centre + between @ weighed.T
    return shrunken
