"""The specification of a search: its space of configurations, its sampler, and the budgets that end it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, get_args

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import InitErrorDetails

from privsearch._util.text import remedy, shown
from privsearch.spec.axes import ACTIVATION_DEFAULTS, AXES, Axes, axis_adapter, uses_axis, with_version
from privsearch.spec.columns import DECIMALS
from privsearch.spec.constraints import Constraint
from privsearch.spec.grids import Where, as_values, idle_axes, list_problems, problem, raise_if_any
from privsearch.spec.grids import value_problems as problems_of
from privsearch.spec.samplers import SAMPLER_RULE, Sampler, TpeSampler
from privsearch.spec.strict import STRICT

_RULE: Final = "search_rule"
MOST_VALUES: Final = 100_000
"""The most values of a range that is tried in full: more would fill the memory before the first trial."""
_RANGE: Final = ("low", "high", "step", "log")


class Range(BaseModel):
    """A range of numbers between two bounds, both included.

    Attributes:
        low: the least number.
        high: the greatest number, of the same type.
        step: the distance of the numbers, from `low` on; None for any number, or for any whole number.
        log: True if numbers are drawn evenly on a logarithmic scale.
    """

    model_config = STRICT

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    @property
    def continuous(self) -> bool:
        """True if the range holds more numbers than can be listed."""
        return isinstance(self.low, float) and self.step is None


def number_type(axis: str) -> type[int | float] | None:
    """Return the type of an axis's values if they are numbers, else None."""
    if axis == "state_range":
        return None  # pairs of numbers have no order
    numbers = [part for part in _types(Axes.model_fields[axis].annotation) if part in (int, float)]
    return numbers[0] if numbers else None


def _types(annotation: Any) -> list[Any]:
    return [annotation, *(inner for part in get_args(annotation) for inner in _types(part))]


def _range_problems(axis: str, given: Mapping[str, Any]) -> list[InitErrorDetails]:
    """Return the problems of a range of an axis that exists."""
    kind = number_type(axis)
    if kind is None:
        what = {"state_range": "pairs", "quantize_readout": "true and false"}.get(axis, "names")
        return [problem(_RULE, (axis,), given, f"{axis} has {what}, not numbers: must be a list, but got a range")]
    unknown = [key for key in given if key not in _RANGE]
    if unknown or not {"low", "high"} <= given.keys():
        near = f"; {remedy(str(unknown[0]), _RANGE)}" if unknown else "; add what is missing"
        sentence = (
            f"must be a list, or a range such as {{low: 0.5, high: 1.5}} with step or log, but got {shown(given)}"
        )
        return [problem(_RULE, (axis,), given, sentence + near)]
    problems = [p for end in ("low", "high") for p in problems_of(axis, given[end], (axis, end))]
    problems += [_rule((axis, end), "must be a number", None) for end in ("low", "high") if given[end] is None]
    return problems or _bounds_problems(axis, given, kind)


def _bounds_problems(axis: str, given: Mapping[str, Any], kind: type[int | float]) -> list[InitErrorDetails]:
    low, high, step, log = given["low"], given["high"], given.get("step"), given.get("log", False)
    numbers = (int,) if kind is int else (int, float)
    if not low < high:
        return [_rule((axis, "high"), f"must lie above low, {low}", high, "; swap them, or write a list of one value")]
    # Rounded, because 0.9 - 0.8 is less than 0.1.
    if step is not None and (type(step) not in numbers or not 0 < step <= round(high - low, DECIMALS)):
        number = "a whole number" if kind is int else "a number"
        return [_rule((axis, "step"), f"must be {number} above 0 and up to high - low, {high - low:g}", step)]
    if step is not None and (high - low) / step >= MOST_VALUES:
        must = f"must be so long that there are at most {MOST_VALUES:,} values from {low} to {high}"
        return [_rule((axis, "step"), must, step, "; write a longer one, or none for any number")]
    if type(log) is not bool:
        return [_rule((axis, "log"), "must be true or false", log)]
    if log and (step is not None or low <= 0):
        return [_rule((axis, "log"), "must be false beside a step, and where low is not above 0", log)]
    return []


def _rule(where: Where, must: str, given: Any, then: str = "") -> InitErrorDetails:
    return problem(_RULE, where, given, f"{must}, but got {shown(given)}{then}")


def _check_space(space: Any) -> Any:
    """Check that every axis exists and has a list of valid values or a range; a lone value stands for a list."""
    if not isinstance(space, dict):
        return space
    checked: dict[str, Any] = {}
    problems = []
    for axis, given in space.items():
        ranged = given.model_dump() if isinstance(given, Range) else given
        if axis == "dp":
            problems.append(problem(_RULE, (axis,), given, _DP_IS_CROSSED))
            checked[axis] = ()
        elif axis in AXES and isinstance(ranged, dict):
            problems += (range_problems := _range_problems(axis, ranged))
            checked[axis] = ranged if range_problems else _range_of(axis, ranged)
        else:
            values = as_values(axis, given)
            checked[axis] = tuple(map(with_version, values)) if axis == "model" else values
            problems += list_problems(axis, given)
    if "model" not in space:
        problems.append(problem("missing", ("model",), sorted(map(str, space)), "a search needs the axis 'model'"))
    raise_if_any(problems)
    return checked


def _range_of(axis: str, given: Mapping[str, Any]) -> Range:
    kind = number_type(axis) or float
    step = given.get("step")
    return Range(
        low=axis_adapter(axis).validate_python(given["low"]),
        high=axis_adapter(axis).validate_python(given["high"]),
        step=None if step is None else kind(step),
        log=given.get("log", False),
    )


_DP_IS_CROSSED: Final = (
    "a search does not choose dp, as who asks for privacy knows how much: give it in recipe, or cross it in a grid"
)

Space = Mapping[str, tuple[Any, ...] | Range]
"""The values that each axis may have, by the axis's name."""


class StopRule(BaseModel):
    """A rule that ends a search when its hypervolume has all but stopped growing."""

    model_config = STRICT

    growth: float = Field(
        0.01, ge=1e-9, lt=1, description="a number from 1e-9 to below 1: by this share of it the hypervolume must grow"
    )
    in_trials: int = Field(20, ge=1, le=100_000, description="a whole number from 1 to 100000: within so many trials")


class Search(BaseModel):
    """A search, run for each dataset under each protocol. The budget that is spent first ends it."""

    model_config = STRICT

    sampler: Sampler = Field(TpeSampler(), description=SAMPLER_RULE)
    trials: int | None = Field(
        None, ge=1, le=100_000, description="a whole number from 1 to 100000: new configurations for each dataset"
    )
    minutes: float | None = Field(None, gt=0, le=1e6, description="a number above 0, up to 1e6")
    until: StopRule | None = Field(None, description="a mapping such as {growth: 0.01, in_trials: 20}")
    space: Annotated[dict[str, tuple[Any, ...] | Range], BeforeValidator(_check_space)] = Field(
        description="a mapping from axes to lists of values, or to ranges such as {low: 0.5, high: 1.5}"
    )
    constraints: dict[str, Constraint] = Field({}, description='a mapping of result columns to bounds such as ">= 0.9"')
    parallel: int = Field(
        8, ge=1, le=1000, description="a whole number from 1 to 1000: trials that may await their results at a time"
    )
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1, or null for the sweep's"
    )

    @property
    def models(self) -> tuple[str, ...]:
        """The kinds of model in the space."""
        return _listed(self.space["model"])

    def conditional_axes(self) -> tuple[str, ...]:
        """Return the axes of the space that have an effect on some of its points only."""
        act_bit_widths = self.space.get("act_bit_width", (None,))
        quantised_or_not = not isinstance(act_bit_widths, Range) and None in act_bit_widths
        on_some = [axis for axis in self.space if len({uses_axis(model, axis) for model in self.models}) > 1]
        on_some += ["encoding_queries"] if "encoding" in self.space else []
        return tuple(a for a in self.space if a in on_some or (a in ACTIVATION_DEFAULTS and quantised_or_not))

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.trials is None and self.minutes is None and self.until is None:
            sentence = "this field must be given, unless minutes or until is; write how many trials, such as 60"
            raise_if_any([problem(_RULE, ("trials",), None, sentence)])
        return self

    @model_validator(mode="after")
    def _every_axis_has_an_effect(self) -> Self:
        raise_if_any(idle_axes({axis: _listed(values) for axis, values in self.space.items()}, ("space",), "search"))
        return self

    @model_validator(mode="after")
    def _sampler_suits_the_space(self) -> Self:
        ranges = {axis: values for axis, values in self.space.items() if isinstance(values, Range)}
        problems = []
        if self.sampler.kind == "brute_force":
            rule = "brute_force tries every value, so it needs a list, or a range with a step; write one of these"
            problems = [problem(_RULE, ("space", axis), None, rule) for axis, r in ranges.items() if r.continuous]
            long = {axis: (r.high - r.low) / (r.step or 1) + 1 for axis, r in ranges.items() if not r.continuous}
            rule = f"brute_force tries every value, so there must be at most {MOST_VALUES:,}, but there are {{:,.0f}}; "
            problems += [
                problem(_RULE, ("space", axis), None, f"{rule.format(count)}take random, or a longer step")
                for axis, count in long.items()
                if count > MOST_VALUES
            ]
        if self.sampler.kind == "gp":
            rule = (
                "a Gaussian process compares all points in all their axes, so gp needs a space in which every axis has "
                "an effect on every point, but {} has none on some; search these apart, or take tpe"
            )
            conditional = self.conditional_axes()
            problems = [problem(_RULE, ("space", axis), None, rule.format(axis)) for axis in conditional]
        raise_if_any(problems)
        return self


def _listed(values: tuple[Any, ...] | Range) -> tuple[Any, ...]:
    """Return the values of a list, or the ends of a range."""
    return (values.low, values.high) if isinstance(values, Range) else values
