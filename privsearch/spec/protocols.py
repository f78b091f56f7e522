"""The protocols: on which examples networks are trained and queried. One class and one union entry each."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import AliasChoices, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from privsearch.spec.bounds import OpenFraction
from privsearch.spec.given_protocol import GivenProtocol
from privsearch.spec.one_run_protocol import OneRunProtocol
from privsearch.spec.paper_protocol import PaperProtocol
from privsearch.spec.protocol_spec import ProtocolSpec, Queries, Role
from privsearch.spec.race import Count, OfRace, Race


class HalvesProtocol(ProtocolSpec):
    """The protocol of random halves: each network trains on a half of the training split.

    Networks come in pairs, of which one is trained on a random half and the other one on the rest. So every example is
    in the halves of half of the networks, and more networks leave the first ones as they are. Each network is the
    target in turn, and other pairs are its shadows: all of them, or those of its block. An attack grows stronger with
    its shadows, so that in blocks of one size the numbers of few networks and of many are of one attack.

    Source: Carlini et al. 2022, section IV; Zarifzadeh et al. 2024.
    """

    has_placebo: ClassVar[bool] = False
    targets_are_shadows: ClassVar[bool] = True
    design: ClassVar[int] = 2  # 1: all halves drawn at once, so that another number of networks had other halves
    beside_training: ClassVar[frozenset[str]] = frozenset({"networks", "networks_per_attack"})
    counted: ClassVar[str] = "networks"
    first_values: ClassVar[Mapping[str, Any]] = {"networks_per_attack": None}

    kind: Literal["halves"] = Field("halves", description="'halves'")
    networks: Count = Field(
        8, ge=4, le=10_000, multiple_of=2, description="an even integer from 4 to 10000: networks, each a target"
    )
    networks_per_attack: int | None = Field(
        None,
        ge=4,
        le=10_000,
        multiple_of=2,
        description="an even integer of at least 4 that divides networks (each target's shadows are other pairs of its "
        "block of so many), or null for one block of all",
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
    input_dropout: OpenFraction = Field(
        0.2, description="a number from 0.001 to 0.999: the share of the input that such a view lacks"
    )
    mem_trajectory: bool = Field(
        False, description="true (keep a spiking network's last membranes at every time step) or false (the last alone)"
    )
    race: OfRace = Field(None, validation_alias=AliasChoices("networks"), description="a race")

    @field_validator("networks_per_attack")
    @classmethod
    def _blocks_are_whole(cls, networks_per_attack: int | None, info: ValidationInfo) -> int | None:
        networks = info.data.get("networks")
        if networks_per_attack and networks and networks % networks_per_attack:
            raise PydanticCustomError(
                "protocol_rule",
                "must divide the number of networks, so that all blocks are of one size, but got {given}, and there "
                "are {networks}; nearest valid: {nearest}",
                {
                    "given": networks_per_attack,
                    "networks": networks,
                    "nearest": _nearest_even_divisor(networks, networks_per_attack),
                },
            )
        return networks_per_attack

    @field_validator("race")
    @classmethod
    def _rounds_are_whole_blocks(cls, race: Race | None, info: ValidationInfo) -> Race | None:
        block = info.data.get("networks_per_attack") or info.data.get("networks")
        if race and block and race.by % block:
            raise PydanticCustomError(
                "protocol_rule",
                "must grow by whole blocks of {block} networks, within which they are attacked, but its step is {by}; "
                "nearest valid step: {near}",
                {"block": block, "by": race.by, "near": block * max(1, round(race.by / block))},
            )
        return race

    def with_count(self, count: int) -> Self:
        """Return the protocol of a trial in a race, whose targets have as many shadows as those of the first round."""
        block = self.block
        return self.model_copy(
            update={"networks": count, "race": None, "networks_per_attack": block if block < count else None}
        )

    @property
    def targets_share_examples(self) -> bool:
        """False: each network has a half of its own."""
        return False

    @property
    def evaluation_words(self) -> str:
        """A sentence on the members and non-members of the networks."""
        return "Every network is trained on a random half of the training split and judged on all of it."

    @property
    def chance_words(self) -> str:
        """The beginning of a sentence on the chance that a difference between trials leaves out."""
        return (
            "The targets are one another's shadows, so online LiRA and the worst attack have wider intervals, and all "
            "subsets are halves of one training split"
        )

    @property
    def summary(self) -> str:
        """The protocol in a few words, its name first."""
        others = (
            f"other pairs of its block of {self.networks_per_attack}" if self.networks_per_attack else "other pairs"
        )
        return (
            f"halves: {self.networks} networks in pairs, one trained on a random half of the training split and one on "
            f"the rest; each is the target in turn, {others} are its shadows"
        )

    @property
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.networks

    @property
    def outputs_per_attack(self) -> int:
        """The target and its shadows: the other pairs of its block, and if there is one other pair all of the block."""
        return self.block - 1 if self.block > 4 else self.block

    @property
    def block(self) -> int:
        """The number of networks, of which each is attacked with others as its shadows."""
        return self.networks_per_attack or self.networks

    @property
    def shadows_in_each_state(self) -> int:
        """One of each other pair of the block."""
        return self.block // 2 - 1

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

    @property
    def has_trajectory(self) -> bool:
        """True if the membrane of a spiking network's readout is kept at every time step, not at the last alone."""
        return self.mem_trajectory

    def roles(self) -> list[tuple[int, Role]]:
        """Return the networks in turn, each a target and a shadow of the others."""
        return [(number, "both") for number in range(1, self.networks + 1)]

    def training_examples(self, num_train: int) -> list[float]:
        """Return half of the training split for each network."""
        return [num_train / 2] * self.networks

    def svm_fits(self, num_train: int, num_test: int) -> list[tuple[int, float, float]]:  # noqa: ARG002
        """List the two SVMs that are each fitted on one half of the training split and score the other."""
        return [(2, num_train / 2, num_train / 2)]

    def canonical(self, *, augments: bool, has_own_test_split: bool) -> Self:  # noqa: ARG002
        """Return the protocol without the views that do not exist, the share that no view lacks, and a single block."""
        dropped: dict[str, Any] = {"race": None, **({} if augments else {"augmented_queries": 0})}
        if self.networks_per_attack == self.networks:
            dropped["networks_per_attack"] = None
        if not self.dropout_queries:
            dropped["input_dropout"] = HalvesProtocol.model_fields["input_dropout"].default
        return self.model_copy(update=dropped)


def _nearest_even_divisor(networks: int, given: int) -> int:
    """Return the size of a block nearest to one that does not divide the number of networks."""
    return min((d for d in range(4, networks + 1, 2) if networks % d == 0), key=lambda d: (abs(d - given), d))


DEFAULT_KIND: Final = "paper"
"""The protocol of a specification that names none: the paper's, as it was first."""


def _protocol_by_name(value: Any) -> Any:
    """Let `halves` stand for `{kind: halves}`."""
    return {"kind": value} if isinstance(value, str) else value


def _protocol_kind(value: Any) -> str:
    kind = value.get("kind", DEFAULT_KIND) if isinstance(value, dict) else getattr(value, "kind", DEFAULT_KIND)
    return str(kind)


Protocol = Annotated[
    Annotated[PaperProtocol, Tag("paper")]
    | Annotated[HalvesProtocol, Tag("halves")]
    | Annotated[OneRunProtocol, Tag("one_run")]
    | Annotated[GivenProtocol, Tag("given")],
    Discriminator(_protocol_kind),
    BeforeValidator(_protocol_by_name),
]

PROTOCOLS: Final[dict[str, type[ProtocolSpec]]] = {
    tag.tag: protocol for protocol, tag in map(get_args, get_args(get_args(Protocol)[0]))
}
"""The classes of the union, by their kinds."""

TRAINABLE: Final = tuple(kind for kind in PROTOCOLS if kind != "given")
"""The kinds that a sweep may ask for: the others are of networks that were trained elsewhere."""
