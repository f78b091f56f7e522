"""The likelihood ratio attack on a whole trajectory: the membrane of a spiking network's readout at every time step."""

import math
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.linalg import solve_triangular
from scipy.special import gammaln

from privsearch.analysis.shrinkage import shrunken_means, shrunken_variances
from privsearch.attacks.base import AttackView, in_and_out, label_log_odds
from privsearch.errors import MetricError
from privsearch.spec.attacks import Means, Variance

MIN_STD: Final = 1e-6
"""The lowest standard deviation of a step, in units of log-odds; early membranes may be alike in all networks."""


def trajectory_scores(
    view: AttackView, rng: np.random.Generator, *, variance: Variance, means: Means
) -> Float[Array, " n"]:
    """Compare the likelihood of the target's trajectory among shadows trained on the example, and among the others.

    The signal is phi_t = log(p_y / (1 - p_y)), the log-odds of the label at each of T steps, in the place of the views.
    Over the networks in either state it is taken as normal in T dimensions: the score is log N(phi; mu_in, Sigma_in) -
    log N(phi; mu_out, Sigma_out). Steps of one network go together, which independent ones would count several times.

    The covariance between the steps is that of all examples' deviations from their own means. With `pooled` it is that
    of every example. With `shrunken` the correlations are drawn towards 0 (Ledoit-Wolf), and each example has a factor
    of its own on the covariance, drawn towards those of the others (`shrunken_variances` of its whitened deviations,
    T * (shadows - 1) numbers): the normal becomes Student's t. With one step it is LiRA as on any other readout. For
    `means` see `lira_scores`; the noise of the means is that of the pooled covariance.

    Returns:
        `(n,)`, in nats; higher means more likely a member.

    Raises:
        MetricError: an example has no shadow in one of the states, or one only.

    Source: Carlini et al. 2022, section IV, in T dimensions as they do with several views; Ledoit and Wolf 2004.
    """
    inside, outside = in_and_out(view.shadow_is_member, rng)
    if len(inside) == 1:
        raise MetricError(
            "the lira attack on mem_trajectory estimates a covariance from at least 2 shadows in each state, but the "
            "examples have 1; use the protocol halves with at least 6 networks"
        )
    phi, shadows = label_log_odds(view.queried)
    chosen = [np.take_along_axis(shadows, indices[:, None], axis=0) for indices in (inside, outside)]
    centres = np.concatenate([values.mean(axis=0) for values in chosen])
    spreads = [_covariance(values, variance) for values in chosen]
    if means == "shrunken":
        noise = np.zeros((1, len(centres), len(centres)))
        for block, covariance in zip(np.split(np.arange(len(centres)), 2), spreads, strict=True):
            noise[0][np.ix_(block, block)] = covariance / len(inside)
        centres = shrunken_means(centres, noise)
    densities = [
        _log_density(phi - centre, values - values.mean(axis=0), covariance, variance)
        for centre, values, covariance in zip(np.split(centres, 2), chosen, spreads, strict=True)
    ]
    scores: Array = np.subtract(*densities)
    return scores


def _covariance(values: Float[Array, "each steps n"], variance: Variance) -> Float[Array, "steps steps"]:
    """Estimate the covariance of the steps over networks on one example, from all examples."""
    each, steps, size = values.shape
    residuals = (values - values.mean(axis=0)).transpose(1, 0, 2).reshape(steps, -1)
    covariance = residuals @ residuals.T / ((each - 1) * size)
    stds = np.maximum(np.sqrt(np.diag(covariance)), MIN_STD)
    correlation = covariance / np.outer(stds, stds)
    np.fill_diagonal(correlation, 1.0)
    if variance == "shrunken":
        from sklearn.covariance import ledoit_wolf_shrinkage  # takes a second, and is seldom needed

        # As correlations, since a common variance of early and of late steps is nothing to shrink towards.
        correlation *= 1 - ledoit_wolf_shrinkage((residuals / stds[:, None]).T, assume_centered=True)
        np.fill_diagonal(correlation, 1.0)
    # Steps that are all but the same in every network must not make a difference of rounding a likelihood.
    values_of, directions = np.linalg.eigh(correlation)
    sound: Array = (directions * np.maximum(values_of, MIN_STD)) @ directions.T * np.outer(stds, stds)
    return sound


def _log_density(
    deviations: Float[Array, "steps n"],
    residuals: Float[Array, "each steps n"],
    covariance: Float[Array, "steps steps"],
    variance: Variance,
) -> Float[Array, " n"]:
    """Compute the logarithm of the density at deviations from the mean, up to the constant of the normal one."""
    steps, size = deviations.shape
    lower: Array = np.linalg.cholesky(covariance)
    log_root = float(np.log(np.diag(lower)).sum())
    distances: Array = (solve_triangular(lower, deviations, lower=True) ** 2).sum(axis=0)
    if variance == "pooled":
        normal: Array = -distances / 2 - log_root
        return normal
    whitened = solve_triangular(lower, residuals.transpose(1, 0, 2).reshape(steps, -1), lower=True)
    own_degrees = steps * (len(residuals) - 1)
    own = (whitened**2).sum(axis=0).reshape(len(residuals), size).sum(axis=0) / own_degrees
    factors, degrees = shrunken_variances(own, own_degrees)
    factors = np.maximum(factors, MIN_STD)
    log_scale: Array = steps / 2 * np.log(factors) + log_root
    exponents = -distances / factors / 2
    if math.isfinite(degrees):
        exponents = -(degrees + steps) / 2 * np.log1p(distances / factors / (degrees - 2))
        exponents += gammaln((degrees + steps) / 2) - gammaln(degrees / 2) - steps / 2 * math.log(degrees / 2 - 1)
    density: Array = exponents - log_scale
    return density
