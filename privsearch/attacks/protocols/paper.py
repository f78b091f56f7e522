"""The protocol `paper`: pairs of a target and a shadow, and the placebo for attacks that recognise examples."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.attacks import AttackView, Fold, Outputs, attack_scores
from privsearch.attacks.protocols.base import ProtocolRules
from privsearch.attacks.protocols.evaluation import Evaluation, Scored, evaluate, mean_cut
from privsearch.attacks.protocols.seeding import Stream, attack_stream, random_stream
from privsearch.attacks.protocols.units import Units
from privsearch.data.grouped import Groups
from privsearch.data.stratified import draw_training_split
from privsearch.errors import DataError, MetricError
from privsearch.spec import Attack, PaperProtocol
from privsearch.spec.attacks import adds_up
from privsearch.spec.protocol_spec import ROLES
from privsearch.study.attack_result import Cut
from privsearch.study.signals import Signals

# Of any length each, so that several may stand in one signature.
Indices = Int[Array, "..."]
Labels = Int[Array, "..."]
Mask = Bool[Array, "..."]


class PaperRules(ProtocolRules[PaperProtocol]):
    """The rules of `paper`: independent pairs of a target and its shadow.

    The attack learns from the shadow's outputs on its training set (members) and on the test split (non-members). It
    scores the target's outputs on the training split (members) and the test split (non-members).

    Shadow and target are queried with the same examples, so an attack can score above 0.5 by recognising examples. The
    placebo measures how far. The test split, of which neither network saw anything, is cut at random into 'members' and
    non-members, in the proportions of the real ones. The attack learns from the shadow's outputs on a part of the
    'members' and on the non-members, and scores the target's. An honest attack gets 0.5.

    How well examples are recognised depends on how many there are, and the test split is small. So each cut is also
    scored with real members in the place of the 'members', as many of each class: the matched numbers. Without any
    membership signal, and with both splits alike, real members and 'members' are alike, and matched and placebo numbers
    have the same distribution. Their difference, the excess, is what the attack owes to membership. So it is with the
    AUC, with the TPR, the advantage and the balanced accuracy, and with the AUC of a slice.

    Matched and placebo AUC are alike over all splits, not on each: where the training split happens to hold the
    examples that look like members, every pair trained on it has the same excess. With `resplit`, each pair cuts the
    examples anew, so that this chance averages out over the pairs, and shows in their spread.

    Persons are drawn as such, with all of their examples, by the shadow, the splits and the cuts; the placebo has as
    many persons of each kind, that is with the same rarest class, as are set beside it.

    Source: Moshruba et al. 2025, section III-B, for the protocol.
    """

    def draw_cohort(
        self, num_train: int, seed: int, groups: Sequence[Groups] | None = None
    ) -> tuple[Bool[Array, "networks num_train"], list[int]]:
        """Draw, for each replicate, a target on the whole training split, then a shadow on a part of it."""
        sizes = [num_train] * self.protocol.networks if groups is None else [len(of_network) for of_network in groups]
        subsets, seeds = np.zeros((len(sizes), max(sizes)), dtype=bool), []
        for replicate in range(self.protocol.replicates):
            target = len(ROLES) * replicate
            rng, own = random_stream(seed, replicate, Stream.SUBSET), sizes[target]
            together = None if groups is None else groups[target]
            subsets[target, :own] = True
            subsets[target + 1, :own] = shadow_members(own, self.protocol.shadow_fraction, rng, together)
            seeds += random_stream(seed, replicate, Stream.INIT).integers(2**63, size=2).tolist()
        return subsets, seeds

    def draw_splits(
        self,
        labels: Int[Array, " examples"],
        num_train: int,
        seed: int,
        groups: Groups | None = None,
    ) -> Bool[Array, "networks examples"] | None:
        """Draw a split for each replicate, the same for its target and its shadow, if the protocol says so."""
        if not self.protocol.resplit:
            return None
        streams = (random_stream(seed, replicate, Stream.SPLIT) for replicate in range(self.protocol.replicates))
        splits = np.stack([draw_training_split(labels, num_train, rng, groups) for rng in streams])
        return np.repeat(splits, len(ROLES), axis=0)

    def queried(self, signals: Signals, seed: int) -> Int[Array, " examples"]:  # noqa: ARG002
        """Return the indices of all examples."""
        return np.arange(len(signals.labels))

    def scores(self, signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " examples"]]:
        """Yield an attack's scores of all examples, `(examples,)`, for the target of each pair."""
        for pair in self._pairs(signals, attack, seed):
            yield pair.scores(*pair.real())

    def evaluate(self, signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
        """Evaluate an attack on the target of each pair, and add the numbers of the placebo and the matched ones."""
        queried = self.queried(signals, seed)
        evaluations = []
        for pair in self._pairs(signals, attack, seed):
            # The scores come first, as all draws of a pair are of one stream.
            scores = pair.scores(*pair.real())
            halving = random_stream(seed, pair.target, Stream.EVALUATE)
            cuts = [pair.cut(halving) for _ in range(self.protocol.placebo_cuts)]
            matched, placebo = (mean_cut(of_kind) for of_kind in zip(*cuts, strict=True))
            # Membership is that of a split: the data's own, which is not random, or one that the shadow gives away.
            add = adds_up(attack)
            evaluation = evaluate(scores, signals, pair.target, queried, seed, bounds_epsilon=False, add=add)
            evaluations.append(evaluation.with_cuts(placebo=placebo, matched=matched))
        return evaluations

    def _pairs(self, signals: Signals, attack: Attack, seed: int) -> Iterator["_Pair"]:
        for target in self.protocol.target_networks:
            _check_classes(signals, target, Units.numbered(signals.units, len(signals.labels)))
        for replicate, target in enumerate(self.protocol.target_networks):
            yield _Pair(signals, target, attack, attack_stream(seed, replicate, attack))


def shadow_members(
    num_train: int, fraction: float, rng: np.random.Generator, groups: Groups | None = None
) -> Bool[np.ndarray, " num_train"]:
    """Draw the part of the training split that a shadow trains on.

    Args:
        num_train: the number of examples in the training split.
        fraction: the share to draw, above 0 and at most 1; the number drawn is the integer nearest to
            `fraction * num_train` (a half goes to the even one).
        rng: the source of the draw.
        groups: the groups of examples that are members together; None if each stands for itself.

    Returns:
        `(num_train,)`, True for the members.

    Raises:
        DataError: the number drawn would be none, or more than there are.

    Source: Moshruba et al. 2025, where `fraction` is 0.8.
    """
    num_members = round(fraction * num_train)
    if not 1 <= num_members <= num_train:
        raise DataError(
            f"A shadow must train on 1 to {num_train} examples of the training split, but a fraction of {fraction} of "
            f"{num_train} examples gives {num_members}. Change the fraction, or keep more examples."
        )
    if groups is not None and num_members < num_train:
        return groups.draw(num_members, rng)
    is_member = np.zeros(num_train, dtype=np.bool_)
    is_member[rng.permutation(num_train)[:num_members]] = True
    return is_member


def _check_classes(signals: Signals, target: int, units: Units) -> None:
    """Refuse a class that occurs in one of a target's splits only, and a test split that cannot be cut in two.

    All members are of the training split, and all non-members of the test split, so an attack that tells such a class
    from the others tells members from non-members.
    """
    is_member = signals.is_member[target]
    train, test = (set(signals.labels[split].tolist()) for split in (is_member, ~is_member))
    if train != test:
        raise MetricError(
            "under the protocol paper every class must occur in the training split and in the test split, as an attack "
            f"could else tell members by their class, but class {min(train ^ test)} occurs in one of them only; add "
            "examples of it, remove it, or use the protocol halves"
        )
    kinds = units.kinds(signals.labels)[~units.shared(is_member)]
    if np.unique(kinds, return_counts=True)[1].max() < 2:
        raise MetricError(
            "under the protocol paper the placebo cuts each class of the test split in two, but no class has two "
            "examples in it; keep more test examples, or use the protocol halves"
        )


class _Pair:
    """A target, the shadow that was trained after it, and an attack on them.

    The target was trained on its whole training split, so its non-members are its test split.
    """

    def __init__(self, signals: Signals, target: int, attack: Attack, rng: np.random.Generator) -> None:
        answers = signals.answers(attack.signals, attack.queries)
        shadow = target + 1
        self.target = target
        self.units = Units.numbered(signals.units, len(signals.labels))
        self.kinds = self.units.kinds(signals.labels)
        self.outputs = Outputs(answers[target], answers[shadow : shadow + 1], signals.labels, signals.inputs)
        self.shadow_is_member = signals.is_member[shadow]
        self.correct = signals.logits[target].argmax(1) == signals.labels
        self.is_test = ~signals.is_member[target]
        of_test = self.units.shared(self.is_test)
        self.train, self.test = map(np.flatnonzero, (~of_test, of_test))
        self.attack = attack
        self.rng = rng

    def real(self) -> tuple[Indices, Mask, Mask]:
        """Return all examples, their membership in the shadow's training set, and the mask of those to fit on."""
        fit = self.shadow_is_member | self.is_test
        return np.arange(len(fit)), self.shadow_is_member, fit

    def scores(self, examples: Indices, is_member: Mask, fit: Mask) -> Array:
        """Score some examples with the attack.

        Args:
            examples: the indices of the examples, `(n,)`.
            is_member: the membership in the shadow's training set, `(n,)`, real or pretended.
            fit: True for the examples that the attack is fitted on, `(n,)`.

        Returns:
            The scores, `(n,)`.
        """
        view = AttackView(
            queried=self.outputs[examples],
            shadow_is_member=is_member[None],
            folds=(Fold(fit=fit, score=np.ones(len(examples), dtype=bool)),),
            population=self.outputs[np.flatnonzero(self.is_test)],
        )
        return attack_scores(self.attack, view, self.rng)

    def cut(self, halving: np.random.Generator) -> tuple[Cut, Cut]:
        """Cut the test split once; return the matched numbers and the placebo's, against the same non-members.

        Args:
            halving: the source of the halves on which thresholds are chosen.
        """
        labels = self.kinds
        called_member = _cut(labels[self.test], len(self.test) / len(labels), self.rng)
        placebo_members, others = self.test[called_member], self.test[~called_member]
        members = self.train[_drawn_like(labels[placebo_members], labels[self.train], self.rng)]
        if len(members) < len(placebo_members):
            # Of some class the training split has fewer examples: then the placebo has no more of it.
            placebo_members = placebo_members[_drawn_like(labels[members], labels[placebo_members], self.rng)]
        fit = self.units.shared(self.shadow_is_member)[members]
        matched = self._between(members, fit, others, halving)
        return matched, self._between(placebo_members, self.rng.permutation(fit), others, halving)

    def _between(self, members: Indices, fit: Mask, others: Indices, halving: np.random.Generator) -> Cut:
        """Compute the attack's numbers between `members` and `others`, units, having learnt from `fit` and others."""
        examples, units = self.units.examples(np.concatenate([members, others]))
        is_member = units.spread(np.arange(len(units)) < len(members))
        all_fit = units.spread(np.concatenate([fit, np.ones(len(others), dtype=bool)]))
        return Scored(
            scores=self.scores(examples, is_member, all_fit),
            is_member=is_member,
            labels=self.outputs.labels[examples],
            correct=self.correct[examples],
            first=units.half(is_member, halving),
            units=units,
            add=adds_up(self.attack),
        ).cut()


def _drawn_like(wanted: Labels, available: Labels, rng: np.random.Generator) -> Indices:
    """Draw indices into `available` at random, with as many of every class as `wanted` has, or as there are."""
    drawn = []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        of_class = np.flatnonzero(available == label)
        drawn.append(rng.choice(of_class, min(count, len(of_class)), replace=False))
    # In random order: among the 'members' of the placebo, too, chance decides which ones the attack is fitted on.
    return rng.permutation(np.concatenate(drawn))


def _cut(labels: Labels, share: float, rng: np.random.Generator) -> Mask:
    """Call all but about `share` of the examples of every class members, at random, with some of each kind."""
    called_member = np.ones(len(labels), dtype=bool)
    for label in np.unique(labels):
        of_class = rng.permutation(np.flatnonzero(labels == label))
        others = int(share * len(of_class) + rng.random())  # rounded up or down by chance, so right on average
        called_member[of_class[: min(max(others, 1), len(of_class) - 1)]] = False
    return called_member
