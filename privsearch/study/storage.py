"""Folders of files, on this machine's disks or on any file system that pyarrow and fsspec know: S3, GCS, HDFS, SFTP.

A reader of a file sees all of it or nothing. Any error of a file system becomes a `StudyError`.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from privsearch._util.disk import PART, made_if_missing, replace_file
from privsearch.errors import StudyError
from privsearch.spec.storage import folder_in

if TYPE_CHECKING:
    from datetime import datetime

    from pyarrow.fs import FileSystem

OBJECT_STORES: Final = ("s3", "gs", "gcs", "abfs", "abfss")
"""The schemes of stores in which a file appears only when pyarrow has written all of it."""

PYARROW_SCHEMES: Final = (*OBJECT_STORES, "hdfs", "viewfs")


class Folder(Protocol):
    """A folder of files by name, which is made when the first file is written."""

    def names(self) -> set[str]:
        """Return the names of the files, with those that are being written."""

    def age(self, name: str) -> float:
        """Return the seconds since a file was last written to; 0 if they are not known."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is no such file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of any other of its name."""

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one, and return its new path or URI."""

    def remove(self, name: str) -> None:
        """Remove a file."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder on a disk, or on a network file system that is mounted as one.

    Attributes:
        path: the folder.
        with_parents: True if the folders above it may be made as well.
    """

    path: Path
    with_parents: bool = True

    def names(self) -> set[str]:
        """Return the names of the files; none if there is no folder."""
        with _reaching(self.path), suppress(FileNotFoundError), os.scandir(self.path) as entries:
            return {entry.name for entry in entries if entry.is_file()}
        return set()

    def age(self, name: str) -> float:
        """Return the seconds since a file was last written to; 0 if it is gone."""
        with _reaching(self.path), suppress(FileNotFoundError):
            return max(0.0, time.time() - (self.path / name).stat().st_mtime)  # a clock may have gone backwards
        return 0.0

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is no such file."""
        with _reaching(self.path), suppress(FileNotFoundError):
            return (self.path / name).read_bytes()
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, and wait until the disk has it."""
        with _reaching(self.path):
            self.path.mkdir(parents=self.with_parents, exist_ok=True)
        replace_file(self.path / name, content)

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one, and return its new path."""
        with _reaching(self.path):
            (self.path / below).mkdir(exist_ok=True)
            return str((self.path / name).replace(self.path / below / name))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _reaching(self.path):
            (self.path / name).unlink()


@dataclass(frozen=True)
class RemoteFolder:
    """A folder by its URI, whose file system is opened at its first use, once in a process.

    The URI holds the file system's options, such as `?endpoint_override=host:port`. Credentials come from the usual
    places, such as AWS_PROFILE. pyarrow repeats a request that fails.
    """

    uri: str

    def names(self) -> set[str]:
        """Return the names of the files; none if there is no folder."""
        from pyarrow.fs import FileSelector

        with self._opened() as (system, base):
            infos = system.get_file_info(FileSelector(base, allow_not_found=True))
        return {info.base_name for info in infos if info.is_file}

    def age(self, name: str) -> float:
        """Return the seconds since a file was last written to; 0 if it is gone, or if the time is not known."""
        with self._opened() as (system, base):
            written: datetime | None = system.get_file_info(f"{base}/{name}").mtime
        return max(0.0, time.time() - written.timestamp()) if written else 0.0

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is no such file."""
        with (
            self._opened() as (system, base),
            suppress(FileNotFoundError),
            system.open_input_stream(f"{base}/{name}", compression=None) as stream,
        ):
            return bytes(stream.read())
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        with self._opened() as (system, base):
            if _scheme(self.uri) in OBJECT_STORES:
                _put(system, f"{base}/{name}", content)
                return
            system.create_dir(base, recursive=True)
            # A dotfile with a random name, as on a disk, so that no two hosts or processes write the same file.
            part = f"{base}/.{name}.{secrets.token_hex(4)}{PART}"
            try:
                _put(system, part, content)
                system.move(part, f"{base}/{name}")
            except BaseException:
                with suppress(Exception):  # the first error is the one to report
                    system.delete_file(part)
                raise

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one, and return its new URI."""
        with self._opened() as (system, base):
            if _scheme(self.uri) not in OBJECT_STORES:
                system.create_dir(f"{base}/{below}", recursive=True)
            system.move(f"{base}/{name}", f"{base}/{below}/{name}")
        return str(folder_in(self.uri, below, name))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._opened() as (system, base):
            system.delete_file(f"{base}/{name}")

    @contextmanager
    def _opened(self) -> "Iterator[tuple[FileSystem, str]]":
        """Open the file system, and yield it with the path on it."""
        with _reaching(self.uri):
            yield _open(self.uri, os.getpid())


def open_folder(where: Path | str, *, in_study: bool = False) -> Folder:
    """Return the folder at a path, or at a URI, without any access to it; a study around it is never made."""
    return LocalFolder(where, with_parents=not in_study) if isinstance(where, Path) else RemoteFolder(where)


def probe(folder: Folder) -> None:
    """Write a small file, read it back, and remove it; folders on a disk that this makes are removed as well.

    Raises:
        StudyError: the folder cannot be reached or written.
    """
    name = f".probe.{secrets.token_hex(4)}{PART}"
    with ExitStack() as stack:
        if isinstance(folder, LocalFolder):
            with _reaching(folder.path):
                stack.enter_context(made_if_missing(folder.path))
        folder.write(name, b"probe")
        folder.read(name)
        with suppress(StudyError):  # the right to write may come without the right to remove
            folder.remove(name)


@cache
def _open(uri: str, process: int) -> "tuple[FileSystem, str]":  # noqa: ARG001  # a fork must not share a connection
    """Return the file system of a URI, and the path on it."""
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    if _scheme(uri) in PYARROW_SCHEMES:
        system, path = FileSystem.from_uri(uri)
        return system, path
    from fsspec.core import url_to_fs

    foreign, path = url_to_fs(uri)
    return PyFileSystem(FSSpecHandler(foreign)), path


def _scheme(uri: str) -> str:
    return uri.partition("://")[0]


def _put(system: "FileSystem", path: str, content: bytes) -> None:
    with system.open_output_stream(path, compression=None) as stream:
        stream.write(content)


@contextmanager
def _reaching(folder: Path | str) -> Iterator[None]:
    """Turn any error of a file system into a `StudyError` with the remedy."""
    try:
        yield
    except Exception as error:  # the file systems of other packages raise errors of their own
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        raise StudyError(
            f"{folder}: what is kept must lie where files can be written and read, but: {' '.join(reason.split())}; "
            "mend that, or name another place with --storage"
        ) from error
