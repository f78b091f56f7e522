"""NPZ archives, of strangers too: what one claims to hold is checked before it is read, and nothing is unpickled."""

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from jaxtyping import Shaped

MAX_BYTES: Final = 4 * 2**30
"""Data beyond this are refused: a file of a few megabytes may unpack to more than any memory."""

_HEADER_BYTES: Final = 128
"""What numpy writes before an array of a few axes."""


class NpzError(ValueError):
    """An archive, or an array in it, cannot be read; the message says why."""


def open_npz(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open an archive, unless it unpacks to more than `MAX_BYTES`.

    Raises:
        NpzError: it is none, cannot be read, or is too large.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise NpzError(str(error)) from error
    # No more than this is ever unpacked, whatever the file holds.
    claimed = sum(member.file_size for member in archive.infolist())
    if claimed > MAX_BYTES:
        archive.close()
        raise NpzError(f"it must unpack to at most {MAX_BYTES:,} bytes, but claims {claimed:,}")
    return archive


def pack_npz(arrays: Mapping[str, Any]) -> bytes:
    """An archive of arrays.

    Raises:
        NpzError: `open_npz` would refuse it.
    """
    unpacked = sum(np.asarray(array).nbytes + _HEADER_BYTES for array in arrays.values())
    if unpacked > MAX_BYTES:
        raise NpzError(f"it must unpack to at most {MAX_BYTES:,} bytes, but would to {unpacked:,}")
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read_array(archive: zipfile.ZipFile, member: str) -> Shaped[np.ndarray, "..."]:
    """Read one array whole, so that its checksum is compared.

    Raises:
        NpzError: it is damaged, holds Python objects, or claims to be larger than it is.
    """
    try:
        with archive.open(member) as file:
            claimed, size = _claimed_bytes(file), archive.getinfo(member).file_size
        if claimed > size:
            raise NpzError(f"it must have the bytes that it claims, {claimed:,}, but has {size:,}")
        with archive.open(member) as file:
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):
                raise NpzError(f"it must end with its last value, but has {size:,} bytes and claims {claimed:,}")
            return array
    except NpzError:
        raise
    # numpy evaluates the header as Python: a hostile one ends in whatever its tokenizer, parser or dtypes raise.
    except Exception as error:
        raise NpzError(" ".join(str(error).split()) or type(error).__name__) from error


def _claimed_bytes(file: IO[bytes]) -> int:
    """The size that an array's header speaks of, where empty texts count as well: labels, say, take memory later."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return math.prod(shape) * max(dtype.itemsize, 1)
