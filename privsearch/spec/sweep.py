"""What a user asks for: a `SweepSpec`, and the distinct trials that its grids stand for."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from privsearch.spec.components import (
    NAME_RULE,
    STRICT,
    Attack,
    Dataset,
    DatasetName,
    Name,
    Network,
    PaperProtocol,
    Protocol,
    SvmAttack,
    dataset_name,
)
from privsearch.spec.trial import AXES, Axes, TrialSpec, axis_adapter, canonical_axes

MAX_POINTS: Final = 2_000_000
"""A cross-product beyond this is refused with its size: nobody can train it, and it would fill the memory."""

RECIPE_AXES: Final = (
    *("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay", "train_size", "test_size"),
    *("spiking_layers", "num_steps", "beta"),
)
"""What a recipe may set: how a network is trained, not which one it is."""

Direction = Literal["maximize", "minimize"]


def _problem(kind: str, where: tuple[int | str, ...], value: Any, sentence: str) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError(kind, "{sentence}", {"sentence": sentence}), loc=where, input=value
    )


def _raise_if_any(problems: list[InitErrorDetails]) -> None:
    if problems:
        raise ValidationError.from_exception_data("sweep", problems)


def _value_problems(axis: str, value: Any, where: tuple[int | str, ...]) -> list[InitErrorDetails]:
    try:
        axis_adapter(axis).validate_python(value)
    except ValidationError as error:
        return [_problem(e["type"], where, e["input"], e["msg"]) for e in error.errors(include_url=False)]
    return []


def _check_grid(grid: Any) -> Any:
    """Every axis must exist and have at least one value, each of them valid; a lone value stands for a list."""
    if not isinstance(grid, dict):
        return grid
    lists = {axis: tuple(v) if isinstance(v, list | tuple) else (v,) for axis, v in grid.items()}
    problems = []
    for axis, values in lists.items():
        if axis not in AXES:
            problems.append(_problem("unknown_axis", (axis,), axis, "no such axis"))
        elif not values:
            problems.append(_problem("empty_axis", (axis,), [], "an axis needs at least one value"))
        else:
            for index, value in enumerate(values):
                problems += _value_problems(axis, value, (axis, index))
    if "model" not in lists:
        problems.append(_problem("missing", ("model",), sorted(lists), "every grid needs the axis 'model'"))
    _raise_if_any(problems)
    return lists


def _check_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """Every field must be a recipe axis with a valid value, or `overrides` with the same for named datasets."""
    problems = []
    overrides = recipe.get("overrides", {})
    if not isinstance(overrides, dict):
        problems.append(_problem("dict_type", ("overrides",), overrides, "must be a mapping"))
        overrides = {}
    blocks: list[tuple[tuple[str, ...], Any]] = [((), {k: v for k, v in recipe.items() if k != "overrides"})]
    blocks += [(("overrides", str(name)), block) for name, block in overrides.items()]
    for where, block in blocks:
        if not isinstance(block, dict):
            problems.append(_problem("dict_type", where, block, "must be a mapping"))
            continue
        for axis, value in block.items():
            if axis not in RECIPE_AXES:
                problems.append(_problem("unknown_recipe", (*where, axis), axis, "no such recipe field"))
            else:
                problems += _value_problems(axis, value, (*where, axis))
    _raise_if_any(problems)
    return recipe


Grid = Annotated[
    dict[str, tuple[Any, ...]],
    BeforeValidator(_check_grid),
    Field(min_length=1, description="a mapping from axes to lists of values"),
]


@dataclass(frozen=True)
class Asked:
    """A trial that a sweep asks for, and the grids that ask for it."""

    spec: TrialSpec
    grids: tuple[str, ...]


class SweepSpec(BaseModel):
    """A sweep: datasets x the union of the grids, under one protocol, with some attacks."""

    model_config = STRICT

    name: Name = Field(description=NAME_RULE)
    datasets: tuple[Dataset, ...] = Field(min_length=1, strict=False, description="a list of at least one dataset")
    protocol: Protocol = Field(PaperProtocol(), description="a mapping such as {kind: paper, replicates: 3}")
    grids: dict[str, Grid] = Field(min_length=1, description="a mapping of at least one named grid")
    recipe: Annotated[dict[str, Any], AfterValidator(_check_recipe)] = Field(
        {}, description="a mapping of recipe fields, and `overrides` for single datasets"
    )
    attacks: tuple[Attack, ...] = Field(
        (SvmAttack(),), min_length=1, strict=False, description="a list of at least one attack, such as [svm]"
    )
    objectives: dict[str, Direction] = Field(
        {"test_accuracy": "maximize", "svm.auc": "minimize"},
        min_length=2,
        max_length=2,
        description="a mapping of two result columns, each to 'maximize' or 'minimize'",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="an integer from 0 to 2**63 - 1")

    @model_validator(mode="after")
    def _names_fit_together(self) -> Self:
        names = [dataset_name(dataset) for dataset in self.datasets]
        attacks = [attack.name for attack in self.attacks]
        problems = [
            _problem("repeated_name", ("datasets", i), name, "every dataset needs a name of its own")
            for i, name in enumerate(names)
            if name in names[:i]
        ]
        problems += [
            _problem("repeated_name", ("attacks", i), name, "the same attack is asked for twice")
            for i, name in enumerate(attacks)
            if name in attacks[:i]
        ]
        # A dataset that comes by its name may have its override ready while the sweep leaves it out.
        known = {*names, *get_args(DatasetName)}
        problems += [
            _problem(
                "unknown_override",
                ("recipe", "overrides", name),
                name,
                f"must be a dataset of this sweep ({', '.join(names)}), but got {name!r}",
            )
            for name in self.recipe.get("overrides", {})
            if name not in known
        ]
        columns = self.objective_columns()
        problems += [
            _problem(
                "unknown_objective",
                ("objectives", column),
                column,
                f"must be a result column of this sweep ({', '.join(columns)}), but got {column!r}",
            )
            for column in self.objectives
            if column not in columns
        ]
        _raise_if_any(problems)
        return self

    def objective_columns(self) -> tuple[str, ...]:
        """The result columns that may be an objective of this sweep."""
        return ("test_accuracy", "train_accuracy", *(f"{attack.name}.auc" for attack in self.attacks))

    def products(self) -> dict[str, int]:
        """The number of points in each grid's cross-product, before anything is dropped or found to repeat."""
        return {name: math.prod(len(values) for values in grid.values()) for name, grid in self.grids.items()}

    def recipe_for(self, name: str) -> dict[str, Any]:
        """The recipe fields that this sweep sets for the dataset called `name`."""
        common = {axis: value for axis, value in self.recipe.items() if axis != "overrides"}
        own: dict[str, Any] = self.recipe.get("overrides", {}).get(name, {})
        return common | own

    def expand(self, networks: Mapping[str, Network]) -> list[Asked]:
        """The distinct trials, canonical, in the order of the datasets and grids that ask for them first.

        Args:
            networks: the kind of network for each dataset, by the dataset's name.
        """
        asked = []
        for dataset in self.datasets:
            name = dataset_name(dataset)
            base = dict.fromkeys(AXES) | _axis_defaults() | self.recipe_for(name)
            grids_of: dict[tuple[Any, ...], list[str]] = {}
            for grid_name, grid in self.grids.items():
                for point in itertools.product(*grid.values()):
                    axes = base | dict(zip(grid, point, strict=True))
                    key = tuple(canonical_axes(axes, networks[name]).values())
                    if grid_name not in (grids := grids_of.setdefault(key, [])):
                        grids.append(grid_name)
            shared = {"dataset": dataset, "protocol": self.protocol, "attacks": self.attacks, "seed": self.seed}
            asked += [
                Asked(TrialSpec.model_validate(dict(zip(AXES, key, strict=True)) | shared), tuple(grids))
                for key, grids in grids_of.items()
            ]
        return asked

    @model_validator(mode="after")
    def _feasible_and_effective(self) -> Self:
        points = sum(self.products().values()) * len(self.datasets)
        if points > MAX_POINTS:
            sentence = f"the cross-products have {points:,} points; at most {MAX_POINTS:,} are taken"
            _raise_if_any([_problem("too_many_points", ("grids",), points, sentence)])
        _raise_if_any([problem for name, grid in self.grids.items() for problem in self._idle_axes(name, grid)])
        return self

    def _idle_axes(self, name: str, grid: Mapping[str, tuple[Any, ...]]) -> list[InitErrorDetails]:
        """The axes of a grid that can have no effect on any of its points: asked for, and never honoured."""
        problems = []
        if set(grid.get("act_bit_width", (None,))) == {None} and set(grid.get("threshold", (None,))) != {None}:
            sentence = "it needs quantised activations: add act_bit_width to this grid, or drop threshold"
            problems.append(_problem("idle_axis", ("grids", name, "threshold"), grid["threshold"], sentence))
        for axis in ("surrogate_gradient", "spiking_layers", "num_steps", "beta"):
            if "snn" not in grid["model"] and set(grid.get(axis, (None,))) != {None}:
                sentence = f"it needs a spiking network: add snn to this grid's model, or drop {axis}"
                problems.append(_problem("idle_axis", ("grids", name, axis), grid[axis], sentence))
        return problems


def _axis_defaults() -> dict[str, Any]:
    return {axis: field.default for axis, field in Axes.model_fields.items() if not field.is_required()}
