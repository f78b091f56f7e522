"""The samplers that a search may name: one class and one union entry each."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag

from privsearch.spec.strict import STRICT

_STARTUP: Final = "a whole number from 1 to 1000: how many results it waits for before it learns from them"


class TpeSampler(BaseModel):
    """The tree-structured Parzen estimator: values that are frequent among good results and rare among bad ones."""

    model_config = STRICT

    kind: Literal["tpe"] = Field("tpe", description="'tpe'")
    startup_trials: int = Field(10, ge=1, le=1000, description=_STARTUP)


class GaSampler(BaseModel):
    """A genetic algorithm for several objectives: NSGA-II, or NSGA-III, which spreads over reference points."""

    model_config = STRICT

    kind: Literal["nsga2", "nsga3"] = Field(description="'nsga2' or 'nsga3'")
    population_size: int = Field(
        12, ge=2, le=1000, description="a whole number from 2 to 1000: the configurations of one generation"
    )


class GpSampler(BaseModel):
    """A Gaussian process for each objective: the point that is expected to add most to the hypervolume."""

    model_config = STRICT

    kind: Literal["gp"] = Field("gp", description="'gp'")
    startup_trials: int = Field(10, ge=1, le=1000, description=_STARTUP)


class BlindSampler(BaseModel):
    """A sampler that learns from no result: points at random, or every point of the space once, in random order."""

    model_config = STRICT

    kind: Literal["random", "brute_force"] = Field(description="'random' or 'brute_force'")


SAMPLER_KINDS: Final = ("tpe", "nsga2", "nsga3", "random", "brute_force", "gp")

SAMPLER_RULE: Final = f"one of {', '.join(SAMPLER_KINDS)}, or a mapping such as {{kind: nsga2, population_size: 12}}"

_TAGS: Final = {"nsga2": "ga", "nsga3": "ga", "random": "blind", "brute_force": "blind"}


def _by_name(value: Any) -> Any:
    """Expand `tpe` to `{kind: tpe}`."""
    return {"kind": value} if isinstance(value, str) else value


def _kind(value: Any) -> str:
    kind = str(value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None))
    return _TAGS.get(kind, kind)


Sampler = Annotated[
    Annotated[TpeSampler, Tag("tpe")]
    | Annotated[GaSampler, Tag("ga")]
    | Annotated[GpSampler, Tag("gp")]
    | Annotated[BlindSampler, Tag("blind")],
    Discriminator(_kind),
    BeforeValidator(_by_name),
]
