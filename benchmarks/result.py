"""The result of one row, kept as one line of JSON: raw times, and the numbers that follow from them."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.worker import Timing


@dataclass(frozen=True)
class Result:
    """A result of one row, measured once.

    Attributes:
        row: the row's name.
        what: the computation, as the table describes it.
        peer: the library on the other side, with versions; empty for a bound.
        target: the ratio to reach, or the bound to stay below.
        unit: 'x' for a ratio, 's' or 'share' for a bound.
        quick: True if the row was measured with `--quick`.
        environment: the time, machine, commit and versions.
        warm_up: the rounds that do not count, ours and theirs in turns: code is compiled in them.
        timings: all further rounds of each side, in pairs that were measured one after the other.
        values: the number of each round: a ratio, seconds, or a share.
        agrees: True if both sides computed the same thing; None for a bound.
        agreement: the comparison of both sides in words.
        failure: the reason why nothing was measured; empty if the row was measured.
    """

    row: str
    what: str
    peer: str
    target: float
    unit: str
    quick: bool
    environment: dict[str, Any]
    warm_up: tuple[Timing, ...] = ()
    timings: tuple[tuple[Timing, ...], ...] = ()
    values: tuple[float, ...] = ()
    agrees: bool | None = None
    agreement: str = ""
    failure: str = ""

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool:
        """True if the median reaches the target, or stays below the bound, and both sides agree."""
        if not self.values or self.agrees is False:
            return False
        return self.median >= self.target if self.unit == "x" else self.median < self.target


def append_result(path: Path, result: Result) -> None:
    """Add a line to the record."""
    with path.open("a") as record:
        record.write(json.dumps(asdict(result)) + "\n")


def load_results(path: Path) -> list[Result]:
    """Load all results of a record, oldest first; none if there is no record."""
    return [_read(line) for line in path.read_text().splitlines()] if path.exists() else []


def _read(line: str) -> Result:
    fields = json.loads(line)
    warm_up = _timings(fields.pop("warm_up"))
    timings = tuple(_timings(pair) for pair in fields.pop("timings"))
    return Result(**fields | {"values": tuple(fields["values"])}, warm_up=warm_up, timings=timings)


def _timings(fields: Iterable[dict[str, float]]) -> tuple[Timing, ...]:
    return tuple(Timing(**timing) for timing in fields)
