import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_input import bomb
from hypothesis import given
from hypothesis import strategies as st

from privsearch._util.npz import NpzError, open_npz, read_array


def header(shape: tuple[int, ...], dtype: str) -> bytes:
    """The beginning of an array's file, which says whatever it likes."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def archive(content: bytes, kind: int = zipfile.ZIP_STORED) -> io.BytesIO:
    """An archive with one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr("x.npy", content)
    return buffer


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    """What a pickled object would do when it is made is not done."""
    buffer = io.BytesIO()
    np.savez(buffer, x=np.array([Touching(tmp_path / "made")] * 3, dtype=object))
    with open_npz(buffer) as file, pytest.raises(NpzError):
        read_array(file, "x.npy")
    assert not (tmp_path / "made").exists()


def test_an_archive_that_unpacks_to_too_much_is_not_opened() -> None:
    """A few bytes that claim to be gigabytes are refused with both numbers, before any is unpacked."""
    with pytest.raises(NpzError, match="at most 4,294,967,296 bytes, but claims 8,589,934,588"):
        open_npz(io.BytesIO(bomb()))


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((10**12,), "<f8", "the bytes that it claims, 8,000,000,000,000, but has"),
        ((2**62, 2**62), "<f8", "the bytes that it claims"),
        ((10,), "<U500000000", "the bytes that it claims, 20,000,000,000"),
        ((0,), "<f8", "it must end with its last value"),
        ((-1, 5), "<f8", "negative"),
        ((True, 3), "<f8", "integer"),
        ((10**12,), "<U0", "the bytes that it claims, 1,000,000,000,000"),
    ],
)
def test_a_claim_is_checked_before_memory_is_taken(shape: tuple[int, ...], dtype: str, message: str) -> None:
    """An array is as large as its file, whatever it says."""
    with open_npz(archive(header(shape, dtype) + bytes(240))) as file, pytest.raises(NpzError, match=message):
        read_array(file, "x.npy")


@given(content=st.binary(max_size=300), nested=st.sampled_from([b"(", b"[", b"{", b"'", b"\\", b"-", b"9"]))
def test_no_header_gets_another_error(content: bytes, nested: bytes) -> None:
    """Numpy reads headers as Python; whatever that raises of a hostile one comes out as the same error."""
    hostile = b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + (content + nested * 9000)[:9000]
    with open_npz(archive(hostile)) as file, pytest.raises(NpzError):
        read_array(file, "x.npy")


@given(at=st.integers(0, 400), byte=st.integers(0, 255), kind=st.sampled_from([8, 12, 14]))
def test_no_damage_gets_another_error(at: int, byte: int, kind: int) -> None:
    """Whichever byte of an archive is another, the array is read, or refused."""
    buffer = io.BytesIO()
    np.save(buffer, np.arange(5.0))
    content = bytearray(archive(buffer.getvalue(), kind).getvalue())
    content[at % len(content)] = byte
    try:
        with open_npz(io.BytesIO(content)) as file:
            found = [read_array(file, name).tolist() for name in file.namelist()]
    except NpzError:
        found = []
    assert found in ([], [[0, 1, 2, 3, 4]])
