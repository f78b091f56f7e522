"""The protocols: on which examples networks are trained and queried. One class and one union entry each."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag

from privsearch.spec.strict import STRICT


class PaperProtocol(BaseModel):
    """The protocol of Moshruba et al. 2025: the target trains on the whole training split, the shadow on a part."""

    model_config = STRICT

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
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.replicates

    @property
    def networks(self) -> int:
        """The number of networks that are trained."""
        return 2 * self.replicates

    @property
    def queries(self) -> tuple["Queries", ...]:
        """The kinds of queries that the networks answer."""
        return ("plain",)


class HalvesProtocol(BaseModel):
    """The protocol of random halves: each network trains on a half of the training split.

    Every example is in the halves of half of the networks. Each network is the target in turn, and the others are its
    shadows.

    Source: Carlini et al. 2022, section IV; Zarifzadeh et al. 2024.
    """

    model_config = STRICT

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
    def targets(self) -> int:
        """The number of networks that are attacked."""
        return self.networks

    @property
    def queries(self) -> tuple["Queries", ...]:
        """The kinds of queries that the networks answer."""
        augmented: tuple[Queries, ...] = ("augmented",) if self.augmented_queries else ()
        dropout: tuple[Queries, ...] = ("input_dropout",) if self.dropout_queries else ()
        return ("plain", *augmented, *dropout)


Queries = Literal["plain", "augmented", "input_dropout"]
"""The kinds of queries to a network: the example as it is, augmented views of it, or views that lack a part of it."""


def _protocol_by_name(value: Any) -> Any:
    """Expand `halves` to `{kind: halves}`."""
    return {"kind": value} if isinstance(value, str) else value


def _protocol_kind(value: Any) -> str:
    # A protocol without a kind is the paper's, which was the first one.
    return str(value.get("kind", "paper")) if isinstance(value, dict) else str(getattr(value, "kind", "paper"))


Protocol = Annotated[
    Annotated[PaperProtocol, Tag("paper")] | Annotated[HalvesProtocol, Tag("halves")],
    Discriminator(_protocol_kind),
    BeforeValidator(_protocol_by_name),
]


ROLES: Final = ("target", "shadow")


Role = Literal["target", "shadow", "both"]
"""The part of a network in the attacks; under `halves` each is the target in turn, and a shadow of the others."""
