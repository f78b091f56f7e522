"""From an attack's scores to the numbers that are reported, under every protocol alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.bootstrap import hierarchical_auc_interval
from privsearch.analysis.metrics import (
    FPRS,
    attack_auc,
    auc_interval,
    cross_fitted_advantage,
    epsilon_lower_bound,
    needed_non_members,
    rate_key,
    threshold_at_fpr,
    tpr_at_fpr,
)
from privsearch.attacks.protocols.seeding import Stream, random_stream
from privsearch.errors import MetricError
from privsearch.study.result import AcrossTargets, AttackResult, ExposedExample
from privsearch.study.signals import Signals

ACCUSING_FPR: Final = 0.1
"""An example counts as accused above the threshold at which at most this share of the non-members are."""

MOST_EXPOSED: Final = 20


@dataclass(frozen=True)
class Evaluation:
    """An attack's scores on one target, and what they came to.

    Attributes:
        scores: `(n,)`.
        is_member: `(n,)`: the truth.
        rows: `(n,)`: where the examples stand in the dataset.
        labels: `(n,)`.
        result: the numbers.
    """

    scores: Float[Array, " n"]
    is_member: Bool[Array, " n"]
    rows: Int[Array, " n"]
    labels: Int[Array, " n"]
    result: AttackResult

    def with_placebo(self, *, placebo: float, matched: float) -> "Evaluation":
        """The same with what the placebo came to."""
        return replace(self, result=self.result.model_copy(update={"placebo_auc": placebo, "matched_auc": matched}))


def evaluate(
    scores: Float[Array, " n"], signals: Signals, target: int, asked: Int[Array, " n"], seed: int
) -> Evaluation:
    """Measure what `scores` tell about the membership of the examples `asked` about in the target's training set.

    Args:
        scores: `(n,)`; higher means more likely a member.
        signals: of the cohort.
        target: which of its networks was attacked.
        asked: `(n,)`, indices of examples.
        seed: the sweep's; decides which half of the examples a threshold, or an attack, is chosen on.

    Raises:
        MetricError: there are no members or no non-members among the examples.
    """
    rng = random_stream(seed, target, Stream.JUDGE)
    is_member, labels = signals.is_member[target, asked], signals.labels[asked]
    first_half = _first_half(len(signals.labels), seed)[asked]
    num_members = int(is_member.sum())
    num_others = len(asked) - num_members
    correct = signals.logits[target, asked].argmax(1) == labels
    divisible = min(num_members, num_others) >= 2
    thresholded = cross_fitted_advantage(scores, is_member, rng) if divisible else None
    result = AttackResult(
        auc=auc_interval(scores, is_member),
        auc_by_half=(_auc_among(first_half, scores, is_member), _auc_among(~first_half, scores, is_member)),
        tpr_at_fpr={
            rate_key(fpr): tpr_at_fpr(scores, is_member, fpr) if num_others >= needed_non_members(fpr) else None
            for fpr in FPRS
        },
        advantage=thresholded.advantage if thresholded else None,
        balanced_accuracy=thresholded.balanced_accuracy if thresholded else None,
        epsilon_low=epsilon_lower_bound(scores, is_member, rng) if divisible else None,
        by_class={int(label): _auc_among(labels == label, scores, is_member) for label in np.unique(labels)},
        by_correctness={
            "correct": _auc_among(correct, scores, is_member),
            "wrong": _auc_among(~correct, scores, is_member),
        },
        num_members=num_members,
        num_non_members=num_others,
    )
    return Evaluation(scores, is_member, signals.rows[asked], labels, result)


def across_targets(audits: Sequence[Evaluation], rng: np.random.Generator) -> AcrossTargets:
    """What one attack found on all the targets of a trial together."""
    auc = hierarchical_auc_interval([a.scores for a in audits], [a.is_member for a in audits], rng)
    return AcrossTargets(auc=auc, exposed=most_exposed(audits))


def most_exposed(audits: Sequence[Evaluation]) -> tuple[ExposedExample, ...]:
    """The examples that are accused most often of the trainings that they were part of, and least often of others.

    Only those that are accused at all, 20 at most; none where a target has too few non-members for a threshold. Among
    equals, the higher mean score comes first.
    """
    scores = np.stack([audit.scores for audit in audits])
    is_member = np.stack([audit.is_member for audit in audits])
    if (~is_member).sum(1).min() < needed_non_members(ACCUSING_FPR):
        return ()
    thresholds = [threshold_at_fpr(audit.scores, audit.is_member, ACCUSING_FPR) for audit in audits]
    accused = scores > np.array(thresholds)[:, None]
    trained, rightly, falsely = is_member.sum(0), (accused & is_member).sum(0), (accused & ~is_member).sum(0)
    mean_score = (scores * is_member).sum(0) / np.maximum(trained, 1)
    share = rightly / np.maximum(trained, 1) - falsely / np.maximum(len(audits) - trained, 1)
    order = np.lexsort([-mean_score, -share])
    return tuple(
        ExposedExample(
            row=int(audits[0].rows[i]),
            label=int(audits[0].labels[i]),
            mean_score=float(mean_score[i]),
            accused=int(rightly[i]),
            trained=int(trained[i]),
            falsely_accused=int(falsely[i]),
            not_trained=int(len(audits) - trained[i]),
        )
        for i in order[:MOST_EXPOSED]
        if rightly[i]
    )


def _first_half(num_examples: int, seed: int) -> Bool[Array, " examples"]:
    """A random half of a cohort's examples, the same for all its targets and all attacks on them."""
    return random_stream(seed, 0, Stream.HALVE).permutation(num_examples) < num_examples // 2


def _auc_among(chosen: Bool[Array, " n"], scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float | None:
    """The AUC among some of the examples; None where members or non-members are missing there."""
    try:
        return attack_auc(scores[chosen], is_member[chosen])
    except MetricError:
        return None
