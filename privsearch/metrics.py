"""How much an attack tells apart: the only definitions of the numbers that privsearch reports."""

import math
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.errors import MetricError


def attack_auc(scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float:
    """Probability that a random member scores above a random non-member, ties counting one half.

    Args:
        scores: `(n,)`, unitless; higher means more likely a member.
        is_member: `(n,)`.

    Returns:
        The area under the ROC curve, a fraction; 0.5 is what guessing gives.

    Raises:
        MetricError: there are no members or no non-members, or a score is not finite.
    """
    if is_member.all() or not is_member.any():
        kind = "members" if is_member.all() else "non-members"
        raise MetricError(
            f"an attack's AUC needs members and non-members, but all {len(is_member)} examples are {kind}"
        )
    if not np.isfinite(scores).all():
        raise MetricError(
            f"scores must be finite, but {np.count_nonzero(~np.isfinite(scores))} of {len(scores)} are not"
        )
    # Here, because whoever only reads results should not wait for scikit-learn.
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_member, scores))


def noise_floor(num_members: int, num_non_members: int, confidence: float = 0.95) -> float:
    """Half-width of the interval around 0.5 that holds the AUC of a guessing attack with probability `confidence`.

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
    return NormalDist().inv_cdf(0.5 + confidence / 2) * sd
