"""The protocol `one_run`: a fair coin for each audited example, and the bound on epsilon that this allows."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.metrics import guessed_epsilon
from privsearch.attacks import AttackView, Outputs, attack_scores
from privsearch.attacks.protocols.base import ProtocolRules
from privsearch.attacks.protocols.evaluation import Evaluation, evaluate, first_half
from privsearch.attacks.protocols.seeding import Stream, attack_stream, random_stream
from privsearch.attacks.protocols.units import Units
from privsearch.data.grouped import Groups
from privsearch.errors import DataError
from privsearch.spec import Attack, OneRunProtocol
from privsearch.spec.attacks import adds_up
from privsearch.study.signals import Signals


class OneRunRules(ProtocolRules[OneRunProtocol]):
    """The rules of `one_run`: each network a target by itself, attacked on the audited examples.

    The bound on epsilon is that of `privsearch.analysis.metrics.one_run`: its thresholds are chosen on the trial's
    first half of the examples and judged on the second. So it holds too for the strongest attack, chosen on the first
    half as well. Attacks see everything but the coins, and learn from nothing that depends on them but the network.

    Of persons, each has one coin for all of its examples, and the bound is on the epsilon of a person's data. It asks
    for no more than independent coins, so that it holds for persons as for examples.

    Source: Steinke, Nasr and Jagielski 2023, Algorithm 1.
    """

    def draw_cohort(
        self, num_train: int, seed: int, groups: Sequence[Groups] | None = None
    ) -> tuple[Bool[Array, "networks num_train"], list[int]]:
        """Toss, for each replicate, a coin for each audited example or person; the rest is in every training set."""
        if groups is not None and not groups[0].are_persons:
            raise DataError(
                "the protocol one_run tosses a coin of its own for every example, on which its bound rests, but "
                "duplicates: group gives identical examples one coin; write duplicates: drop"
            )
        units = Units.numbered(None if groups is None else groups[0].numbers, num_train)
        audited = self._audited(units, seed)
        drawn = np.ones((self.protocol.replicates, len(units)), dtype=bool)
        seeds = []
        for replicate, subset in enumerate(drawn):
            subset[audited] = random_stream(seed, replicate, Stream.SUBSET).integers(2, size=len(audited)) == 1
            seeds.append(int(random_stream(seed, replicate, Stream.INIT).integers(2**63)))
        subsets = drawn[:, units.of]
        if not subsets.any(axis=1).all():
            raise DataError(
                f"the protocol one_run needs a training example for every network, but all {len(units)} coins of one "
                "came up tails; keep more examples, or change the seed"
            )
        return subsets, seeds

    def training_labels(
        self, labels: Int[Array, " num_train"], num_classes: int, seed: int, groups: Groups | None = None
    ) -> Int[Array, " num_train"]:
        """Return the classes to train on: those of canaries are drawn from the wrong ones, each as likely."""
        if not self.protocol.canaries:
            return labels
        canaries = self._examples(Units.numbered(groups.numbers if groups else None, len(labels)), seed)
        steps = random_stream(seed, 0, Stream.CANARY).integers(1, num_classes, size=len(canaries))
        mislabelled = labels.copy()
        mislabelled[canaries] = (labels[canaries] + steps) % num_classes
        return mislabelled

    def queried(self, signals: Signals, seed: int) -> Int[Array, " audited"]:
        """Return the indices of the audited examples."""
        training = None if signals.units is None else signals.units[: signals.num_train]
        return self._examples(Units.numbered(training, signals.num_train), seed)

    def scores(self, signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " audited"]]:
        """Yield an attack's scores of the audited examples, `(audited,)`, for one network after the other."""
        answers = signals.answers(attack.signals, attack.queries)
        queried, test = self.queried(signals, seed), np.arange(signals.num_train, len(signals.labels))
        for target in range(len(answers)):
            outputs = Outputs(answers[target], answers[:0], signals.labels, signals.inputs, signals.units)
            view = AttackView(
                queried=outputs[queried],
                shadow_is_member=signals.is_member[:0, queried],
                folds=(),
                population=outputs[test],
            )
            yield attack_scores(attack, view, attack_stream(seed, target, attack))

    def evaluate(self, signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
        """Evaluate an attack on every network of a cohort, with the bound on epsilon that the coins allow."""
        queried, every = self.queried(signals, seed), Units.numbered(signals.units, len(signals.labels))
        fit = self.judged(signals, seed).shared(every.spread(first_half(len(every), seed))[queried])
        evaluations = []
        for target, scores in enumerate(self.scores(signals, attack, seed)):
            evaluation = evaluate(scores, signals, target, queried, seed, bounds_epsilon=False, add=adds_up(attack))
            bound = guessed_epsilon(evaluation.scores, evaluation.is_member, fit, self.protocol.delta)
            evaluations.append(evaluation.with_epsilon(low=bound.low, ceiling=bound.ceiling))
        return evaluations

    def _audited(self, units: Units, seed: int) -> Int[Array, " audited"]:
        """Draw the units that coins are tossed for: the same for every replicate and configuration."""
        if lacking := self.protocol.lacks_examples(len(units)):
            raise DataError(lacking if units.are_examples else f"with group an example is a person: {lacking}")
        count = self.protocol.num_audited(len(units))
        return np.sort(random_stream(seed, 0, Stream.AUDITED).permutation(len(units))[:count])

    def _examples(self, units: Units, seed: int) -> Int[Array, " examples"]:
        """Return the examples of the training split that are audited, those of a person all or none."""
        return np.flatnonzero(np.isin(units.of, self._audited(units, seed)))
