"""The abstract class of the protocols' behaviour."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.attacks.protocols.evaluation import Evaluation
from privsearch.attacks.protocols.units import Units
from privsearch.data.grouped import Groups
from privsearch.spec import Attack
from privsearch.spec.attacks import adds_up
from privsearch.spec.protocol_spec import ProtocolSpec
from privsearch.study.signals import Signals

P = TypeVar("P", bound=ProtocolSpec)


@dataclass(frozen=True)
class ProtocolRules(ABC, Generic[P]):
    """The rules of a protocol: the drawing of cohorts, and the evaluation of an attack on their signals.

    A `Protocol` of `privsearch.spec` says which protocol a trial follows, with its settings, and knows all that needs
    no arrays. The rules are its behaviour, hence another name. They are made from the specification by `rules_of`.

    Attributes:
        protocol: the specification.
    """

    protocol: P

    @abstractmethod
    def draw_cohort(
        self, num_train: int, seed: int, groups: Sequence[Groups] | None = None
    ) -> tuple[Bool[Array, "networks num_train"], list[int]]:
        """Draw the training subset and the seed of every network of a trial.

        A subset is one of the training split, whichever `draw_splits` gives that network.

        Args:
            num_train: the number of examples in the training split.
            seed: the seed of the sweep.
            groups: the groups of the examples of each network's training split, all of which are trained on or none;
                None if each example stands for itself. Splits of persons may differ in size, and not be `num_train`.

        Returns:
            The subsets, `(networks, num_train)`, True for members, and the networks' seeds. Where training splits
            differ in size, the subsets are as long as the largest. Both depend on the seed and
            not on the configuration: configurations are compared on the same subsets, which takes that source of
            variance out of their differences.

        Raises:
            DataError: the training split is too small for the protocol, or cannot be drawn in groups.
        """

    def training_labels(
        self,
        labels: Int[Array, " num_train"],
        num_classes: int,  # noqa: ARG002  # for those that draw labels
        seed: int,  # noqa: ARG002
        groups: Groups | None = None,  # noqa: ARG002
    ) -> Int[Array, " num_train"]:
        """Return the classes that the networks are trained on, and attacked with: by default those of the data.

        Args:
            labels: `(num_train,)`, the classes of the training split.
            num_classes: the number of classes.
            seed: the seed of the sweep.
            groups: the groups of the training split's examples; None if each stands for itself.
        """
        return labels

    def draw_splits(  # the default is that of most protocols
        self,
        labels: Int[Array, " examples"],  # noqa: ARG002
        num_train: int,  # noqa: ARG002
        seed: int,  # noqa: ARG002
        groups: Groups | None = None,  # noqa: ARG002
    ) -> Bool[Array, "networks examples"] | None:
        """Draw, for every network of a trial, which of the examples are its training split.

        Args:
            labels: the classes of all examples, those of the sweep's training split first.
            num_train: the number of examples in a training split.
            seed: the seed of the sweep.
            groups: the groups of the examples that must be on one side; None if each stands for itself.

        Returns:
            `(networks, examples)`, each row with `num_train` True, where persons are drawn about as many; None if all
            networks have the sweep's split.
        """
        return None

    @abstractmethod
    def queried(self, signals: Signals, seed: int) -> Int[Array, " n"]:
        """Return the indices of the examples that every target is attacked on.

        Args:
            signals: the signals of a cohort.
            seed: the seed of the sweep.
        """

    def judged(self, signals: Signals, seed: int) -> Units:
        """Return the units of membership among the queried examples: each has one score."""
        return Units.numbered(signals.units, len(signals.labels)).among(self.queried(signals, seed))

    @abstractmethod
    def scores(self, signals: Signals, attack: Attack, seed: int) -> Iterator[Float[Array, " n"]]:
        """Yield an attack's scores of the queried examples, `(n,)`, for one target after the other.

        Args:
            signals: the signals of a cohort, its networks in the order of `draw_cohort`.
            attack: the attack.
            seed: the seed of the sweep; decides all that the attack leaves to chance.

        Raises:
            MetricError: the attack cannot be run on the examples.
        """

    @abstractmethod
    def evaluate(self, signals: Signals, attack: Attack, seed: int) -> list[Evaluation]:
        """Evaluate an attack on every target of a cohort.

        Args:
            signals: the signals of a cohort, its networks in the order of `draw_cohort`.
            attack: the attack.
            seed: the seed of the sweep; decides all that the attack and its evaluation leave to chance.

        Returns:
            One evaluation for each target, of the scores that `scores` gives.

        Raises:
            MetricError: the attack cannot be run on the examples.
        """

    def target_scores(
        self, signals: Signals, attack: Attack, seed: int
    ) -> Iterator[tuple[Float[Array, " units"], Bool[Array, " units"]]]:
        """Yield, for each target, an attack's scores of the units queried, be they examples or persons, and who is in.

        Raises:
            MetricError: the attack cannot be run on the examples.
        """
        queried, units = self.queried(signals, seed), self.judged(signals, seed)
        all_scores = self.scores(signals, attack, seed)
        for target, scores in zip(self.protocol.target_networks, all_scores, strict=True):
            yield units.joined(scores, add=adds_up(attack)), units.shared(signals.is_member[target, queried])
