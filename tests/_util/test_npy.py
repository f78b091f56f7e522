import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch._util.npy import read_npy
from privsearch._util.npz import NpzError


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def npy(array: np.ndarray) -> bytes:
    """An array's file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("mapped_from", [0, 10**6])
@pytest.mark.parametrize("array", [np.arange(12.0).reshape(3, 4), np.asfortranarray(np.eye(5)), np.array(["a", "bc"])])
def test_what_was_written_is_read(tmp_path: Path, array: np.ndarray, mapped_from: int) -> None:
    """Whatever the order in memory, mapped or not; a write reaches no file."""
    np.save(tmp_path / "x.npy", array)
    content = (tmp_path / "x.npy").read_bytes()
    read = read_npy(tmp_path / "x.npy", mapped_from=mapped_from)
    np.testing.assert_array_equal(read, array, strict=True)
    assert isinstance(read, np.memmap) == (mapped_from == 0)
    read[0] = read[1]
    assert (tmp_path / "x.npy").read_bytes() == content


@pytest.mark.parametrize("mapped_from", [0, 10**6])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "."),
        (b"x,y\n1,2\n", "magic string"),
        (npy(np.eye(3))[:-1], "the bytes that it claims, 72, but has 71"),
        (npy(np.eye(3)) + b"x", "the bytes that it claims, 72, but has 73"),
        (npy(np.eye(3)).replace(b"(3, 3)", b"(3,1e9)"), "."),
        (npy(np.eye(3)).replace(b"(3, 3), }      ", b"(10**12, 3), }"), "."),
        (npy(np.eye(3)).replace(b"<f8", b"|O8"), "."),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, message: str, mapped_from: int) -> None:
    """One kind of error, whatever is wrong, before any memory is taken."""
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(NpzError, match=message):
        read_npy(tmp_path / "x.npy", mapped_from=mapped_from)


@pytest.mark.parametrize("mapped_from", [0, 10**6])
def test_objects_are_not_unpickled(tmp_path: Path, mapped_from: int) -> None:
    """What a pickled object would do when it is made is not done."""
    np.save(tmp_path / "x.npy", np.array([Touching(tmp_path / "made")] * 3, dtype=object))
    with pytest.raises(NpzError):
        read_npy(tmp_path / "x.npy", mapped_from=mapped_from)
    assert not (tmp_path / "made").exists()


def test_a_file_of_more_than_may_be_read(tmp_path: Path) -> None:
    """Its size is told, and none of it is read."""
    with (tmp_path / "x.npy").open("wb") as file:
        file.write(npy(np.eye(3)))
        file.truncate(2**33)
    with pytest.raises(NpzError, match="at most 4,294,967,296 bytes, but has 8,589,934,592"):
        read_npy(tmp_path / "x.npy", mapped_from=0)
