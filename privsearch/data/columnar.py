"""Tables in the formats of Apache Arrow: Parquet files, and Arrow files and streams (Feather is one)."""

from collections.abc import Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from privsearch._util.npz import MAX_BYTES
from privsearch._util.text import cut
from privsearch.data.column_names import check_column_names
from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError
from privsearch.spec import TableDataset

_REMEDIES: Final = (
    (pa.types.is_temporal, "Write it as a number, such as the days since a date"),
    (pa.types.is_nested, "Write one column for each of its values"),
    (pa.types.is_binary, "Write it as text or as numbers"),
    (pa.types.is_large_binary, "Write it as text or as numbers"),
)
"""What to do about columns that are neither numbers, text nor truth values."""


def read_columnar(file: BufferedIOBase, path: Path, dataset: TableDataset) -> pd.DataFrame:
    """Read a Parquet or an Arrow file. Its label, its categories and its persons become text.

    Args:
        file: the file's content.
        path: its path, for messages.
        dataset: what the sweep says of it.

    Raises:
        DataError: the file is damaged, unpacks to too much, or has a column of a type that no network takes.
    """
    try:
        table = _read_parquet(file, path) if dataset.kind == "parquet" else _read_arrow(file)
        # Offsets, indices and text that a damaged file holds would be followed to wherever they lead.
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path}: this must be a readable file of kind {dataset.kind}, but reading it gave: "
            f"{' '.join(str(error).split())[:300].rstrip('.')}. Write it again, or correct kind in its entry."
        ) from error
    check_column_names(table.column_names, path)
    if unknown := [name for name in dataset.drop if name not in table.column_names]:
        raise DataError(
            f"{path}: drop must name columns of the table, but there is no column {cut(unknown[0])}; there are "
            f"{listed(table.column_names)}. Correct drop in this dataset's entry."
            f"{did_you_mean(unknown[0], table.column_names)}"
        )
    left_out = [name for name in dataset.drop if name != dataset.subgroups]
    table = table.drop_columns(left_out) if left_out else table
    columns = {name: _as_pandas(table[name], name, path, dataset) for name in table.column_names}
    frame = pd.DataFrame(columns)
    return frame.replace(list(dataset.na_values), None) if dataset.na_values else frame


def _read_parquet(file: BufferedIOBase, path: Path) -> pa.Table:
    opened = pq.ParquetFile(file)
    groups = (opened.metadata.row_group(k) for k in range(opened.metadata.num_row_groups))
    # A value takes a byte at least once it is unpacked, and equal ones may take none in the file.
    size = max(sum(g.total_byte_size for g in groups), opened.metadata.num_rows * opened.metadata.num_columns)
    if size > MAX_BYTES:
        raise DataError(f"{path}: a table must have at most {MAX_BYTES:,} bytes, but has {size:,}. Take fewer rows.")
    return opened.read()


def _read_arrow(file: BufferedIOBase) -> pa.Table:
    try:
        return pa.ipc.open_file(file).read_all()
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file).read_all()


def _as_pandas(column: pa.ChunkedArray, name: str, path: Path, dataset: TableDataset) -> "pd.Series[Any]":
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    for is_of, remedy in _REMEDIES:
        if is_of(kind):
            from privsearch.spec.dump import dump_yaml  # with a YAML library, which only messages need

            used = next((field for field in ("label", "group") if getattr(dataset, field) == name), None)
            leave = (
                f"name another column as {used}" if used else f"leave it out with {dump_yaml({'drop': [name]}).strip()}"
            )
            raise DataError(
                f"{path}, column {cut(name)}: a column must hold numbers, text or truth values, but is of type {kind}. "
                f"{'Write it as text' if used else remedy}, or {leave}."
            )
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    missing = column.to_pandas().isin(_numbers_among(dataset.na_values)).to_numpy() if is_number else None
    if name in dataset.text_columns:
        column = _as_text(column)
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    values: pd.Series[Any] = column.to_pandas()
    return values if missing is None or not missing.any() else values.mask(missing)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values as text files have them, so that names are the same in every format; NaN is a missing one."""
    if not (pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)):
        return column.cast(pa.string())
    names = [None if pd.isna(value) else str(value) for value in np.asarray(column.to_pandas())]
    return pa.chunked_array([pa.array(names, pa.string())])


def _numbers_among(texts: Sequence[str]) -> list[float]:
    numbers: pd.Series[float] = pd.to_numeric(pd.Series(list(texts), dtype=str), errors="coerce").astype(float)
    return numbers.dropna().tolist()
