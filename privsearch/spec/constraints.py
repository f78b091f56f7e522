"""The constraints that a result must satisfy to be of use, such as a test accuracy of at least 0.9."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from privsearch._util.text import shown
from privsearch.spec.columns import DECIMALS, Column
from privsearch.spec.strict import STRICT

CONSTRAINT_RULE: Final = 'one of >=, <=, >, < and a number, in quotes, such as ">= 0.9" (a fraction, not percent)'

WRITTEN: Final = re.compile(r"\s*(>=|<=|>|<)\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*", re.ASCII)


class Constraint(BaseModel):
    """A bound on a result column, written as `>= 0.9`.

    Attributes:
        relation: the relation of the column's value to the bound.
        bound: a number in the column's unit.
    """

    model_config = STRICT

    relation: Literal[">=", "<=", ">", "<"] = Field(description="one of >=, <=, >, <")
    bound: float = Field(description="a finite number")

    def __str__(self) -> str:
        short = f"{self.bound:g}"
        return f"{self.relation} {short if float(short) == self.bound else self.bound}"

    @property
    def is_upper(self) -> bool:
        """True if the column is to be low."""
        return "<" in self.relation

    def judged(self, column: str, value: float) -> float:
        """Return what of a column's value the constraint is about: if it is to be low, what it leaks."""
        return Column.parse(column).as_leakage(value) if self.is_upper else value

    def violation(self, value: float) -> float:
        """Return by how much a value breaks the constraint, in the column's unit; 0 or less if the value satisfies it.

        The value is what the constraint is about (`judged`). Values that differ only beyond `DECIMALS` places are
        equal, as they are on a front. A missing number, NaN, breaks every constraint: the violation is infinite.
        """
        if math.isnan(value):
            return math.inf
        lacking = round(self.bound - value if ">" in self.relation else value - self.bound, DECIMALS)
        return lacking if "=" in self.relation or lacking else 10.0**-DECIMALS

    def holds(self, value: float) -> bool:
        """Return whether a value, in the column's unit, satisfies the constraint."""
        return self.violation(value) <= 0

    def can_hold(self, low: float, high: float) -> bool:
        """Return whether some value from `low` to `high` satisfies the constraint (see `Column.bounds`)."""
        return self.holds(high if ">" in self.relation else low)

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return given
        parts = WRITTEN.fullmatch(given) if isinstance(given, str) else None
        if parts is None or not math.isfinite(float(parts[2])):
            sentence = f"must be {CONSTRAINT_RULE}, but got {shown(given)}"
            raise PydanticCustomError("bad_constraint", "{sentence}", {"sentence": sentence})
        return {"relation": parts[1], "bound": float(parts[2])}

    @model_serializer
    def _written(self) -> str:
        return str(self)


Constraints = Mapping[str, Constraint]
"""The constraints on result columns, by the columns' names."""
