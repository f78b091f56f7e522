"""Tables of text: their encoding, delimiter and decimal mark as the sweep says, or else as the file tells."""

import codecs
import csv
import io
import itertools
import re
import warnings
from collections.abc import Sequence
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import pandas as pd
from charset_normalizer import from_bytes

from privsearch._util.text import cut
from privsearch.data.column_names import check_column_names
from privsearch.data.number_marks import NUMBER, check_points, has_comma_numbers, without_thousands
from privsearch.data.raw import listed
from privsearch.errors import DataError
from privsearch.spec import TableDataset

DELIMITERS: Final = (",", ";", "\t", "|")
"""The delimiters that are recognised, the most frequent first."""

_SAMPLE_ROWS: Final = 200
_SAMPLE_BYTES: Final = 2**18
"""What is looked at where the whole file is not needed: its first rows, and its bytes from where UTF-8 ends."""

_LONGEST_ROW: Final = 2**24

_MARKED: Final = [f"utf_{bits}{order}" for bits in (16, 32) for order in ("", "_le", "_be")]
_BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Marks(NamedTuple):
    """The way in which a table of text is written."""

    encoding: str
    delimiter: str
    decimal: str


def marks_of(file: BufferedIOBase, path: Path, dataset: TableDataset) -> Marks:
    """Return how a table of text is written, as the sweep says or as `read_delimited` recognises.

    Raises:
        DataError: as of `read_delimited`.
    """
    return _read_marked(file, path, dataset)[2]


def read_delimited(file: BufferedIOBase, path: Path, dataset: TableDataset) -> tuple[pd.DataFrame, list[str]]:
    """Read a table of text.

    Args:
        file: the file's content, which is read from its start.
        path: its path, for messages.
        dataset: what the sweep says of it. Its label, categories and persons are read as text, as they are written.

    Returns:
        The table, and sentences on what was recognised and may not be what is meant.

    Raises:
        DataError: it cannot be told how the file is written, or its rows do not fit its header.
    """
    return _read_marked(file, path, dataset)[:2]


def _read_marked(file: BufferedIOBase, path: Path, dataset: TableDataset) -> tuple[pd.DataFrame, list[str], Marks]:
    told: list[str] = []
    encoding = dataset.encoding or _recognised_encoding(file, path, told)
    rows = _first_rows(file, encoding)
    _check_first_line(rows, path)
    delimiter = dataset.delimiter or recognised_delimiter(rows, dataset.label, dataset.columns)
    decimal = dataset.decimal or ("," if dataset.thousands == "." else None)
    options: dict[str, Any] = {"encoding": encoding, "sep": delimiter, "decimal": decimal or "."}
    first = next(iter(parsed_rows(rows, delimiter)), [])
    if dataset.columns is None:
        warnings_of_header = header_warnings(first)
        check_column_names(first, path, warnings_of_header)
        told += warnings_of_header
    else:
        _check_width(dataset.columns, first, path)
        options |= {"header": None, "names": list(dataset.columns)}
    frame = _read(file, options, dataset)
    _check_lengths(file, frame, encoding, delimiter, path)
    if decimal is None and dataset.thousands != "," and has_comma_numbers(frame, dataset, path):
        decimal = ","
        frame = _read(file, options | {"decimal": decimal}, dataset)
    if dataset.thousands is not None:
        frame = without_thousands(frame, dataset, path, dataset.thousands, decimal or ".")
    elif decimal == ",":
        check_points(frame, dataset, path)
    return frame, told, Marks(encoding, delimiter, decimal or ".")


def _read(file: BufferedIOBase, options: dict[str, Any], dataset: TableDataset) -> pd.DataFrame:
    file.seek(0)
    with warnings.catch_warnings():
        # pandas only warns of rows that are longer than the header, and drops the surplus.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame: pd.DataFrame = pd.read_csv(
            file,
            index_col=False,
            low_memory=False,
            skipinitialspace=True,
            compression=None,
            dtype=dict.fromkeys(dataset.text_columns, str),
            na_values=list(dataset.na_values),
            **options,
        )
        return frame


def _recognised_encoding(file: BufferedIOBase, path: Path, told: list[str]) -> str:
    """Return the encoding that a file is in: UTF-8 where it can be, another one where its bytes tell."""
    file.seek(0)
    start = file.read(4)
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)
    if marked:
        return marked
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while block := file.read(2**20):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            # Around the first byte that is not UTF-8, where the evidence is.
            sample = block[max(0, error.start - _SAMPLE_BYTES // 2) : error.start + _SAMPLE_BYTES // 2]
            break
    else:
        return "utf-8"
    # UTF-16 and UTF-32 have a mark; without one, any bytes at all may look like them.
    best = from_bytes(sample, cp_exclusion=_MARKED).best()
    if best is None or b"\0" in sample:
        raise DataError(
            f"{path}: a table of kind csv must be text, but its encoding cannot be told. Add encoding: cp1252, or "
            "another one, to this dataset in the sweep, or save the file in UTF-8."
        )
    told.append(
        f"The file is not in UTF-8 and was read as {best.encoding}. If letters are wrong, add encoding: to this "
        "dataset's entry; it changes nothing but the names of columns and labels."
    )
    return str(best.encoding)


def _first_rows(file: BufferedIOBase, encoding: str) -> list[str]:
    file.seek(0)
    text = io.TextIOWrapper(cast("IO[bytes]", file), encoding=encoding, newline="")
    try:
        # A line without an end must not fill the memory.
        return list(islice(iter(lambda: text.readline(_LONGEST_ROW), ""), _SAMPLE_ROWS))
    finally:
        text.detach()  # or the file would be closed with it


def recognised_delimiter(rows: list[str], label: str, columns: Sequence[str] | None = None) -> str:
    """Return the delimiter of a table: that which gives each of its first rows as many fields as there are columns.

    Where several do, it is one that sets the label's column apart, and of these the first in `DELIMITERS`. Where none
    does, it is one that sets the label's column apart, or else the comma, so that the row that does not fit is told.

    Args:
        rows: the first lines of the file.
        label: the name of the label's column.
        columns: the names of the columns, if the first row does not name them.
    """
    fits, has_label = [], []
    for delimiter in DELIMITERS:
        try:
            parsed = parsed_rows(rows, delimiter)
        except csv.Error:  # a field that is too long, as a whole row is with another delimiter
            continue
        if len(rows) == _SAMPLE_ROWS:
            parsed = parsed[:-1]  # a quoted field may go on beyond the sample
        names = (parsed[0] if parsed else []) if columns is None else columns
        if len(names) > 1 and all(len(row) == len(names) for row in parsed):
            fits.append(delimiter)
        if columns is None and len(names) > 1 and label in names:
            has_label.append(delimiter)
    best = [delimiter for delimiter in fits if delimiter in has_label]
    return [*best, *fits, *has_label, ","][0]


def parsed_rows(rows: list[str], delimiter: str) -> list[list[str]]:
    """Return the fields of the rows that are not blank."""
    parsed = csv.reader(rows, delimiter=delimiter, skipinitialspace=True)
    return [row for row in parsed if row not in ([], [""])]


def header_warnings(columns: Sequence[str]) -> list[str]:
    """Return a sentence if the header looks like an example: mostly numbers that do not ascend, as names would."""
    numbers = [float(column) for column in columns if NUMBER.fullmatch(column)]
    if 2 * len(numbers) <= len(columns) or all(a < b for a, b in itertools.pairwise(numbers)):
        return []
    return [
        f"The first row must name the columns, but holds numbers ({listed(columns, limit=3)}). If it is an example, "
        "write a header above it, or name the columns with columns: [..] in this dataset's entry."
    ]


def _check_first_line(rows: list[str], path: Path) -> None:
    """Refuse a first line that is no header: a comment, or what Excel writes to name the delimiter.

    Raises:
        DataError: it is one of these.
    """
    first = rows[0].strip().lstrip("\ufeff") if rows else ""
    if named := re.fullmatch(r"[\"']?sep=(.|\\t)[\"']?", first, re.IGNORECASE):
        delimiter = "tab" if named[1] in ("\t", "\\t") else repr(named[1])
        raise DataError(
            f"{path}, line 1: the first line must be the header, but is {cut(first)}, by which Excel names the "
            f"delimiter. Remove this line; to name the delimiter, add delimiter: {delimiter} to this dataset's entry."
        )
    comments = list(itertools.takewhile(lambda row: row.lstrip("\ufeff").startswith("#"), rows))
    # A header may begin with one, as NumPy and genomics write it: then the rows below have as many fields.
    below = rows[len(comments) :]
    fits = len(comments) == 1 and any(
        len(parsed_rows(rows[:1], mark)[0]) > 1 and len({len(row) for row in parsed_rows(rows[:2], mark)}) == 1
        for mark in DELIMITERS
    )
    if comments and below and not fits:
        raise DataError(
            f"{path}, line 1: the first line must be the header, but is the comment {cut(first)}. Remove the "
            f"{'line that begins' if len(comments) == 1 else f'{len(comments)} lines that begin'} with #."
        )


def _check_lengths(file: BufferedIOBase, frame: pd.DataFrame, encoding: str, delimiter: str, path: Path) -> None:
    """Refuse rows with fewer fields than there are columns, which pandas fills up with missing values.

    Raises:
        DataError: there is such a row; its line is named.
    """
    if not frame.iloc[:, -1].isna().any():
        return
    file.seek(0)
    text = io.TextIOWrapper(cast("IO[bytes]", file), encoding=encoding, newline="")
    try:
        rows = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
        width = len(frame.columns)
        short = ((rows.line_num, len(row)) for row in rows if row not in ([], [""]) and len(row) < width)
        if first := next(short, None):
            count = 1 + sum(1 for _ in short)
            raise DataError(
                f"{path}, line {first[0]}: every row must have as many fields as there are columns, {width}, but this "
                f"one has {first[1]}{f', and {count - 1} more have too few' if count > 1 else ''}. Complete or remove "
                "it: a line may have been cut short, or a delimiter is missing, so that values stand in wrong columns."
            )
    finally:
        text.detach()  # or the file would be closed with it


def _check_width(columns: Sequence[str], first: list[str], path: Path) -> None:
    if first and len(first) != len(columns):
        raise DataError(
            f"{path}: columns must name every column, but names {len(columns)}, and the first row has {len(first)} "
            "fields. Correct columns in this dataset's entry."
        )
