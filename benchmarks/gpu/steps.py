"""A training step of the spiking ConvNet against those of other libraries: the rows of `python -m benchmarks`.

Ours computes as a trial does, and so does the peer that it is compared with: convolutions in 32 bits, in the same order
each time. The peer is timed once more with torch's defaults, which multiply with fewer bits (TF32) and are what a user
gets who sets nothing.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks.gpu.device import compute_as_a_trial, forget_peak, peak_bytes, wait_for
from benchmarks.gpu.settings import Settings
from benchmarks.row import Ratio
from benchmarks.rows.training_steps import ON_MNIST, Size
from benchmarks.trained import Trained
from benchmarks.worker import Side, SideError

SIDES: Final = ("ours", "theirs", "theirs_at_defaults")


class Timed(NamedTuple):
    """One round of a side: its seconds, until the device had finished, what it computed, and the row's peak so far."""

    seconds: float
    trained: Trained
    peak_bytes: int


def measure(settings: Settings) -> dict[str, Any]:
    """Time every row; one that fails has the reason, and the others go on, in new processes."""
    found, left = {}, list(ON_MNIST)
    while left:
        with ExitStack() as stack:
            try:
                prepare = partial(prepared, rows=tuple(left), settings=settings)
                sides = [stack.enter_context(Side(partial(prepare, which=which), quick=False)) for which in SIDES]
                while left:
                    found[left[0].name] = _described(left[0], settings) | _measured(left[0], sides, settings)
                    left.pop(0)
            except SideError as error:
                found[left[0].name] = _described(left[0], settings) | {"error": str(error)}
                left.pop(0)
    return found


def prepared(quick: bool, *, which: str, rows: Sequence[Ratio], settings: Settings) -> Callable[[], Timed]:
    """Prepare a side of several rows: the function that it returns computes the next round of them at each call.

    One process for all rows, as to start one takes longer than a row.
    """
    if which != "theirs_at_defaults":
        compute_as_a_trial()
    return partial(next, _rounds(quick, which, rows, settings))


def _rounds(quick: bool, which: str, rows: Sequence[Ratio], settings: Settings) -> Iterator[Timed]:
    for row in rows:
        forget_peak(settings.device)
        prepare: Any = row.ours if which == "ours" else row.theirs
        work = prepare(quick, size=Size(settings.batch, settings.num_steps, settings.device))
        for _ in range(settings.warm_up + settings.rounds):
            started = time.perf_counter()
            trained = work()
            wait_for(settings.device)
            yield Timed(time.perf_counter() - started, trained, peak_bytes(settings.device))
        del work


def _described(row: Ratio, settings: Settings) -> dict[str, Any]:
    sizes = {"batch": settings.batch, "num_steps": settings.num_steps}
    return {"what": _without_sizes(row.what), "peer": row.peer, **sizes, "error": ""}


def _measured(row: Ratio, sides: Sequence[Side], settings: Settings) -> dict[str, Any]:
    # In turns, so that whatever slows the machine slows all sides.
    rounds = [[side.round()[1] for side in sides] for _ in range(settings.warm_up + settings.rounds)]
    ours, theirs, at_defaults = zip(*rounds, strict=True)
    # As many rounds as elsewhere: what rounding does to the losses grows from step to step.
    compared = [[timed.trained for timed in side[: row.warm_up + row.rounds]] for side in (ours, theirs)]
    agreement = row.compare(*compared)
    return {
        "ours": _summary(ours, settings.warm_up),
        "theirs": _summary(theirs, settings.warm_up),
        "theirs_at_defaults": _summary(at_defaults, settings.warm_up),
        "ratio": _ratio(theirs, ours, settings.warm_up),
        "ratio_at_defaults": _ratio(at_defaults, ours, settings.warm_up),
        "agrees": agreement.holds,
        "agreement": agreement.words,
    }


def _without_sizes(what: str) -> str:
    """Return a row's words without its own sizes, which are not those here."""
    return what.partition(", T = ")[0] + what.partition(", T = ")[2].partition(", batch ")[2].lstrip("0123456789")


def _summary(rounds: Sequence[Timed], warm_up: int) -> dict[str, Any]:
    seconds = [timed.seconds for timed in rounds]
    return {
        **_spread(seconds[warm_up:], "_s"),
        "warm_up_s": seconds[:warm_up],
        "peak_bytes": max(timed.peak_bytes for timed in rounds),
    }


def _ratio(slower: Sequence[Timed], faster: Sequence[Timed], warm_up: int) -> dict[str, Any]:
    pairs = zip(slower[warm_up:], faster[warm_up:], strict=True)
    return _spread([one.seconds / other.seconds for one, other in pairs])


def _spread(values: Sequence[float], unit: str = "") -> dict[str, Any]:
    numbers = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {**{f"{name}{unit}": number for name, number in numbers.items()}, "n": len(values)}
