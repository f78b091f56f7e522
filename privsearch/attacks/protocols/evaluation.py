"""The way from an attack's scores to the numbers that are reported, the same under every protocol."""

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
"""The share of non-members that may score above the threshold above which an example counts as accused."""

MOST_EXPOSED: Final = 20
"""The number of examples that are reported as the most exposed, at most."""


@dataclass(frozen=True)
class Evaluation:
    """An attack's scores on one target, and the numbers computed from them.

    Attributes:
        scores: `(n,)`; higher means more likely a member.
        is_member: `(n,)`, the true membership.
        rows: `(n,)`, the rows of the examples in the dataset.
        labels: `(n,)`, class indices.
        result: the numbers.
    """

    scores: Float[Array, " n"]
    is_member: Bool[Array, " n"]
    rows: Int[Array, " n"]
    labels: Int[Array, " n"]
    result: AttackResult

    def with_placebo(self, *, placebo: float, matched: float) -> "Evaluation":
        """Return the evaluation with the placebo AUC and the matched AUC in its result."""
        return replace(self, result=self.result.model_copy(update={"placebo_auc": placebo, "matched_auc": matched}))


def evaluate(
    scores: Float[Array, " n"], signals: Signals, target: int, queried: Int[Array, " n"], seed: int
) -> Evaluation:
    """Evaluate an attack's scores against the membership of the queried examples in the target's training set.

    Args:
        scores: `(n,)`; higher means more likely a member.
        signals: the signals of the cohort.
        target: the index of the network that was attacked.
        queried: `(n,)`, the indices of the examples that were scored.
        seed: the seed of the sweep; decides on which half of the examples a threshold, or an attack, is chosen.

    Raises:
        MetricError: there are no members or no non-members among the examples.
    """
    rng = random_stream(seed, target, Stream.EVALUATE)
    is_member, labels = signals.is_member[target, queried], signals.labels[queried]
    first_half = _first_half(len(signals.labels), seed)[queried]
    num_members = int(is_member.sum())
    num_others = len(queried) - num_members
    correct = signals.logits[target, queried].argmax(1) == labels
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
    return Evaluation(scores, is_member, signals.rows[queried], labels, result)


def across_targets(evaluations: Sequence[Evaluation], rng: np.random.Generator) -> AcrossTargets:
    """Summarize one attack over all targets of a trial: the mean AUC with its interval, the most exposed examples.

    Args:
        evaluations: the evaluations of one attack, one for each target.
        rng: the source of the bootstrap's draws.
    """
    auc = hierarchical_auc_interval([e.scores for e in evaluations], [e.is_member for e in evaluations], rng)
    return AcrossTargets(auc=auc, exposed=most_exposed(evaluations))


def most_exposed(evaluations: Sequence[Evaluation]) -> tuple[ExposedExample, ...]:
    """Rank the examples that are accused most often as members, and least often as non-members.

    Args:
        evaluations: the evaluations of one attack, one for each target, on the same examples.

    Returns:
        At most 20 examples, the most exposed first, each of them accused as a member at least once. Among equals, the
        higher mean score comes first. No example if a target has too few non-members for a threshold.
    """
    scores = np.stack([evaluation.scores for evaluation in evaluations])
    is_member = np.stack([evaluation.is_member for evaluation in evaluations])
    if (~is_member).sum(1).min() < needed_non_members(ACCUSING_FPR):
        return ()
    thresholds = [threshold_at_fpr(e.scores, e.is_member, ACCUSING_FPR) for e in evaluations]
    accused = scores > np.array(thresholds)[:, None]
    trained, rightly, falsely = is_member.sum(0), (accused & is_member).sum(0), (accused & ~is_member).sum(0)
    mean_score = (scores * is_member).sum(0) / np.maximum(trained, 1)
    share = rightly / np.maximum(trained, 1) - falsely / np.maximum(len(evaluations) - trained, 1)
    order = np.lexsort([-mean_score, -share])
    return tuple(
        ExposedExample(
            row=int(evaluations[0].rows[i]),
            label=int(evaluations[0].labels[i]),
            mean_score=float(mean_score[i]),
            accused=int(rightly[i]),
            trained=int(trained[i]),
            falsely_accused=int(falsely[i]),
            not_trained=int(len(evaluations) - trained[i]),
        )
        for i in order[:MOST_EXPOSED]
        if rightly[i]
    )


def _first_half(num_examples: int, seed: int) -> Bool[Array, " examples"]:
    """Draw a random half of a cohort's examples, the same for all its targets and all attacks on them."""
    return random_stream(seed, 0, Stream.HALVE).permutation(num_examples) < num_examples // 2


def _auc_among(chosen: Bool[Array, " n"], scores: Float[Array, " n"], is_member: Bool[Array, " n"]) -> float | None:
    """Compute the AUC among some of the examples; None if members or non-members are missing among them."""
    try:
        return attack_auc(scores[chosen], is_member[chosen])
    except MetricError:
        return None
