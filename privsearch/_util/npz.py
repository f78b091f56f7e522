"""NPZ archives, even from strangers: the claimed sizes are checked before reading, and nothing is unpickled.

Torch's files are such archives, too, without compression.
"""

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from jaxtyping import Shaped

MAX_BYTES: Final = 4 * 2**30
"""The most bytes that an archive may unpack to: a few megabytes can unpack to more than any memory."""

_HEADER_BYTES: Final = 128
"""The size of the header that numpy writes before an array of a few axes."""


class NpzError(ValueError):
    """The error of an archive, or of an array in it, that cannot be read; the message says why."""


def open_npz(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open an archive, unless it unpacks to more than `MAX_BYTES`.

    Raises:
        NpzError: the file is no archive, cannot be read, or unpacks to too much.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise NpzError(str(error)) from error
    # zipfile unpacks no more than these sizes, even if the file holds more.
    claimed = sum(member.file_size for member in archive.infolist())
    if claimed > MAX_BYTES:
        archive.close()
        raise NpzError(f"it must unpack to at most {MAX_BYTES:,} bytes, but claims {claimed:,}")
    return archive


def check_stored(content: bytes) -> None:
    """Refuse an archive with a wrong checksum or with compression, for readers that compare no checksums, as torch.

    Raises:
        NpzError: the archive is damaged, or compressed, in which case it might unpack to any size.
    """
    with open_npz(io.BytesIO(content)) as archive:
        if any(member.compress_type for member in archive.infolist()):
            raise NpzError("it is compressed, as torch never writes it")
        if broken := archive.testzip():
            raise NpzError(f"Bad CRC-32 for {broken!r}")


def pack_npz(arrays: Mapping[str, Any]) -> bytes:
    """Return an archive of arrays.

    Raises:
        NpzError: `open_npz` would refuse the archive.
    """
    unpacked = sum(np.asarray(array).nbytes + _HEADER_BYTES for array in arrays.values())
    if unpacked > MAX_BYTES:
        raise NpzError(f"it must unpack to at most {MAX_BYTES:,} bytes, but would to {unpacked:,}")
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read_array(archive: zipfile.ZipFile, member: str) -> Shaped[np.ndarray, "..."]:
    """Read one array to its end, so that its checksum is compared.

    Raises:
        NpzError: the array is damaged, holds Python objects, or claims to be larger than it is.
    """
    try:
        with archive.open(member) as file:
            claimed, size = claimed_bytes(file), archive.getinfo(member).file_size
        if claimed > size:
            raise NpzError(f"it must have the bytes that it claims, {claimed:,}, but has {size:,}")
        with archive.open(member) as file:
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):
                raise NpzError(f"it must end with its last value, but has {size:,} bytes and claims {claimed:,}")
            return array
    except NpzError:
        raise
    # numpy evaluates the header as Python, so a hostile header may raise any error of its tokenizer, parser or dtypes.
    except Exception as error:
        raise NpzError(" ".join(str(error).split()) or type(error).__name__) from error


def claimed_bytes(file: IO[bytes]) -> int:
    """Return the size that an array's header claims, with 1 byte for an empty text, since labels take memory later."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return math.prod(shape) * max(dtype.itemsize, 1)
