"""What was measured of one row, kept as one line of JSON: raw times first, the rest follows from them."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.worker import Timing


@dataclass(frozen=True)
class Result:
    """One row, measured once.

    Attributes:
        row: its name.
        what: what was computed.
        peer: who computed it on the other side, with versions; empty for a bound.
        target: the ratio to reach, or the bound to stay below.
        unit: 'x' for a ratio, 's' or 'share' for a bound.
        quick: whether it was measured with `--quick`.
        environment: when, on which machine, from which commit, with which versions.
        warm_up: the rounds that do not count, ours and theirs in turns: what is compiled is compiled there.
        timings: all further rounds of each side, in pairs that were measured one after the other.
        values: the number that each round gave: a ratio, seconds, or a share.
        agrees: whether both sides computed the same thing; None for a bound.
        agreement: in which words.
        failure: why nothing was measured; empty where something was.
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
        """Whether the median reaches the target, or stays below the bound, with both sides in agreement."""
        if not self.values or self.agrees is False:
            return False
        return self.median >= self.target if self.unit == "x" else self.median < self.target


def append_result(path: Path, result: Result) -> None:
    """Add a line to the record."""
    with path.open("a") as record:
        record.write(json.dumps(asdict(result)) + "\n")


def load_results(path: Path) -> list[Result]:
    """All that was ever measured, oldest first; nothing where there is no record."""
    return [_read(line) for line in path.read_text().splitlines()] if path.exists() else []


def _read(line: str) -> Result:
    fields = json.loads(line)
    warm_up = _timings(fields.pop("warm_up"))
    timings = tuple(_timings(pair) for pair in fields.pop("timings"))
    return Result(**fields | {"values": tuple(fields["values"])}, warm_up=warm_up, timings=timings)


def _timings(found: Iterable[dict[str, float]]) -> tuple[Timing, ...]:
    return tuple(Timing(**timing) for timing in found)
