"""A user's own table, read from a CSV file and checked so that errors name the place."""

import csv
import itertools
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Shaped

from privsearch._util.npz import MAX_BYTES
from privsearch.data.files import existing_file
from privsearch.data.labels import encode_labels, parse_labels
from privsearch.data.precision import as_float32, in_enough_bits, merging_warning
from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.errors import DataError
from privsearch.spec import CsvDataset

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_MAX_COLUMNS: Final = 100_000


def load_csv(dataset: CsvDataset) -> RawDataset:
    """Read a table: a header, the column `dataset.label` with the class, and numbers in all other columns.

    Labels are text, and numbers only where nothing is lost (`parse_labels`). Those that are numbers are numbered in
    their order, others in alphabetical order. In other columns True and False count as 1 and 0. Rows are counted
    from 0 below the header, without blank lines, in messages as in the tables of exposed examples.

    Raises:
        DataError: the file is missing or unreadable, or its columns, numbers or labels break a rule.
    """
    path = existing_file(dataset.path)
    frame = _read_table(path, dataset.label)
    if dataset.label not in frame:
        raise DataError(
            f"{path}: the label must be a column, but got label {dataset.label!r} and the columns are (separated by "
            f"commas) {listed(frame.columns)}. Name one of them.{did_you_mean(dataset.label, list(frame.columns))}"
            f"{''.join(f' {warning}' for warning in _header_warnings(list(frame.columns)))}"
        )
    features = [column for column in frame.columns if column != dataset.label]
    if not features or frame.empty:
        raise DataError(
            f"{path}: there must be at least one row and one column beside the label, but got {len(frame)} rows and "
            f"the columns {listed(frame.columns)}. Add the missing data."
        )
    y, classes = encode_labels(
        _label_column(frame[dataset.label], path), f"{path}, column {dataset.label!r}", has_test_split=False
    )
    x, _, merged = in_enough_bits(np.stack([_feature_column(frame[column], path) for column in features], axis=1))
    return RawDataset(
        name=dataset.name,
        source=dataset.path,
        x=x,
        y=y,
        class_names=tuple(str(label) for label in classes),
        column_names=tuple(features),
        warnings=(
            *_header_warnings(list(frame.columns)),
            *([merging_warning([features[column] for column in merged])] if merged else []),
        ),
    )


def _read_table(path: Path, label: str) -> pd.DataFrame:
    if (size := path.stat().st_size) > MAX_BYTES:
        raise DataError(f"{path}: a table must have at most {MAX_BYTES:,} bytes, but has {size:,}. Take fewer rows.")
    try:
        _check_header(_header(path), path)
        with warnings.catch_warnings():
            # pandas only warns of rows that are longer than the header, and drops the surplus.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # A file is never unpacked, whatever its name ends in.
            return pd.read_csv(
                path,
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
                compression=None,
                dtype={label: str},
            )
    except (OSError, ValueError, csv.Error, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{path}: this must be a readable CSV file (UTF-8, a header, commas, as many fields in every row), but "
            f"reading it gave: {' '.join(str(error).split())}. Save the table as CSV again."
        ) from error


def _header(path: Path) -> list[str]:
    """Return the first row that is not blank."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next((row for row in csv.reader(file, skipinitialspace=True) if row not in ([], [""])), [])


def _check_header(columns: list[str], path: Path) -> None:
    if len(columns) > _MAX_COLUMNS:
        raise DataError(
            f"{path}: there must be at most {_MAX_COLUMNS:,} columns, but got {len(columns):,}. Write an NPZ archive."
        )
    repeated = sorted(column for column, count in Counter(columns).items() if count > 1 and column)
    if repeated:
        raise DataError(
            f"{path}: every column must have a name of its own, but these occur more than once: {listed(repeated)}. "
            f"Rename or remove the repeated columns.{''.join(f' {warning}' for warning in _header_warnings(columns))}"
        )
    if "" in columns:
        raise DataError(
            f"{path}: every column must have a name, but column {columns.index('') + 1} of {len(columns)} has none. "
            "Name it; or if it holds row numbers, remove it (in pandas: to_csv(..., index=False)), because a network "
            "could tell the examples apart by them."
        )


def _header_warnings(columns: list[str]) -> list[str]:
    """Return a sentence if the header looks like an example: mostly numbers that do not ascend, as names would."""
    numbers = [float(column) for column in columns if _NUMBER.fullmatch(column)]
    if 2 * len(numbers) <= len(columns) or all(a < b for a, b in itertools.pairwise(numbers)):
        return []
    return [
        f"The first row must name the columns, but holds numbers ({listed(columns, limit=3)}). If it is an example, "
        "write a header above it."
    ]


def _label_column(column: "pd.Series[Any]", path: Path) -> Shaped[np.ndarray, " n"]:
    missing = column.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{path}, column {column.name!r}: every row must have a label, but {missing.sum()} have none (an empty "
            f"field, NA, NaN, null or None), in {_rows(missing)}. Fill them in, or remove these rows."
        )
    return parse_labels(column)


def _feature_column(column: "pd.Series[Any]", path: Path) -> Float64[np.ndarray, " n"]:
    where = f"{path}, column {column.name!r}"
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except OverflowError:  # of an integer beyond the range of floats, which pandas has read as one of Python's own
        numbers = pd.to_numeric(column.astype(str), errors="coerce")
    text = (numbers.isna() & column.notna()).to_numpy()
    if text.any():
        raise DataError(
            f"{where}: every column but the label must hold numbers, but {text.sum()} are not, such as "
            f"{column[text].iloc[0]!r}, in {_rows(text)}. Encode the column as numbers, or remove it."
        )
    values: Float64[np.ndarray, " n"] = numbers.to_numpy(dtype=np.float64)
    unfit = ~np.isfinite(as_float32(values))
    if unfit.any():
        raise DataError(
            f"{where}: every value must be a finite 32-bit number, but {unfit.sum()} are missing, NaN or infinite, in "
            f"{_rows(unfit)}. Fill them in, or remove these rows."
        )
    return values


def _rows(chosen: Bool[np.ndarray, " n"]) -> str:
    return f"row {listed(np.flatnonzero(chosen).tolist(), limit=5)} (the first is 0)"
