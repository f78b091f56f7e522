"""The record of a study: one line of JSON a finished trial, appended and synced before the trial counts.

The record is the truth. A trial that finished twice, or gained an attack, has several lines: they are read as one.
"""

import gc
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from privsearch.disk import PART, LineWriter, reading, sync_folder, writing
from privsearch.errors import StudyError
from privsearch.result import Completed, Replicate, TrialResult, parse_result

MAX_LINE_BYTES: Final = 1 << 28
"""A longer line is no result, and is never held in memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file.

    Attributes:
        number: from 1.
        start: where it begins in the file, in bytes.
        end: where the next one begins.
        content: with its line break; nothing where it is longer than `MAX_LINE_BYTES`.
    """

    number: int
    start: int
    end: int
    content: bytes

    def damaged(self, error: ValueError) -> "DamagedLine":
        """This line as one that cannot be read, with the likeliest cause of the `error` that reading it gave."""
        return DamagedLine(self.number, self.start, self.end, self._reason(error))

    def _reason(self, error: ValueError) -> str:
        if not self.content:
            return f"it is longer than {MAX_LINE_BYTES:,} bytes"
        if b"\0" in self.content:
            return "it holds NUL bytes, as a power loss leaves them"
        try:
            json.loads(self.content)
        except UnicodeDecodeError:
            return "it is no text in UTF-8"
        except (ValueError, RecursionError):
            torn = self.content.startswith(b"{") and not self.content.rstrip().endswith(b"}")
            return "it is unfinished, as a killed process leaves it" if torn else "it is no JSON"
        return f"it is JSON, but of another kind or version: {' '.join(str(error).split())[:200]}"


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that cannot be read, where it stands (see `Line`), and why not."""

    number: int
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class RepeatedLine:
    """A trial that had completed before it completed here.

    Attributes:
        number: of the later line, from 1.
        trial_id: of both.
        agrees: whether whatever both of them hold is equal, as it must be where both were trained alike.
    """

    number: int
    trial_id: str
    agrees: bool


@dataclass(frozen=True)
class Record:
    """What a record holds.

    Attributes:
        results: by trial_id, each trial's latest result; completed attacks are kept whatever came later.
        damaged: the lines that could not be read, such as one that a killed process left torn.
        repeated: the lines that add to, or repeat, what an earlier one holds.
    """

    results: dict[str, TrialResult] = field(default_factory=dict)
    damaged: tuple[DamagedLine, ...] = ()
    repeated: tuple[RepeatedLine, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether there are lines, but none can be read; a process that was killed leaves one torn line at most."""
        return len(self.damaged) > 1 and not self.results


class RecordWriter(LineWriter):
    """Appends results to a record; each is on the disk when `append` returns."""

    def append(self, result: TrialResult) -> None:
        """Write one result and wait until the disk has it.

        Raises:
            StudyError: it cannot be written; the record is as it was.
        """
        line = result.model_dump_json().encode()
        if len(line) >= MAX_LINE_BYTES:
            raise StudyError(
                f"{self.path}: a result must have fewer than {MAX_LINE_BYTES:,} bytes, but that of {result.trial_id} "
                f"has {len(line):,}; ask for fewer networks or attacks a trial"
            )
        self.write(line)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Make many objects that stay: Python would look through all of them for garbage, again and again.

    Reading 10,000 results takes five times as long when it does.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_record(path: Path, *, growing: bool = False) -> Record:
    """Read a record; a missing file is an empty record.

    Args:
        path: the record.
        growing: whether another process may be appending to it, so that an unfinished last line is no damage.

    Raises:
        StudyError: it is there, but is no file that can be read.
    """
    results: dict[str, TrialResult] = {}
    damaged, repeated = [], []
    with collector_paused():
        for line in lines_of(path):
            try:
                result = parse_result(line.content)
                earlier = results.get(result.trial_id)
                both = merged(earlier, result)
            except ValueError as error:
                if growing and line.content and not line.content.endswith(b"\n"):
                    continue
                damaged.append(line.damaged(error))
                continue
            if isinstance(earlier, Completed) and isinstance(result, Completed):
                repeated.append(RepeatedLine(line.number, result.trial_id, _agree(earlier, result)))
            results[result.trial_id] = both
    return Record(results, tuple(damaged), tuple(repeated))


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file, but for the empty ones; none where there is no such file.

    Raises:
        StudyError: it is there, but is no file that can be read.
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
    """Move lines out of a file to the end of another, `<name>.damaged`; every other byte stays as it is.

    Returns:
        The other file.

    Raises:
        StudyError: one of the two cannot be written; the lines are where they were.
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
            # Last: whatever ends this process before leaves a line in both files, and never in none.
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)
    return aside


def merged(earlier: TrialResult | None, later: TrialResult) -> TrialResult:
    """One result out of two of the same trial: a completed one counts more; attacks, and the time they took, add up.

    What was trained again under other versions, or on another processor, are other networks: the later result then
    stands alone, so that a trial never mixes the attacks on two trainings.

    Raises:
        ValueError: they have different numbers of replicates, and cannot be of the same trial.
    """
    if not isinstance(earlier, Completed):
        return later
    if not isinstance(later, Completed):
        return earlier
    attacks = {attack.name: attack for attack in (*earlier.spec.attacks, *later.spec.attacks)}
    replicates = tuple(
        Replicate(target=new.target, shadow=new.shadow, attacks={**old.attacks, **new.attacks})
        for old, new in zip(earlier.replicates, later.replicates, strict=True)
    )
    if not _trained_alike(earlier, later):
        return later
    replaced = {attack.name for attack in earlier.spec.attacks} <= {attack.name for attack in later.spec.attacks}
    spec = later.spec.model_copy(update={"attacks": tuple(attacks.values())})
    return later.model_copy(
        update={
            "spec": spec,
            "replicates": replicates,
            "across": {**earlier.across, **later.across},
            "refused": {**earlier.refused, **later.refused},
            "environments": tuple(dict.fromkeys((*(() if replaced else earlier.environments), *later.environments))),
            "seconds": earlier.seconds + later.seconds,
        }
    )


def _trained_alike(earlier: Completed, later: Completed) -> bool:
    return earlier.environments[0] == later.environments[0]


def _agree(earlier: Completed, later: Completed) -> bool:
    return not _trained_alike(earlier, later) or all(
        (old.target, old.shadow) == (new.target, new.shadow)
        and all(new.attacks[name] == found for name, found in old.attacks.items() if name in new.attacks)
        for old, new in zip(earlier.replicates, later.replicates, strict=True)
    )


def _copy(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Copy a part of a file, however long it is."""
    source.seek(start)
    while start < end:
        chunk = source.read(min(1 << 20, end - start))
        target.write(chunk)
        start += len(chunk)
