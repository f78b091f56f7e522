import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privsearch.data.arrays import load_npz
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import NpzDataset, TableDataset


@pytest.mark.parametrize("load", [load_table, load_npz])
def test_missing_file(load: Callable[[Any], RawDataset], tmp_path: Path) -> None:
    """A path that leads nowhere, or to a directory, is answered with where it led and the nearest file beside it."""
    (tmp_path / "flowers.csv").touch()
    (tmp_path / "flower").mkdir()
    for name in ("flower.csv", "flower"):
        path = tmp_path / name
        dataset = (
            TableDataset(name="mine", path=str(path), label="y")
            if load is load_table
            else NpzDataset(name="mine", path=str(path))
        )
        with pytest.raises(DataError, match=rf"must lead to a file, but there is none at {path}\. .*'flowers.csv'"):
            load(dataset)


@pytest.mark.parametrize("path", ["no/such/directory/x.csv", "http://example.org/x.csv", "x" * 5000])
def test_impossible_paths(path: str) -> None:
    """No path makes the loader fail in another way, and none makes it look on the network."""
    with pytest.raises(DataError, match="must lead to a file"):
        load_table(TableDataset(name="mine", path=path, label="y"))


CONTENT = b"x,label\n" + b"".join(b"%d,%d\n" % (k, k % 2) for k in range(20))


def zipped(*names: str) -> bytes:
    """Files of a table's content, packed together."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, CONTENT)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.csv.gz", gzip.compress(CONTENT)), ("t.csv.zip", zipped("other.csv")), ("T.ZIP", zipped("folder/t.csv"))],
    ids=["gz", "zip", "ZIP"],
)
def test_packed_tables_are_unpacked(tmp_path: Path, name: str, content: bytes) -> None:
    """Whatever the file in them is called."""
    (tmp_path / name).write_bytes(content)
    assert len(load_table(TableDataset(name="mine", path=str(tmp_path / name), label="label")).y) == 20


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "t.csv",
            gzip.compress(CONTENT),
            r"if, and only if, it is packed so, but it is packed as gz; call it t\.csv\.gz",
        ),
        ("t.csv", zipped("t.csv"), r"packed as zip; call it t\.csv\.zip"),
        ("t.csv.gz", CONTENT, r"but it is not; call it t\.csv, and correct the path"),
        ("t.csv.gz", gzip.compress(CONTENT)[:-9], r"must be a readable \.gz file, but unpacking it gave"),
        ("t.csv.zip", zipped("t.csv")[:-30], r"must be a readable \.zip file, but unpacking it gave"),
        ("t.csv.zip", zipped("a.csv", "b.csv"), r"must hold one table, but holds 2 files: 'a\.csv', 'b\.csv'"),
    ],
    ids=["gz unsaid", "zip unsaid", "no gz", "torn gz", "torn zip", "two files"],
)
def test_what_is_packed_otherwise_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """With the name that it should have, or what is wrong with it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_table(TableDataset(name="mine", path=str(tmp_path / name), label="label"))


@pytest.mark.parametrize(
    ("name", "content"), [("t.csv.gz", gzip.compress(CONTENT)), ("t.csv.zip", zipped("t.csv"))], ids=["gz", "zip"]
)
def test_nothing_unpacks_to_more_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    """A few kilobytes do not become gigabytes."""
    monkeypatch.setattr("privsearch.data.files.MAX_BYTES", 50)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="must have at most 50 bytes, but has"):
        load_table(TableDataset(name="mine", path=str(tmp_path / name), label="label"))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zip"])
def test_damage_in_what_is_packed_is_told(tmp_path: Path, name: str) -> None:
    """Wherever it is: the first bytes of the packed text cannot be unpacked."""
    packed = bytearray(gzip.compress(CONTENT, mtime=0) if name.endswith("gz") else zipped("t.csv"))
    start = 10 if name.endswith("gz") else 30 + len("t.csv")
    packed[start : start + 20] = b"\xff" * 20
    (tmp_path / name).write_bytes(packed)
    with pytest.raises(DataError, match=r"must be a readable \.(gz|zip) file, but unpacking it gave"):
        load_table(TableDataset(name="mine", path=str(tmp_path / name), label="label"))
