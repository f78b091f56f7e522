"""Files that grow by lines: read line by line, with damaged lines moved out of them."""

import gc
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pydantic_core import ValidationError

from privsearch._util.checksums import ChangedLineError, without_checksum
from privsearch._util.disk import PART, reading, sync_folder, writing
from privsearch._util.text import cut

MAX_LINE_BYTES: Final = 1 << 28
"""The most bytes of a line: a longer line is no result, and is never held in memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file.

    Attributes:
        number: the line's number, from 1.
        start: the offset of the line in the file, in bytes.
        end: the offset of the next line.
        content: the line with its line break; empty if it is longer than `MAX_LINE_BYTES`.
    """

    number: int
    start: int
    end: int
    content: bytes

    @property
    def unchanged(self) -> bytes:
        """The content without its checksum, if it has one.

        Raises:
            ChangedLineError: it was changed after it was written.
        """
        return without_checksum(self.content)

    def damaged(self, error: ValueError) -> "DamagedLine":
        """Return this line as a damaged line, with the likeliest cause of the `error` from reading it."""
        is_changed = isinstance(error, ChangedLineError)
        return DamagedLine(self.number, self.start, self.end, self._reason(error), is_changed)

    def _reason(self, error: ValueError) -> str:
        if not self.content:
            return f"it is longer than {MAX_LINE_BYTES:,} bytes"
        if b"\0" in self.content:
            return "it holds NUL bytes, as a power loss leaves them"
        if isinstance(error, ChangedLineError):
            return str(error)
        try:
            json.loads(self.content)
        except UnicodeDecodeError:
            return "it is no text in UTF-8"
        except (ValueError, RecursionError):
            torn = self.content.startswith(b"{") and not self.content.rstrip().endswith(b"}")
            return "it is unfinished, as a killed process leaves it" if torn else "it is no JSON"
        return f"it is JSON, but changed, or of another kind or version: {_fault(error)}"


def _fault(error: ValueError) -> str:
    """Return the first fault that a validator has found, with its place and the value there."""
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())[:200]
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(step)[:40] for step in fault["loc"])
    return f"{place[:120]}: {' '.join(fault['msg'].split())[:160]}, but got {cut(fault['input'])}"


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that cannot be read, with its place (see `Line`), the reason, and whether it was changed."""

    number: int
    start: int
    end: int
    reason: str
    is_changed: bool = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector while many objects are made that stay.

    It would look through all of them again and again: reading 10,000 results would take five times as long.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def lines_of(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are not empty; none if there is no such file.

    Raises:
        StudyError: the path is not that of a readable file.
    """
    number = end = 0
    with reading(path), suppress(FileNotFoundError, NotADirectoryError), path.open("rb") as file:
        while content := file.readline(MAX_LINE_BYTES):
            number, start, end, rest = number + 1, end, end + len(content), content
            while len(rest) == MAX_LINE_BYTES and not rest.endswith(b"\n"):
                rest = file.readline(MAX_LINE_BYTES)
                end += len(rest)
            if content.strip():
                yield Line(number, start, end, content if end - start <= MAX_LINE_BYTES else b"")


def set_lines_aside(path: Path, damaged: Sequence[DamagedLine]) -> Path:
    """Move lines out of a file to the end of a second file, `<name>.damaged`; all other bytes stay as they are.

    Returns:
        The path of the second file.

    Raises:
        StudyError: one of the two files cannot be written; the first is as it was.
    """
    aside = path.with_suffix(".damaged")
    part = path.with_name(f".{path.name}{PART}")
    with writing(path):
        try:
            with path.open("rb") as source:
                with part.open("wb") as healthy:
                    starts = [0, *(line.end for line in damaged)]
                    ends = [*(line.start for line in damaged), path.stat().st_size]
                    for start, end in zip(starts, ends, strict=True):
                        _copy(source, healthy, start, end)
                    healthy.flush()
                    os.fsync(healthy.fileno())
                with aside.open("ab") as taken:
                    for line in damaged:
                        _copy(source, taken, line.start, line.end)
                    source.seek(-1, os.SEEK_CUR)
                    if source.read(1) != b"\n":
                        taken.write(b"\n")
                    taken.flush()
                    os.fsync(taken.fileno())
                sync_folder(path.parent)
            # Last, so that a process that ends early leaves a line in both files, and never in neither.
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)
    return aside


def _copy(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Copy a part of a file in chunks, since it may be larger than the memory."""
    source.seek(start)
    while start < end:
        chunk = source.read(min(1 << 20, end - start))
        target.write(chunk)
        start += len(chunk)
