"""The datasets that a sweep may name: one class and one union entry each."""

import itertools
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from privsearch.spec import registry
from privsearch.spec.strict import STRICT

Network = Literal["fcnet", "convnet"]
EmbeddedName = Literal["iris", "breast_cancer", "digits"]
ImageName = Literal["mnist", "fashion_mnist", "cifar10"]
DatasetName = Literal[EmbeddedName, ImageName]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
NAME_RULE: Final = "1 to 100 letters, digits, '.', '_' or '-', the first a letter or a digit"

_PATH: Final = r"^[^\x00]+$"
"""The paths that the system accepts. Text that is not UTF-8 matches no pattern."""


Layout = Literal["channels_first", "channels_last"] | None
"""The axis of an image's channels; None where its shape tells."""

Duplicates = Literal["drop", "group"] | None
"""The fate of identical rows of a dataset; None leaves them as they are."""

_DUPLICATES: Final = (
    "'drop' (the first of identical rows alone), 'group' (all on one side of every split), or null: as they are"
)
_LAYOUT: Final = "'channels_first' (n, channels, height, width), 'channels_last', or null: what the shape tells"

_TIME: Final = (
    "true (the second axis is time: (n, time, features), or frames (n, time, height, width)), or false: five axes, or "
    "an array of lengths, tell"
)

TableFormat = Literal["csv", "parquet", "arrow"]
"""The forms of a table: text with a delimiter, or one of the two formats of Apache's Arrow."""

ColumnName = Annotated[str, Field(min_length=1)]

Missing = Literal["impute", "drop", "refuse"] | None
"""The fate of missing values of a table; None refuses them."""

_TABLE_ENDINGS: Final[dict[str, TableFormat]] = {
    **dict.fromkeys(("csv", "tsv", "tab", "txt", "data"), "csv"),
    **dict.fromkeys(("parquet", "pq"), "parquet"),
    **dict.fromkeys(("arrow", "feather"), "arrow"),
}
ENDINGS: Final = (*_TABLE_ENDINGS, "npz")
"""The endings that tell what a file holds."""

PACKED: Final = ("gz", "zip")
"""The endings of files that are unpacked as they are read."""

_FORMAT: Final = "'csv' (text with any delimiter), 'parquet' or 'arrow'; left out, the path's ending tells"
_DELIMITER: Final = "one character such as ';', the word tab, or null: what the rows tell"
_ENCODING: Final = "the name of a text encoding, such as 'cp1252', or null: what the bytes tell"
_NA_VALUES: Final = "a list of texts that stand for a missing value, such as ['?']"
_DROP: Final = "a list of columns that are left out, such as [id]"
_CATEGORICAL: Final = "a list of columns whose values are categories, such as [city]"
_MAX_CATEGORIES: Final = "a number from 2 to 1000: the most frequent categories of a column that get an input each"
_MISSING: Final = (
    "'impute' (the median of the training split, and an input that tells), 'drop' (the rows), or 'refuse', as null"
)

TABLE_TAG: Final = "table"
"""The tag of tables, whatever their format, in the paths of pydantic's errors."""

REGISTERED_TAG: Final = "registered_dataset"
"""The tag that tells registered datasets from registered attacks in the paths of pydantic's errors."""


def table_format(path: str) -> TableFormat | None:
    """Return the format that a path's ending tells, also in front of .gz or .zip; None if it tells none."""
    stem, _, ending = path.lower().rpartition(".")
    if ending in PACKED:
        # Without an ending of its own, what is packed is most likely text.
        return _TABLE_ENDINGS.get(stem.rpartition(".")[2], "csv")
    return _TABLE_ENDINGS.get(ending)


def _tab(given: Any) -> Any:
    return "\t" if given == "tab" else given


def _known_encoding(given: str) -> str:
    try:
        b"".decode(given)
    except (LookupError, ValueError):
        raise PydanticCustomError("unknown_encoding", "this is no encoding that Python knows") from None
    return given


class TableDataset(BaseModel):
    """A user's table: one row per example, one named column holding the class."""

    model_config = STRICT

    kind: TableFormat = Field("csv", description=_FORMAT)
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of a table, relative to the sweep file")
    label: ColumnName = Field(description="the name of the column that holds the class")
    delimiter: Annotated[str, BeforeValidator(_tab)] | None = Field(
        None, min_length=1, max_length=1, description=_DELIMITER
    )
    decimal: Literal[".", ","] | None = Field(None, description="'.', ',' (in quotes), or null: what the numbers tell")
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(None, description=_ENCODING)
    columns: tuple[ColumnName, ...] | None = Field(
        None,
        min_length=2,
        strict=False,
        description="the names of the columns, at least two, for a file without a header",
    )
    na_values: tuple[ColumnName, ...] = Field((), strict=False, description=_NA_VALUES)
    drop: tuple[ColumnName, ...] = Field((), strict=False, description=_DROP)
    categorical: tuple[ColumnName, ...] = Field((), strict=False, description=_CATEGORICAL)
    max_categories: int = Field(20, ge=2, le=1000, description=_MAX_CATEGORIES)
    missing: Missing = Field(None, description=_MISSING)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        always, defaults = ("kind", "name", "path", "label"), type(self).model_fields
        return {
            name: value
            for name, value in fields.items()
            if name in always or getattr(self, name) != defaults[name].default
        }

    @model_validator(mode="before")
    @classmethod
    def _kind_of_ending(cls, given: Any) -> Any:
        if isinstance(given, dict) and "kind" not in given and (kind := table_format(str(given.get("path", "")))):
            return given | {"kind": kind}
        return given

    @model_validator(mode="after")
    def _one_use_of_a_column(self) -> Self:
        uses = {"label": (self.label,), "drop": self.drop, "categorical": self.categorical}
        for (one, columns), (other, others) in itertools.combinations(uses.items(), 2):
            if both := [column for column in columns if column in others]:
                raise PydanticCustomError(
                    "table_rule",
                    "a column has one use, but {column} stands in {one} and in {other}; take it out of one of them",
                    {"column": repr(both[0]), "one": one, "other": other},
                )
        for field, values in {"columns": self.columns or (), **uses, "na_values": self.na_values}.items():
            if len(set(values)) < len(values):
                raise PydanticCustomError(
                    "table_rule", "{field} must name each once, but holds one twice; remove it", {"field": field}
                )
        text_only = ("delimiter", "decimal", "encoding", "columns")
        if self.kind != "csv" and (said := [field for field in text_only if getattr(self, field) is not None]):
            raise PydanticCustomError(
                "table_rule",
                "{field} is of text files, but the table is of kind {kind}, which says it itself; leave it out",
                {"field": said[0], "kind": self.kind},
            )
        return self


def _unless_false(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Leave a field out where it is false, so that records of before there was such a field stay as they are."""
    return {field: value for field, value in fields.items() if field != name or value}


class NpzDataset(BaseModel):
    """A user's arrays: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`; inputs over time may have lengths."""

    model_config = STRICT

    kind: Literal["npz"] = "npz"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of an NPZ file, relative to the sweep file")
    layout: Layout = Field(None, description=_LAYOUT)
    time: bool = Field(False, description=_TIME)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_default(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _unless_false(write(self), "time")


class RegisteredDataset(BaseModel):
    """A dataset from a user's function, registered under a name (`privsearch.register_dataset`)."""

    model_config = STRICT

    kind: Literal["registered"] = "registered"
    name: Name = Field(description="the name under which a dataset was registered")
    layout: Layout = Field(None, description=_LAYOUT)
    time: bool = Field(False, description=_TIME)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_default(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _unless_false(write(self), "time")


def _registered_by_name(value: Any) -> Any:
    """Expand the name of a registered dataset to the dataset."""
    return RegisteredDataset(name=value) if isinstance(value, str) and registry.find("dataset", value) else value


def _dataset_kind(value: Any) -> str:
    """Return the tag of a dataset: that of names, or the `kind` of a mapping, which the file's ending may stand for."""
    if isinstance(value, TableDataset | NpzDataset | RegisteredDataset):
        kind: str = value.kind
    elif isinstance(value, dict):
        path = str(value.get("path", ""))
        kind = str(value.get("kind", table_format(path) or path.rpartition(".")[2].lower()))
    else:
        kind = "named"
    if kind in get_args(TableFormat):
        return TABLE_TAG
    return REGISTERED_TAG if kind == "registered" else kind


Dataset = Annotated[
    Annotated[DatasetName, Tag("named")]
    | Annotated[TableDataset, Tag(TABLE_TAG)]
    | Annotated[NpzDataset, Tag("npz")]
    | Annotated[RegisteredDataset, Tag(REGISTERED_TAG)],
    Discriminator(_dataset_kind),
    BeforeValidator(_registered_by_name),
]


def task_name(dataset: str, protocol: str, *, several: bool, separator: str = "_") -> str:
    """Return the name of a task: the dataset's, with the kind of protocol after it if there are several protocols."""
    return f"{dataset}{separator}{protocol}" if several else dataset


def dataset_name(dataset: Dataset) -> str:
    """Return the name under which a dataset appears in overrides, tables and plots."""
    return dataset if isinstance(dataset, str) else dataset.name
