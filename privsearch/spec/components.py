"""The parts that a sweep is put together from: datasets, protocols, attacks. One class and one union entry each.

Every field's description completes the sentence 'must be ...' in an error message.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

STRICT: Final = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
"""Every specification is frozen, takes no value of another type, and knows no field but its own."""

Network = Literal["fcnet", "convnet"]
EmbeddedName = Literal["iris", "breast_cancer", "digits"]
ImageName = Literal["mnist", "fashion_mnist", "cifar10"]
DatasetName = Literal[EmbeddedName, ImageName]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
NAME_RULE: Final = "1 to 100 letters, digits, '.', '_' or '-', the first a letter or a digit"


class CsvDataset(BaseModel):
    """A user's table: one row per example, one named column holding the class."""

    model_config = STRICT

    kind: Literal["csv"] = "csv"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(min_length=1, description="the path of a CSV file, relative to the sweep file")
    label: str = Field(min_length=1, description="the name of the column that holds the class")


class NpzDataset(BaseModel):
    """A user's arrays: `x`, `y`, or `x_train`, `y_train`, `x_test`, `y_test`."""

    model_config = STRICT

    kind: Literal["npz"] = "npz"
    name: Name = Field(description=NAME_RULE)
    path: str = Field(min_length=1, description="the path of an NPZ file, relative to the sweep file")


def _dataset_kind(value: Any) -> str:
    """Tell the kinds of dataset apart: a name, or a mapping whose `kind` may be left to the file's ending."""
    if isinstance(value, CsvDataset | NpzDataset):
        return value.kind
    if not isinstance(value, dict):
        return "named"
    ending = str(value.get("path", "")).rpartition(".")[2].lower()
    return str(value.get("kind", ending))


Dataset = Annotated[
    Annotated[DatasetName, Tag("named")] | Annotated[CsvDataset, Tag("csv")] | Annotated[NpzDataset, Tag("npz")],
    Discriminator(_dataset_kind),
]


def dataset_name(dataset: Dataset) -> str:
    """The name under which a dataset appears in overrides, tables and plots."""
    return dataset if isinstance(dataset, str) else dataset.name


class PaperProtocol(BaseModel):
    """Moshruba et al. 2025: the target trains on the whole training split, the shadow on a part of it."""

    model_config = STRICT

    kind: Literal["paper"] = Field("paper", description="'paper'")
    replicates: int = Field(
        3, ge=1, le=10_000, description="an integer from 1 to 10000: independent (target, shadow) pairs"
    )
    shadow_fraction: float = Field(
        0.8, gt=0, lt=1, description="a number between 0 and 1: the share of the training split the shadow trains on"
    )
    placebo_cuts: int = Field(
        20, ge=1, le=10_000, description="an integer from 1 to 10000: cuts of the test split the placebo averages over"
    )


Protocol = PaperProtocol


class SvmAttack(BaseModel):
    """The paper's attack: an RBF-kernel SVM on the network's outputs."""

    model_config = STRICT

    kind: Literal["svm"] = Field("svm", description="'svm'")
    per_class: bool = Field(False, description="true (one SVM for each class) or false (one for all)")
    undersample: bool = Field(
        True, description="true (learn from as many members as non-members) or false (learn from all)"
    )

    @property
    def name(self) -> str:
        """The first part of this attack's columns in the results table."""
        return "svm" + "_per_class" * self.per_class + "_unbalanced" * (not self.undersample)


def _attack_by_name(value: Any) -> Any:
    """Let `svm` stand for `{kind: svm}`."""
    return {"kind": value} if isinstance(value, str) else value


Attack = Annotated[SvmAttack, BeforeValidator(_attack_by_name)]
