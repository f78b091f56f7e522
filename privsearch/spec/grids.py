"""The grids, whose cross-products are run, and the rules that they share with the space of a search."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from privsearch.spec.axes import (
    ACTIVATION_DEFAULTS,
    AXES,
    BUILT_IN_MODELS,
    MODEL_AXES,
    SPIKING_AXES,
    Axes,
    axis_adapter,
    uses_axis,
    with_version,
)

Where = tuple[int | str, ...]


def problem(kind: str, where: Where, value: Any, sentence: str) -> InitErrorDetails:
    """Return a broken rule as pydantic reports it: its kind, the path of its field, the given value, a sentence."""
    return InitErrorDetails(
        type=PydanticCustomError(kind, "{sentence}", {"sentence": sentence}), loc=where, input=value
    )


def raise_if_any(problems: list[InitErrorDetails]) -> None:
    """Raise one error with all problems.

    Raises:
        ValidationError: there is a problem.
    """
    if problems:
        raise ValidationError.from_exception_data("sweep", problems)


def value_problems(axis: str, value: Any, where: Where) -> list[InitErrorDetails]:
    """Return the problems of a value of an axis."""
    try:
        axis_adapter(axis).validate_python(value)
    except ValidationError as error:
        return [problem(e["type"], where, e["input"], e["msg"]) for e in error.errors(include_url=False)]
    return []


def list_problems(axis: str, given: Any) -> list[InitErrorDetails]:
    """Return the problems of an axis: it must exist and have at least one value, and each value must be valid."""
    if axis not in AXES:
        return [problem("unknown_axis", (axis,), axis, "no such axis")]
    values = as_values(axis, given)
    if not values:
        return [problem("empty_axis", (axis,), [], "must have a value, but got []; add one or drop it")]
    if _is_lone_pair(axis, given):
        return value_problems(axis, values[0], (axis,))
    return [error for index, value in enumerate(values) for error in value_problems(axis, value, (axis, index))]


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return the values of a list; a lone value stands for a list of one."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def as_values(axis: str, given: Any) -> tuple[Any, ...]:
    """Return the values that an axis is given, as `as_tuple` does; a lone pair of numbers is one value, not two."""
    values = (given,) if _is_lone_pair(axis, given) else as_tuple(given)
    return tuple(as_value(axis, value) for value in values)


def as_value(axis: str, given: Any) -> Any:
    """Return a value of an axis as a key, which those of a grid's points are: a list as a tuple, a mapping checked.

    What is not valid stays as it is.
    """
    if isinstance(given, dict) and axis in AXES and not value_problems(axis, given, ()):
        return axis_adapter(axis).validate_python(given)
    return tuple(given) if isinstance(given, list) else given


def _is_lone_pair(axis: str, given: Any) -> bool:
    is_list = axis == "state_range" and isinstance(given, list | tuple) and len(given) > 0
    return is_list and all(isinstance(value, int | float) for value in given)


def as_lists(grid: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the values of every axis, registered models under the name and version that they are recorded under."""
    lists = {axis: as_values(axis, values) for axis, values in grid.items()}
    return lists | {"model": tuple(map(with_version, lists["model"]))} if "model" in lists else lists


def _check_grid(grid: Any) -> Any:
    if not isinstance(grid, dict):
        return grid
    lists = as_lists(grid)
    problems = [error for axis, given in grid.items() for error in list_problems(axis, given)]
    if "model" not in lists:
        problems.append(problem("missing", ("model",), sorted(lists), "every grid needs the axis 'model'"))
    raise_if_any(problems)
    return lists


Grid = Annotated[
    dict[str, tuple[Any, ...]],
    BeforeValidator(_check_grid),
    Field(min_length=1, description="a mapping from axes to lists of values"),
]


def idle_axes(values: Mapping[str, Collection[Any]], where: Where, what: str) -> list[InitErrorDetails]:
    """Return the problems of axes that are given, but have no effect on any point.

    Args:
        values: the values of each axis, or enough of them to show if null is the only one.
        where: the path of the field that has the axes.
        what: a word for that field, such as 'grid'.
    """
    problems = []
    quantised = set(values.get("act_bit_width", (None,))) != {None}
    # A registered model may use a threshold without quantised activations.
    built_in = set(values["model"]) <= set(BUILT_IN_MODELS)
    for axis in ACTIVATION_DEFAULTS if built_in and not quantised else ():
        if set(values.get(axis, (None,))) != {None}:
            sentence = f"it needs quantised activations, but this {what} has none: add act_bit_width, or drop {axis}"
            problems.append(problem("idle_axis", (*where, axis), values[axis], sentence))
    for axis in MODEL_AXES:
        given = set(values.get(axis, ())) - {Axes.model_fields[axis].default}
        if given and not any(uses_axis(model, axis) for model in values["model"]):
            spiking = ("a spiking network", "snn")
            needed, added = spiking if axis in SPIKING_AXES else ("a model that honours it", "such a model")
            sentence = f"it needs {needed}, but this {what} has none: add {added} to model, or drop {axis}"
            problems.append(problem("idle_axis", (*where, axis), values[axis], sentence))
    return problems
