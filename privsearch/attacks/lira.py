"""The likelihood ratio attack, which compares the target with shadows that saw an example and shadows that did not."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import gammaln, log_ndtr

from privsearch.analysis.shrinkage import shrunken_means, shrunken_variances
from privsearch.attacks.base import AttackView, in_and_out, label_log_odds
from privsearch.errors import MetricError
from privsearch.spec.attacks import Means, Mode, Variance

MIN_STD: Final = 1e-6
"""The lowest standard deviation, in units of log-odds, so that shadows with equal outputs make no other impossible."""


def lira_scores(
    view: AttackView, rng: np.random.Generator, *, mode: Mode, variance: Variance, means: Means
) -> Float[Array, " n"]:
    """Compare the likelihood of the target's confidence among shadows trained on the example, and among the others.

    The signal is phi = log(p_y / (1 - p_y)), taken as normal over the networks in either state.

    - `online`: log N(phi; mu_in, s_in) - log N(phi; mu_out, s_out).
    - `offline`: the paper's 1 - Pr[Z > phi], Z normal with mu_out and s_out. The score is its log-odds, which have the
      same order for one view and saturate at neither end, so that the surest members are not tied.

    The variance is that of a network's phi on one example. `per_example` estimates it from the example's few shadows;
    `pooled` is the mean of these estimates over all examples, weighted by their degrees of freedom. `shrunken` weighs
    the one against the other (`shrunken_variances`), and online puts Student's t distribution with the resulting
    degrees of freedom in the place of the normal one; from one shadow in each state it is `pooled`. The means in and
    out are the example's own (`per_example`), or drawn towards what the other examples let expect (`shrunken`,
    `shrunken_means`). Whatever weighs on one example more than on another comes from as many shadows of each, so that
    it gives no membership away.

    The authors' code, if it fixes the variance, takes that of all values of all examples together. That variance also
    contains the distances between examples, which say nothing about one of them, and makes the normals too wide. The
    code also takes medians in the place of the paper's means, which are taken here.

    Returns:
        `(n,)`, in nats, the mean over the views, each with statistics of its own; higher means more likely a member.

    Raises:
        MetricError: an example has no shadow in one of the states, or too few shadows to estimate a variance from.

    Source: Carlini et al. 2022, section IV, with Algorithm 1; `shrunken`: Robbins 1983, Efron and Morris 1973.
    """
    inside, outside = in_and_out(view.shadow_is_member, rng, mode=mode)
    phi, shadows = label_log_odds(view.queried)
    states = [(outside, ~view.shadow_is_member), (inside, view.shadow_is_member)][: 1 if mode == "offline" else 2]
    scores = []
    for of_target, of_shadows in zip(phi, shadows.swapaxes(0, 1), strict=True):
        out, *inn = _distributions(of_shadows, states, variance, means)
        scores.append(inn[0].log_density(of_target) - out.log_density(of_target) if inn else out.log_odds(of_target))
    mean: Array = np.mean(scores, axis=0)
    return mean


@dataclass(frozen=True)
class _Distribution:
    """The distribution of phi over networks in one state: Student's t, or with infinite degrees of freedom normal.

    Attributes:
        mean: `(n,)`, in units of log-odds.
        std: `(n,)` or `(1,)`, in units of log-odds.
        degrees: of freedom.
    """

    mean: Float[Array, " n"]
    std: Float[Array, " #n"]
    degrees: float

    def log_density(self, phi: Float[Array, " n"]) -> Float[Array, " n"]:
        """Compute the logarithm of the density at `phi`, up to the constant of the normal distribution."""
        z, d = (phi - self.mean) / self.std, self.degrees
        density: Array = -(z**2) / 2 - np.log(self.std)
        if math.isfinite(d):
            # The scale is that of Student's t with this standard deviation.
            constant = gammaln((d + 1) / 2) - gammaln(d / 2) - math.log(d / 2 - 1) / 2
            density = constant - (d + 1) / 2 * np.log1p(z**2 / (d - 2)) - np.log(self.std)
        return density

    def log_odds(self, phi: Float[Array, " n"]) -> Float[Array, " n"]:
        """Compute the log-odds of a value below `phi` under the normal distribution, which orders as Student's does."""
        z = (phi - self.mean) / self.std
        odds: Array = log_ndtr(z) - log_ndtr(-z)
        return odds


def _distributions(
    shadows: Float[Array, "shadows n"],
    states: list[tuple[Int[Array, "each n"], Bool[Array, "shadows n"]]],
    variance: Variance,
    means: Means,
) -> list[_Distribution]:
    """Estimate the distribution of phi in each state, given the shadows chosen and all shadows in it."""
    chosen = [np.take_along_axis(shadows, indices, axis=0) for indices, _ in states]
    spreads = [
        _spread(values, shadows, in_state, variance) for values, (_, in_state) in zip(chosen, states, strict=True)
    ]
    centres = np.stack([values.mean(axis=0) for values in chosen])
    if means == "shrunken":
        noise = np.stack([np.broadcast_to(std**2 / len(chosen[0]), centres.shape[1]) for std, _ in spreads], axis=-1)
        centres = shrunken_means(centres, noise[:, :, None] * np.eye(len(states)))
    return [_Distribution(centre, *spread) for centre, spread in zip(centres, spreads, strict=True)]


def _spread(
    values: Float[Array, "each n"],
    shadows: Float[Array, "shadows n"],
    in_state: Bool[Array, "shadows n"],
    variance: Variance,
) -> tuple[Float[Array, " #n"], float]:
    """Estimate the standard deviation of phi over networks in a state, and return it with its degrees of freedom."""
    own, degrees = len(values) - 1, math.inf
    if variance == "pooled" or (variance == "shrunken" and not own):
        # One number for all examples gives no membership away, so no shadow need be left out.
        count = in_state.sum(axis=0)
        _check_degrees_of_freedom(int((count - 1).sum()), variance)
        squares = shadows.var(axis=0, where=in_state) * count
        spread = squares.sum(keepdims=True) / (count - 1).sum()
    else:
        _check_degrees_of_freedom(own, variance)
        spread = values.var(axis=0, ddof=1)
        if variance == "shrunken":
            spread, degrees = shrunken_variances(spread, own)
    return np.maximum(np.sqrt(spread), MIN_STD), degrees


def _check_degrees_of_freedom(degrees: int, variance: Variance) -> None:
    if degrees == 0:
        remedy = "use variance: pooled, or the protocol halves with at least 6 networks"
        raise MetricError(
            "the lira attack estimates a variance from at least 2 shadows in each state, but the examples have 1; "
            + (remedy if variance == "per_example" else "use the protocol halves with at least 4 networks")
        )
