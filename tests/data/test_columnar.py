import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from privsearch.data.dataset import fingerprint
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import TableDataset

N = 40
TABLE = pa.table(
    {
        "age": pa.array([None if k == 5 else k % 9 for k in range(N)], pa.int64()),
        "height": pa.array([k / 3 for k in range(N)], pa.float64()),
        "smokes": pa.array([k % 3 == 0 for k in range(N)]),
        "city": pa.array(["abc"[k % 3] for k in range(N)]).dictionary_encode(),
        "label": pa.array([k % 2 for k in range(N)], pa.int8()),
    }
)
ENTRY: dict[str, Any] = {"label": "label", "categorical": ("city",), "missing": "impute"}


def write(table: pa.Table, path: Path) -> None:
    """Write a table in the format that its ending tells; .arrow as a stream, as several programs do."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)


def load(table: pa.Table, path: Path, **fields: Any) -> RawDataset:
    """Write a table and load it."""
    write(table, path)
    return load_table(TableDataset(**{"name": "mine", "path": str(path), **ENTRY, **fields}))


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow"])
def test_a_table_is_the_same_in_every_format(tmp_path: Path, name: str) -> None:
    """Numbers, truth values, categories, missing values and labels, to the fingerprint."""
    frame = TABLE.to_pandas()
    frame.to_csv(tmp_path / "t.csv", index=False)
    of_text = load_table(TableDataset(name="mine", path=str(tmp_path / "t.csv"), **ENTRY))
    raw = load(TABLE, tmp_path / name)
    np.testing.assert_array_equal(raw.x, of_text.x, strict=True)
    assert fingerprint(raw) == fingerprint(of_text)
    assert raw.input_shape == (2 + 1 + 1 + 4,)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([dt.date(2026, 1, 1)] * N), r"of type date32\[day\].* the days since a date.*drop: \[c\]"),
        (pa.array([[1, 2]] * N), r"of type list<.* one column for each of its values"),
        (pa.array([b"a"] * N), "of type binary.* as text or as numbers"),
    ],
)
def test_columns_that_no_network_takes_are_refused(tmp_path: Path, column: pa.Array, message: str) -> None:
    """With the remedy, and they can be left out."""
    table = TABLE.append_column("c", column)
    with pytest.raises(DataError, match=message):
        load(table, tmp_path / "t.parquet")
    assert load(table, tmp_path / "t.parquet", drop=("c",)).input_shape == (8,)


def test_decimals_are_numbers(tmp_path: Path) -> None:
    """Columns of a database's fixed decimals."""
    table = TABLE.append_column("c", pa.array(np.arange(N), pa.int64()).cast(pa.decimal128(30, 2)))
    assert load(table, tmp_path / "t.parquet").x[7, -1] == 7


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all", b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """With its name and what to do."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: this must be a readable file of kind (parquet|arrow), but"):
        load_table(TableDataset(name="mine", path=str(tmp_path / name), **ENTRY))


def test_what_unpacks_to_too_much_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of one value takes next to nothing in a file."""
    monkeypatch.setattr("privsearch.data.columnar.MAX_BYTES", 10_000)
    frame = pd.DataFrame({"x": np.zeros(100_000), "label": np.zeros(100_000, int)})
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="must have at most 10,000 bytes, but has"):
        load_table(TableDataset(name="mine", path=str(tmp_path / "t.parquet"), label="label"))


def test_a_kind_that_is_said_counts_for_any_ending(tmp_path: Path) -> None:
    """And what text alone has is refused beside it."""
    write(TABLE, tmp_path / "t.parquet")
    (tmp_path / "t.parquet").rename(tmp_path / "t.bin")
    raw = load_table(TableDataset(kind="parquet", name="mine", path=str(tmp_path / "t.bin"), **ENTRY))
    assert len(raw.y) == N
    with pytest.raises(ValueError, match="delimiter is of text files, but the table is of kind parquet"):
        TableDataset(kind="parquet", name="mine", path="t.bin", delimiter=";", **ENTRY)


def test_a_damaged_arrow_file_is_refused_before_its_offsets_are_followed(tmp_path: Path) -> None:
    """Offsets beyond a column's text, and text that is none, would end the process."""
    offsets = np.arange(0, 2 * N + 1, 2, dtype=np.int32)
    astray = np.where(np.arange(N + 1) == 7, 10**9, offsets).astype(np.int32)
    for wild, text in ((astray, b"ab" * N), (offsets, b"\xff\xfe" * N)):
        column = pa.Array.from_buffers(pa.string(), N, [None, pa.py_buffer(wild.tobytes()), pa.py_buffer(text)])
        with pytest.raises(DataError, match=r"t\.arrow: this must be a readable file of kind arrow, but"):
            load(TABLE.append_column("c", column), tmp_path / "t.arrow", categorical=("city", "c"))


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize("column", [[1.5, 2.0] * (N // 2), [True, False] * (N // 2)], ids=["decimals", "truth values"])
def test_names_are_written_as_in_text_files(tmp_path: Path, name: str, column: list[Any]) -> None:
    """Categories and labels of any type: 2.0 and True, not 2 and true."""
    table = TABLE.drop_columns(["label"]).append_column("c", pa.array(column)).append_column("label", pa.array(column))
    table.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    entry = {**ENTRY, "categorical": ("city", "c")}
    of_text = load_table(TableDataset(name="mine", path=str(tmp_path / "t.csv"), **entry))
    assert fingerprint(load(table, tmp_path / name, **entry)) == fingerprint(of_text)


def test_nan_is_no_name(tmp_path: Path) -> None:
    """Neither a class, nor a category, nor a person: a value is missing."""
    column = np.where(np.arange(N) % 8 == 0, np.nan, np.arange(N) % 2)
    table = TABLE.drop_columns(["label"]).append_column("label", pa.array(column))
    with pytest.raises(DataError, match=r"column 'label': every row must have a label, but 5 have none"):
        load(table, tmp_path / "t.parquet")
    raw = load(table, tmp_path / "t.parquet", missing="drop")
    assert (raw.class_names, len(raw.y)) == (("0.0", "1.0"), N - 6)  # row 5 lacks its age


@pytest.mark.parametrize("marker", ["8", "8.0"])
def test_numbers_may_stand_for_missing_values(tmp_path: Path, marker: str) -> None:
    """As in text files, however the number is written."""
    TABLE.to_pandas().astype({"age": "Int64"}).to_csv(tmp_path / "t.csv", index=False)
    of_text = load_table(TableDataset(name="mine", path=str(tmp_path / "t.csv"), na_values=(marker,), **ENTRY))
    raw = load(TABLE, tmp_path / "t.parquet", na_values=(marker,))
    np.testing.assert_array_equal(raw.x, of_text.x)
    assert np.isnan(raw.x[8, 0])
    assert np.isnan(raw.x[24, 1])


def test_an_empty_text_can_be_said_to_be_missing(tmp_path: Path) -> None:
    """Which it is in text files anyway: the lines of the message are those to add."""
    table = TABLE.append_column("c", pa.array(["", *map(str, range(1, N))]))
    with pytest.raises(DataError, match=r"na_values: \[''\]"):
        load(table, tmp_path / "t.parquet")
    assert np.isnan(load(table, tmp_path / "t.parquet", na_values=("",)).x[0, -1])


def test_what_is_left_out_must_be_there(tmp_path: Path) -> None:
    """Or a slip would leave a column in; and every column has a name by which it can be left out."""
    with pytest.raises(DataError, match=r"drop must name columns .* no column 'hight'; .* Did you mean 'height'\?"):
        load(TABLE, tmp_path / "t.parquet", drop=("hight",))
    with pytest.raises(DataError, match="every column must have a name, but column 6 of 6 has none"):
        load(TABLE.append_column("", pa.array(range(N))), tmp_path / "t.parquet")


@pytest.mark.parametrize("used", ["label", "group"])
def test_dates_as_labels_or_persons_have_a_remedy_that_can_be_followed(tmp_path: Path, used: str) -> None:
    """A label cannot be left out."""
    table = TABLE.append_column("c", pa.array([dt.date(2026, 1, 1 + k % 2) for k in range(N)]))
    with pytest.raises(DataError, match=f"Write it as text, or name another column as {used}") as error:
        load(table, tmp_path / "t.parquet", **{used: "c"})
    assert "drop" not in str(error.value)
