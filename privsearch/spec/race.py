"""The race of a sweep: from how many networks to how many each configuration may go, and what it may cost."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from privsearch.spec.bounds import MOST_EXAMPLES, MOST_MINUTES
from privsearch.spec.strict import STRICT


class Race(BaseModel):
    """The numbers that a race gives networks by; in a sweep file `{from: 4, to: 32}` in the place of a number.

    The numbers are those of the field that it stands in: networks of `halves`, replicates of other protocols.

    Attributes:
        least: the number that every configuration begins with.
        most: the number that no configuration goes beyond.
        step: how many more an open configuration gets in a round; None for as many as it began with.
        networks_in_all: the most networks that all configurations of a task may have together.
        minutes: the minutes of work, of all workers together, after which no further round begins.
    """

    model_config = STRICT

    least: int = Field(
        alias="from", ge=1, le=10_000, description="an integer from 1 to 10000: what every configuration begins with"
    )
    most: int = Field(alias="to", ge=2, le=10_000, description="an integer from 2 to 10000: the most that one may get")
    step: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="an integer from 1 to 10000: how many more a round gives, or null for as many as at first",
    )
    networks_in_all: int | None = Field(
        None,
        ge=1,
        le=MOST_EXAMPLES,
        description=f"an integer from 1 to {MOST_EXAMPLES}: the most networks of a task together, or null for no limit",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=MOST_MINUTES,
        description="a number above 0, up to 1e6: minutes of work after which no round begins, or null for none",
    )

    @model_validator(mode="after")
    def _ends_on_a_step(self) -> Self:
        if self.most <= self.least:
            raise PydanticCustomError(
                "protocol_rule",
                "must go from fewer to more, but goes from {least} to {most}; write a larger `to`, or one number",
                {"least": self.least, "most": self.most},
            )
        if (self.most - self.least) % self.by:
            below = self.most - (self.most - self.least) % self.by
            near = " or ".join(str(n) for n in (below, below + self.by) if n > self.least)
            raise PydanticCustomError(
                "protocol_rule",
                "must reach `to` in whole steps, but {least} and steps of {by} do not give {most}; nearest valid "
                "`to`: {near}",
                {"least": self.least, "by": self.by, "most": self.most, "near": near},
            )
        return self

    @model_serializer(mode="plain")
    def _as_written(self) -> dict[str, Any]:
        fields = {"from": self.least, "to": self.most}
        more = {"step": self.step, "networks_in_all": self.networks_in_all, "minutes": self.minutes}
        return fields | {name: value for name, value in more.items() if value is not None}

    @property
    def by(self) -> int:
        """How many more an open configuration gets in a round."""
        return self.step or self.least

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers that a configuration may have, one for each round."""
        return tuple(range(self.least, self.most + 1, self.by))


def _count_of(value: Any) -> Any:
    """Return what a trial has at first where a race is given, and any other value as it is."""
    return value.get("from", value) if isinstance(value, dict) else value


def _race_of(value: Any) -> Any:
    """Return a race where one is given, and None where a number is."""
    return value if isinstance(value, dict | Race) else None


Count = Annotated[int, BeforeValidator(_count_of)]
"""A number of networks or replicates; of a race, that which it begins with."""

OfRace = Annotated[Race | None, BeforeValidator(_race_of)]
"""The race that is given in the place of a number of networks or replicates; None where a number is given."""
