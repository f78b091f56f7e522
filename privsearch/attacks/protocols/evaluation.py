"""The way from an attack's scores to the numbers that are reported, the same under every protocol."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Final, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.bootstrap import hierarchical_auc_interval
from privsearch.analysis.metrics import (
    FPRS,
    attack_auc,
    auc_interval,
    directions,
    epsilon_lower_bound,
    held_out_advantage,
    held_out_tpr,
    largest_epsilon,
    needed_for_held_out,
    needed_non_members,
    rate_key,
    threshold_at_fpr,
)
from privsearch.attacks.protocols.seeding import Stream, random_stream
from privsearch.attacks.protocols.units import Units
from privsearch.errors import MetricError
from privsearch.study.attack_result import AcrossTargets, AttackResult, Cut, ExposedExample, GroupLeakage
from privsearch.study.signals import Signals

K = TypeVar("K")

ACCUSING_FPR: Final = 0.1
"""The share of non-members that may score above the threshold above which an example counts as accused."""

MOST_EXPOSED: Final = 20
"""The number of examples that are reported as the most exposed, at most."""


@dataclass(frozen=True)
class Evaluation:
    """An attack's scores on one target, and the numbers computed from them.

    Attributes:
        scores: `(n,)`, of the units of membership, be they examples or persons; higher means more likely a member.
        is_member: `(n,)`, the true membership.
        rows: `(n,)`, the rows of the examples in the dataset; of a person, its first one.
        labels: `(n,)`, the classes of these rows, as indices.
        result: the numbers.
    """

    scores: Float[Array, " n"]
    is_member: Bool[Array, " n"]
    rows: Int[Array, " n"]
    labels: Int[Array, " n"]
    result: AttackResult

    def with_cuts(self, *, placebo: Cut, matched: Cut) -> "Evaluation":
        """Return the evaluation with the numbers of the placebo, and of as many real members, in its result."""
        return replace(self, result=self.result.model_copy(update={"placebo": placebo, "matched": matched}))

    def with_epsilon(self, *, low: float, ceiling: float) -> "Evaluation":
        """Return the evaluation with another lower bound on epsilon in its result, and the largest there can be."""
        return replace(self, result=self.result.model_copy(update={"epsilon_low": low, "epsilon_ceiling": ceiling}))


@dataclass(frozen=True)
class Scored:
    """An attack's scores of n examples, and what is known of them.

    Attributes:
        scores: `(n,)`; higher means more likely a member.
        is_member: `(n,)`, the true membership, or the pretended one of a placebo.
        labels: `(n,)`, class indices.
        correct: `(n,)`, True where the target classifies the example rightly.
        first: `(n,)`, True for the first half of the examples, drawn without regard to their membership.
        units: the units of membership, all of whose examples have the same `is_member` and `first`: every number is one
            of units, and in a slice of their examples there. None if each example is one.
        add: True if the scores of a unit's examples add up (`Units.joined`).
    """

    scores: Float[Array, " n"]
    is_member: Bool[Array, " n"]
    labels: Int[Array, " n"]
    correct: Bool[Array, " n"]
    first: Bool[Array, " n"]
    units: Units | None = None
    add: bool = False

    @cached_property
    def joint(self) -> "Scored":
        """The units, each with its score; their classes and whether they are classified rightly are the first rows'."""
        if self.units is None:
            return self
        of = self.units.shared
        scores = self.units.joined(self.scores, add=self.add)
        return Scored(scores, of(self.is_member), of(self.labels), of(self.correct), of(self.first))

    def cut(self) -> Cut:
        """Compute the numbers that a placebo is set beside."""
        advantage = self.advantage()
        tprs = self.tprs()
        return Cut(
            auc=attack_auc(self.joint.scores, self.joint.is_member),
            tpr_at_fpr={rate: tpr.value if tpr else None for rate, tpr in tprs.items()},
            advantage=advantage.value if advantage else None,
            by_class=self.by_class(),
            by_correctness=self.by_correctness(),
        )

    @cached_property
    def divisible(self) -> bool:
        """True if either half has members and non-members."""
        first, is_member = self.joint.first, self.joint.is_member
        return all((half & kind).any() for half in (first, ~first) for kind in (is_member, ~is_member))

    @cached_property
    def signs(self) -> tuple[float, float]:
        """The directions that the halves are judged in."""
        return directions(self.joint.scores, self.joint.is_member, self.joint.first)

    def advantage(self) -> Interval | None:
        """Return the advantage; None if a half lacks members or non-members."""
        if not self.divisible:
            return None
        joint = self.joint
        return held_out_advantage(joint.scores, joint.is_member, joint.first, signs=self.signs)

    def tprs(self) -> dict[str, Interval | None]:
        """Return the TPR by false positive rate; None if the non-members cannot resolve it."""
        joint = self.joint
        num_others = int((~joint.is_member).sum()) if self.divisible else 0
        return {
            rate_key(fpr): held_out_tpr(joint.scores, joint.is_member, fpr, joint.first, signs=self.signs)
            if num_others >= needed_for_held_out(fpr)
            else None
            for fpr in FPRS
        }

    def by_class(self) -> dict[int, float | None]:
        """Return the AUC within each class, of persons by their examples of it; None without members or non-members."""
        return {int(label): self.auc_among(self.labels == label) for label in np.unique(self.labels)}

    def by_correctness(self) -> dict[str, float | None]:
        """Return the AUC within the right and within the wrong classifications; None as for a class."""
        return {"correct": self.auc_among(self.correct), "wrong": self.auc_among(~self.correct)}

    def auc_among(self, chosen: Bool[Array, " n"]) -> float | None:
        """Return the AUC among some of the examples; None if members or non-members are missing among them."""
        try:
            return attack_auc(*self._among(chosen))
        except MetricError:
            return None

    def leakage_among(self, chosen: Bool[Array, " n"]) -> GroupLeakage:
        """Return what the attack found among some of the examples, and among the others."""
        is_member = self._among(chosen)[1]
        return GroupLeakage(
            auc=self._interval_among(chosen),
            rest=self._interval_among(~chosen),
            num_members=int(is_member.sum()),
            num_non_members=int((~is_member).sum()),
        )

    def _interval_among(self, chosen: Bool[Array, " n"]) -> Interval | None:
        try:
            return auc_interval(*self._among(chosen))
        except MetricError:
            return None

    def _among(self, chosen: Bool[Array, " n"]) -> tuple[Float[Array, " units"], Bool[Array, " units"]]:
        """Return the scores and the membership of the units that have examples among these, by those examples."""
        scores, is_member = self.scores[chosen], self.is_member[chosen]
        if self.units is None:
            return scores, is_member
        units = self.units.among(chosen)
        return units.joined(scores, add=self.add), units.shared(is_member)


def evaluate(  # noqa: PLR0913  # who was attacked, and how the scores are to be read
    scores: Float[Array, " n"],
    signals: Signals,
    target: int,
    queried: Int[Array, " n"],
    seed: int,
    *,
    bounds_epsilon: bool,
    add: bool = False,
) -> Evaluation:
    """Evaluate an attack's scores against the membership of the queried examples in the target's training set.

    Where persons are the units of membership (`signals.units`), every number is one of persons (`Units`).

    Args:
        scores: `(n,)`; higher means more likely a member.
        signals: the signals of the cohort.
        target: the index of the network that was attacked.
        queried: `(n,)`, the indices of the examples that were scored.
        seed: the seed of the sweep; decides which examples are the first half.
        bounds_epsilon: False where the attack's hits and misses are not to bound epsilon: it may tell members otherwise
            than by what was trained on, or the protocol has a bound of its own.
        add: True if the scores of a person's examples add up.

    Raises:
        MetricError: there are no members or no non-members among the examples.
    """
    labels, every = signals.labels[queried], Units.numbered(signals.units, len(signals.labels))
    first = every.spread(first_half(len(every), seed))[queried]
    correct = signals.logits[target, queried].argmax(1) == labels
    units = every.among(queried)
    scored = Scored(scores, signals.is_member[target, queried], labels, correct, first, units, add)
    joint = scored.joint
    is_member, judged_last = joint.is_member, ~joint.first
    advantage, tprs = scored.advantage(), scored.tprs()
    bounded = bounds_epsilon and scored.divisible
    result = AttackResult(
        auc=auc_interval(joint.scores, is_member),
        auc_by_half=(scored.auc_among(first), scored.auc_among(~first)),
        tpr_at_fpr=tprs,
        advantage=advantage,
        balanced_accuracy=(1 + advantage.value) / 2 if advantage else None,
        epsilon_low=epsilon_lower_bound(joint.scores, is_member, joint.first) if bounded else None,
        epsilon_ceiling=largest_epsilon(int((is_member & judged_last).sum()), int((~is_member & judged_last).sum()))
        if bounded
        else None,
        by_class=scored.by_class(),
        by_correctness=scored.by_correctness(),
        by_group=_by_group(scored, signals, queried),
        num_members=int(is_member.sum()),
        num_non_members=int((~is_member).sum()),
    )
    return Evaluation(joint.scores, is_member, units.shared(signals.rows[queried]), joint.labels, result)


def _by_group(scored: Scored, signals: Signals, queried: Int[Array, " n"]) -> dict[str, GroupLeakage]:
    """Return what was found among the examples of each subgroup that some queried example is in."""
    if signals.groups is None:
        return {}
    groups = signals.groups[queried]
    return {
        name: scored.leakage_among(groups == number)
        for number, name in enumerate(signals.group_names)
        if (groups == number).any()
    }


def mean_cut(cuts: Sequence[Cut]) -> Cut:
    """Average the numbers of several cuts, each over the cuts that have it; None if none has.

    Args:
        cuts: the cuts, at least one.
    """

    def mean(values: Iterable[float | None]) -> float | None:
        there = [value for value in values if value is not None]
        return fmean(there) if there else None

    def means(by: Sequence[Mapping[K, float | None]]) -> dict[K, float | None]:
        return {key: mean(one.get(key) for one in by) for key in dict.fromkeys(key for one in by for key in one)}

    return Cut(
        auc=fmean(cut.auc for cut in cuts),
        tpr_at_fpr=means([cut.tpr_at_fpr for cut in cuts]),
        advantage=mean(cut.advantage for cut in cuts),
        by_class=means([cut.by_class for cut in cuts]),
        by_correctness=means([cut.by_correctness for cut in cuts]),
    )


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


def first_half(num_units: int, seed: int) -> Bool[Array, " units"]:
    """Draw a random half of a cohort's examples or persons, the same for all its targets and all attacks on them."""
    return random_stream(seed, 0, Stream.HALVE).permutation(num_units) < num_units // 2
