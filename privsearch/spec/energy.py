"""What operations cost, in picojoules: three tables as data, each with its source, any of which a sweep may replace.

A table changes no training: operations are recorded, and joules are computed from them (`privsearch.analysis.energy`).
"""

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from privsearch._util.text import printable
from privsearch.spec.strict import STRICT

_HOROWITZ: Final = "Horowitz 2014, 45 nm"
"""Computing's energy problem (and what we can do about it), ISSCC 2014."""

_LEMAIRE: Final = "Lemaire et al. 2022, arXiv 2210.13107, 45 nm"
"""An analytical estimation of spiking neural networks energy efficiency, with its numbers as they stand in
qualia-plugin-snn, which its authors' laboratory publishes (`EnergyEstimationMetric`): arithmetic of 32-bit integers,
and a line through the SRAM accesses of Horowitz 2014."""

Picojoules = Annotated[float, Field(ge=0, le=1e6)]
"""The energy of one operation, from 0 (free) to a microjoule."""

_RULE: Final = "a number from 0 to 1e6: the picojoules of {}"

SourceText = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(printable)]
"""Where numbers are from, with nothing that a terminal would obey."""


class _Costs(BaseModel):
    """A table of costs. One with other numbers than the default must name their source."""

    model_config = STRICT

    published: ClassVar[str]
    """The source of the default numbers."""

    @model_validator(mode="before")
    @classmethod
    def _has_a_source(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "source" in given:
            return given
        changed = [
            name
            for name, field in cls.model_fields.items()
            if name != "source" and isinstance(given.get(name), int | float) and given[name] != field.default
        ]
        if changed:
            raise PydanticCustomError(
                "energy_rule",
                "must name the source of its numbers where they are not those of {published}, but changes {changed} "
                "without one; add source: where they are from",
                {"published": cls.published, "changed": ", ".join(changed)},
            )
        return given


class FlatCosts(_Costs):
    """The costs by which papers on spiking networks usually compare, whatever the bits: 32-bit floating point."""

    published: ClassVar[str] = _HOROWITZ

    mac: Picojoules = Field(4.6, description=_RULE.format("a multiplication with its addition"))
    ac: Picojoules = Field(0.9, description=_RULE.format("an addition of a weight for a spike"))
    update: Picojoules = Field(4.6, description=_RULE.format("a membrane update: a decay and an addition"))
    source: SourceText = Field(_HOROWITZ, description="a text of 1 to 300 characters: where the numbers are from")


class BitCosts(_Costs):
    """The costs by the operands: integer arithmetic where both are integers, else 32-bit floating point.

    A multiplier of w by a bits costs w a / 64 of one of 8 by 8 bits: of 32 by 32 bits that is 3.2 pJ, which Horowitz
    has as 3.1.
    """

    published: ClassVar[str] = _HOROWITZ

    float_multiply: Picojoules = Field(3.7, description=_RULE.format("a 32-bit floating-point multiplication"))
    float_add: Picojoules = Field(0.9, description=_RULE.format("a 32-bit floating-point addition"))
    int8_multiply: Picojoules = Field(0.2, description=_RULE.format("an integer multiplication of 8 by 8 bits"))
    int32_add: Picojoules = Field(0.1, description=_RULE.format("an integer addition to a sum of 32 bits"))
    source: SourceText = Field(_HOROWITZ, description="a text of 1 to 300 characters: where the numbers are from")


class MemoryCosts(_Costs):
    """The costs of arithmetic on 32-bit integers, and of every read and write of a memory.

    An access costs more the larger the memory: `access + access_per_bit * bits`.
    """

    published: ClassVar[str] = _LEMAIRE

    multiply: Picojoules = Field(3.1, description=_RULE.format("a 32-bit integer multiplication"))
    add: Picojoules = Field(0.1, description=_RULE.format("a 32-bit integer addition"))
    access: Picojoules = Field(13.2, description=_RULE.format("a read or write of the smallest memory"))
    access_per_bit: Picojoules = Field(1.09e-5, description=_RULE.format("an access, more for each bit of the memory"))
    source: SourceText = Field(_LEMAIRE, description="a text of 1 to 300 characters: where the numbers are from")


class EnergyCosts(BaseModel):
    """The tables of costs, one for each column `energy.<name>`."""

    model_config = STRICT

    flat: FlatCosts = Field(FlatCosts(), description="a mapping of mac, ac, update and source")
    bits: BitCosts = Field(
        BitCosts(), description="a mapping of float_multiply, float_add, int8_multiply, int32_add and source"
    )
    memory: MemoryCosts = Field(
        MemoryCosts(), description="a mapping of multiply, add, access, access_per_bit and source"
    )


PUBLISHED_COSTS: Final = EnergyCosts()
"""The published numbers alone."""

ENERGY_RULE: Final = "a mapping of flat, bits and memory, each a table of costs in picojoules"

COST_TABLES: Final = tuple(EnergyCosts.model_fields)
"""The names of the tables, which are the last parts of their columns' names."""
