"""The bound on epsilon from guesses about one training run, in which independent coins chose the members.

An auditor guesses, for some of m examples, whether the network was trained on them. If training is epsilon-
differentially private and a fair coin for each example decided, then the number of right guesses is, in all likelihood,
no higher than that of as many flips of a coin that shows heads with probability e^epsilon / (1 + e^epsilon), however
the examples act on one another. So many right guesses thus say how large epsilon must be at least.

Source: Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.metrics.epsilon import TARGET_CONFIDENCE
from privsearch.analysis.metrics.held_out import direction
from privsearch.errors import MetricError

_COUNTS: Final = 40
"""The numbers of guesses of either kind that are tried out, at most; finer ones make no difference."""

_BISECTIONS: Final = 50


@dataclass(frozen=True)
class EpsilonBound:
    """A lower bound on epsilon, and the largest that the same examples can show.

    Attributes:
        low: nats, at least 0.
        ceiling: the bound if every example had been guessed, and rightly; nats.
    """

    low: float
    ceiling: float


def p_value(epsilon: float, delta: float, examples: int, guesses: int, right: int) -> float:
    """Bound the probability that an (epsilon, delta)-private training allows as many right guesses, or more.

    Args:
        epsilon: nats, at least 0.
        delta: from 0 to below 1.
        examples: m, the number of examples that coins were tossed for, guessed or not.
        guesses: r, the number of guesses; the auditor abstains from the other examples.
        right: v, the number of right guesses.

    Raises:
        MetricError: `0 <= right <= guesses <= examples`, `epsilon >= 0` or `0 <= delta < 1` does not hold.

    Source: Steinke et al. 2023, section 5, and the code of appendix D for the correction by delta.
    """
    if not (0 <= right <= guesses <= examples and epsilon >= 0 and 0 <= delta < 1):
        raise MetricError(
            "a p-value needs `0 <= right <= guesses <= examples`, an epsilon of at least 0 and a delta from 0 to below "
            f"1, but got right={right}, guesses={guesses}, examples={examples}, epsilon={epsilon}, delta={delta}"
        )
    if right == 0:
        return 1.0
    from scipy.special import expit

    accuracy = float(expit(epsilon))
    tail = float(_at_least(np.array([right]), guesses, accuracy)[0])
    if delta == 0:
        return tail
    fewer = np.arange(1, right + 1)
    steepest = ((_at_least(right - fewer, guesses, accuracy) - tail) / fewer).max()
    return min(1.0, tail + 2 * examples * delta * float(steepest))


def lowest_epsilon(delta: float, examples: int, guesses: int, right: int, confidence: float = 0.95) -> float:
    """Return the epsilon up to which every epsilon is refuted by so many right guesses, found by bisection.

    Args:
        delta: from 0 to below 1.
        examples: the number of examples that coins were tossed for.
        guesses: the number of guesses.
        right: the number of right guesses.
        confidence: a fraction.

    Returns:
        Nats; 0 if even an epsilon of 0 is not refuted.

    Raises:
        MetricError: as `p_value`.
    """
    error = 1 - confidence
    if p_value(0.0, delta, examples, guesses, right) >= error:
        return 0.0
    low, high = 0.0, 1.0
    while p_value(high, delta, examples, guesses, right) < error:
        low, high = high, 2 * high
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if p_value(middle, delta, examples, guesses, right) < error:
            low = middle
        else:
            high = middle
    return low


def guessed_epsilon(
    scores: Float[Array, " n"],
    is_member: Bool[Array, " n"],
    fit: Bool[Array, " n"],
    delta: float = 0.0,
    confidence: float = TARGET_CONFIDENCE,
) -> EpsilonBound:
    """Bound epsilon from below by guesses that an attack's scores suggest: the highest are in, the lowest are out.

    How high and how low, and the direction of the scores, are chosen where `fit` holds, and judged on the other
    examples alone. Their coins are independent of the choice, so the bound holds with the confidence, whatever the
    scores are.

    Args:
        scores: `(n,)`, unitless; higher is meant to be more likely a member. The coins of the judged examples may have
            an effect on them through the network alone.
        is_member: `(n,)`, what the coins said.
        fit: `(n,)`, True for the examples to choose thresholds on; chosen without regard to members and scores.
        delta: from 0 to below 1.
        confidence: a fraction.

    Raises:
        MetricError: a score is not finite.

    Source: Steinke et al. 2023, Algorithm 1.
    """
    if not np.isfinite(scores).all():
        raise MetricError("a bound on epsilon needs scores that are all finite")
    judged = ~fit
    if np.unique(is_member[fit]).size == 2:
        scores = direction(scores[fit], is_member[fit]) * scores
    highest_out, lowest_in = _thresholds(scores[fit], is_member[fit], 1 - confidence)
    called_in, called_out = judged & (scores >= lowest_in), judged & (scores <= highest_out)
    guesses = int(called_in.sum() + called_out.sum())
    right = int((called_in & is_member).sum() + (called_out & ~is_member).sum())
    examples = int(judged.sum())
    return EpsilonBound(
        low=lowest_epsilon(delta, examples, guesses, right, confidence),
        ceiling=lowest_epsilon(delta, examples, examples, examples, confidence),
    )


def _at_least(successes: Int[Array, " k"], trials: int, probability: float) -> Float[Array, " k"]:
    """Compute the probability of as many successes, or more, in independent trials."""
    from scipy.special import betainc

    # The distribution of an order statistic; `scipy.stats` takes a second to import.
    tail: Array = betainc(np.maximum(successes, 1), trials - successes + 1, probability)
    return np.where(successes > 0, tail, 1.0)


def _thresholds(scores: Float[Array, " n"], is_member: Bool[Array, " n"], error: float) -> tuple[float, float]:
    """Choose the highest score to call out and the lowest to call in, for the best bound of a delta of 0.

    Returns:
        The two, the first below the second; infinite if nothing is to be called out, or in.
    """
    from scipy.special import betaincinv

    ordered, members, others = np.sort(scores), np.sort(scores[is_member]), np.sort(scores[~is_member])
    counts = np.unique(np.geomspace(1, max(len(scores), 1), _COUNTS).astype(int))[: len(scores)]
    lowest_in = np.append(np.inf, ordered[len(scores) - counts])
    highest_out = np.append(-np.inf, ordered[counts - 1])
    num_in, right_in = (len(those) - np.searchsorted(those, lowest_in, "left") for those in (ordered, members))
    num_out, right_out = (np.searchsorted(those, highest_out, "right") for those in (ordered, others))
    guesses, right = num_in[:, None] + num_out, right_in[:, None] + right_out
    accuracy = np.where(right > 0, betaincinv(np.maximum(right, 1), guesses - right + 1, error), 0.0)
    accuracy[highest_out >= lowest_in[:, None]] = -1.0
    best_in, best_out = np.unravel_index(accuracy.argmax(), accuracy.shape)
    return float(highest_out[best_out]), float(lowest_in[best_in])
