"""The input of every attack, outputs of the target and of the shadows, and the log-odds computed from them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import log_softmax, logsumexp

from privsearch.errors import MetricError
from privsearch.spec.attacks import Mode


@dataclass(frozen=True)
class Outputs:
    """The outputs of the target and of its S shadows on n examples, queried with V views of each.

    Attributes:
        target: `(V, n, C)`, unitless.
        shadows: `(S, V, n, C)`, unitless.
        labels: `(n,)`, class indices.
        inputs: `(n, features)`, the examples as a network is given them, without augmentation; None unless the attack
            asks for them.
        units: `(n,)`, alike for the examples of one person, who is a member as a whole; None if each stands for itself.
        odds: returns what `label_log_odds` does, `(V, n)` and `(S, V, n)`, where these networks' are at hand because
            each of them is the target in turn; None if they are to be computed.
    """

    target: Float[Array, "views n classes"]
    shadows: Float[Array, "shadows views n classes"]
    labels: Int[Array, " n"]
    inputs: Float[Array, "n features"] | None = None
    units: Int[Array, " n"] | None = None
    odds: Callable[[], tuple[Array, Array]] | None = None

    def __getitem__(self, chosen: Array) -> "Outputs":
        """Return the outputs on the examples that `chosen`, an index array or a mask, picks."""
        inputs = None if self.inputs is None else self.inputs[chosen]
        units = None if self.units is None else self.units[chosen]
        odds = self.odds

        def chosen_odds() -> tuple[Array, Array]:
            assert odds is not None
            target, shadows = odds()
            return target[:, chosen], shadows[:, :, chosen]

        return Outputs(
            self.target[:, chosen],
            self.shadows[:, :, chosen],
            self.labels[chosen],
            inputs,
            units,
            None if odds is None else chosen_odds,
        )


@dataclass(frozen=True)
class Fold:
    """The examples that an attack is fitted on, and the examples that it then scores, maybe the same.

    Attributes:
        fit: `(n,)`, True for the examples that the attack is fitted on.
        score: `(n,)`, True for the examples that it scores.
    """

    fit: Bool[Array, " n"]
    score: Bool[Array, " n"]


@dataclass(frozen=True)
class AttackView:
    """Everything an attacker knows about the n examples in question: all but their membership in the target.

    Attributes:
        queried: the outputs on the n examples.
        shadow_is_member: `(S, n)`, True if the example was in the training set of that shadow.
        folds: the folds of an attack that is fitted; each example is scored in one fold.
        population: the outputs on other examples, which no network was trained on.
    """

    queried: Outputs
    shadow_is_member: Bool[Array, "shadows n"]
    folds: tuple[Fold, ...]
    population: Outputs


def in_and_out(
    is_member: Bool[Array, "shadows n"], rng: np.random.Generator, *, mode: Mode = "online"
) -> tuple[Int[Array, "inside n"], Int[Array, "outside n"]]:
    """Draw, for each example, as many shadows that were trained on it (in) as shadows that were not (out).

    If each example is in exactly half of the networks, the number of its shadows in either state gives the target's
    membership away, and so does the precision of an estimate from them. Therefore the same number is drawn for every
    example and both states: the largest that all examples have. The draw is made anew for each example: if all examples
    left out the same shadow, the skill of that network would be missing from the target's members in one state and from
    its non-members in the other.

    Offline attacks read the shadows that were not trained on an example. Where no shadow was trained on any of them, as
    of reference networks on other data, there is nothing to balance: all examples then have as many of the others.

    Args:
        is_member: `(S, n)`, True if the example was in the training set of that shadow.
        rng: the source of the draw, which depends on the order of the examples.
        mode: what the attack reads, shadows in both states (online) or the others alone (offline).

    Returns:
        Two arrays `(each, n)` of indices of shadows: those trained on the example, and those not. Offline the first
        may be empty.

    Raises:
        MetricError: an example has no shadow in one of the states.
    """
    inside, outside = int(is_member.sum(0).min()), int((~is_member).sum(0).min())
    if inside or mode == "online":
        inside = outside = min(inside, outside)
    if outside == 0:
        raise MetricError(
            "every example must have shadows that were trained on it and shadows that were not, but some example lacks "
            "one kind; use the protocol halves, with at least 4 networks"
        )
    order = rng.random(is_member.shape)

    def first(state: Array, count: int) -> Array:
        # The random numbers are below 1, so the shadows in the other state come last.
        return np.argsort(np.where(state, order, 2.0), axis=0)[:count]

    return first(is_member, inside), first(~is_member, outside)


def log_odds(logits: Float[Array, "*queried classes"]) -> Float[Array, "*queried classes"]:
    """Compute the log-odds of each class, log(p / (1 - p)) with p the softmax probability, in float64.

    Log-odds never saturate: a network that is sure of a class has p = 1 in floating point, but finite log-odds. With
    scipy's `log_expit`, log p is `log_expit(log_odds)` and log(1 - p) is `log_expit(-log_odds)`, both exact to the
    last digits.

    Args:
        logits: `(..., C)`, of at least two classes, unitless.
    """
    log_p = log_softmax(logits.astype(np.float64), axis=-1)
    is_top = np.arange(log_p.shape[-1]) == log_p.argmax(axis=-1, keepdims=True)
    # Only the top class can have a p so near 1 that 1 - p is lost, and its 1 - p is the sum of the others.
    others = np.where(is_top, -np.inf, log_p)
    log_not_p = np.where(is_top, logsumexp(others, axis=-1, keepdims=True), np.log1p(-np.exp(others)))
    odds: Array = log_p - log_not_p
    return odds


def label_log_odds(outputs: Outputs) -> tuple[Float[Array, "views n"], Float[Array, "shadows views n"]]:
    """Compute the log-odds of each example's label, given by the target and by the shadows.

    Source: the logit-scaled confidence of Carlini et al. 2022, section IV.
    """
    if outputs.odds is not None:
        return outputs.odds()
    # One network after the other, since log_odds needs several times the memory of its argument.
    target, *shadows = (_of_labels(network, outputs.labels) for network in (outputs.target, *outputs.shadows))
    return target, np.array(shadows).reshape(len(shadows), *target.shape)


class CohortOutputs:
    """The outputs of a cohort, of which one network after the other is the target.

    The log-odds of labels are computed when they are first asked for, and once for each network, not for each target.

    Args:
        answers: `(K, V, N, C)`, unitless.
        labels: as in `Outputs`, of all N examples; likewise all that follows.
        inputs: likewise.
        units: likewise.
    """

    def __init__(
        self,
        answers: Float[Array, "networks views n classes"],
        labels: Int[Array, " n"],
        inputs: Float[Array, "n features"] | None = None,
        units: Int[Array, " n"] | None = None,
    ) -> None:
        self._answers, self._labels, self._inputs, self._units = answers, labels, inputs, units

    def of(self, target: int, shadows: Int[Array, " shadows"]) -> Outputs:
        """Return the outputs of a target and of its shadows, by their places among the networks."""
        return Outputs(
            self._answers[target],
            self._answers[shadows],
            self._labels,
            self._inputs,
            self._units,
            lambda: (self._odds[target], self._odds[shadows]),
        )

    @cached_property
    def _odds(self) -> Float[Array, "networks views n"]:
        return np.stack([_of_labels(network, self._labels) for network in self._answers])


def _of_labels(network: Float[Array, "views n classes"], labels: Int[Array, " n"]) -> Float[Array, "views n"]:
    return log_odds(network)[:, np.arange(len(labels)), labels]


def within_step(values: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return numbers from 0 to below a half in the order of the values; equal values get equal numbers.

    Added to a score that goes in steps of 1, they order the examples of one step.
    """
    distinct, ranks = np.unique(values, return_inverse=True)
    return ranks / (2 * len(distinct))
