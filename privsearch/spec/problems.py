"""The problems of a sweep as sentences: the rule that is broken, the value given, and the nearest valid choice."""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from privsearch._util.text import cut, nearest, remedy, shown
from privsearch.spec import datasets, registry
from privsearch.spec.attacks import (
    ATTACK_KINDS,
    ATTACKS,
)
from privsearch.spec.axes import AXES, BUILT_IN_MODELS, Axes
from privsearch.spec.dataset_fields import NAME_RULE
from privsearch.spec.datasets import (
    DatasetName,
    FolderDataset,
    NpyDataset,
    NpzDataset,
    OutputsDataset,
    RegisteredDataset,
)
from privsearch.spec.energy import COST_TABLES, PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.fixed_scaling import FixedScaling
from privsearch.spec.protocols import DEFAULT_KIND, PROTOCOLS, TRAINABLE
from privsearch.spec.race import Race
from privsearch.spec.recipe import RECIPE_AXES
from privsearch.spec.resources import Resources
from privsearch.spec.samplers import SAMPLER_KINDS, BlindSampler, GaSampler, GpSampler, TpeSampler
from privsearch.spec.search import Search, StopRule
from privsearch.spec.sweep import SweepSpec
from privsearch.spec.table_dataset import TABLE_TAG, TableDataset

_BLOCKS: Final[dict[tuple[str, ...], type[BaseModel]]] = {
    ("search", "until"): StopRule,
    ("search",): Search,
    ("resources",): Resources,
    **{("energy", table): type(getattr(PUBLISHED_COSTS, table)) for table in COST_TABLES},
    ("energy",): EnergyCosts,
}
"""The specifications of blocks of fields, by the paths of the blocks, inner ones first."""

KEY: Final = "[key]"
"""The last step of the path to a mapping's key that is itself wrong, as pydantic calls it."""

_PROTOCOL_RULE: Final = f"one of {', '.join(TRAINABLE)}, or a mapping such as {{kind: halves, networks: 8}}"
_BY_TAG: Final[dict[str, type[BaseModel]]] = {
    TABLE_TAG: TableDataset,
    "npz": NpzDataset,
    "npy": NpyDataset,
    "folder": FolderDataset,
    "outputs": OutputsDataset,
    **PROTOCOLS,
    **ATTACKS,
    datasets.REGISTERED_TAG: RegisteredDataset,
}
"""The classes that a field of the sweep chooses among, by the tag that pydantic puts into an error's path."""

_SAMPLERS: Final[dict[str, type[BaseModel]]] = {
    "tpe": TpeSampler,
    "ga": GaSampler,
    "gp": GpSampler,
    "blind": BlindSampler,
}
"""The classes that `search.sampler` chooses among, by such a tag."""


@dataclass(frozen=True)
class Problem:
    """A broken rule: the path of its field, and a sentence about it."""

    where: tuple[int | str, ...]
    sentence: str


def problem_of(details: ErrorDetails) -> Problem:
    """Turn one of pydantic's error details into a problem with a sentence for the user."""
    where, given, message = details["loc"], details["input"], details["msg"]
    match details["type"]:
        case "extra_forbidden":
            sentence = unknown_name("field", str(where[-1]), _field_names(_model(where)))
        case "unknown_axis":
            sentence = unknown_name("axis", str(given), AXES)
        case "unknown_recipe":
            sentence = unknown_name("recipe field", str(where[-1]), (*RECIPE_AXES, "overrides"))
        case "missing":
            rule = _rule(where)
            sentence = "this field must be given, but is missing" + (f"; write {rule}" if rule else "")
        case (
            "repeated_name"
            | "idle_axis"
            | "idle_attack"
            | "idle_queries"
            | "no_attack"
            | "too_many_points"
            | "empty_axis"
            | "secret_in_uri"
            | "protocol_rule"
            | "search_rule"
            | "nothing_to_run"
            | "bad_constraint"
            | "misleading_name"
            | "trained_elsewhere"
            | "repeated_value"
            | "unknown_override"
            | "unknown_objective"
            | "dp_rule"
            | "scaling_rule"
            | "energy_rule"
        ):
            sentence = message
        case "table_rule":
            where, sentence = where[:-1], message  # the last step is the kind of dataset, which is no field
        case _:
            sentence = _invalid(where, given, message)
    return Problem(where, sentence)


def unknown_name(what: str, given: str, valid: tuple[str, ...]) -> str:
    """Return the sentence about a name that is not one of `valid`."""
    return f"the {what} must be one of {', '.join(valid)}, but got {cut(given)}; {remedy(given, valid)}"


def _invalid(where: tuple[int | str, ...], given: Any, message: str) -> str:
    rule = _rule(where)
    must = f"must be {rule}" if rule else message[0].lower() + message[1:]
    choosing = where[0] in ("protocol", "attacks") or where == ("search", "sampler")
    if choosing and len(where) <= 2 and isinstance(given, dict) and "kind" in given:
        given = given["kind"]  # the fault lies in the kind
    near = repr(str(given)) if type(given) in (int, float) and "valid string" in message else _nearest(where, given)
    then = f"nearest valid: {near}" if near else _unknown_ending(where, given) or _unregistered(where, given)
    return f"{must}, but got {shown(given)}" + (f"; {then}" if then else "")


def _unknown_ending(where: tuple[int | str, ...], given: Any) -> str | None:
    """Return a remark on a file of data whose path does not say what it holds; None on anything else."""
    if (
        where[0] != "datasets"
        or not isinstance(given, dict)
        or "kind" in given
        or not isinstance(given.get("path"), str)
    ):
        return None
    *endings, last = (f".{ending}" for ending in datasets.ENDINGS)
    return (
        f"the path {shown(given['path'])} must end in {', '.join(endings)} or {last}, a table's also with .gz or .zip "
        "after it, which says what the file holds; rename it, or add kind: csv for text, or another kind"
    )


def _unregistered(where: tuple[int | str, ...], given: Any) -> str | None:
    """Return a remark on a name that is unlike all that are known here; None on anything else."""
    can_be_registered = where[0] in ("datasets", "attacks") or where[-2:-1] == ("model",) or where[-1] == "model"
    if not can_be_registered or not isinstance(given, str) or not _named(where):
        return None
    return "if a file of your own registers it, name that file with --plugin"


def _model(where: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the specification that the last step of `where` is a field of."""
    model: type[BaseModel] = SweepSpec
    match where:
        case ("protocol", _, tag, field, _) if tag in PROTOCOLS and field == PROTOCOLS[str(tag)].counted:
            model = Race
        case ("datasets", _, _, "scaling", _, *_):
            model = FixedScaling
        case ("datasets" | "protocol" | "attacks", _, tag, *_) if tag in _BY_TAG:
            model = _BY_TAG[str(tag)]
        case ("search", "sampler", tag, *_) if tag in _SAMPLERS:
            model = _SAMPLERS[str(tag)]
        case ("grids", _, _, *_) | ("recipe", _, *_) | ("search", "space", _, *_):
            model = Axes
        case (*block, _):
            model = next((part for path, part in _BLOCKS.items() if path == tuple(block[: len(path)])), SweepSpec)
    return model


def _field_names(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names that a specification's fields have in a file; a number and its race have one."""
    names = (name if field.validation_alias is None else field.alias for name, field in model.model_fields.items())
    return tuple(name for name in names if name)


def _field(where: tuple[int | str, ...]) -> FieldInfo | None:
    fields = {field.alias or name: field for name, field in _model(where).model_fields.items()}
    return next((fields[step] for step in reversed(where) if isinstance(step, str) and step in fields), None)


def _rule(where: tuple[int | str, ...]) -> str | None:
    rule: str | None
    match where:
        case ("datasets", _) | ("datasets", _, "named"):
            rule = _dataset_rule()
        case ("protocol", *rest) if len(rest) < 2 or rest[1:] == [DEFAULT_KIND]:
            rule = _PROTOCOL_RULE
        case ("attacks", _) | ("attacks", _, "None"):
            rule = _attack_rule()
        case ("grids", _, step) if step == KEY:
            rule = NAME_RULE
        case ("grids", _):
            rule = "a mapping from axes to lists of values, with at least the axis 'model'"
        case ("grids", _, "model", *_) | ("search", "space", "model", *_):
            rule = _model_rule()
        case ("objectives", _):
            rule = "'maximize' or 'minimize'"
        case _:
            rule = getattr(_field(where), "description", None)
    return rule


def _dataset_rule() -> str:
    return (
        f"one of {', '.join(_dataset_names())}, or a mapping such as {{name: mine, path: mine.csv, label: column}} or "
        "{name: mine, path: mine.npz}"
    )


def _attack_rule() -> str:
    return f"one of {', '.join(_attack_names())}, or a mapping such as {{kind: lira, mode: offline}}"


def _model_rule() -> str:
    return " or ".join(repr(model) for model in _model_names())


def _dataset_names() -> tuple[str, ...]:
    return (*get_args(DatasetName), *registry.names("dataset"))


def _attack_names() -> tuple[str, ...]:
    return (*ATTACK_KINDS, *registry.names("attack"))


def _model_names() -> tuple[str, ...]:
    return (*BUILT_IN_MODELS, *registry.names("model"))


def _choices(annotation: Any) -> list[Any]:
    """Return the values of every Literal in a type."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _bounds(annotation: Any) -> tuple[int, int] | None:
    """Return the inclusive integer bounds in a type; None unless it has both."""
    marks = [mark for part in (annotation, *get_args(annotation)) for mark in getattr(part, "__metadata__", ())]
    marks = [inner for mark in marks for inner in getattr(mark, "metadata", [mark])]
    low = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    return (low, high) if isinstance(low, int) and isinstance(high, int) else None


def _named(where: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the valid names of a field whose type does not list them all; none for other fields."""
    names: tuple[str, ...] = ()
    match where:
        case ("datasets", *rest) if len(rest) < 3:
            names = _dataset_names()
        case ("protocol",) | ("protocol", _):
            names = TRAINABLE
        case ("attacks",) | ("attacks", _):
            names = _attack_names()
        case ("grids", _, "model", *_) | ("search", "space", "model", *_):
            names = _model_names()
        case ("search", "sampler") | ("search", "sampler", _):
            names = SAMPLER_KINDS
        case ("objectives", *_):
            names = ("maximize", "minimize")
    return names


def _nearest(where: tuple[int | str, ...], given: Any) -> str | None:
    field = _field(where)
    annotation: Any = field.annotation if field else None
    if names := _named(where):
        annotation = Literal[names]
    if isinstance(given, str):
        return nearest(given, [choice for choice in _choices(annotation) if isinstance(choice, str)], likeness=0.4)
    bounds = _bounds(annotation)
    if bounds and isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
        low, high = bounds
        candidates = sorted({min(max(n, low), high) for n in (math.floor(given), math.ceil(given))})
        return " or ".join(map(str, candidates))
    return None
