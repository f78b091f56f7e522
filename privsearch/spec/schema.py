"""The JSON schema of a sweep file, made of the classes that read it: what an editor completes and marks by.

It knows each field, its values and its bounds. What one field demands of another one, `privsearch plan` tells.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, get_args

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from privsearch.spec import registry
from privsearch.spec.attacks import ATTACK_KINDS, ATTACKS, REGISTERED_TAG
from privsearch.spec.axes import AXES, BUILT_IN_MODELS, Axes
from privsearch.spec.constraints import WRITTEN
from privsearch.spec.datasets import DatasetName
from privsearch.spec.protocols import PROTOCOLS
from privsearch.spec.recipe import RECIPE_AXES
from privsearch.spec.samplers import SAMPLER_KINDS
from privsearch.spec.sweep import SweepSpec

Schema = dict[str, Any]

FILE_NAME: Final = "sweep.schema.json"
MODELINE: Final = f"# yaml-language-server: $schema={FILE_NAME}\n"
"""The comment by which an editor finds the schema that lies beside a sweep file."""

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def sweep_schema() -> Schema:
    """Return the JSON schema (draft 2020-12) of a sweep file. What is registered by now may be named in the file."""
    schema = SweepSpec.model_json_schema()
    kinds: Schema = schema["$defs"]
    fields: Schema = schema["properties"]
    _let_names_stand(fields["datasets"], [*get_args(DatasetName), *registry.names("dataset")])
    _let_names_stand(fields["protocol"], PROTOCOLS)
    _let_names_stand(fields["attacks"], [*ATTACK_KINDS, *registry.names("attack")])
    _tell_attacks_apart(kinds)
    _let_races_stand(kinds)
    axes = {axis: _axis(axis, kinds) for axis in AXES}
    recipe = {axis: axes[axis] for axis in RECIPE_AXES}
    overrides = {"type": "object", "additionalProperties": _mapping(recipe)}
    lists = {axis: _any_of(value, {"type": "array", "items": value, "minItems": 1}) for axis, value in axes.items()}
    space = {axis: _any_of(values, _ref("Range")) for axis, values in lists.items() if axis != "dp"}
    kinds["Grid"] = _mapping(lists, required=["model"])
    kinds["Recipe"] = _mapping({**recipe, "overrides": overrides})
    kinds["Space"] = _mapping(space, required=["model"])
    kinds["Constraint"] = {"type": "string", "pattern": f"^{WRITTEN.pattern}$"}
    (name,) = fields["grids"].pop("patternProperties")
    fields["grids"] |= {"patternProperties": {name: _ref("Grid")}, "additionalProperties": False}
    search: Schema = kinds["Search"]["properties"]
    fields["recipe"] = {**_ref("Recipe"), "description": fields["recipe"]["description"]}
    search["space"] = {**_ref("Space"), "description": search["space"]["description"]}
    search["sampler"]["anyOf"] = [_names(SAMPLER_KINDS), *search["sampler"].pop("oneOf")]
    size: Schema = kinds["FolderDataset"]["properties"]["size"]
    size["anyOf"] = [*size["anyOf"], size["anyOf"][0]["prefixItems"][0]]
    delimiter: Schema = kinds["TableDataset"]["properties"]["delimiter"]
    delimiter["anyOf"] = [*delimiter["anyOf"], _names(["tab", "\\t"])]
    return {"$schema": _DRAFT, **schema, "title": "A sweep of privsearch"}


def _let_names_stand(field: Schema, names: Iterable[str]) -> None:
    """Let a list hold names beside mappings, and a lone item stand for a list of one."""
    item = _any_of(_names(names), *field.pop("items")["oneOf"])
    bounds = {bound: field.pop(bound) for bound in ("minItems", "maxItems")}
    del field["type"]
    field["anyOf"] = [item, {"type": "array", "items": item, **bounds}]


def _tell_attacks_apart(kinds: Schema) -> None:
    """Have every attack that is a mapping name its kind, which may be the name of a registered one."""
    for tag, attack in ATTACKS.items():
        own: Schema = kinds[attack.__name__]
        own["required"] = ["kind"]
        if tag == REGISTERED_TAG:
            own["properties"]["kind"] = _names(["registered", *registry.names("attack")])


def _let_races_stand(kinds: Schema) -> None:
    """Let a race stand in the place of a number of networks, of which pydantic tells the race alone."""
    for protocol in PROTOCOLS.values():
        number = _of_field(protocol.model_fields[protocol.counted], kinds)
        if "race" in protocol.model_fields:
            number = {**_any_of(number, _ref("Race")), "description": number.pop("description")}
        kinds[protocol.__name__]["properties"][protocol.counted] = number


def _axis(axis: str, kinds: Schema) -> Schema:
    """Return the schema of an axis's values; the classes in it are added to the others."""
    if axis == "model":
        return {**_names([*BUILT_IN_MODELS, *registry.names("model")]), "description": "a model"}
    return _of_field(Axes.model_fields[axis], kinds)


def _of_field(field: FieldInfo, kinds: Schema) -> Schema:
    annotation: Any = Annotated[(field.annotation, *field.metadata, field)]
    found = TypeAdapter(annotation).json_schema(ref_template="#/$defs/{model}")
    kinds |= found.pop("$defs", {})
    return found


def _names(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _ref(kind: str) -> Schema:
    return {"$ref": f"#/$defs/{kind}"}


def _any_of(*options: Schema) -> Schema:
    return {"anyOf": list(options)}


def _mapping(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **needed}
