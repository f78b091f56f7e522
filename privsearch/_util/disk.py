"""Files on a disk that may be full, read-only or about to lose its power: written whole or not at all.

An error of the disk, in writing or in reading, becomes a `StudyError` with the reason and the remedy.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from privsearch._util.checksums import with_checksum
from privsearch.errors import StudyError

PART: Final = ".part"
"""The end of the name of a file that is being written; a killed process leaves such files."""

_AGAIN: Final = "then run the same command again: what is recorded is kept"
_REMEDIES: Final = (
    ({errno.ENOSPC, errno.EDQUOT, errno.EFBIG}, f"free space, or raise the quota, {_AGAIN}"),
    ({errno.EROFS, errno.EACCES, errno.EPERM}, "make it writable, or work on a copy of the study in another directory"),
    ({errno.EISDIR, errno.ENOTDIR, errno.EEXIST}, f"move away what stands there, {_AGAIN}"),
)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors into a `StudyError` while `path`, or a file below it, is written.

    Raises:
        StudyError: the system refuses; the message names the file, the reason and the remedy.
    """
    try:
        yield
    except OSError as error:
        remedy = next((text for codes, text in _REMEDIES if error.errno in codes), f"mend that, {_AGAIN}")
        raise StudyError(f"{path}: must be writable, but: {_reason(error, path)}; {remedy}") from error


@contextmanager
def made_if_missing(folder: Path) -> Iterator[None]:
    """Have a folder during this block: it is made with those above it, and made ones that stay empty are removed again.

    Raises:
        OSError: it cannot be made; nothing of it is left.
    """
    made: list[tuple[Path, int]] = []
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            with suppress(FileExistsError):  # another process was faster
                path.mkdir()
                made.append((path, path.stat().st_ino))
                sync_folder(path.parent)
        folder.mkdir(exist_ok=True)  # refuses what is no folder
        yield
    finally:
        with suppress(OSError):
            for path, inode in reversed(made):
                if path.lstat().st_ino == inode:  # not what somebody has put in its place
                    path.rmdir()


def check_writable(appended: Iterable[Path], replaced: Iterable[Path]) -> None:
    """Make sure that files can be written, as far as they are there, and leave them as they are.

    Args:
        appended: the files that lines will be appended to.
        replaced: the files that `replace_file` will write.

    Raises:
        StudyError: one of them cannot be written.
    """
    for path in appended:
        with writing(path), suppress(FileNotFoundError):
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    for path in replaced:
        with writing(path):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def file_in_the_way(path: Path) -> Path | None:
    """Return what is there at a path, or above it, and is no directory, so that none can be there; None if nothing is.

    Raises:
        OSError: the system refuses to show what is there.
    """
    there = next((step for step in (path, *path.parents) if os.path.lexists(step)), None)
    return None if there is None or there.is_dir() else there


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the system's errors into a `StudyError` while `path`, or a file below it, is read.

    Raises:
        StudyError: the system refuses; the message names the file, the reason and the remedy.
    """
    try:
        yield
    except OSError as error:
        reason = _reason(error, path)
        raise StudyError(f"{path}: must be readable, but: {reason}; mend that, or take a copy of the study") from error


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file so that every reader, even after a power loss, sees the old or the new content, whole.

    Raises:
        StudyError: the file cannot be written; the old content is as it was.
    """
    # A dotfile, which is known as ours if a killed process leaves it. A random name, so that no two writers share it.
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
    """Append a line to a file and wait until the disk has it; if that fails, the file is as it was.

    Args:
        file: a file that is open for reading and appending.
        line: a line without its line break.

    Raises:
        OSError: the system refuses.
    """
    status = os.fstat(file.fileno())
    if not status.st_nlink:
        raise FileNotFoundError(errno.ENOENT, "it was deleted or replaced while it was written")
    size = status.st_size
    # A killed process may have left half a line, which the new one must not follow.
    torn = size and os.pread(file.fileno(), 1, size - 1) != b"\n"
    content = (b"\n" if torn else b"") + line + b"\n"
    try:
        # A disk that fills up writes a part first, and refuses only the next call.
        while content:
            content = content[file.write(content) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise


class LineWriter:
    """A writer that appends lines of JSON to a file; each is on the disk, with a checksum, when `write` returns.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, guard: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        """Open the file at `path` for appending.

        Args:
            path: the file.
            guard: makes the context in which each line is written; it may refuse one.

        Raises:
            StudyError: the file cannot be written.
        """
        self.path = path
        self._guard = guard
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
        """Write a line, a JSON object without its line break, and wait until the disk has it.

        Raises:
            StudyError: the line cannot be written; the file is as it was.
        """
        with self._guard(), writing(self.path):
            append_line(self._file, with_checksum(line))


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in `folder`, so that a power loss does not lose a new file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some file systems refuse, and these do not need it.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError, path: Path) -> str:
    """Return the system's reason, with the name of its file if that is not `path`."""
    elsewhere = f" ({error.filename})" if error.filename and str(error.filename) != str(path) else ""
    return f"{error.strerror or error}{elsewhere}"


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a file changes: inode, size and time of change; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
