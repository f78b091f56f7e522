"""A user's own table, read from a file and checked so that errors name the place."""

import csv
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float64, Int64, Shaped

from privsearch._util.text import cut
from privsearch.data.delimited import read_delimited
from privsearch.data.files import existing_file, open_unpacked
from privsearch.data.labels import encode_labels, parse_labels
from privsearch.data.number_marks import thousands_in
from privsearch.data.precision import as_float32, in_enough_bits, merging_warning
from privsearch.data.public_ranges import scaled_between
from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.data.subgroups import MOST_SUBGROUPS, Subgroups, named_subgroups
from privsearch.data.table_inputs import TableInputs
from privsearch.errors import DataError
from privsearch.spec import TableDataset

MISSING: Final = "(missing)"
"""The name of the category of missing values, unless another one is called so."""


def load_table(dataset: TableDataset) -> RawDataset:
    """Read a table: the column `dataset.label` has the class, and all others are features, but those left out.

    Labels are text, and numbers only where nothing is lost (`parse_labels`). Those that are numbers are numbered in
    their order, others in alphabetical order. Features are numbers, True and False count as 1 and 0, or categories
    where the sweep says so. Rows are counted from 0 below the header, without blank lines, in messages as in the
    tables of exposed examples.

    Raises:
        DataError: the file is missing or unreadable, or its columns, numbers or labels break a rule.
    """
    path = existing_file(dataset.path)
    frame, told = read_frame(path, dataset)
    return table_of(frame, told, path, dataset)


def table_of(frame: pd.DataFrame, told: Sequence[str], path: Path, dataset: TableDataset) -> RawDataset:
    """Check a table that has been read, and turn it into a dataset.

    Args:
        frame: the table (`read_frame`), of which columns that `dataset.drop` names may be left.
        told: what was recognised and may not be what is meant.
        path: its file.
        dataset: what the sweep says of it.

    Raises:
        DataError: its columns, numbers or labels break a rule.
    """
    _check_columns(frame, path, dataset, told)
    group = [] if dataset.group is None else [dataset.group]
    features = [column for column in frame.columns if column not in (dataset.label, *group, *dataset.drop)]
    if not features or frame.empty:
        raise DataError(
            f"{path}: there must be at least one row and one column beside the label, but got {len(frame)} rows and "
            f"the columns {listed(frame.columns)}{' less those of drop' * bool(dataset.drop)}. Add the missing data."
        )
    _refuse_text(frame[features], path, dataset)
    subgroups = _subgroups(frame[dataset.subgroups], path) if dataset.subgroups else None
    kept = _rows_kept(frame[[dataset.label, *group, *features]], path, dataset)
    rows_read = 0
    if kept is not None:
        rows_read = len(frame)
        frame = frame.iloc[kept]
    y, classes = encode_labels(
        _label_column(frame[dataset.label], path), f"{path}, column {cut(dataset.label)}", has_test_split=False
    )
    x, inputs, merged = _features(frame[features], path, dataset)
    if dataset.scaling is not None:
        x = scaled_between(x, dataset.scaling, features, path)
    return RawDataset(
        name=dataset.name,
        source=dataset.path,
        x=x,
        y=y,
        class_names=tuple(str(label) for label in classes),
        column_names=tuple(features),
        table_inputs=inputs,
        is_scaled=dataset.scaling is not None,
        rows=kept,
        rows_read=rows_read,
        groups=_persons(frame[dataset.group], path) if dataset.group else None,
        unit=dataset.group or "",
        subgroups=subgroups,
        warnings=(*told, *([merging_warning([features[column] for column in merged])] if merged else [])),
    )


def read_frame(path: Path, dataset: TableDataset) -> tuple[pd.DataFrame, list[str]]:
    """Read a table as it is in its file, and return sentences on what was recognised and may not be what is meant.

    The label and the categories are text, and so is every other column that holds anything but numbers.

    Raises:
        DataError: the file is damaged, too large, or not what the sweep says.
    """
    try:
        with open_unpacked(path) as file:
            if dataset.kind == "csv":
                return read_delimited(file, path, dataset)
            from privsearch.data.columnar import read_columnar  # with pyarrow, which no other data need

            return read_columnar(file, path, dataset), []
    except (OSError, ValueError, csv.Error, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{path}: this must be a readable CSV file (text, a header, one delimiter, as many fields in every row), "
            f"but reading it gave: {' '.join(str(error).split())}. Save the table as CSV again, or add delimiter, "
            "encoding or kind to this dataset's entry if they were not recognised."
        ) from error


def lines_to_add(**fields: str | list[str]) -> str:
    """Return fields as they are written in a dataset's entry, a line each, indented."""
    from privsearch.spec.dump import dump_yaml  # with a YAML library, which only messages need

    lines = [dump_yaml({n: v}).rstrip("\n") if isinstance(v, list) else f"{n}: {v}" for n, v in fields.items()]
    return textwrap.indent("\n".join(lines), " " * 4)


def _check_columns(frame: pd.DataFrame, path: Path, dataset: TableDataset, told: Sequence[str]) -> None:
    columns = [str(column) for column in frame.columns]
    if dataset.label not in columns:
        raise DataError(
            f"{path}: the label must be a column, but got label {cut(dataset.label)} and the columns are (separated by "
            f"commas) {listed(columns)}. Name one of them.{did_you_mean(dataset.label, columns)}"
            f"{''.join(f' {sentence}' for sentence in told)}"
        )
    # What is left out of an Arrow file is not there any more.
    named = {"categorical": dataset.categorical, "drop": dataset.drop if dataset.kind == "csv" else ()}
    single = {"group": dataset.group, "subgroups": dataset.subgroups}
    for field, wanted in (named | {field: (name,) if name else () for field, name in single.items()}).items():
        if unknown := [column for column in wanted if column not in columns]:
            raise DataError(
                f"{path}: {field} must name columns of the table, but there is no column {cut(unknown[0])}; there are "
                f"{listed(columns)}. Correct {field} in this dataset's entry.{did_you_mean(unknown[0], columns)}"
            )


def _refuse_text(features: pd.DataFrame, path: Path, dataset: TableDataset) -> None:
    """Refuse columns that hold text and are not said to be categories."""
    numbers = [name for name in features.columns if name not in dataset.categorical]
    of_text = {name: is_text for name in numbers if (is_text := text_values(features[name])).any()}
    if not of_text:
        return
    name, is_text = next(iter(of_text.items()))
    texts = features[name][is_text]
    lines = lines_to_add(categorical=[*dataset.categorical, *of_text])
    if dataset.missing is None and features.isna().to_numpy().any():
        lines += "\n" + lines_to_add(missing="impute")
    hint = ""
    if len(texts.unique()) == 1 and not is_text.all():
        marker = lines_to_add(na_values=[str(texts.iloc[0])], missing="impute")
        hint = f"\n  or, if {cut(texts.iloc[0])} stands for a missing value,\n{marker}"
    if (
        dataset.kind == "csv"
        and dataset.thousands is None
        and (marks := thousands_in(features[name].dropna().astype(str)))
    ):
        lines_of_marks = lines_to_add(thousands=repr(marks[0]), decimal=repr(marks[1]))
        hint = f"\n  or, if {cut(marks[0])} stands between thousands,\n{lines_of_marks}"
    more = f"; {len(of_text)} columns hold text" if len(of_text) > 1 else ""
    raise DataError(
        f"{path}, column {cut(name)}: every column but the label must hold numbers, unless it is of categories, but "
        f"{int(is_text.sum())} are not, such as {cut(texts.iloc[0])}, in {_rows(is_text)}{more}. Add to this dataset's "
        f"entry\n{lines}\n  or, to leave these columns out,\n{lines_to_add(drop=[*dataset.drop, *of_text])}{hint}"
    )


def _rows_kept(frame: pd.DataFrame, path: Path, dataset: TableDataset) -> Int64[np.ndarray, " kept"] | None:
    """Return the rows that stay, where those with missing values are dropped; None if all stay.

    Raises:
        DataError: values are missing and the sweep does not say what to do about them, or nothing is left.
    """
    missing = frame.isna()
    if dataset.missing == "drop" and missing.to_numpy().any():
        kept = np.flatnonzero(~missing.any(axis=1).to_numpy())
        if not len(kept):
            raise DataError(
                f"{path}: missing: drop must leave rows, but every row lacks a value. Write missing: impute, or leave "
                f"out the emptiest column with {lines_to_add(drop=[str(missing.mean().idxmax())]).strip()}."
            )
        return kept
    lacking = missing.drop(columns=[dataset.label, *([dataset.group] if dataset.group else [])]).sum()
    lacking = lacking[lacking > 0]
    if dataset.missing != "impute" and len(lacking):
        shown = ", ".join(f"{cut(name)} ({count})" for name, count in lacking.head(5).items())
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise DataError(
            f"{path}, column {cut(lacking.index[0])}: every value must be there, unless the sweep says what to do "
            f"about missing ones, but they are missing in {shown}{more}, the first in "
            f"{_rows(missing[lacking.index[0]].to_numpy())}. Add to this dataset's entry\n    missing: impute\n  (the "
            "training split's median, and an input that tells), or, to leave these rows out,\n    missing: drop"
        )
    return None


def _features(
    frame: pd.DataFrame, path: Path, dataset: TableDataset
) -> tuple[Float[np.ndarray, "n columns"], TableInputs | None, list[int]]:
    """Return the features, how they become inputs, and the indices of columns whose values are too close together."""
    if not dataset.categorical and not frame.isna().to_numpy().any():
        columns = [_feature_column(frame[column], path) for column in frame.columns]
        x, _, merged = in_enough_bits(np.stack(columns, axis=1))
        return x, None, merged
    values: list[Float64[np.ndarray, " n"]] = []
    categories: list[tuple[str, ...] | None] = []
    for name in frame.columns:
        if name in dataset.categorical:
            codes, names = _categories(frame[name])
            values.append(codes.astype(np.float64))
            categories.append(names)
        else:
            values.append(_feature_column(frame[name], path))
            categories.append(None)
    x = np.stack(values, axis=1)
    with_missing = tuple(np.isnan(x).any(axis=0).tolist())
    complete = [k for k, names in enumerate(categories) if names is None and not with_missing[k]]
    merged = in_enough_bits(x[:, complete])[2] if complete else []
    return x, TableInputs(tuple(categories), with_missing, _limit(categories, dataset)), [complete[k] for k in merged]


def _limit(categories: Sequence[tuple[str, ...] | None], dataset: TableDataset) -> int:
    """Return the most categories of a column with an input each; one number for all that no column reaches.

    It is a part of the fingerprint, and what changes no input is the same data.
    """
    most = max((len(names) for names in categories if names is not None), default=0)
    if most > dataset.max_categories:
        return dataset.max_categories
    return max(most, int(TableDataset.model_fields["max_categories"].default))


def _categories(column: "pd.Series[Any]") -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Return the number of each value among the names, which are sorted; missing values are a category of their own."""
    texts = column.astype(object).astype(str)
    there = set(texts[column.notna()])
    missing = MISSING
    while missing in there:  # a category may be called so
        missing = f"({missing})"
    codes, names = pd.factorize(texts.where(column.notna(), missing), sort=True)
    return codes.astype(np.int64), tuple(map(str, names))


def _label_column(column: "pd.Series[Any]", path: Path) -> Shaped[np.ndarray, " n"]:
    missing = column.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{path}, column {cut(column.name)}: every row must have a label, but {missing.sum()} have none (an empty "
            f"field, NA, NaN, null or None), in {_rows(missing)}. Fill them in, or remove these rows."
        )
    return parse_labels(column)


def _persons(column: "pd.Series[Any]", path: Path) -> Int64[np.ndarray, " n"]:
    """Return a number for each row, alike for those of one person."""
    missing = column.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{path}, column {cut(column.name)}: every row must be of a person, as group: {column.name} says, but "
            f"{missing.sum()} name none (an empty field, NA, NaN, null or None), in {_rows(missing)}. Fill them in, "
            "with a name of its own for each row that is nobody else's, or remove these rows (missing: drop leaves out "
            "every row that lacks a value)."
        )
    return pd.factorize(column.astype(str))[0].astype(np.int64)


def _subgroups(column: "pd.Series[Any]", path: Path) -> Subgroups:
    """Return the subgroup of each row; one without a value is in none."""
    found = named_subgroups(column.tolist())
    if not found.are_few:
        raise DataError(
            f"{path}, column {cut(column.name)}: subgroups must be a column of 1 to {MOST_SUBGROUPS} different values, "
            f"but it has {len(found.names)}. Put numbers such as ages into ranges, in a column of their own, and name "
            "it in drop if it is to be no input."
        )
    return found


def _feature_column(column: "pd.Series[Any]", path: Path) -> Float64[np.ndarray, " n"]:
    """Return a column of numbers, NaN where one is missing."""
    values: Float64[np.ndarray, " n"] = _numbers(column).to_numpy(dtype=np.float64, na_value=np.nan)
    unfit = ~np.isfinite(as_float32(values)) & column.notna().to_numpy()
    if unfit.any():
        raise DataError(
            f"{path}, column {cut(column.name)}: every value must be a finite 32-bit number, but {unfit.sum()} are "
            f"infinite or too large, in {_rows(unfit)}. Replace them, or remove these rows."
        )
    return values


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    try:
        return pd.to_numeric(column, errors="coerce")
    except OverflowError:  # of an integer beyond the range of floats, which pandas has read as one of Python's own
        return pd.to_numeric(column.astype(str), errors="coerce")


def text_values(column: "pd.Series[Any]") -> Bool[np.ndarray, " n"]:
    """Tell which values of a column are there, and no numbers."""
    text: Bool[np.ndarray, " n"] = (_numbers(column).isna() & column.notna()).to_numpy()
    return text


def _rows(chosen: Bool[np.ndarray, " n"]) -> str:
    return f"row {listed(np.flatnonzero(chosen).tolist(), limit=5)} (the first is 0)"
