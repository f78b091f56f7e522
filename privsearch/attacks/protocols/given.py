"""The protocol `given`: networks that were trained elsewhere, with the members that they are said to have."""

from collections.abc import Iterator, Sequence
from typing import Final, Never

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.attacks import AttackView, attack_scores
from privsearch.attacks.base import CohortOutputs
from privsearch.attacks.protocols.base import ProtocolRules
from privsearch.attacks.protocols.evaluation import Evaluation, evaluate
from privsearch.attacks.protocols.halves import FEWEST, two_folds
from privsearch.attacks.protocols.seeding import attack_stream
from privsearch.data.grouped import Groups
from privsearch.errors import DataError, MetricError
from privsearch.spec import Attack, GivenProtocol
from privsearch.spec.attacks import adds_up
from privsearch.study.signals import Signals

MOST_LEFT_OUT: Final = 0.1
"""The share of the examples that may be left out so that all others have one shadow more in either state."""


class GivenRules(ProtocolRules[GivenProtocol]):
    """The rules of `given`: each audited network a target, all the others and the references its shadows.

    They differ from those of `halves` in what may not be assumed. Examples may be in any number of training sets, so
    that some have no shadow in one of the states: those are left out, for all attacks, so that attacks are compared on
    the same examples. With one target, its shadows alone decide on that, so that being judged gives no membership away.
    With several, an example must have enough shadows for each of them. The few with just enough then have one more
    network in a state than a target of that state has shadows, which no attack sees: it reads as many shadows of every
    example (`in_and_out`). Membership is not known to be random, so there is no bound on epsilon.

    The population is what was given as such: examples that no network was trained on. It is never guessed from the
    members: to be in no training set is itself a fact about the target's.
    """

    def draw_cohort(
        self,
        num_train: int,  # noqa: ARG002  # nothing is drawn
        seed: int,  # noqa: ARG002
        groups: Sequence[Groups] | None = None,  # noqa: ARG002
    ) -> tuple[Bool[Array, "networks num_train"], list[int]]:
        """Draw nothing.

        Raises:
            DataError: always, as these networks were trained elsewhere.
        """
        raise DataError("the networks of the protocol given were trained elsewhere, and cannot be trained here")

    def queried(self, signals: Signals, seed: int) -> Int[Array, " n"]:  # noqa: ARG002
        """Return the indices of the examples that have enough shadows in either state, or of all if too few have."""
        every = np.arange(signals.num_train)
        inside, outside = self._fewest_shadows(signals, every)
        both = np.minimum(inside, outside)
        for counts, least in ((both, 0.5), (outside, 1 - MOST_LEFT_OUT)):
            shares = {count: float((counts >= count).mean()) for count in range(1, int(counts.max(initial=0)) + 1)}
            enough = [count for count, share in shares.items() if share >= 1 - MOST_LEFT_OUT]
            if enough or shares.get(1, 0.0) >= least:
                return every[counts >= max(enough, default=1)]
        return every

    def scores(self, signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " n"]]:
        """Yield an attack's scores of the queried examples, `(n,)`, with each audited network as the target in turn."""
        answers = signals.answers(attack.signals, attack.queries)
        queried, population = self.queried(signals, seed), np.arange(signals.num_train, len(signals.labels))
        self._check(attack, signals, queried)
        units = self.judged(signals, seed)
        cohort = CohortOutputs(answers, signals.labels, signals.inputs, signals.units)
        for target in range(self.protocol.audited):
            shadows = self.shadows_of(target, signals)
            outputs = cohort.of(target, shadows)
            rng = attack_stream(seed, target, attack)
            shadow_is_member = signals.is_member[shadows][:, queried]
            view = AttackView(
                queried=outputs[queried],
                shadow_is_member=shadow_is_member,
                folds=two_folds(shadow_is_member[0], rng, units) if len(shadows) else (),
                population=outputs[population],
            )
            yield attack_scores(attack, view, rng)

    def evaluate(self, signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
        """Evaluate an attack on every audited network, without a bound on epsilon."""
        queried = self.queried(signals, seed)
        return [
            evaluate(scores, signals, target, queried, seed, bounds_epsilon=False, add=adds_up(attack))
            for target, scores in enumerate(self.scores(signals, attack, seed))
        ]

    def shadows_of(self, target: int, signals: Signals) -> Int[Array, " shadows"]:
        """Return the shadows of a target: the other audited networks, beginning with the next pair, and the references.

        One that was trained on exactly what the target was not gives it away without any leak
        (`privsearch.attacks.protocols.halves.shadows_of`), and is left out unless there are four networks.
        """
        audited = self.protocol.audited
        ring = (target // 2 * 2 + 2 + np.arange(audited)) % audited
        others = np.concatenate([ring[ring != target], np.arange(audited, self.protocol.networks)])
        is_member = signals.is_member[:, : signals.num_train]
        is_rest = (is_member[others] != is_member[target]).all(axis=1)
        return others if self.protocol.networks == FEWEST else others[~is_rest]

    def _fewest_shadows(self, signals: Signals, chosen: Int[Array, " n"]) -> tuple[Int[Array, " n"], Int[Array, " n"]]:
        """Count the shadows of each example that were trained on it, and the others: the fewest that a target has."""
        of_shadows = [
            signals.is_member[self.shadows_of(target, signals)][:, chosen] for target in range(self.protocol.audited)
        ]
        inside = np.stack([is_member.sum(axis=0) for is_member in of_shadows])
        outside = np.stack([(~is_member).sum(axis=0) for is_member in of_shadows])
        return inside.min(axis=0), outside.min(axis=0)

    def _check(self, attack: Attack, signals: Signals, queried: Int[Array, " n"]) -> None:
        """Refuse an attack that needs other shadows, or examples, than there are.

        Raises:
            MetricError: it does.
        """
        if attack.kind not in ("svm", "lira", "rmia"):
            return
        if self.protocol.networks == 1:
            _refuse("it compares the network with others, its shadows, but there is one network alone; give")
        inside, outside = (int(counts.min()) for counts in self._fewest_shadows(signals, queried))
        if attack.kind == "svm":
            shadows = [self.shadows_of(target, signals) for target in range(self.protocol.audited)]
            if any(not len(of) or np.ptp(signals.is_member[of[0], queried]) == 0 for of in shadows):
                _refuse("it learns from a shadow with members and non-members of its own, but there is none; give")
            return
        online = attack.mode == "online"
        if not outside or (online and not inside):
            states = "trained on it and shadows that were not" if online else "not trained on it"
            hint = "run it with mode: offline, or give" if online and outside else "give"
            _refuse(f"every example must have shadows that were {states}, but most lack them; {hint}")
        if attack.kind == "rmia" and signals.num_train == len(signals.labels):
            raise MetricError(
                "rmia compares with a population, examples that no network was trained on and none is judged on, but "
                "there is none; give such examples as well, and say which they are (population)"
            )


def _refuse(reason: str) -> Never:
    raise MetricError(
        f"{reason} more networks, each trained on a random half of the examples "
        "(privsearch.draw_halves draws them), or reference networks"
    )
