"""The recipe of a sweep: how its networks are trained, for all of its datasets or for one of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from privsearch.spec.axes import STATE_DEFAULTS
from privsearch.spec.grids import as_value, problem, raise_if_any, value_problems

RECIPE_AXES: Final = (
    *("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay", "train_size", "test_size", "dp"),
    *("width", "spiking_layers", "num_steps", "beta", "encoding", "encoding_queries", "readout"),
    *STATE_DEFAULTS,
)
"""The axes that a recipe may set: how a network is trained, how large it is, and how it spikes."""


def _check_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """Check that every field is a recipe axis with a valid value, or `overrides` with such fields for datasets."""
    problems = []
    overrides = recipe.get("overrides", {})
    if not isinstance(overrides, dict):
        problems.append(problem("dict_type", ("overrides",), overrides, "must be a mapping"))
        overrides = {}
    blocks: list[tuple[tuple[str, ...], Any]] = [((), {k: v for k, v in recipe.items() if k != "overrides"})]
    blocks += [(("overrides", str(name)), block) for name, block in overrides.items()]
    for where, block in blocks:
        if not isinstance(block, dict):
            problems.append(problem("dict_type", where, block, "must be a mapping"))
            continue
        for axis, value in block.items():
            if axis not in RECIPE_AXES:
                problems.append(problem("unknown_recipe", (*where, axis), axis, "no such recipe field"))
            else:
                problems += value_problems(axis, value, (*where, axis))
    raise_if_any(problems)
    return {
        key: {name: _hashable(block) for name, block in overrides.items()} if key == "overrides" else value
        for key, value in _hashable(recipe).items()
    }


def _hashable(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block whose values are keys, as a point of a grid is one."""
    return {axis: as_value(axis, value) for axis, value in block.items()}


def recipe_for(recipe: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the fields that a recipe sets for the dataset called `name`."""
    common = {axis: value for axis, value in recipe.items() if axis != "overrides"}
    overrides: dict[str, Any] = recipe.get("overrides", {}).get(name, {})
    return common | overrides


Recipe = Annotated[dict[str, Any], AfterValidator(_check_recipe)]
"""The value of each recipe axis, and under `overrides` such values for single datasets."""
