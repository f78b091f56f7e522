"""The scaling of a table's columns by ranges that are known without the data."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from privsearch.spec.strict import STRICT

End = float | Annotated[tuple[float, ...], Field(min_length=1, strict=False)]
"""An end of the ranges: one number for all columns, or one for each."""

SCALING: Final = (
    "a mapping {kind: fixed, low: 0, high: 100} with public ranges of the columns, each a number or a list of one for "
    "each column, or null: each column is standardised by the training split"
)


class FixedScaling(BaseModel):
    """A map of each column from a public range to [-1, 1]; what lies beyond is its end."""

    model_config = STRICT

    kind: Literal["fixed"] = Field("fixed", description="'fixed'")
    low: End = Field(description="a number, or a list of one for each column")
    high: End = Field(description="a number, or a list of one for each column, each above its low")

    @model_validator(mode="after")
    def _ends_are_apart(self) -> Self:
        lows, highs = (end if isinstance(end, tuple) else (end,) for end in (self.low, self.high))
        if len(lows) != len(highs) and 1 not in (len(lows), len(highs)):
            raise PydanticCustomError(
                "scaling_rule",
                "low and high of scaling must have as many numbers, but have {lows} and {highs}; add what is missing",
                {"lows": len(lows), "highs": len(highs)},
            )
        count = max(len(lows), len(highs))
        pairs = zip(lows * (count // len(lows)), highs * (count // len(highs)), strict=True)
        if wrong := [pair for pair in pairs if not pair[0] < pair[1]]:
            raise PydanticCustomError(
                "scaling_rule",
                "each high of scaling must lie above its low, but got {low} and {high}; swap or correct them",
                {"low": f"{wrong[0][0]:g}", "high": f"{wrong[0][1]:g}"},
            )
        return self
