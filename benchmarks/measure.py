"""The measurement of a row: both sides are alive at once and take turns."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.result import Result
from benchmarks.row import Agreement, Answer, Bound, Clock, Ratio, Row
from benchmarks.worker import Side, SideError, Timing


@dataclass(frozen=True)
class _Rounds:
    """The timings and answers of all rounds of a row, by round and then by side."""

    timings: tuple[tuple[Timing, ...], ...]
    answers: tuple[tuple[Answer, ...], ...]


def measure(row: Row, environment: dict[str, Any], *, quick: bool) -> Result:
    """Time a row's sides in turns; a failure is a result too, so that the other rows go on.

    Args:
        row: the row to measure.
        environment: the machine, versions and time, kept with the result.
        quick: True for fewer rounds, and smaller ones if the row says so.
    """
    what = f"{row.what} ({row.quick_note})" if quick and row.quick_note else row.what
    unit, peer = ("x", _peer(row)) if isinstance(row, Ratio) else (row.unit, "")
    result = Result(row.name, what, peer, row.target, unit, quick, environment)
    sides = (row.ours, row.theirs) if isinstance(row, Ratio) else (row.measure,)
    try:
        counted = row.quick_rounds if quick else row.rounds
        rounds = _rounds(sides, counted + row.warm_up, quick=quick)
    except SideError as error:
        return replace(result, failure=str(error))
    warm_up, timings = rounds.timings[: row.warm_up], rounds.timings[row.warm_up :]
    result = replace(result, warm_up=sum(warm_up, ()), timings=timings, values=_values(row, rounds))
    if isinstance(row, Bound):
        return result
    agreement: Agreement = row.compare(*zip(*rounds.answers, strict=True))
    return replace(result, agrees=agreement.holds, agreement=agreement.words)


def _peer(row: Ratio) -> str:
    return f"{row.peer} ({', '.join(map(_versioned, row.packages))})"


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package}, not installed"


def _rounds(sides: tuple[Any, ...], count: int, *, quick: bool) -> _Rounds:
    """Let each side compute `count` times, in turns, so that a disturbance of the machine disturbs both sides."""
    with ExitStack() as stack:
        started = [stack.enter_context(Side(prepare, quick=quick)) for prepare in sides]
        rounds = [[side.round() for side in started] for _ in range(count)]
    timings, answers = (
        tuple(tuple(side[part] for side in sides_of_round) for sides_of_round in rounds) for part in (0, 1)
    )
    return _Rounds(timings, answers)


def _values(row: Row, rounds: _Rounds) -> tuple[float, ...]:
    timings, answers = rounds.timings[row.warm_up :], rounds.answers[row.warm_up :]
    if isinstance(row, Ratio):
        return tuple(_seconds(theirs, row.clock) / _seconds(ours, row.clock) for ours, theirs in timings)
    if row.value == "answer":
        return tuple(float(answer) for (answer,) in answers)
    return tuple(_seconds(timing, row.value) for (timing,) in timings)


def _seconds(timing: Timing, clock: Clock) -> float:
    return timing.cpu if clock == "cpu" else timing.wall
