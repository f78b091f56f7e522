"""What every attack is given, outputs of the target and of the shadows, and what most attacks compute from it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import log_softmax, logsumexp

from privsearch.errors import MetricError


@dataclass(frozen=True)
class Outputs:
    """What the target and its S shadows answered about n examples, asked about V views of each.

    Attributes:
        target: `(V, n, C)`, unitless.
        shadows: `(S, V, n, C)`, unitless.
        labels: `(n,)`, class indices.
    """

    target: Float[Array, "views n classes"]
    shadows: Float[Array, "shadows views n classes"]
    labels: Int[Array, " n"]

    def __getitem__(self, chosen: Array) -> "Outputs":
        """The examples that `chosen`, an index array or a mask, picks."""
        return Outputs(self.target[:, chosen], self.shadows[:, :, chosen], self.labels[chosen])


@dataclass(frozen=True)
class Fold:
    """A fitted attack learns from some examples and judges some, maybe the same.

    Attributes:
        learn: `(n,)`.
        judge: `(n,)`.
    """

    fit: Bool[Array, " n"]
    score: Bool[Array, " n"]


@dataclass(frozen=True)
class AttackView:
    """Everything an attacker knows about the n examples in question, which is all but the target's membership.

    Attributes:
        queried: the outputs on the n examples.
        shadow_is_member: `(S, n)`: whether the example was in that shadow's training set.
        rounds: who is learnt from and who is judged by an attack that is fitted; each example is judged in one round.
        population: the outputs on other examples, which no network was trained on.
    """

    queried: Outputs
    shadow_is_member: Bool[Array, "shadows n"]
    folds: tuple[Fold, ...]
    population: Outputs


def in_and_out(
    is_member: Bool[Array, "shadows n"], rng: np.random.Generator
) -> tuple[Int[Array, "each n"], Int[Array, "each n"]]:
    """For each example the same number of shadows that were trained on it as of shadows that were not.

    Where each example is in exactly half of the networks, the count of its shadows in either state gives the target's
    membership away, and the precision of whatever is estimated from them does so too. So as many are taken as every
    example has in both states, at random. For each example anew: if all left out the same shadow, the skill of that
    network would be missing from the target's members in one state and from its non-members in the other.

    Args:
        is_member: `(S, n)`: whether the example was in that shadow's training set.
        rng: decides which shadows are left out. The draw depends on the order of the examples.

    Returns:
        Two arrays `(each, n)` of indices of shadows: those trained on the example, those not.

    Raises:
        MetricError: an example has no shadow in one of the states.
    """
    each = int(min(is_member.sum(0).min(), (~is_member).sum(0).min()))
    if each == 0:
        raise MetricError(
            "every example must have shadows that were trained on it and shadows that were not, but some example lacks "
            "one kind; use the protocol halves, with at least 4 networks"
        )
    order = rng.random(is_member.shape)

    def first(state: Array) -> Array:
        # The random numbers are below 1, so a shadow in the other state comes last.
        return np.argsort(np.where(state, order, 2.0), axis=0)[:each]

    return first(is_member), first(~is_member)


def log_odds(logits: Float[Array, "*asked classes"]) -> Float[Array, "*asked classes"]:
    """The log-odds of each class, log(p / (1 - p)) with p the softmax probability, in float64.

    It never saturates: a network that is sure of a class has p = 1 in floating point, but finite log-odds. With
    scipy's `log_expit`, log p is `log_expit(log_odds)` and log(1 - p) is `log_expit(-log_odds)`, both exact to the
    last digits.

    Args:
        logits: `(..., C)` of at least two classes, unitless.
    """
    log_p = log_softmax(logits.astype(np.float64), axis=-1)
    is_top = np.arange(log_p.shape[-1]) == log_p.argmax(axis=-1, keepdims=True)
    # Only the top class can have a p so near 1 that 1 - p is lost, and its 1 - p is the sum of the others.
    others = np.where(is_top, -np.inf, log_p)
    log_not_p = np.where(is_top, logsumexp(others, axis=-1, keepdims=True), np.log1p(-np.exp(others)))
    odds: Array = log_p - log_not_p
    return odds


def label_log_odds(outputs: Outputs) -> tuple[Float[Array, "views n"], Float[Array, "shadows views n"]]:
    """The log-odds of each example's own label, of the target and of the shadows.

    Source: the logit-scaled confidence of Carlini et al. 2022, section IV.
    """
    examples = np.arange(len(outputs.labels))
    # One network after the other, since log_odds needs several times the memory of what it is given.
    target, *shadows = (
        log_odds(network)[:, examples, outputs.labels] for network in (outputs.target, *outputs.shadows)
    )
    return target, np.stack(shadows)
