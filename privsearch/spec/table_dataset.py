"""A user's table as a sweep names it."""

import itertools
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from privsearch.spec.dataset_fields import DUPLICATES, NAME_RULE, PATH, DatasetFields, Duplicates, Name
from privsearch.spec.fixed_scaling import SCALING, FixedScaling

TableFormat = Literal["csv", "parquet", "arrow"]
"""The forms of a table: text with a delimiter, or one of the two formats of Apache's Arrow."""

ColumnName = Annotated[str, Field(min_length=1)]

Missing = Literal["impute", "drop", "refuse"] | None
"""The fate of missing values of a table; None refuses them."""

TABLE_ENDINGS: Final[dict[str, TableFormat]] = {
    **dict.fromkeys(("csv", "tsv", "tab", "txt", "data"), "csv"),
    **dict.fromkeys(("parquet", "pq"), "parquet"),
    **dict.fromkeys(("arrow", "feather"), "arrow"),
}

PACKED: Final = ("gz", "zip")
"""The endings of files that are unpacked as they are read."""

_FORMAT: Final = "'csv' (text with any delimiter), 'parquet' or 'arrow'; left out, the path's ending tells"
_DELIMITER: Final = "one character such as ';', the word tab, or null: what the rows tell"
_THOUSANDS: Final = "'.', ',', ' ' or \"'\" (in quotes): what stands between thousands, or null: nothing does"
_ENCODING: Final = "the name of a text encoding, such as 'cp1252', or null: what the bytes tell"
_NA_VALUES: Final = "a list of texts that stand for a missing value, such as ['?']"
_DROP: Final = "a list of columns that are left out, such as [id]"
_CATEGORICAL: Final = "a list of columns whose values are categories, such as [city]"
_GROUP: Final = (
    "the column of the person that a row is of, or null: every row is one; a person is the unit of membership"
)
_SUBGROUPS: Final = "the column, such as sex, for each of whose values what leaks is told by itself, or null for none"
_MAX_CATEGORIES: Final = "a number from 2 to 1000: the most frequent categories of a column that get an input each"
_MISSING: Final = (
    "'impute' (the median of the training split, and an input that tells), 'drop' (the rows), or 'refuse', as null"
)

TABLE_TAG: Final = "table"
"""The tag of tables, whatever their format, in the paths of pydantic's errors."""


def table_format(path: str) -> TableFormat | None:
    """Return the format that a path's ending tells, also in front of .gz or .zip; None if it tells none."""
    stem, _, ending = path.lower().rpartition(".")
    if ending in PACKED:
        # Without an ending of its own, what is packed is most likely text.
        return TABLE_ENDINGS.get(stem.rpartition(".")[2], "csv")
    return TABLE_ENDINGS.get(ending)


def _tab(given: Any) -> Any:
    return "\t" if given == "tab" else given


def _known_encoding(given: str) -> str:
    try:
        "text".encode(given)
    except (LookupError, ValueError):
        raise PydanticCustomError("unknown_encoding", "this is no encoding that Python knows") from None
    return given


class TableDataset(DatasetFields):
    """A user's table: one row per example, one named column holding the class."""

    always_written: ClassVar[tuple[str, ...]] = ("kind", "name", "path", "label")

    kind: TableFormat = Field("csv", description=_FORMAT)
    name: Name = Field(description=NAME_RULE)
    path: str = Field(pattern=PATH, description="the path of a table, relative to the sweep file")
    label: ColumnName = Field(description="the name of the column that holds the class")
    delimiter: Annotated[str, BeforeValidator(_tab)] | None = Field(
        None, min_length=1, max_length=1, description=_DELIMITER
    )
    decimal: Literal[".", ","] | None = Field(None, description="'.', ',' (in quotes), or null: what the numbers tell")
    thousands: Literal[".", ",", " ", "'"] | None = Field(None, description=_THOUSANDS)
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(None, description=_ENCODING)
    columns: tuple[ColumnName, ...] | None = Field(
        None,
        min_length=2,
        strict=False,
        description="the names of the columns, at least two, for a file without a header",
    )
    na_values: tuple[str, ...] = Field((), strict=False, description=_NA_VALUES)
    drop: tuple[ColumnName, ...] = Field((), strict=False, description=_DROP)
    categorical: tuple[ColumnName, ...] = Field((), strict=False, description=_CATEGORICAL)
    max_categories: int = Field(20, ge=2, le=1000, description=_MAX_CATEGORIES)
    missing: Missing = Field(None, description=_MISSING)
    group: ColumnName | None = Field(None, description=_GROUP)
    subgroups: ColumnName | None = Field(None, description=_SUBGROUPS)
    duplicates: Duplicates = Field(None, description=DUPLICATES)
    scaling: FixedScaling | None = Field(None, description=SCALING)

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
        if self.thousands is not None and self.thousands == self.decimal:
            raise PydanticCustomError(
                "table_rule",
                "thousands and decimal must be two marks, but are both {mark}; correct one of them",
                {"mark": repr(self.thousands)},
            )
        if self.scaling is not None and (fitted := self._fitted_fields()):
            raise PydanticCustomError(
                "table_rule",
                "scaling is by public ranges, but {field} is fitted to the training split; leave one of them out",
                {"field": fitted[0]},
            )
        text_only = ("delimiter", "decimal", "thousands", "encoding", "columns")
        if self.kind != "csv" and (said := [field for field in text_only if getattr(self, field) is not None]):
            raise PydanticCustomError(
                "table_rule",
                "{field} is of text files, but the table is of kind {kind}, which says it itself; leave it out",
                {"field": said[0], "kind": self.kind},
            )
        return self

    def _fitted_fields(self) -> list[str]:
        return ["categorical"] * bool(self.categorical) + ["missing: impute"] * (self.missing == "impute")

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns whose values are names, and so are read as they are written."""
        names = (self.group, self.subgroups if self.subgroups in self.drop else None)
        return (self.label, *self.categorical, *(name for name in names if name is not None))
