"""The base of the protocols' specifications: all that the lower floors ask of a protocol."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer

from privsearch.spec.race import Race
from privsearch.spec.strict import STRICT

Queries = Literal["plain", "augmented", "input_dropout"]
"""The kinds of queries: an example as it is, augmented views of it, or views that lack parts of it."""

Role = Literal["target", "shadow", "both", "reference"]
"""The role of a network in the attacks; a network that is a target and a shadow of others has both.

A shadow is one of a target of its own; a reference is one of all targets.
"""

ROLES: Final = ("target", "shadow")


class ProtocolSpec(BaseModel, ABC):
    """The base of the protocols' specifications, with all that the lower floors ask of a protocol.

    The behaviour, which draws cohorts and evaluates attacks, is in `privsearch.attacks.protocols`. Every class also has
    `kind`, its name in sweep files, and `networks`, the number of networks that a trial trains: a field or a property.

    Attributes:
        has_placebo: True if an attack without any membership signal may score above 0.5 by recognising examples. A
            placebo then measures how far, and the paper's attack stands for the protocol, not the strongest attack.
        has_independent_coins: True if a coin for each example decided on its membership, whatever the others said, so
            that the bound on epsilon assumes nothing of the examples.
        has_population: True if there are examples that no network was trained on and none is judged on, for attacks to
            learn from.
        targets_are_shadows: True if each target is a shadow of the other targets, so that they are not independent.
        checks_attacks: True if it is known before any network is there which attacks can be run; else they are refused
            where they are run.
        design: the version of the way in which the networks' training sets are drawn.
        beside_training: the fields that make no difference to any one network, such as the number of networks.
        counted: the field that says how many networks, pairs or replicates there are, in whose place a race may stand.
        race: the race, of a sweep's protocol; a field of every class. A trial has none.
        first_values: the values of fields that came later, where they are not the default, in what was written before.
            Ids leave them out, so that such a trial keeps the id under which it was recorded.
    """

    model_config = STRICT

    has_placebo: ClassVar[bool]
    has_independent_coins: ClassVar[bool] = False
    has_population: ClassVar[bool] = True
    targets_are_shadows: ClassVar[bool]
    checks_attacks: ClassVar[bool] = True
    design: ClassVar[int] = 1
    beside_training: ClassVar[frozenset[str]]
    counted: ClassVar[str]
    first_values: ClassVar[Mapping[str, Any]] = {}

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write a race in the place of the number, as in a sweep file."""
        fields: dict[str, Any] = handler(self)
        race = fields.pop("race", None)
        return {**fields, self.counted: race} if race else fields

    @property
    def raced(self) -> "Race | None":
        """The race; None where the number of networks is given."""
        race: Race | None = getattr(self, "race", None)
        return race

    def raced_alike(self, other: "ProtocolSpec") -> bool:
        """Tell whether the protocols of two trials differ at most in their numbers of networks, as those of a race do.

        The first targets of either are the other's first targets then.
        """
        if type(self) is not type(other):
            return False
        most = max(getattr(protocol, protocol.counted) for protocol in (self, other))
        return self.with_count(most) == other.with_count(most)

    def with_count(self, count: int) -> Self:
        """Return the protocol of a trial in a race, with so many networks, pairs or replicates."""
        return self.model_copy(update={self.counted: count, "race": None})

    @property
    @abstractmethod
    def targets_share_examples(self) -> bool:
        """True if all targets have the same members and the same non-members."""

    @property
    @abstractmethod
    def evaluation_words(self) -> str:
        """A sentence on the examples that attacks are evaluated on."""

    @property
    @abstractmethod
    def chance_words(self) -> str:
        """The beginning of a sentence on the chance that a difference between trials leaves out."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """The protocol in a few words, its name first."""

    @property
    @abstractmethod
    def targets(self) -> int:
        """The number of networks that are attacked."""

    @property
    @abstractmethod
    def outputs_per_attack(self) -> int:
        """The number of networks whose outputs an attack on one target reads, the target included."""

    @property
    @abstractmethod
    def shadows_in_each_state(self) -> int:
        """The number of shadows that every example is sure to have among its members, and among its non-members."""

    @property
    def compares_given_splits(self) -> bool:
        """True if members are the training split and non-members the test split, each as the data bring it.

        An attack may then tell members by how the splits differ, which no training put there.
        """
        return False

    @property
    def views(self) -> dict[Queries, int]:
        """The number of views that the networks are queried with, by the kind of query, in the order of querying."""
        return {"plain": 1}

    @property
    def queries(self) -> tuple[Queries, ...]:
        """The kinds of queries that the networks are asked."""
        return tuple(self.views)

    @property
    def dropout_rate(self) -> float:
        """The share of the input that a view of the kind `input_dropout` lacks."""
        return 0.0

    @property
    def has_trajectory(self) -> bool:
        """True if the membrane of a spiking network's readout is kept at every time step, not at the last alone."""
        return False

    @abstractmethod
    def roles(self) -> list[tuple[int, Role]]:
        """Return, for every network in the order of training, the number of its target, from 1, and its role.

        The number is that of the target that the network is, or that it is the shadow of.
        """

    @property
    def target_networks(self) -> list[int]:
        """The indices of the networks that are targets, in the order of the targets."""
        return [network for network, (_, role) in enumerate(self.roles()) if role in ("target", "both")]

    def network_name(self, network: int) -> str:
        """Name a network for people, such as `network 3` or `replicate 1  shadow`.

        Args:
            network: its index in the order of training.
        """
        number, role = self.roles()[network]
        if role in ("both", "reference"):
            return f"{'network' if role == 'both' else role} {number}"
        return f"replicate {number}  {role}"

    @abstractmethod
    def training_examples(self, num_train: int) -> list[float]:
        """Return the number of examples in the training set of each network, as chance has it on average.

        Args:
            num_train: the number of examples in the training split.
        """

    def lacks_examples(self, num_train: int) -> str | None:  # noqa: ARG002  # some can do with any number
        """Return the sentence about a training split that is too small for the protocol; None if it is large enough.

        Args:
            num_train: the number of examples in the training split.
        """
        return None

    @abstractmethod
    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:
        """List the SVMs that the paper's attack needs for one target.

        Args:
            num_train: the number of examples in the training split.
            num_test: the number of examples in the test split.

        Returns:
            For SVMs of one size: their number, the examples that each is fitted on, and the examples that each scores.
        """

    def canonical(self, *, augments: bool, has_own_test_split: bool) -> Self:  # noqa: ARG002  # some ask neither
        """Return the protocol of a trial, without the values that have no effect, and with those that the data decide.

        Of a race it is that of the first round.

        Args:
            augments: True if the dataset is augmented in training.
            has_own_test_split: True if the data come with a test split.
        """
        return self.model_copy(update={"race": None})

    def meaning(self, *, exclude_defaults: bool = True) -> dict[str, Any]:
        """Return the fields that an id covers: those without the default or the first value.

        Args:
            exclude_defaults: False to return the fields with the default value as well.
        """
        fields = self.model_dump(mode="json", exclude_defaults=exclude_defaults)
        first = self.first_values
        return {name: value for name, value in fields.items() if name not in first or value != first[name]}

    def as_written_first(self) -> Self:
        """Return the protocol of a file that was written before there were `first_values`, if it names none of them."""
        missing = {name: value for name, value in self.first_values.items() if name not in self.model_fields_set}
        return self.model_copy(update=missing)
