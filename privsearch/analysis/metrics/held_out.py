"""Numbers of an attack that must decide: chosen on one half of the examples, judged on the other.

The same two halves serve all targets and all attacks of a trial. What is returned is the mean of what either half has,
with all that can be chosen chosen on the other, and its interval over the examples.

An attack whose scores are wrong more often than right leaks as much as one that is right: its scores need only be
turned. They are turned where the AUC on the other half is below 0.5, its whole interval included.
"""

from math import hypot

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.metrics.auc import auc_interval, check_scores
from privsearch.analysis.metrics.binomial import normal_quantile, wilson_limits
from privsearch.analysis.metrics.tpr import interpolated_tpr, needed_non_members, tpr_at_fpr
from privsearch.errors import MetricError


def direction(scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float:
    """Return -1 where the AUC of the scores is below 0.5 with its whole interval of 95 %, else 1.

    Args:
        scores: `(n,)`, unitless; higher is meant to be more likely a member.
        is_member: `(n,)`.

    Raises:
        MetricError: there are no members or no non-members, or a score is not finite.
    """
    return -1.0 if auc_interval(scores, is_member).high < 0.5 else 1.0


def directions(
    scores: Float[Array, " n"], is_member: Bool[Array, " n"], first: Bool[Array, " n"]
) -> tuple[float, float]:
    """Return the directions that the first and the second half are judged in, each chosen on the other half.

    Raises:
        MetricError: a half lacks members or non-members, or a score is not finite.
    """
    check_halves(scores, is_member, first, "a direction chosen on other examples")
    return direction(scores[~first], is_member[~first]), direction(scores[first], is_member[first])


def needed_for_held_out(fpr: float) -> int:
    """Return the fewest non-members for `held_out_tpr`: enough on either half.

    Raises:
        MetricError: `fpr` is not between 0 and 1.
    """
    return 2 * needed_non_members(fpr)


def held_out_tpr(
    scores: Float[Array, " n"],
    is_member: Bool[Array, " n"],
    fpr: float,
    first: Bool[Array, " n"],
    confidence: float = 0.95,
    signs: tuple[float, float] | None = None,
) -> Interval:
    """Estimate the share of members found at this false positive rate, `tpr_at_fpr` on either half.

    Args:
        scores: `(n,)`, unitless.
        is_member: `(n,)`.
        fpr: the rate allowed, a fraction.
        first: `(n,)`, True for the first half of the examples, drawn without regard to their membership.
        confidence: a fraction.
        signs: the `directions`, if at hand.

    Raises:
        MetricError: a half lacks members or non-members, the non-members are fewer than `needed_for_held_out`, or a
            score is not finite.
    """
    check_halves(scores, is_member, first, "a TPR at a fixed FPR")
    needed, others = needed_for_held_out(fpr), int((~is_member).sum())
    if others < needed:
        raise MetricError(
            f"an FPR of {fpr} needs at least {needed} non-members, half of them to judge either half of the members, "
            f"but got {others}; use more non-members or a larger FPR"
        )
    signs = signs or directions(scores, is_member, first)
    values = [
        interpolated_tpr(sign * scores[judged], is_member[judged], fpr)
        for sign, judged in zip(signs, (first, ~first), strict=True)
    ]
    whole = [tpr_at_fpr(sign * scores, is_member, fpr, confidence) for sign in set(signs)]
    mean = sum(values) / 2
    low, high = min(mean, *(i.low for i in whole)), max(mean, *(i.high for i in whole))
    return Interval(mean, low, high)


def held_out_advantage(
    scores: Float[Array, " n"],
    is_member: Bool[Array, " n"],
    first: Bool[Array, " n"],
    confidence: float = 0.95,
    signs: tuple[float, float] | None = None,
) -> Interval:
    """Compute the membership advantage, TPR - FPR, at a threshold that was chosen on other examples.

    The best threshold of each half is judged on the other. So a guessing attack gets 0 on average, which the best
    threshold judged on its own examples would not. A threshold chosen on few examples is worth a little less than the
    best.

    Args:
        scores: `(n,)`, unitless.
        is_member: `(n,)`.
        first: `(n,)`, True for the first half of the examples, drawn without regard to their membership.
        confidence: a fraction.
        signs: the `directions`, if at hand.

    Raises:
        MetricError: a half lacks members or non-members, or a score is not finite.

    Source: Yeom et al. 2018; the interval of a difference of shares: Newcombe 1998, method 10, with every example
    counted once and the thresholds taken as given.
    """
    check_halves(scores, is_member, first, "a threshold judged on other examples")
    signs = signs or directions(scores, is_member, first)
    rates = np.array(
        [_rates_outside(fit, sign * scores, is_member) for fit, sign in zip((~first, first), signs, strict=True)]
    )
    (tpr, fpr), z = rates.mean(axis=0), normal_quantile(confidence)
    tpr_low, tpr_high = wilson_limits(tpr, int(is_member.sum()), z)
    fpr_low, fpr_high = wilson_limits(fpr, int((~is_member).sum()), z)
    value = float(tpr - fpr)
    return Interval(value, value - hypot(tpr - tpr_low, fpr_high - fpr), value + hypot(tpr_high - tpr, fpr - fpr_low))


def check_halves(scores: Float[Array, " n"], is_member: Bool[Array, " n"], first: Bool[Array, " n"], what: str) -> None:
    """Check that either half has members and non-members.

    Args:
        scores: `(n,)`.
        is_member: `(n,)`.
        first: `(n,)`, True for the first half.
        what: the number that is asked for, in words.

    Raises:
        MetricError: a half lacks either, or a score is not finite.
    """
    check_scores(scores, is_member, what)
    for half in (first, ~first):
        members, others = int((half & is_member).sum()), int((half & ~is_member).sum())
        if not (members and others):
            raise MetricError(
                f"{what} needs members and non-members on either half of the examples, but a half has {members} "
                f"members and {others} non-members"
            )


def random_half(is_member: Bool[Array, " n"], rng: np.random.Generator) -> Bool[Array, " n"]:
    """Draw a mask of half of the members and half of the non-members, rounded down."""
    half = np.zeros(len(is_member), dtype=bool)
    for kind in (is_member, ~is_member):
        of_kind = rng.permutation(np.flatnonzero(kind))
        half[of_kind[: len(of_kind) // 2]] = True
    return half


def all_thresholds(scores: Float[Array, " n"]) -> Float[Array, " k"]:
    """Return every threshold that makes a difference, from accusing all to accusing none."""
    return np.append(-np.inf, np.unique(scores))


def num_above(scores: Float[Array, " n"], thresholds: Float[Array, " k"]) -> Int[Array, " k"]:
    """Count the scores above each threshold."""
    return len(scores) - np.searchsorted(np.sort(scores), thresholds, side="right")


def _rates_outside(
    fit: Bool[Array, " n"], scores: Float[Array, " n"], is_member: Bool[Array, " n"]
) -> tuple[float, float]:
    """Compute TPR and FPR outside of `fit` at the threshold that is best on `fit`."""
    thresholds = all_thresholds(scores[fit])
    tpr = num_above(scores[fit & is_member], thresholds) / np.count_nonzero(fit & is_member)
    fpr = num_above(scores[fit & ~is_member], thresholds) / np.count_nonzero(fit & ~is_member)
    accused = scores > thresholds[np.argmax(tpr - fpr)]
    return float(accused[~fit & is_member].mean()), float(accused[~fit & ~is_member].mean())
