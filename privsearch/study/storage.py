"""Folders of files, on this machine's disks or on any file system that pyarrow and fsspec know: S3, GCS, HDFS, SFTP.

A reader of a file sees all of it or nothing. What keeps a folder from being read or written is a `StudyError`.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from privsearch._util.disk import PART, replace_file
from privsearch.errors import StudyError
from privsearch.spec.storage import folder_in

if TYPE_CHECKING:
    from datetime import datetime

    from pyarrow.fs import FileSystem

OBJECT_STORES: Final = ("s3", "gs", "gcs", "abfs", "abfss")
"""Where pyarrow's file appears when it is whole, and no sooner."""

PYARROW_SCHEMES: Final = (*OBJECT_STORES, "hdfs", "viewfs")


class Folder(Protocol):
    """Files by their names. The folder is made when the first one is written."""

    def names(self) -> set[str]:
        """The files that are there, those that are being written included."""

    def age(self, name: str) -> float:
        """The seconds since a file was last written to; 0 where nobody knows."""

    def read(self, name: str) -> bytes | None:
        """What is in a file; None where there is no such file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, over another of its name."""

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one; returns where it is then."""

    def remove(self, name: str) -> None:
        """Remove a file."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder on a disk, or on a network file system that is mounted as one."""

    path: Path

    def names(self) -> set[str]:
        """The files that are there; none where there is no folder."""
        with _reaching(self.path), suppress(FileNotFoundError), os.scandir(self.path) as entries:
            return {entry.name for entry in entries if entry.is_file()}
        return set()

    def age(self, name: str) -> float:
        """The seconds since a file was last written to; 0 where it is gone."""
        with _reaching(self.path), suppress(FileNotFoundError):
            return time.time() - (self.path / name).stat().st_mtime
        return 0.0

    def read(self, name: str) -> bytes | None:
        """What is in a file; None where there is no such file."""
        with _reaching(self.path), suppress(FileNotFoundError):
            return (self.path / name).read_bytes()
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, and wait until the disk has it."""
        with _reaching(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        replace_file(self.path / name, content)

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one."""
        with _reaching(self.path):
            (self.path / below).mkdir(exist_ok=True)
            return str((self.path / name).replace(self.path / below / name))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _reaching(self.path):
            (self.path / name).unlink()


@dataclass(frozen=True)
class RemoteFolder:
    """A folder by its URI. Its file system is opened where it is used first, once in a process.

    What a file system must know comes from the URI, such as `?endpoint_override=host:port`; credentials come from where
    its other programs find them, such as AWS_PROFILE. A request that fails is tried again by pyarrow.
    """

    uri: str

    def names(self) -> set[str]:
        """The files that are there; none where there is no folder."""
        from pyarrow.fs import FileSelector

        with self._opened() as (system, base):
            there = system.get_file_info(FileSelector(base, allow_not_found=True))
        return {info.base_name for info in there if info.is_file}

    def age(self, name: str) -> float:
        """The seconds since a file was last written to; 0 where it is gone, or where the file system does not say."""
        with self._opened() as (system, base):
            written: datetime | None = system.get_file_info(f"{base}/{name}").mtime
        return time.time() - written.timestamp() if written else 0.0

    def read(self, name: str) -> bytes | None:
        """What is in a file; None where there is no such file."""
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
            # As a dotfile of its own, as on a disk: whatever other hosts and processes are writing.
            part = f"{base}/.{name}.{secrets.token_hex(4)}{PART}"
            try:
                _put(system, part, content)
                system.move(part, f"{base}/{name}")
            except BaseException:
                with suppress(Exception):  # what went wrong first is what counts
                    system.delete_file(part)
                raise

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one."""
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
        """The file system, and the path on it."""
        with _reaching(self.uri):
            yield _open(self.uri, os.getpid())


def open_folder(where: Path | str) -> Folder:
    """The folder at a path, or at a URI; nothing is reached yet."""
    return LocalFolder(where) if isinstance(where, Path) else RemoteFolder(where)


def probe(folder: Folder) -> None:
    """Write a small file, read it back, and remove it.

    Raises:
        StudyError: the folder cannot be reached, or is not there for writing.
    """
    name = f".probe.{secrets.token_hex(4)}{PART}"
    folder.write(name, b"probe")
    folder.read(name)
    with suppress(StudyError):  # who may write need not be allowed to remove
        folder.remove(name)


@cache
def _open(uri: str, process: int) -> "tuple[FileSystem, str]":  # noqa: ARG001  # a fork must not share a connection
    """The file system that a URI names, and the path on it."""
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
    """Turn whatever a file system raises into an error that says what to do."""
    try:
        yield
    except Exception as error:  # the file systems of other packages raise errors of their own
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        raise StudyError(
            f"{folder}: what is kept must lie where files can be written and read, but: {' '.join(reason.split())}; "
            "mend that, or name another place with --storage"
        ) from error
