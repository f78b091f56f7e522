"""The datasets that a sweep may name: one class and one union entry each."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from privsearch.spec import registry
from privsearch.spec.dataset_fields import (
    COLOUR,
    DUPLICATES,
    LAYOUT,
    NAME_RULE,
    PATH,
    TIME,
    Colour,
    DatasetFields,
    Duplicates,
    Layout,
    Name,
)
from privsearch.spec.table_dataset import TABLE_ENDINGS, TABLE_TAG, TableDataset, TableFormat, table_format

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
_LABELS: Final = "the path of the NPY file of the labels, one for each input, relative to the sweep file"
_DROP_ARRAYS: Final = "a list of arrays that are left out, such as [val_images]"

_DROP_FOLDERS: Final = "a list of folders, of splits or classes, that are left out, such as [val]"
_SIZE: Final = "an integer from 4 to 1024, or two, [height, width]: the size that all images get; null: they have one"

Side = Annotated[int, Field(ge=4, le=1024)]
"""A side of an image, in pixels."""

ENDINGS: Final = (*TABLE_ENDINGS, "npy", "npz")
"""The endings that tell what a file holds."""

EXAMPLE: Final = "example"
"""The unit of membership of data without persons."""

REGISTERED_TAG: Final = "registered_dataset"
"""The tag that tells registered datasets from registered attacks in the paths of pydantic's errors."""


def _square(given: Any) -> Any:
    return (given, given) if isinstance(given, int) else given


class NpzDataset(DatasetFields):
    """A user's arrays: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`; inputs over time may have lengths."""

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "path", "layout", "duplicates")

    kind: Literal["npz"] = "npz"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=PATH, description="the path of an NPZ file, relative to the sweep file")
    drop: tuple[str, ...] = Field((), strict=False, description=_DROP_ARRAYS)
    layout: Layout = Field(None, description=LAYOUT)
    colour: Colour = Field(None, description=COLOUR)
    time: bool = Field(False, description=TIME)
    duplicates: Duplicates = Field(None, description=DUPLICATES)


class NpyDataset(DatasetFields):
    """A user's arrays, each in a file of its own: inputs and labels, and those of a test split if there is one."""

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "path", "labels")

    kind: Literal["npy"] = "npy"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=PATH, description="the path of an NPY file, relative to the sweep file")
    labels: str = Field(pattern=PATH, description=_LABELS)
    test_path: str | None = Field(None, pattern=PATH, description="the path of the NPY file of a test split's inputs")
    test_labels: str | None = Field(None, pattern=PATH, description="the path of the NPY file of a test split's labels")
    layout: Layout = Field(None, description=LAYOUT)
    colour: Colour = Field(None, description=COLOUR)
    time: bool = Field(False, description=TIME)
    duplicates: Duplicates = Field(None, description=DUPLICATES)

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


class FolderDataset(DatasetFields):
    """A user's image files: a folder for each class, or folders `train` and `test` (or `val`) with these."""

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "path")

    kind: Literal["folder"] = "folder"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=PATH, description="the path of a folder of images, relative to the sweep file")
    size: Annotated[tuple[Side, Side], BeforeValidator(_square)] | None = Field(None, strict=False, description=_SIZE)
    colour: Colour = Field(None, description=COLOUR)
    drop: tuple[str, ...] = Field((), strict=False, description=_DROP_FOLDERS)
    duplicates: Duplicates = Field(None, description=DUPLICATES)


class RegisteredDataset(DatasetFields):
    """A dataset from a user's function, registered under a name (`privsearch.register_dataset`)."""

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "layout", "duplicates")

    kind: Literal["registered"] = "registered"
    name: Name = Field(description="the name under which a dataset was registered")
    layout: Layout = Field(None, description=LAYOUT)
    colour: Colour = Field(None, description=COLOUR)
    time: bool = Field(False, description=TIME)
    duplicates: Duplicates = Field(None, description=DUPLICATES)


class OutputsDataset(DatasetFields):
    """The examples behind outputs of networks that were trained elsewhere: nothing is known of them but their labels.

    Two trials of one such dataset have the same examples, labels, subgroups and members, so that their targets are
    paired. Only `privsearch audit` makes one; no sweep can train on it.
    """

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "digest")

    kind: Literal["outputs"] = "outputs"
    name: Name = Field(description=NAME_RULE)
    digest: str = Field(
        pattern="^[0-9a-f]{16}$",
        description="16 hexadecimal digits: a digest of the labels, the subgroups and the members",
    )


def _registered_by_name(value: Any) -> Any:
    """Expand the name of a registered dataset to the dataset."""
    return RegisteredDataset(name=value) if isinstance(value, str) and registry.find("dataset", value) else value


def _kind_of_path(path: str) -> str:
    """Return the kind that a path's ending tells: a folder has none, or ends in a slash."""
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    return table_format(path) or (ending.lower() if dot and ending else "folder" if path else "")


def _dataset_kind(value: Any) -> str:
    """Return the tag of a dataset: that of names, or the `kind` of a mapping, which the file's ending may stand for."""
    if isinstance(value, DatasetFields):
        kind = str(getattr(value, "kind", ""))
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
    | Annotated[OutputsDataset, Tag("outputs")]
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


def trained_elsewhere(datasets: Iterable[Dataset]) -> bool:
    """Tell whether a study of these datasets is of networks that were trained elsewhere, and nothing was trained."""
    return any(isinstance(dataset, OutputsDataset) for dataset in datasets)


def paths_of(dataset: Dataset) -> dict[str, str]:
    """Return the paths that a dataset's entry names, by their fields."""
    paths = {field: getattr(dataset, field, None) for field in ("path", "labels", "test_path", "test_labels")}
    return {field: path for field, path in paths.items() if path is not None}
