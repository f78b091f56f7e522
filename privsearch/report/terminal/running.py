"""The trials that are running, and the parts of trials: a table for the live display, and words for a log."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rich.table import Table
from rich.text import Text

from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial

MOST_ROWS: Final = 8
"""The rows of the table; the others are counted."""
MOST_IN_WORDS: Final = 2
"""The number of workers that a line of a log tells of; the others are counted."""

_IN_WORDS: Final[Mapping[str, str]] = {
    "loading": "loading libraries",
    "compiling": "compiling, once on this machine",
    "querying": "querying the trained network",
}
"""The phases that take more than a word, in words."""


@dataclass(frozen=True)
class _Running:
    """The last that was heard of a worker: the trial, how far it is, and the time when that was heard."""

    trial: PlannedTrial
    advance: Advance
    heard_at: float

    @property
    def seconds(self) -> float:
        """The time that the worker has been at it."""
        return self.advance.seconds + time.monotonic() - self.heard_at


@dataclass
class RunningTrials:
    """The state of the trials that workers are at, as far as workers have told of it.

    Attributes:
        names: the trials in words, by trial_id.
        networks: the number of networks that all known trials are to train.
        networks_done: the number of those that are trained.
    """

    names: Mapping[str, str]
    networks: int = 0
    _done_of_ended: int = 0
    _trained: dict[str, set[int]] = field(default_factory=dict)
    _running: dict[tuple[str, tuple[int, ...] | None], _Running] = field(default_factory=dict)

    def expect(self, networks: int) -> None:
        """Count networks that are to be trained."""
        self.networks += networks

    @property
    def networks_done(self) -> int:
        """The number of networks that are trained."""
        return self._done_of_ended + sum(map(len, list(self._trained.values())))

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Take note of how far a worker is, or that it has left the trial."""
        trained = self._trained.setdefault(trial.trial_id, set())
        trained.update(network for network in advance.trained if network in trial.to_train)
        key = trial.trial_id, advance.part
        if advance.phase == "ended":
            self._running.pop(key, None)
        else:
            self._running[key] = _Running(trial, advance, time.monotonic())

    def forget_workers(self) -> None:
        """Take note that no worker is at any trial; what they have trained counts."""
        self._running.clear()

    def finished(self, result: TrialResult, trial: PlannedTrial | None) -> None:
        """Take note of the end of a trial: if it has numbers, all of its networks are trained."""
        trained = len(self._trained.pop(result.trial_id, ()))
        self._done_of_ended += len(trial.to_train) if trial and isinstance(result, Completed) else trained
        for key in [key for key in self._running if key[0] == result.trial_id]:
            del self._running[key]

    def table(self) -> Table | None:
        """Return a row for each worker that has told of its work, or None if none has."""
        running = list(self._running.values())
        if not running:
            return None
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
        table.add_column("running")  # the one that gives way where there is little room
        for header in ("networks", "epochs", "accuracy", "time"):
            table.add_column(header, no_wrap=True, justify="right")
        for one in running[:MOST_ROWS]:
            name = Text(self.names[one.trial.trial_id], no_wrap=True, overflow="ellipsis")
            table.add_row(name, self._networks_of(one.trial), *_numbers(one.advance), clock(one.seconds))
        if len(running) > MOST_ROWS:
            table.add_row(f"and {len(running) - MOST_ROWS} more")
        return table

    def words(self) -> str:
        """Return the same in words, for one line."""
        running = list(self._running.values())
        told = [
            f"{self.names[one.trial.trial_id]}: {_in_words(one)}, {clock(one.seconds)}"
            for one in running[:MOST_IN_WORDS]
        ]
        more = len(running) - MOST_IN_WORDS
        return "; ".join([*told, f"and {more} more"] if more > 0 else told)

    def _networks_of(self, trial: PlannedTrial) -> str:
        """Return the number of a trial's networks that are trained, of those that are to be."""
        return f"{len(self._trained[trial.trial_id])}/{len(trial.to_train)}" if trial.to_train else ""


def _numbers(advance: Advance) -> tuple[str, str]:
    """Return the epochs that have passed, or what a worker does otherwise, and the accuracy."""
    accuracy = "" if advance.accuracy is None else f"{advance.accuracy:.3f}"
    if advance.phase == "training" and advance.network is not None:
        return f"{advance.epochs_passed:.2f}/{advance.epochs}", accuracy
    return advance.phase, accuracy


def _in_words(one: _Running) -> str:
    """Return how far a worker is with a trial."""
    advance, networks = one.advance, len(one.trial.networks) or len(one.trial.to_train)
    words = [] if advance.network is None else [f"network {advance.network + 1} of {networks}"]
    if advance.phase == "training" and words:
        words.append(f"epoch {min(advance.epochs_done + 1, advance.epochs)} of {advance.epochs}")
        words += [f"step {advance.steps_done + 1} of {advance.steps}"] if advance.steps else []
    else:
        words.append(_IN_WORDS.get(advance.phase, advance.phase))
    words += [] if advance.accuracy is None else [f"accuracy {advance.accuracy:.3f}"]
    return ", ".join(words)


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours if there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
