"""The paper's protocol: which examples an attack learns from, which it is judged on, and the placebo beside it."""

import zlib

import numpy as np

from privsearch.attacks import attack_scores
from privsearch.attacks.base import AttackSet
from privsearch.metrics import attack_auc
from privsearch.result import AttackResult
from privsearch.signals import Signals
from privsearch.spec import Attack

TARGET, SHADOW = 0, 1


def audit_pair(pair: Signals, attack: Attack, *, placebo_cuts: int, seed: int) -> AttackResult:
    """Attack the target of a (target, shadow) pair, and measure what the same attack finds where nothing can be found.

    The attack learns from the shadow's outputs on its training set (members) and on the test split (non-members). It
    is judged on the target's outputs on the training split (members) and the test split (non-members).

    The placebo cuts the test split at random into two halves, calls one of them members, and lets the same attack
    learn from the shadow's outputs and be judged on the target's. Neither network was trained on any of these
    examples, so an attack that finds membership and nothing else scores 0.5; an excess shows that shadow and target
    are asked about the same examples, which an attack can recognise.

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
    placebo = [_placebo_auc(pair, attack, np.flatnonzero(in_test_split), rng) for _ in range(placebo_cuts)]
    return AttackResult(
        auc=auc,
        placebo_auc=float(np.mean(placebo)),
        placebo_auc_sd=float(np.std(placebo, ddof=1)) if placebo_cuts > 1 else None,
        num_members=int(query.is_member.sum()),
        num_non_members=int((~query.is_member).sum()),
    )


def _outputs(pair: Signals, network: int) -> AttackSet:
    return AttackSet(pair.logits[network], pair.labels, pair.is_member[network])


def _placebo_auc(pair: Signals, attack: Attack, test: np.ndarray, rng: np.random.Generator) -> float:
    """One cut of the test split, stratified by class so that an attack per class keeps both halves of every class."""
    called_member = np.zeros(len(pair.labels), dtype=bool)
    for label in np.unique(pair.labels[test]):
        examples = rng.permutation(test[pair.labels[test] == label])
        # An odd example out falls to either half by chance, so that small classes do not tilt the halves.
        called_member[examples[: (len(examples) + int(rng.integers(2))) // 2]] = True
    fit = AttackSet(pair.logits[SHADOW], pair.labels, called_member)[test]
    query = AttackSet(pair.logits[TARGET], pair.labels, called_member)[test]
    return attack_auc(attack_scores(attack, fit, query, rng), query.is_member)
