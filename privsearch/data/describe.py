"""The description of a file or folder of data, and the entry of a sweep's `datasets` that reads it."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from privsearch._util.text import cut
from privsearch.data.dataset import load_dataset
from privsearch.data.examine import Findings, examine_raw
from privsearch.data.files import existing_file
from privsearch.data.persons import with_persons
from privsearch.data.raw import RawDataset
from privsearch.data.repeats import WORTH_A_WARNING, with_repeats
from privsearch.data.suspects import find_suspects
from privsearch.data.tables import read_frame, table_of, text_values
from privsearch.errors import DataError
from privsearch.spec import Dataset, TableDataset
from privsearch.spec.table_dataset import TableFormat, table_format

_MARKERS: Final = frozenset({"", "?", "-", "--", ".", "unknown", "missing", "none", "n.a.", "na"})
"""Texts, in small letters, that stand for a missing value more often than for a category."""

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ColumnDescription:
    """A column of a table as it is in its file.

    Attributes:
        name: its name.
        kind: `numbers`, `whole numbers`, `truth values`, `text` or `nothing`.
        missing: the number of rows without a value.
        distinct: the number of different values.
        content: the smallest and the largest number, or the most frequent texts with their numbers of rows.
        note: what it may be, and what the entry makes of it; empty for a plain feature.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    content: str
    note: str = ""


@dataclass(frozen=True)
class FileDescription:
    """A file of data, as far as it can be read, and the entry that reads it.

    Attributes:
        path: the file.
        rows: the number of rows or examples.
        columns: the columns of a table; none of other data.
        entry: the fields of the entry of `datasets`; empty without a label, and where the data cannot be used.
        findings: what was found in the data as that entry reads them; None without an entry.
        problem: the reason why the data cannot be used; empty if they can.
        told: what was recognised in a table and may not be what is meant, where `findings` do not say it.
    """

    path: str
    rows: int
    columns: Sequence[ColumnDescription]
    entry: Mapping[str, Any]
    findings: Findings | None
    problem: str = ""
    told: Sequence[str] = ()

    @property
    def yaml(self) -> str:
        """The entry as a sweep file has it; empty without one."""
        from privsearch.spec.dump import dump_yaml

        return dump_yaml({"datasets": [dict(self.entry)]}).rstrip("\n") if self.entry else ""


def describe_file(path: str, label: str | None = None, **fields: Any) -> FileDescription:
    """Describe a file of data, and propose the entry of a sweep's `datasets` that reads it.

    Text is read as categories, missing values are imputed, columns that look like ids or hold one value alone are left
    out, and repeated rows, where they are many, unless `fields` say otherwise. Nothing is trained.

    Args:
        path: a table, arrays, or a folder of images.
        label: the column of the class, of a table; None to be told the columns alone.
        fields: further fields of the entry, such as `delimiter`.

    Raises:
        DataError: the file is missing or unreadable, or there is no such column or field.
    """
    file = Path(path) if Path(path).is_dir() else existing_file(path)
    entry = {"name": _name(file), "path": path, **fields}
    if table_format(path) is None and fields.get("kind") not in get_args(TableFormat):
        dataset = _dataset(entry)
        raw = load_dataset(dataset)
        num_examples = len(raw.y) + (0 if raw.test_y is None else len(raw.test_y))
        return FileDescription(path, num_examples, (), entry, examine_raw(raw))
    asked = {**entry, "label": label} if label is not None else {**entry, "label": "\0"}
    dataset = _dataset(asked)
    assert isinstance(dataset, TableDataset)  # for the type checker: its kind says so
    frame, told = read_frame(file, dataset)
    if label is None:
        columns = [_column(frame[name]) for name in frame.columns]
        return FileDescription(path, len(frame), columns, {}, None, told=told)
    if label not in frame:
        table_of(frame, told, file, dataset)  # says what is wrong with it
    return _described_table(_ReadTable(file, frame, told), {**entry, "label": label})


@dataclass(frozen=True, eq=False)
class _ReadTable:
    """A table that has been read, once for all entries that are tried on it."""

    file: Path
    frame: pd.DataFrame
    told: Sequence[str]

    def as_read_by(self, entry: Mapping[str, Any]) -> RawDataset:
        """Return the dataset that an entry makes of the table.

        Raises:
            DataError: it makes none.
        """
        dataset = _dataset(entry)
        assert isinstance(dataset, TableDataset)  # for the type checker: its kind says so
        raw = table_of(self.frame, self.told, self.file, dataset)
        return with_persons(with_repeats(raw, dataset.duplicates))

    def with_markers(self, entry: Mapping[str, Any]) -> "_ReadTable":
        """Return the table read again, as what is told by its numbers may be hidden by the markers among them."""
        dataset = _dataset(entry)
        assert isinstance(dataset, TableDataset)
        return _ReadTable(self.file, *read_frame(self.file, dataset))


def _described_table(table: _ReadTable, entry: dict[str, Any]) -> FileDescription:
    path, frame = str(entry["path"]), table.frame
    no_features = (entry["label"], entry.get("group"), *entry.get("drop", ()))
    features = [name for name in frame.columns if name not in no_features]
    if markers := _markers(frame[features]):
        entry.setdefault("na_values", markers)
        table = table.with_markers(entry)
        frame = table.frame
    if of_text := [name for name in features if text_values(frame[name]).any()]:
        entry.setdefault("categorical", of_text)
    lacking = [name for name in features if frame[name].isna().any()]
    if lacking:
        entry.setdefault("missing", "impute")
    notes = dict.fromkeys(lacking, "imputed") | dict.fromkeys(entry.get("categorical", ()), "categories")
    notes |= {entry["label"]: "the class", entry.get("group", ""): "the person"}
    try:
        suspects = find_suspects(table.as_read_by(entry))
        notes |= {suspect.column: f"{suspect.fault}: {suspect.evidence}" for suspect in suspects}
        unfit = [suspect.column for suspect in suspects if suspect.fault in {"id", "constant"}]
        findings, problem = examine_raw(table.as_read_by(_without(entry, unfit, lacking))), ""
        if findings.repeats and findings.repeats.total >= WORTH_A_WARNING * len(frame):
            _drop_duplicates(table, entry, unfit, lacking)
    except DataError as error:
        findings, problem, unfit = None, str(error), []
    columns = [_column(frame[name], notes.get(name, "")) for name in frame.columns]
    return FileDescription(
        path, len(frame), columns, {} if problem else _without(entry, unfit, lacking), findings, problem
    )


def _drop_duplicates(table: _ReadTable, entry: dict[str, Any], unfit: Sequence[str], lacking: Sequence[str]) -> None:
    """Add that repeated rows are dropped, unless the entry says what becomes of them, or too few would be left."""
    dropping = {"duplicates": "drop", **entry}
    with suppress(DataError):
        table.as_read_by(_without(dropping, unfit, lacking))
        entry.update(dropping)


def _without(entry: Mapping[str, Any], unfit: Sequence[str], lacking: Sequence[str]) -> dict[str, Any]:
    """Return an entry that leaves columns out, and says nothing of what no other column needs."""
    left_out = [*entry.get("drop", ()), *unfit]
    categorical = [name for name in entry.get("categorical", ()) if name not in unfit]
    fields = {**entry, "categorical": categorical, "drop": left_out}
    if not set(lacking) - set(left_out):
        fields.pop("missing", None)
    return {name: value for name, value in fields.items() if value != []}


def _markers(features: pd.DataFrame) -> list[str]:
    """Return the texts among the values that are known to stand for missing ones."""
    found: dict[str, None] = {}
    for name in features.columns:
        column = features[name]
        texts = column[text_values(column)].astype(str).str.strip().unique()
        found |= dict.fromkeys(text for text in texts if text.lower() in _MARKERS)
    return list(found)


def _column(column: "pd.Series[Any]", note: str = "") -> ColumnDescription:
    there = column.dropna()
    if not len(there):
        kind, values = "nothing", ""
    elif pd.api.types.is_bool_dtype(there):
        kind, values = "truth values", _most_frequent(there)
    elif text_values(column).any():
        kind, values = "text", _most_frequent(there)
    else:
        numbers = pd.to_numeric(there)
        whole = bool((numbers == numbers.round()).all())
        kind = "whole numbers" if whole else "numbers"
        values = (
            f"{numbers.min():,.10g} to {numbers.max():,.10g}" if len(numbers.unique()) > 1 else f"{numbers.iloc[0]:g}"
        )
    return ColumnDescription(str(column.name), kind, int(column.isna().sum()), int(there.nunique()), values, note)


def _most_frequent(column: "pd.Series[Any]") -> str:
    counts = column.astype(str).value_counts()
    shown = ", ".join(f"{cut(text)} {count:,}" for text, count in counts.head(3).items())
    return shown + (", ..." if len(counts) > 3 else "")


def _name(path: Path) -> str:
    name = _NOT_IN_NAMES.sub("_", path.name.partition(".")[0]).strip("._-")[:100]
    return name or "mine"


def _dataset(entry: Mapping[str, Any]) -> Dataset:
    try:
        dataset: Dataset = TypeAdapter(Dataset).validate_python(dict(entry))
    except ValidationError as error:
        from privsearch.spec.problems import problem_of

        problems = [problem_of({**details, "loc": ("datasets", 0, *details["loc"])}) for details in error.errors()]
        raise DataError("\n".join(f"{entry['path']}: {problem.sentence}" for problem in problems)) from None
    return dataset
