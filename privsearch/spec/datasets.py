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
ImageName = Literal[
    "mnist",
    "fashion_mnist",
    "cifar10",
    "cifar100",
    "svhn",
    "kmnist",
    "emnist_letters",
    "emnist_balanced",
    "emnist_digits",
]
DatasetName = Literal[EmbeddedName, ImageName]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
NAME_RULE: Final = "1 to 100 letters, digits, '.', '_' or '-', the first a letter or a digit"

_PATH: Final = r"^[^\x00]+$"
"""The paths that the system accepts. Text that is not UTF-8 matches no pattern."""


Layout = Literal["channels_first", "channels_last"] | None
"""The axis of an image's channels; None where its shape tells."""

Colour = Literal["grey", "rgb"] | None
"""The channels of images; None leaves them as they are."""

Duplicates = Literal["drop", "group"] | None
"""The fate of identical rows of a dataset; None leaves them as they are."""

_DUPLICATES: Final = (
    "'drop' (the first of identical rows alone), 'group' (all on one side of every split), or null: as they are"
)
_LAYOUT: Final = "'channels_first' (n, channels, height, width), 'channels_last', or null: what the shape tells"
_COLOUR: Final = "'grey' (one channel), 'rgb' (three), or null: as the images are"
_LABELS: Final = "the path of the NPY file of the labels, one for each input, relative to the sweep file"
_DROP_ARRAYS: Final = "a list of arrays that are left out, such as [val_images]"

_DROP_FOLDERS: Final = "a list of folders, of splits or classes, that are left out, such as [val]"
_SIZE: Final = "an integer from 4 to 1024, or two, [height, width]: the size that all images get; null: they have one"

Side = Annotated[int, Field(ge=4, le=1024)]
"""A side of an image, in pixels."""

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
ENDINGS: Final = (*_TABLE_ENDINGS, "npy", "npz")
"""The endings that tell what a file holds."""

PACKED: Final = ("gz", "zip")
"""The endings of files that are unpacked as they are read."""

_FORMAT: Final = "'csv' (text with any delimiter), 'parquet' or 'arrow'; left out, the path's ending tells"
_DELIMITER: Final = "one character such as ';', the word tab, or null: what the rows tell"
_ENCODING: Final = "the name of a text encoding, such as 'cp1252', or null: what the bytes tell"
_NA_VALUES: Final = "a list of texts that stand for a missing value, such as ['?']"
_DROP: Final = "a list of columns that are left out, such as [id]"
_CATEGORICAL: Final = "a list of columns whose values are categories, such as [city]"
_GROUP: Final = (
    "the column of the person that a row is of, or null: every row is one; a person is the unit of membership"
)
_MAX_CATEGORIES: Final = "a number from 2 to 1000: the most frequent categories of a column that get an input each"
_MISSING: Final = (
    "'impute' (the median of the training split, and an input that tells), 'drop' (the rows), or 'refuse', as null"
)

EXAMPLE: Final = "example"
"""The unit of membership of data without persons."""

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


def _square(given: Any) -> Any:
    return (given, given) if isinstance(given, int) else given


def _known_encoding(given: str) -> str:
    try:
        "text".encode(given)
    except (LookupError, ValueError):
        raise PydanticCustomError("unknown_encoding", "this is no encoding that Python knows") from None
    return given


def _shorter(model: BaseModel, fields: dict[str, Any], always: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a dataset without those that have their default, unless they are always written."""
    defaults = type(model).model_fields
    return {
        name: value
        for name, value in fields.items()
        if name in always or getattr(model, name) != defaults[name].default
    }


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
    group: ColumnName | None = Field(None, description=_GROUP)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _shorter(self, write(self), always=("kind", "name", "path", "label"))

    @model_validator(mode="before")
    @classmethod
    def _kind_of_ending(cls, given: Any) -> Any:
        if isinstance(given, dict) and "kind" not in given and (kind := table_format(str(given.get("path", "")))):
            return given | {"kind": kind}
        return given

    @model_validator(mode="after")
    def _one_use_of_a_column(self) -> Self:
        group = () if self.group is None else (self.group,)
        uses = {"label": (self.label,), "group": group, "drop": self.drop, "categorical": self.categorical}
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

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns whose values are names, and so are read as they are written."""
        return (self.label, *self.categorical, *([] if self.group is None else [self.group]))


class NpzDataset(BaseModel):
    """A user's arrays: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`; inputs over time may have lengths."""

    model_config = STRICT

    kind: Literal["npz"] = "npz"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of an NPZ file, relative to the sweep file")
    drop: tuple[str, ...] = Field((), strict=False, description=_DROP_ARRAYS)
    layout: Layout = Field(None, description=_LAYOUT)
    colour: Colour = Field(None, description=_COLOUR)
    time: bool = Field(False, description=_TIME)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _shorter(self, write(self), always=("kind", "name", "path", "layout", "duplicates"))


class NpyDataset(BaseModel):
    """A user's arrays, each in a file of its own: inputs and labels, and those of a test split if there is one."""

    model_config = STRICT

    kind: Literal["npy"] = "npy"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of an NPY file, relative to the sweep file")
    labels: str = Field(pattern=_PATH, description=_LABELS)
    test_path: str | None = Field(None, pattern=_PATH, description="the path of the NPY file of a test split's inputs")
    test_labels: str | None = Field(
        None, pattern=_PATH, description="the path of the NPY file of a test split's labels"
    )
    layout: Layout = Field(None, description=_LAYOUT)
    colour: Colour = Field(None, description=_COLOUR)
    time: bool = Field(False, description=_TIME)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _shorter(self, write(self), always=("kind", "name", "path", "labels"))

    @model_validator(mode="after")
    def _whole_test_split(self) -> Self:
        both = {"test_path": self.test_path, "test_labels": self.test_labels}
        missing = [field for field, path in both.items() if path is None]
        if len(missing) == 1:
            raise PydanticCustomError(
                "table_rule",
                "a test split needs test_path and test_labels, but {field} is missing; write both, or neither",
                {"field": missing[0]},
            )
        return self


class FolderDataset(BaseModel):
    """A user's image files: a folder for each class, or folders `train` and `test` (or `val`) with these."""

    model_config = STRICT

    kind: Literal["folder"] = "folder"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of a folder of images, relative to the sweep file")
    size: Annotated[tuple[Side, Side], BeforeValidator(_square)] | None = Field(None, strict=False, description=_SIZE)
    colour: Colour = Field(None, description=_COLOUR)
    drop: tuple[str, ...] = Field((), strict=False, description=_DROP_FOLDERS)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _shorter(self, write(self), always=("kind", "name", "path"))


class RegisteredDataset(BaseModel):
    """A dataset from a user's function, registered under a name (`privsearch.register_dataset`)."""

    model_config = STRICT

    kind: Literal["registered"] = "registered"
    name: Name = Field(description="the name under which a dataset was registered")
    layout: Layout = Field(None, description=_LAYOUT)
    colour: Colour = Field(None, description=_COLOUR)
    time: bool = Field(False, description=_TIME)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _shorter(self, write(self), always=("kind", "name", "layout", "duplicates"))


def _registered_by_name(value: Any) -> Any:
    """Expand the name of a registered dataset to the dataset."""
    return RegisteredDataset(name=value) if isinstance(value, str) and registry.find("dataset", value) else value


def _kind_of_path(path: str) -> str:
    """Return the kind that a path's ending tells: a folder has none, or ends in a slash."""
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    return table_format(path) or (ending.lower() if dot and ending else "folder" if path else "")


def _dataset_kind(value: Any) -> str:
    """Return the tag of a dataset: that of names, or the `kind` of a mapping, which the file's ending may stand for."""
    if isinstance(value, TableDataset | NpzDataset | NpyDataset | FolderDataset | RegisteredDataset):
        kind: str = value.kind
    elif isinstance(value, dict):
        kind = str(value.get("kind", _kind_of_path(str(value.get("path", "")))))
        if kind == "folder" and "label" in value and "kind" not in value:
            kind = ""  # a table whose path lacks its ending
    else:
        kind = "named"
    if kind in get_args(TableFormat):
        return TABLE_TAG
    return REGISTERED_TAG if kind == "registered" else kind


Dataset = Annotated[
    Annotated[DatasetName, Tag("named")]
    | Annotated[TableDataset, Tag(TABLE_TAG)]
    | Annotated[NpzDataset, Tag("npz")]
    | Annotated[NpyDataset, Tag("npy")]
    | Annotated[FolderDataset, Tag("folder")]
    | Annotated[RegisteredDataset, Tag(REGISTERED_TAG)],
    Discriminator(_dataset_kind),
    BeforeValidator(_registered_by_name),
]


def task_name(dataset: str, protocol: str, *, several: bool, separator: str = "_") -> str:
    """Return the name of a task: the dataset's, with the kind of protocol after it if there are several protocols."""
    return f"{dataset}{separator}{protocol}" if several else dataset


def unit_name(dataset: Dataset) -> str:
    """Return the name of what is a member or not: `example`, or the column that names the persons of a table."""
    return dataset.group or EXAMPLE if isinstance(dataset, TableDataset) else EXAMPLE


def dataset_name(dataset: Dataset) -> str:
    """Return the name under which a dataset appears in overrides, tables and plots."""
    return dataset if isinstance(dataset, str) else dataset.name


def paths_of(dataset: Dataset) -> dict[str, str]:
    """Return the paths that a dataset's entry names, by their fields."""
    paths = {field: getattr(dataset, field, None) for field in ("path", "labels", "test_path", "test_labels")}
    return {field: path for field, path in paths.items() if path is not None}
