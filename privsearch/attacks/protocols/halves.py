"""The protocol `halves`: every network trained on its own half, every network the target in turn."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.attacks import AttackView, Fold, attack_scores
from privsearch.attacks.base import CohortOutputs
from privsearch.attacks.protocols.base import ProtocolRules
from privsearch.attacks.protocols.evaluation import Evaluation, evaluate
from privsearch.attacks.protocols.seeding import Stream, attack_stream, random_stream
from privsearch.attacks.protocols.units import Units
from privsearch.data.grouped import Groups
from privsearch.errors import DataError
from privsearch.spec import Attack, HalvesProtocol
from privsearch.spec.attacks import adds_up
from privsearch.study.signals import Signals

FEWEST: Final = 4
"""The fewest networks that may be attacked with one another as shadows."""

FEWEST_HALVED: Final = 4
"""The fewest units of membership that are halved."""


class HalvesRules(ProtocolRules[HalvesProtocol]):
    """The rules of `halves`: K networks, each the target in turn, the other pairs of its block its shadows.

    Every target is attacked on the training split, one half of which it was trained on. The test split is the
    population that no network was trained on. A fitted attack learns from one shadow, of another pair than the
    target's, on one half of the examples, and scores the other half; then the halves are exchanged. So it cannot score
    an example high just because it was fitted on it.

    Source: Carlini et al. 2022, section IV.
    """

    def draw_cohort(
        self, num_train: int, seed: int, groups: Sequence[Groups] | None = None
    ) -> tuple[Bool[Array, "networks num_train"], list[int]]:
        """Draw a half of the training split and the rest of it for each pair of networks, and a seed for each."""
        networks = self.protocol.networks
        together = None if groups is None else groups[0]  # all networks have one training split
        pairs = [half_members(num_train, random_stream(seed, p, Stream.SUBSET), together) for p in range(networks // 2)]
        seeds = [int(random_stream(seed, k, Stream.INIT).integers(2**63)) for k in range(networks)]
        return np.concatenate(pairs), seeds

    def queried(self, signals: Signals, seed: int) -> Int[Array, " num_train"]:  # noqa: ARG002
        """Return the indices of the training split."""
        return np.arange(signals.num_train)

    def scores(self, signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " num_train"]]:
        """Yield an attack's scores of the training split, `(num_train,)`, with each network as the target in turn."""
        answers = signals.answers(attack.signals, attack.queries)
        train, test = self.queried(signals, seed), np.arange(signals.num_train, len(signals.labels))
        units = self.judged(signals, seed)
        cohort = CohortOutputs(answers, signals.labels, signals.inputs, signals.units)
        for target in range(len(answers)):
            size = self.protocol.block
            first = target // size * size
            shadows = first + shadows_of(target - first, signals.is_member[first : first + size, train])
            outputs = cohort.of(target, shadows)
            rng = attack_stream(seed, target, attack)
            view = AttackView(
                queried=outputs[train],
                shadow_is_member=signals.is_member[shadows][:, train],
                folds=two_folds(signals.is_member[shadows[0], train], rng, units),
                population=outputs[test],
            )
            yield attack_scores(attack, view, rng)

    def evaluate(self, signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
        """Evaluate an attack on every network of a cohort in turn."""
        train = self.queried(signals, seed)
        all_scores = self.scores(signals, attack, seed)
        return [
            evaluate(scores, signals, target, train, seed, bounds_epsilon=True, add=adds_up(attack))
            for target, scores in enumerate(all_scores)
        ]


def half_members(num_train: int, rng: np.random.Generator, groups: Groups | None = None) -> Bool[Array, "2 num_train"]:
    """Draw a random half of the training split, and return it and the rest, for the two networks of a pair.

    With an odd number of examples, chance decides which of the two has one more. Persons are halved as such, so that
    the numbers of examples may differ by as many as one person has.

    Args:
        num_train: the number of examples in the training split.
        rng: the source of the draw.
        groups: the groups of examples that must be in one half; None if each stands for itself.

    Raises:
        DataError: there are fewer than 4 examples, or persons.
    """
    if num_train < FEWEST_HALVED:
        raise DataError(
            f"the protocol halves needs a training split of at least {FEWEST_HALVED} examples, but this one has "
            f"{num_train}; keep more examples"
        )
    if groups is not None and groups.are_persons and (count := len(np.unique(groups.numbers))) < FEWEST_HALVED:
        raise DataError(
            f"the protocol halves needs a training split of at least {FEWEST_HALVED} persons, as the column of group "
            f"has them, but this one has {count}; keep more examples"
        )
    size = (num_train + int(rng.integers(2))) // 2
    if groups is not None:
        first = groups.half(size, rng)
        return np.stack([first, ~first])
    first = np.zeros(num_train, dtype=np.bool_)
    first[rng.permutation(num_train)[:size]] = True
    return np.stack([first, ~first])


def shadows_of(target: int, is_member: Bool[Array, "networks n"]) -> Int[Array, " shadows"]:
    """Return the shadows of a target: the networks that were drawn independently of it.

    These are all others but the one that was trained on the rest of the examples. That one gives the target away
    without any leak, as what the one has learnt from other examples the other has not: with it, online LiRA found AUCs
    of 0.58 on Breast Cancer and 0.57 on Iris in the quickstart's networks, and 0.55 and 0.53 without it.

    Args:
        target: the index of the target.
        is_member: `(networks, n)`, the membership of the examples in the training sets of all networks.

    Returns:
        Their indices, beginning with the pair after the target's. If there are more than four networks, every example
        is in the training sets of one half of the shadows.
    """
    ring = (target // 2 * 2 + 2 + np.arange(len(is_member))) % len(is_member)
    partner = target ^ 1
    # In what was trained before networks came in pairs, it is a network as the others. Of four networks it stays, as
    # likelihood ratios need more than one network in either state.
    is_left_out = len(is_member) > FEWEST and bool((is_member[partner] != is_member[target]).all())
    return np.setdiff1d(ring, [target, partner] if is_left_out else [target], assume_unique=True)


def two_folds(is_member: Bool[Array, " n"], rng: np.random.Generator, units: Units) -> tuple[Fold, Fold]:
    """Fit on one random half of the units and score the other; then exchange the halves.

    Each half has half of the members of the shadow that the attack learns from. If one half had more of them, it would
    have fewer of the target's, and an attack that goes by the share of members would not be at 0.5 without a leak.

    Args:
        is_member: `(n,)`, the membership in the training set of the shadow that the attack learns from.
        rng: the source of the draw.
        units: the units of membership: those that an attack is asked about have no example that it learnt from.
    """
    first = units.half(is_member, rng)
    return Fold(fit=first, score=~first), Fold(fit=~first, score=first)
