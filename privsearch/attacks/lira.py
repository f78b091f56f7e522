"""The likelihood ratio attack, which compares the target with shadows that saw an example and shadows that did not."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import log_ndtr

from privsearch.attacks.base import AttackView, in_and_out, label_log_odds
from privsearch.errors import MetricError
from privsearch.spec.attacks import Mode, Variance

MIN_STD: Final = 1e-6
"""The lowest standard deviation, in units of log-odds, so that shadows with equal outputs make no other impossible."""


def lira_scores(view: AttackView, rng: np.random.Generator, *, mode: Mode, variance: Variance) -> Float[Array, " n"]:
    """Compare the likelihood of the target's confidence among shadows trained on the example, and among the others.

    The signal is phi = log(p_y / (1 - p_y)), taken as normal over the networks in either state.

    - `online`: log N(phi; mu_in, s_in) - log N(phi; mu_out, s_out).
    - `offline`: the paper's 1 - Pr[Z > phi], Z normal with mu_out and s_out. The score is its log-odds, which have the
      same order for one view and saturate at neither end, so that the surest members are not tied.

    The variance is that of a network's phi on one example. `per_example` estimates it from the example's few shadows;
    `pooled` is the mean of these estimates over all examples, weighted by their degrees of freedom. The authors' code,
    if it fixes the variance, takes that of all values of all examples together. That variance also contains the
    distances between examples, which say nothing about one of them, and makes the normals too wide. The code also takes
    medians in the place of the paper's means, which are taken here.

    Returns:
        `(n,)`, in nats, the mean over the views, each with statistics of its own; higher means more likely a member.

    Raises:
        MetricError: an example has no shadow in one of the states, or too few shadows to estimate a variance from.

    Source: Carlini et al. 2022, section IV, with Algorithm 1.
    """
    inside, outside = in_and_out(view.shadow_is_member, rng)
    phi, shadows = label_log_odds(view.queried)
    from_out = _standardized(phi, shadows, outside, ~view.shadow_is_member, variance)
    if mode == "offline":
        z, _ = from_out
        scores = log_ndtr(z) - log_ndtr(-z)
    else:
        from_in = _standardized(phi, shadows, inside, view.shadow_is_member, variance)
        # The logarithm of a normal density, up to the constant that cancels.
        log_in, log_out = (-(z**2) / 2 - np.log(std) for z, std in (from_in, from_out))
        scores = log_in - log_out
    mean: Array = scores.mean(axis=0)
    return mean


def _standardized(
    phi: Float[Array, "views n"],
    shadows: Float[Array, "shadows views n"],
    chosen: Int[Array, "each n"],
    in_state: Bool[Array, "shadows n"],
    variance: Variance,
) -> tuple[Float[Array, "views n"], Float[Array, "views #n"]]:
    """Return how far `phi` lies above the chosen shadows' mean, in standard deviations, and the standard deviation."""
    values = np.take_along_axis(shadows, chosen[:, None], axis=0)
    if variance == "per_example":
        _check_degrees_of_freedom(len(chosen) - 1, variance)
        spread = values.var(axis=0, ddof=1)
    else:
        # One number for all examples gives no membership away, so no shadow need be left out.
        count = in_state.sum(axis=0)
        _check_degrees_of_freedom(int((count - 1).sum()), variance)
        squares = shadows.var(axis=0, where=in_state[:, None]) * count
        spread = squares.sum(axis=-1, keepdims=True) / (count - 1).sum()
    std = np.maximum(np.sqrt(spread), MIN_STD)
    return (phi - values.mean(axis=0)) / std, std


def _check_degrees_of_freedom(degrees: int, variance: Variance) -> None:
    if degrees == 0:
        remedy = "use variance: pooled, or the protocol halves with at least 6 networks"
        raise MetricError(
            "the lira attack estimates a variance from at least 2 shadows in each state, but the examples have 1; "
            + (remedy if variance == "per_example" else "use the protocol halves with at least 4 networks")
        )
