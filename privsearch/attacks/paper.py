"""The paper's protocol: which examples an attack learns from, which it is judged on, and the placebo beside it."""

import zlib

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray as Array

from privsearch.attacks import attack_scores
from privsearch.attacks.base import AttackSet
from privsearch.metrics import attack_auc
from privsearch.result import AttackResult
from privsearch.signals import Signals
from privsearch.spec import Attack

TARGET, SHADOW = 0, 1

# Of any length each, so that several may stand in one signature.
Indices = Int[Array, "..."]
Labels = Int[Array, "..."]
Mask = Bool[Array, "..."]


def audit_pair(pair: Signals, attack: Attack, *, placebo_cuts: int, seed: int) -> AttackResult:
    """Attack the target of a (target, shadow) pair, and measure what the same attack finds where nothing can be found.

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
        pair: the signals of two networks, the target first, the shadow second.
        attack: the attack.
        placebo_cuts: how many cuts the placebo averages over.
        seed: decides the undersampling and the cuts.

    Raises:
        MetricError: the examples cannot carry the attack.

    Source: Moshruba et al. 2025, section III-B, for the protocol.
    """
    rng = np.random.default_rng([seed, zlib.crc32(attack.name.encode())])
    in_test_split = np.arange(len(pair.labels)) >= pair.num_train
    fit = _outputs(pair, SHADOW)[pair.is_member[SHADOW] | in_test_split]
    query = _outputs(pair, TARGET)
    auc = attack_auc(attack_scores(attack, fit, query, rng), query.is_member)
    matched, placebo = np.array([_cut_aucs(pair, attack, rng) for _ in range(placebo_cuts)]).T
    return AttackResult(
        auc=auc,
        matched_auc=float(matched.mean()),
        placebo_auc=float(placebo.mean()),
        num_members=int(query.is_member.sum()),
        num_non_members=int((~query.is_member).sum()),
    )


def _outputs(pair: Signals, network: int) -> AttackSet:
    return AttackSet(pair.logits[network], pair.labels, pair.is_member[network])


def _cut_aucs(pair: Signals, attack: Attack, rng: np.random.Generator) -> tuple[float, float]:
    """One cut of the test split: the matched AUC and the placebo AUC, against the same non-members."""
    test = np.arange(pair.num_train, len(pair.labels))
    called_member = _cut(pair.labels[test], len(test) / len(pair.labels), rng)
    placebo_members, others = test[called_member], test[~called_member]
    members = _drawn_like(pair.labels[placebo_members], pair.labels[: pair.num_train], rng)
    learnt = pair.is_member[SHADOW, members]
    matched = _auc_between(pair, attack, members, learnt, others, rng)
    return matched, _auc_between(pair, attack, placebo_members, rng.permutation(learnt), others, rng)


def _auc_between(
    pair: Signals, attack: Attack, members: Indices, learnt: Mask, others: Indices, rng: np.random.Generator
) -> float:
    """What the attack finds between `members`, of which it learns from the `learnt`, and `others`, from all of them."""
    examples = np.concatenate([members, others])
    is_member = np.arange(len(examples)) < len(members)
    fitted = np.concatenate([learnt, np.ones(len(others), dtype=bool)])
    fit = AttackSet(pair.logits[SHADOW, examples], pair.labels[examples], is_member)[fitted]
    query = AttackSet(pair.logits[TARGET, examples], pair.labels[examples], is_member)
    return attack_auc(attack_scores(attack, fit, query, rng), query.is_member)


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
