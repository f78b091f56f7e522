"""Writing to a disk that may be full, read-only or about to lose its power: whole or not at all, and told in words.

So is what cannot be read.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from privsearch.errors import StudyError

PART: Final = ".part"
"""How the name of a file ends that is being written; a killed process leaves it."""

_AGAIN: Final = "then run the same command again: what is recorded is kept"
_REMEDIES: Final = (
    ({errno.ENOSPC, errno.EDQUOT, errno.EFBIG}, f"free space, or raise the quota, {_AGAIN}"),
    ({errno.EROFS, errno.EACCES, errno.EPERM}, "make it writable, or work on a copy of the study in another directory"),
    ({errno.EISDIR, errno.ENOTDIR, errno.EEXIST}, f"move away what stands there, {_AGAIN}"),
)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Write `path`, or files below it.

    Raises:
        StudyError: the system refuses; the message says where, why, and what to do.
    """
    try:
        yield
    except OSError as error:
        remedy = next((text for codes, text in _REMEDIES if error.errno in codes), f"mend that, {_AGAIN}")
        raise StudyError(f"{path}: must be writable, but: {_reason(error, path)}; {remedy}") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read `path`, or what is below it.

    Raises:
        StudyError: the system refuses; the message says where, why, and what to do.
    """
    try:
        yield
    except OSError as error:
        reason = _reason(error, path)
        raise StudyError(f"{path}: must be readable, but: {reason}; mend that, or take a copy of the study") from error


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, and whoever comes after a power loss, sees the old one or the new one, whole.

    Raises:
        StudyError: it cannot be written; the old one is as it was.
    """
    # A dotfile, so that what a killed process leaves of it is no stranger's file; its own, so that no two writers meet.
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    with writing(path):
        try:
            with part.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def append_line(file: FileIO, line: bytes) -> None:
    """Write a line behind the others and wait until the disk has it; where that fails, the file is as it was.

    Args:
        file: open for reading and appending.
        line: without its line break.

    Raises:
        OSError: the system refuses.
    """
    size = os.fstat(file.fileno()).st_size
    # It cannot follow what a killed process left torn.
    torn = size and os.pread(file.fileno(), 1, size - 1) != b"\n"
    content = (b"\n" if torn else b"") + line + b"\n"
    try:
        # A disk that fills up takes a part first, and refuses only the next.
        while content:
            content = content[file.write(content) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise


class LineWriter:
    """Appends lines to a file; each is on the disk when `write` returns.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file at `path` for appending.

        Raises:
            StudyError: it cannot be written.
        """
        self.path = path
        with writing(path):
            self._file = FileIO(path, "a+")
            sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, line: bytes) -> None:
        """Write a line, without its line break, and wait until the disk has it.

        Raises:
            StudyError: it cannot be written; the file is as it was.
        """
        with writing(self.path):
            append_line(self._file, line)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in `folder`: without, a power loss takes a new file along."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Not every file system can, and those that cannot need not.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError, path: Path) -> str:
    """What the system says, with the file that it speaks of where that is not `path`."""
    elsewhere = f" ({error.filename})" if error.filename and str(error.filename) != str(path) else ""
    return f"{error.strerror or error}{elsewhere}"


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a file changes: inode, size and time of change; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
