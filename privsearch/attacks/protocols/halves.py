"""The protocol `halves`: every network trained on its own half, every network the target in turn."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.analysis.metrics import random_half
from privsearch.attacks import AttackView, Fold, Outputs, attack_scores
from privsearch.attacks.protocols.evaluation import Evaluation, evaluate
from privsearch.attacks.protocols.seeding import Stream, attack_stream, random_stream
from privsearch.errors import DataError
from privsearch.spec import Attack, HalvesProtocol
from privsearch.study.signals import Signals


def halves_cohort(
    protocol: HalvesProtocol, num_train: int, seed: int
) -> tuple[Bool[Array, "networks num_train"], list[int]]:
    """Who trains on what: K networks, each on half of the training split, each example in K/2 of them.

    Returns:
        The subsets, `(K, num_train)`, and the networks' seeds. Both depend on the sweep's seed alone, not on the
        configuration: two configurations are compared on the same subsets.

    Raises:
        DataError: the training split is too small.
    """
    subsets = half_members(num_train, protocol.networks, random_stream(seed, 0, Stream.SUBSET))
    seeds = [int(random_stream(seed, k, Stream.INIT).integers(2**63)) for k in range(protocol.networks)]
    return subsets, seeds


def half_members(num_train: int, networks: int, rng: np.random.Generator) -> Bool[Array, "networks num_train"]:
    """Draw the halves: every example in exactly half of the networks, every network with half of the examples.

    With an odd number of examples, half of the networks have one more than the others.

    Args:
        num_train: examples in the training split.
        networks: K, even.
        rng: where the draw comes from.

    Raises:
        DataError: there are fewer than 4 examples.
    """
    if num_train < 4:
        raise DataError(
            f"the protocol halves needs a training split of at least 4 examples, but this one has {num_train}; keep "
            "more examples"
        )
    is_member = rng.random((networks, num_train)).argsort(0) < networks // 2
    # Each example is in half of the networks now; moving one from a large network to a small one leaves that so.
    wanted = np.full(networks, num_train // 2)
    wanted[: networks // 2 * (num_train % 2)] += 1
    while (surplus := is_member.sum(1) - wanted).any():
        large, small = int(surplus.argmax()), int(surplus.argmin())
        movable = np.flatnonzero(is_member[large] & ~is_member[small])
        moved = rng.choice(movable, min(surplus[large], -surplus[small]), replace=False)
        is_member[large, moved], is_member[small, moved] = False, True
    return is_member


def audit_halves(signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
    """Attack every network of a cohort in turn, the others being its shadows.

    Args:
        signals: those of `halves_cohort`.
        attack: the attack.
        seed: the sweep's; decides whatever the attack leaves to chance.

    Raises:
        MetricError: the examples cannot carry the attack.
    """
    train = np.arange(signals.num_train)
    scored = halves_scores(signals, attack, seed)
    return [evaluate(scores, signals, target, train, seed) for target, scores in enumerate(scored)]


def halves_scores(signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " num_train"]]:
    """The scores of the training split, with each network of a cohort as the target in turn.

    All is asked about the training split, of which the target saw one half. The test split is the population that
    nobody saw. An attack that is fitted learns from the shadow that follows the target, on one half of the examples,
    and judges the other, and the other way round: what it recognises of an example is never what it learnt from it.

    Args:
        signals: those of `halves_cohort`.
        attack: the attack.
        seed: the sweep's; decides whatever the attack leaves to chance.

    Raises:
        MetricError: the examples cannot carry the attack.

    Source: Carlini et al. 2022, section IV.
    """
    answers = signals.answers(attack.signals, attack.queries)
    train, test = np.arange(signals.num_train), np.arange(signals.num_train, len(signals.labels))
    for target in range(len(answers)):
        shadows = np.roll(np.arange(len(answers)), -target)[1:]
        outputs = Outputs(answers[target], answers[shadows], signals.labels)
        rng = attack_stream(seed, target, attack)
        view = AttackView(
            queried=outputs[train],
            shadow_is_member=signals.is_member[shadows][:, train],
            folds=_two_folds(signals.is_member[shadows[0], train], rng),
            population=outputs[test],
        )
        yield attack_scores(attack, view, rng)


def _two_folds(learnt_from: Bool[Array, " n"], rng: np.random.Generator) -> tuple[Fold, Fold]:
    """Learn from one random half and judge the other; then change them over.

    Either half has half of the members of the shadow that is learnt from. Were there more of them in one, there would
    be fewer of the target's in it, and an attack that goes by the share of members would not be at 0.5 without a leak.
    """
    first = random_half(learnt_from, rng)
    return Fold(fit=first, score=~first), Fold(fit=~first, score=first)
