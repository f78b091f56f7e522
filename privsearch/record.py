"""The record of a study: one line of JSON a finished trial, appended and synced before the trial counts.

The record is the truth. A trial that finished twice, or gained an attack, has several lines: they are read as one.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from privsearch.result import Completed, Replicate, TrialResult, parse_result


@dataclass(frozen=True)
class Record:
    """What a record holds.

    Attributes:
        results: by trial_id, each trial's latest result; completed attacks are kept whatever came later.
        damaged: the numbers, from 1, of the lines that could not be read, such as one that a killed process left torn.
    """

    results: dict[str, TrialResult] = field(default_factory=dict)
    damaged: tuple[int, ...] = ()


class RecordWriter:
    """Appends results to a record; each is on the disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Open the record at `path` for appending, past whatever a killed process left torn."""
        self._file = path.open("ab", buffering=0)
        if self._file.tell() and not _ends_with_newline(path):
            self._file.write(b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, result: TrialResult) -> None:
        """Write one result and wait until the disk has it."""
        self._file.write(result.model_dump_json().encode() + b"\n")
        os.fsync(self._file.fileno())


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


def read_record(path: Path) -> Record:
    """Read a record; a missing file is an empty record."""
    if not path.is_file():
        return Record()
    results: dict[str, TrialResult] = {}
    damaged = []
    with path.open("rb") as lines, collector_paused():
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                result = parse_result(line)
            except ValidationError:
                damaged.append(number)
            else:
                results[result.trial_id] = merged(results.get(result.trial_id), result)
    return Record(results, tuple(damaged))


def merged(earlier: TrialResult | None, later: TrialResult) -> TrialResult:
    """One result out of two of the same trial: a completed one counts more; attacks, and the time they took, add up."""
    if not isinstance(earlier, Completed):
        return later
    if not isinstance(later, Completed):
        return earlier
    attacks = {attack.name: attack for attack in (*earlier.spec.attacks, *later.spec.attacks)}
    replicates = tuple(
        Replicate(target=new.target, shadow=new.shadow, attacks={**old.attacks, **new.attacks})
        for old, new in zip(earlier.replicates, later.replicates, strict=True)
    )
    spec = later.spec.model_copy(update={"attacks": tuple(attacks.values())})
    return later.model_copy(
        update={
            "spec": spec,
            "replicates": replicates,
            "across": {**earlier.across, **later.across},
            "refused": {**earlier.refused, **later.refused},
            "seconds": earlier.seconds + later.seconds,
        }
    )


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
