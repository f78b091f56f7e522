import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch._util.checksums import CHECKSUM_BYTES, ChangedLineError, with_checksum, without_checksum

LINE = b'{"status":"completed","auc":0.625,"of":{"n":3}}'


def test_a_line_comes_back_as_it_was() -> None:
    """It stays JSON, whatever ends its line, and has grown by what is told."""
    sealed = with_checksum(LINE)
    assert len(sealed) == len(LINE) + CHECKSUM_BYTES
    assert json.loads(sealed).items() > json.loads(LINE).items()
    for end in (b"", b"\n", b"\r\n"):
        assert without_checksum(sealed + end) == LINE


@given(place=st.integers(0, len(LINE) - 2), byte=st.integers(0, 255))
def test_whatever_byte_is_changed_is_noticed(place: int, byte: int) -> None:
    """A digit as well as a blank."""
    sealed = bytearray(with_checksum(LINE))
    changed = sealed[place] != byte
    sealed[place] = byte
    if changed:
        with pytest.raises(ChangedLineError, match="it was changed after it was written"):
            without_checksum(bytes(sealed))
    else:
        assert without_checksum(bytes(sealed)) == LINE


def test_a_line_that_was_written_anew_is_noticed() -> None:
    """By a program that reads and writes JSON and knows nothing of the checksum."""
    said = json.loads(with_checksum(LINE))
    with pytest.raises(ChangedLineError):
        without_checksum(json.dumps(said).encode())


@pytest.mark.parametrize("line", [LINE, b"", b"garbage", b'{"checksum":1}', with_checksum(LINE)[:-5]])
def test_a_line_without_a_checksum_is_as_it_is(line: bytes) -> None:
    """One of an earlier version, and one that is torn."""
    assert without_checksum(line) == line
