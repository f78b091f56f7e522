"""The protocol `paper`: who is trained on what, what an attack learns from and is judged on, and the placebo."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.metrics import attack_auc
from privsearch.attacks import AttackView, Fold, Outputs, attack_scores
from privsearch.attacks.protocols.evaluation import Evaluation, evaluate
from privsearch.attacks.protocols.seeding import Stream, attack_stream, random_stream
from privsearch.errors import DataError, MetricError
from privsearch.spec import Attack, PaperProtocol
from privsearch.study.signals import Signals

# Of any length each, so that several may stand in one signature.
Indices = Int[Array, "..."]
Labels = Int[Array, "..."]
Mask = Bool[Array, "..."]


def paper_cohort(
    protocol: PaperProtocol, num_train: int, seed: int
) -> tuple[Bool[Array, "networks num_train"], list[int]]:
    """Who trains on what: for each replicate a target on the whole training split, then a shadow on a part of it.

    Returns:
        The subsets, `(2 * replicates, num_train)`, and the networks' seeds. Both depend on the sweep's seed and the
        replicate, not on the configuration: two configurations are compared on the same subsets, which takes that
        source of variance out of their difference.

    Raises:
        DataError: the training split is too small for a shadow.
    """
    subsets, seeds = [], []
    for replicate in range(protocol.replicates):
        rng = random_stream(seed, replicate, Stream.SUBSET)
        subsets += [np.ones(num_train, dtype=bool), shadow_members(num_train, protocol.shadow_fraction, rng)]
        seeds += random_stream(seed, replicate, Stream.INIT).integers(2**63, size=2).tolist()
    return np.stack(subsets), seeds


def shadow_members(num_train: int, fraction: float, rng: np.random.Generator) -> Bool[np.ndarray, " num_train"]:
    """Draw the part of the training split that a shadow trains on.

    Args:
        num_train: examples in the training split.
        fraction: the share to draw, above 0 and at most 1; the number drawn is the integer nearest to
            `fraction * num_train` (a half goes to the even one).
        rng: where the draw comes from.

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
    is_member = np.zeros(num_train, dtype=np.bool_)
    is_member[rng.permutation(num_train)[:num_members]] = True
    return is_member


def audit_paper(signals: Signals, protocol: PaperProtocol, attack: Attack, seed: int) -> list[Evaluation]:
    """Attack the target of every (target, shadow) pair, and measure what is found where nothing can be found.

    The attack learns from the shadow's outputs on its training set (members) and on the test split (non-members). It
    is judged on the target's outputs on the training split (members) and the test split (non-members).

    The placebo shows what of this is no membership: shadow and target are asked about the same examples, so an attack
    can score above 0.5 by recognising examples. The test split, of which neither network saw anything, is cut at random
    into 'members' and non-members, in the proportions of the real thing; the attack learns from the shadow's outputs on
    a part of the 'members' and on the non-members, and is judged on the target's. An honest attack gets 0.5.

    How well examples are recognised depends on how many there are, and the test split is small. So each cut is also
    played with real members in the place of the 'members', as many of each class: the matched AUC. Without any
    membership signal real members and 'members' are alike, and matched and placebo AUC have the same distribution;
    their difference, the excess, is what the attack owes to membership.

    Args:
        signals: those of `paper_cohort`, the target of each pair before its shadow.
        protocol: how many cuts the placebo averages over.
        attack: the attack.
        seed: the sweep's; decides the undersampling and the cuts.

    Raises:
        MetricError: the examples cannot carry the attack.

    Source: Moshruba et al. 2025, section III-B, for the protocol.
    """
    _check_classes(signals)
    audits = []
    for replicate in range(protocol.replicates):
        pair = _Pair(signals, replicate, attack, attack_stream(seed, replicate, attack))
        scores = pair.scores(*pair.real())
        matched, placebo = np.array([pair.cut_aucs() for _ in range(protocol.placebo_cuts)]).T
        found = evaluate(scores, signals, 2 * replicate, np.arange(len(signals.labels)), seed)
        audits.append(found.with_placebo(placebo=float(placebo.mean()), matched=float(matched.mean())))
    return audits


def paper_scores(
    signals: Signals, protocol: PaperProtocol, attack: Attack, seed: int
) -> Iterator[Float[Array, " examples"]]:
    """The scores that `audit_paper` judges each target by, without the placebo: of all examples.

    Raises:
        MetricError: the examples cannot carry the attack.
    """
    _check_classes(signals)
    for replicate in range(protocol.replicates):
        pair = _Pair(signals, replicate, attack, attack_stream(seed, replicate, attack))
        yield pair.scores(*pair.real())


def _check_classes(signals: Signals) -> None:
    """All members are of the training split, and all others of the test split: what tells classes tells these apart."""
    train, test = (set(labels.tolist()) for labels in np.split(signals.labels, [signals.num_train]))
    if train != test:
        raise MetricError(
            "under the protocol paper every class must occur in the training split and in the test split, as an attack "
            f"could else tell members by their class, but class {min(train ^ test)} occurs in one of them only; add "
            "examples of it, remove it, or use the protocol halves"
        )


class _Pair:
    """A target, its shadow, and an attack on them."""

    def __init__(self, signals: Signals, replicate: int, attack: Attack, rng: np.random.Generator) -> None:
        answers = signals.answers(attack.signals, attack.queries)
        target, shadow = 2 * replicate, 2 * replicate + 1
        self.outputs = Outputs(answers[target], answers[shadow : shadow + 1], signals.labels)
        self.shadow_is_member = signals.is_member[shadow]
        self.test = np.arange(signals.num_train, len(signals.labels))
        self.attack = attack
        self.rng = rng

    def real(self) -> tuple[Indices, Mask, Mask]:
        """All examples, whether each was in the shadow's training set, and whether the attack learns from it."""
        in_test_split = np.arange(len(self.shadow_is_member)) >= self.test[0]
        return np.arange(len(self.shadow_is_member)), self.shadow_is_member, self.shadow_is_member | in_test_split

    def scores(self, examples: Indices, is_member: Mask, learnt: Mask) -> Array:
        """The attack's scores for `examples`, told the shadow's membership of those that are `learnt` from."""
        view = AttackView(
            queried=self.outputs[examples],
            shadow_is_member=is_member[None],
            folds=(Fold(fit=learnt, score=np.ones(len(examples), dtype=bool)),),
            population=self.outputs[self.test],
        )
        return attack_scores(self.attack, view, self.rng)

    def cut_aucs(self) -> tuple[float, float]:
        """One cut of the test split: the matched AUC and the placebo AUC, against the same non-members."""
        labels, num_train = self.outputs.labels, self.test[0]
        called_member = _cut(labels[self.test], len(self.test) / len(labels), self.rng)
        placebo_members, others = self.test[called_member], self.test[~called_member]
        members = _drawn_like(labels[placebo_members], labels[:num_train], self.rng)
        learnt = self.shadow_is_member[members]
        matched = self._auc_between(members, learnt, others)
        return matched, self._auc_between(placebo_members, self.rng.permutation(learnt), others)

    def _auc_between(self, members: Indices, learnt: Mask, others: Indices) -> float:
        """What the attack finds between `members`, of which it learns from the `learnt`, and `others`, from all."""
        examples = np.concatenate([members, others])
        is_member = np.arange(len(examples)) < len(members)
        fitted = np.concatenate([learnt, np.ones(len(others), dtype=bool)])
        return attack_auc(self.scores(examples, is_member, fitted), is_member)


def _drawn_like(wanted: Labels, available: Labels, rng: np.random.Generator) -> Indices:
    """Indices into `available`, drawn at random, with as many of every class as `wanted` has (or as there are)."""
    drawn = []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        of_class = np.flatnonzero(available == label)
        drawn.append(rng.choice(of_class, min(count, len(of_class)), replace=False))
    # In random order, as the 'members' of the placebo are with respect to who was learnt from.
    return rng.permutation(np.concatenate(drawn))


def _cut(labels: Labels, share: float, rng: np.random.Generator) -> Mask:
    """Call all but about `share` of the examples of every class members: at random, and some of each kind."""
    called_member = np.ones(len(labels), dtype=bool)
    for label in np.unique(labels):
        of_class = rng.permutation(np.flatnonzero(labels == label))
        others = int(share * len(of_class) + rng.random())  # rounded up or down by chance, so right on average
        called_member[of_class[: min(max(others, 1), len(of_class) - 1)]] = False
    return called_member
