"""The protocols: on which examples networks are trained and queried. One class and one union entry each."""

import math
from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag

from privsearch.spec.strict import STRICT

Queries = Literal["plain", "augmented", "input_dropout"]
"""The kinds of queries: an example as it is, augmented views of it, or views that lack parts of it."""

Role = Literal["target", "shadow", "both"]
"""The role of a network in the attacks; a network that is a target and a shadow of others has both."""

ROLES: Final = ("target", "shadow")


class ProtocolSpec(BaseModel, ABC):
    """The base of the protocols' specifications, with all that the lower floors ask of a protocol.

    The behaviour, which draws cohorts and evaluates attacks, is in `privsearch.attacks.protocols`. Every class also has
    `kind`, its name in sweep files, and `networks`, the number of networks that a trial trains: a field or a property.

    Attributes:
        has_placebo: True if an attack without any membership signal may score above 0.5 by recognising examples. A
            placebo then measures how far, and the paper's attack stands for the protocol, not the strongest attack.
        targets_share_examples: True if all targets have the same members and the same non-members.
        targets_are_shadows: True if each target is a shadow of the other targets, so that they are not independent.
        evaluation_words: a sentence on the examples that attacks are evaluated on.
        chance_words: the beginning of a sentence on the chance that a difference between trials leaves out.
    """

    model_config = STRICT

    has_placebo: ClassVar[bool]
    targets_share_examples: ClassVar[bool]
    targets_are_shadows: ClassVar[bool]
    evaluation_words: ClassVar[str]
    chance_words: ClassVar[str]

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
    def networks_per_attack(self) -> int:
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

    @abstractmethod
    def roles(self) -> list[tuple[int, Role]]:
        """Return, for every network in the order of training, the number of its target, from 1, and its role.

        The number is that of the target that the network is, or that it is the shadow of.
        """

    @property
    def target_networks(self) -> list[int]:
        """The indices of the networks that are targets, in the order of the targets."""
        return [network for network, (_, role) in enumerate(self.roles()) if role != "shadow"]

    def network_name(self, network: int) -> str:
        """Name a network for people, such as `network 3` or `replicate 1  shadow`.

        Args:
            network: its index in the order of training.
        """
        number, role = self.roles()[network]
        return f"network {number}" if role == "both" else f"replicate {number}  {role}"

    @abstractmethod
    def training_examples(self, num_train: int) -> float:
        """Return the number of examples in the training sets of all networks together.

        Args:
            num_train: the number of examples in the training split.
        """

    @abstractmethod
    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:
        """List the SVMs that the paper's attack needs for one target.

        Args:
            num_train: the number of examples in the training split.
            num_test: the number of examples in the test split.

        Returns:
            For SVMs of one size: their number, the examples that each is fitted on, and the examples that each scores.
        """

    def canonical(self, *, augments: bool) -> Self:  # noqa: ARG002  # for those with augmented views
        """Return the protocol without the values that have no effect.

        Args:
            augments: True if the dataset is augmented in training.
        """
        return self


class PaperProtocol(ProtocolSpec):
    """The protocol of Moshruba et al. 2025: the target trains on the whole training split, the shadow on a part."""

    has_placebo: ClassVar[bool] = True
    targets_share_examples: ClassVar[bool] = True
    targets_are_shadows: ClassVar[bool] = False
    evaluation_words: ClassVar[str] = (
        "All targets share their members and non-members: the intervals draw the same examples for all of them, as "
        "their noise does not average out."
    )
    chance_words: ClassVar[str] = "All replicates share one split of the data"

    kind: Literal["paper"] = Field("paper", description="'paper'")
    replicates: int = Field(
        3, ge=1, le=10_000, description="an integer from 1 to 10000: independent (target, shadow) pairs"
    )
    shadow_fraction: float = Field(
        0.8, gt=0, lt=1, description="a number between 0 and 1: the share of the training split the shadow trains on"
    )
    placebo_cuts: int = Field(
        20, ge=1, le=10_000, description="an integer from 1 to 10000: cuts of the test split the placebo averages over"
    )

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        return (
            f"paper: {self.replicates} targets, each trained on the whole training split and attacked through a shadow "
            f"that was trained on {self.shadow_fraction:g} of it"
        )

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.replicates

    @property
    def networks(self) -> int:
        """The number of networks that are trained."""
        return len(ROLES) * self.replicates

    @property
    def networks_per_attack(self) -> int:
        """The target and its one shadow."""
        return len(ROLES)

    @property
    def shadows_in_each_state(self) -> int:
        """None, as the one shadow has every example in one state only."""
        return 0

    @property
    def compares_given_splits(self) -> bool:
        """True, as the target's members are the training split."""
        return True

    def roles(self) -> list[tuple[int, Role]]:
        """Return the target of each replicate, then its shadow."""
        return [(number, role) for number in range(1, self.replicates + 1) for role in ROLES]

    def training_examples(self, num_train: int) -> float:
        """Return the number of examples in the training sets of all targets and shadows together."""
        return num_train * self.replicates * (1 + self.shadow_fraction)

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:
        """List the attack's SVM, and two for each cut of the placebo."""
        fitted = 2 * min(math.ceil(self.shadow_fraction * num_train), num_test)
        return [(1, fitted, num_train + num_test), (2 * self.placebo_cuts, num_test, num_test)]


class HalvesProtocol(ProtocolSpec):
    """The protocol of random halves: each network trains on a half of the training split.

    Every example is in the halves of half of the networks. Each network is the target in turn, and the others are its
    shadows.

    Source: Carlini et al. 2022, section IV; Zarifzadeh et al. 2024.
    """

    has_placebo: ClassVar[bool] = False
    targets_share_examples: ClassVar[bool] = False
    targets_are_shadows: ClassVar[bool] = True
    evaluation_words: ClassVar[str] = (
        "Every network is trained on a random half of the training split and judged on all of it."
    )
    chance_words: ClassVar[str] = (
        "The targets are one another's shadows, so online LiRA and the worst attack have wider intervals, and all "
        "subsets are halves of one training split"
    )

    kind: Literal["halves"] = Field("halves", description="'halves'")
    networks: int = Field(
        8, ge=4, le=10_000, multiple_of=2, description="an even integer from 4 to 10000: networks, each a target"
    )
    augmented_queries: int = Field(
        0,
        ge=0,
        le=1_000,
        description="an integer from 0 to 1000: augmented views of each example that a network is also asked about",
    )
    dropout_queries: int = Field(
        0,
        ge=0,
        le=1_000,
        description="an integer from 0 to 1000: views of each example with a part of its input set to zero",
    )
    input_dropout: float = Field(
        0.2, gt=0, lt=1, description="a number between 0 and 1: the share of the input that such a view lacks"
    )

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        return (
            f"halves: {self.networks} networks, each trained on a random half of the training split; each is the "
            "target in turn, the others are its shadows"
        )

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.networks

    @property
    def networks_per_attack(self) -> int:
        """The target and all other networks, which are its shadows."""
        return self.networks

    @property
    def shadows_in_each_state(self) -> int:
        """Half of the networks, without the target."""
        return self.networks // 2 - 1

    @property
    def views(self) -> dict[Queries, int]:
        """The number of views that the networks are queried with, by the kind of query, in the order of querying."""
        views: dict[Queries, int] = {
            "plain": 1,
            "augmented": self.augmented_queries,
            "input_dropout": self.dropout_queries,
        }
        return {queries: count for queries, count in views.items() if count}

    @property
    def dropout_rate(self) -> float:
        """The share of the input that a view of the kind `input_dropout` lacks."""
        return self.input_dropout

    def roles(self) -> list[tuple[int, Role]]:
        """Return the networks in turn, each a target and a shadow of the others."""
        return [(number, "both") for number in range(1, self.networks + 1)]

    def training_examples(self, num_train: int) -> float:
        """Return the number of examples in the training sets of all networks together."""
        return num_train * self.networks / 2

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:  # noqa: ARG002
        """List the two SVMs that are each fitted on one half of the training split and score the other."""
        return [(2, num_train / 2, num_train / 2)]

    def canonical(self, *, augments: bool) -> Self:
        """Return the protocol without the views that do not exist, and without the share that no view lacks."""
        dropped: dict[str, Any] = {} if augments else {"augmented_queries": 0}
        if not self.dropout_queries:
            dropped["input_dropout"] = HalvesProtocol.model_fields["input_dropout"].default
        return self.model_copy(update=dropped)


DEFAULT_KIND: Final = "paper"
"""The protocol of a specification that names none: the paper's, as it was first."""


def _protocol_by_name(value: Any) -> Any:
    """Let `halves` stand for `{kind: halves}`."""
    return {"kind": value} if isinstance(value, str) else value


def _protocol_kind(value: Any) -> str:
    kind = value.get("kind", DEFAULT_KIND) if isinstance(value, dict) else getattr(value, "kind", DEFAULT_KIND)
    return str(kind)


Protocol = Annotated[
    Annotated[PaperProtocol, Tag("paper")] | Annotated[HalvesProtocol, Tag("halves")],
    Discriminator(_protocol_kind),
    BeforeValidator(_protocol_by_name),
]

PROTOCOLS: Final[dict[str, type[ProtocolSpec]]] = {
    tag.tag: protocol for protocol, tag in map(get_args, get_args(get_args(Protocol)[0]))
}
"""The classes of the union, by their kinds."""
