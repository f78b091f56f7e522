"""The files of a user's own data, unpacked as they are read."""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Final

from privsearch._util.npz import MAX_BYTES
from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError

_MAGIC: Final = {b"\x1f\x8b": "gz", b"PK\x03\x04": "zip"}
"""The first bytes of packed files."""

_DAMAGES: Final = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""What unpacking a damaged file may raise."""


def existing_file(given: str) -> Path:
    """Return the path of a file that is there.

    Raises:
        DataError: there is no file; the message names the nearest one beside it.
    """
    path = Path(given)
    siblings: list[str] = []
    try:
        if path.is_file():
            return path
        siblings = [sibling.name for sibling in path.parent.iterdir() if sibling.is_file()]
    except OSError:
        pass  # the message below is then without a suggestion
    raise DataError(
        f"{given}: the path must lead to a file, but there is none at {path.absolute()}. Correct the path."
        f"{did_you_mean(path.name, siblings)}"
    )


@contextmanager
def open_unpacked(path: Path) -> Iterator[BufferedIOBase]:
    """Open a file for reading; one that ends in .gz or .zip as what is packed in it.

    Raises:
        DataError: the file is damaged, is packed and does not end so, holds several files, or is too large. An
            OSError of a file that cannot be read is left to the caller.
    """
    with path.open("rb") as file:
        start = file.read(4)
        packed = _MAGIC.get(start) or _MAGIC.get(start[:2])
        file.seek(0)
        named = path.suffix.lower().removeprefix(".")
        if packed is None and named not in _MAGIC.values():
            _check_size(path, path.stat().st_size)
            yield file
            return
        if packed != named:
            is_packed = f"it is packed as {packed}; call it {path.name}.{packed}" if packed else "it is not"
            raise DataError(
                f"{path}: a file must end in .gz or .zip if, and only if, it is packed so, but {is_packed}"
                f"{'' if packed else f'; call it {path.stem}'}, and correct the path."
            )
        try:
            content = _gunzipped(file, path) if packed == "gz" else _unzipped(file, path)
        except DataError:
            raise
        except _DAMAGES as error:
            raise DataError(
                f"{path}: this must be a readable .{packed} file, but unpacking it gave: "
                f"{' '.join(str(error).split())}. Pack it again, or give the file unpacked."
            ) from error
    yield io.BytesIO(content)


def _gunzipped(file: BufferedIOBase, path: Path) -> bytes:
    with gzip.open(file) as unpacked:
        content = unpacked.read(MAX_BYTES + 1)
    _check_size(path, len(content))
    return content


def _unzipped(file: BufferedIOBase, path: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise DataError(
                f"{path}: a .zip file must hold one table, but holds {len(members)} files: "
                f"{listed(member.filename for member in members)}. Pack each by itself."
            )
        # zipfile unpacks no more than the size that it claims.
        _check_size(path, members[0].file_size)
        return archive.read(members[0])


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise DataError(f"{path}: a table must have at most {MAX_BYTES:,} bytes, but has {size:,}. Take fewer rows.")
