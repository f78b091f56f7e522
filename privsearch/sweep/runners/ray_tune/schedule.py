"""The schedule of a run: which trials are left, and which are tried again after the death of a worker."""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Final

from privsearch.study.result import Death
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.messages import Event, Finished, GivenUp, Shard, Started
from privsearch.sweep.runners.ray_tune.shards import Shards

STARTS: Final = 3
"""The number of workers lost before they began a shard after which the shard's first trial is blamed."""


class Schedule:
    """The schedule of a run, safe to call from several threads.

    Trials are numbered in the order in which they are added. Workers get them in shards, and bring an outcome for each;
    the driver reads what happened as events.
    """

    def __init__(self, trials: Sequence[PlannedTrial], workers: int, retries: int) -> None:
        """Begin with `trials`.

        Args:
            trials: the trials that are known so far.
            workers: the number of workers, which decides how long shards are.
            retries: how often a trial is tried again after its worker died.
        """
        self._trials = [*trials]
        self._retries = retries
        self._shards = Shards([trial.seconds for trial in trials], workers)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._events: list[Event] = []
        self._num_read = 0
        self._deaths: Counter[int] = Counter()
        self._never_begun: Counter[range] = Counter()
        self._numbers = itertools.count()
        self._left: dict[int, range] = {}

    def events(self, num_read: int) -> list[Event]:
        """Return all events after the first `num_read`, and forget those first ones."""
        with self._lock:
            del self._events[: num_read - self._num_read]
            self._num_read = num_read
            return self._events.copy()

    def add(self, trials: Sequence[PlannedTrial]) -> None:
        """Add trials behind those that are left."""
        with self._changed:
            self._trials += trials
            self._shards.add([trial.seconds for trial in trials])
            self._changed.notify_all()

    def close(self) -> None:
        """Declare that no more trials will be added."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin(self, shard: Shard) -> Sequence[PlannedTrial]:
        """Note that a worker begins `shard`, and return the shard's trials."""
        with self._lock:
            self._left[shard.number] = shard.trials
            self._events.append(Started(shard.trials.start))
            return self._trials[shard.trials.start : shard.trials.stop]

    def done(self, number: int, outcome: str | Death) -> None:
        """Note the outcome of the first trial that is left of a shard; its worker goes on with the next trial.

        A worker reports an outcome only after the call for the one before it has returned, so that the loss of a worker
        costs two trials at most.

        Args:
            number: the number of the shard.
            outcome: the result as JSON, or the death of the process that ran the trial.
        """
        with self._lock:
            index, left = self._left[number].start, self._left[number][1:]
            self._left[number] = left
            if isinstance(outcome, Death):
                self._died(index, outcome)
            else:
                self._events.append(Finished(index, outcome))
            if left:
                self._events.append(Started(left.start))

    def take(self) -> Shard | None:
        """Return the next shard to hand out, or None if nothing is left for now."""
        with self._lock:
            trials = self._shards.take()
            return None if trials is None else Shard(next(self._numbers), trials)

    def wait(self) -> Shard | None:
        """Wait for the next shard and return it, or return None once the schedule is closed and nothing is left.

        Call this only while no shard is handed out: the trials of such a shard may still come back.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._shards)
            return self.take()

    def lost(self, shard: Shard, why: str) -> None:
        """Note that the worker of `shard` is gone; of the trials that were left, only the first can be to blame.

        If the worker had not begun the shard, no trial is to blame. Only after `STARTS` such losses is the first trial
        blamed, as the run would not end otherwise.
        """
        with self._lock:
            left = self._left.pop(shard.number, None)
            if left is None:
                left = shard.trials
                self._never_begun[left] += 1
                if self._never_begun[left] < STARTS:
                    self._shards.put_back(left)
                    return
            if left:
                self._shards.put_back(left[1:])
                self._died(left.start, _unseen(why))

    def _died(self, index: int, death: Death) -> None:
        self._deaths[index] += 1
        if death.cause == "timeout" or self._deaths[index] > self._retries:
            self._events.append(GivenUp(index, self._deaths[index], death))
        else:
            self._shards.put_back(range(index, index + 1))


def _unseen(why: str) -> Death:
    """Return the death of a worker of which nothing is known but Ray's reason."""
    return Death(
        cause="died", exit_code=None, signal=None, log_tail=why.strip(), peak_memory_bytes=None, seconds=0.0, host=""
    )
