"""The datasets that a sweep may name: one class and one union entry each."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag

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

REGISTERED_TAG: Final = "registered_dataset"
"""The tag that tells registered datasets from registered attacks in the paths of pydantic's errors."""


class CsvDataset(BaseModel):
    """A user's table: one row per example, one named column holding the class."""

    model_config = STRICT

    kind: Literal["csv"] = "csv"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of a CSV file, relative to the sweep file")
    label: str = Field(min_length=1, description="the name of the column that holds the class")
    duplicates: Duplicates = Field(None, description=_DUPLICATES)


class NpzDataset(BaseModel):
    """A user's arrays: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`."""

    model_config = STRICT

    kind: Literal["npz"] = "npz"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=_PATH, description="the path of an NPZ file, relative to the sweep file")
    layout: Layout = Field(None, description=_LAYOUT)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)


class RegisteredDataset(BaseModel):
    """A dataset from a user's function, registered under a name (`privsearch.register_dataset`)."""

    model_config = STRICT

    kind: Literal["registered"] = "registered"
    name: Name = Field(description="the name under which a dataset was registered")
    layout: Layout = Field(None, description=_LAYOUT)
    duplicates: Duplicates = Field(None, description=_DUPLICATES)


def _registered_by_name(value: Any) -> Any:
    """Expand the name of a registered dataset to the dataset."""
    return RegisteredDataset(name=value) if isinstance(value, str) and registry.find("dataset", value) else value


def _dataset_kind(value: Any) -> str:
    """Return the tag of a dataset: that of names, or the `kind` of a mapping, which the file's ending may stand for."""
    if isinstance(value, CsvDataset | NpzDataset | RegisteredDataset):
        kind: str = value.kind
    elif isinstance(value, dict):
        kind = str(value.get("kind", str(value.get("path", "")).rpartition(".")[2].lower()))
    else:
        kind = "named"
    return REGISTERED_TAG if kind == "registered" else kind


Dataset = Annotated[
    Annotated[DatasetName, Tag("named")]
    | Annotated[CsvDataset, Tag("csv")]
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
