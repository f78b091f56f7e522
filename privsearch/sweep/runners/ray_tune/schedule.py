"""What is told of trials that run elsewhere, and the conductor, who knows which are left and decides what is retried.

The conductor is an actor beside the head of a Ray cluster: it has Ray Tune run the trials, the workers bring it their
results, and the driver asks it for news. It is no secretary of Tune's: to report through Tune takes a worker 5 ms.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Final

from privsearch.study.result import Death
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.messages import Event, Finished, GivenUp, Shard, Started, WorkerConfig
from privsearch.sweep.runners.ray_tune.shards import Shards

STARTS: Final = 3
"""How often a worker may be lost before it takes up the shard that it was started for."""


class Schedule:
    """An actor of several threads: `run` returns when all is done, while the others are called."""

    def __init__(self, trials: Sequence[PlannedTrial], job: bytes, crew: WorkerConfig) -> None:
        """Get ready to do `job`, a pickled pair of a `Job` and a device, with all of `trials`, and what is added."""
        self._trials = [*trials]
        self._job = job
        self._crew = crew
        self._shards = Shards([trial.seconds for trial in trials], crew.workers)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._news: list[Event] = []
        self._num_told = 0
        self._deaths: Counter[int] = Counter()
        self._never_begun: Counter[range] = Counter()
        self._numbers = itertools.count()
        self._left: dict[int, range] = {}

    def run(self) -> None:
        """Do all trials."""
        from privsearch.sweep.runners.ray_tune.tuning import run_shards  # a second, here and not in the driver

        run_shards(self, self._job, self._crew)

    def news(self, num_told: int) -> list[Event]:
        """What has happened but for the first `num_told` news, of which nothing is kept any more."""
        with self._lock:
            del self._news[: num_told - self._num_told]
            self._num_told = num_told
            return self._news.copy()

    def add(self, trials: Sequence[PlannedTrial]) -> None:
        """More to do."""
        with self._changed:
            self._trials += trials
            self._shards.add([trial.seconds for trial in trials])
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing will be added any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin(self, shard: Shard) -> Sequence[PlannedTrial]:
        """A worker takes up a shard: its trials."""
        with self._lock:
            self._left[shard.number] = shard.trials
            self._news.append(Started(shard.trials.start))
            return self._trials[shard.trials.start : shard.trials.stop]

    def done(self, number: int, answer: str | Death) -> None:
        """A worker is through with a trial of its shard, and goes on with the next.

        It waits for this to return before it tells of that next one, so that what ends it takes two trials at most.
        """
        with self._lock:
            index, left = self._left[number].start, self._left[number][1:]
            self._left[number] = left
            if isinstance(answer, Death):
                self._died(index, answer)
            else:
                self._news.append(Finished(index, answer))
            if left:
                self._news.append(Started(left.start))

    def take(self) -> Shard | None:
        """The next shard to hand out; None where nothing is left, for now."""
        with self._lock:
            trials = self._shards.take()
            return None if trials is None else Shard(next(self._numbers), trials)

    def wait(self) -> Shard | None:
        """The next shard, when there is one; None once nothing will come. To be called while nothing is handed out."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._shards)
            return self.take()

    def lost(self, shard: Shard, why: str) -> None:
        """A worker is gone with what was left of its shard, of which only the first trial can be to blame.

        No trial is to blame for a worker that did not begin; only where that happens again and again is one, as
        otherwise there would be no end.
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
        if death.cause == "timeout" or self._deaths[index] > self._crew.patience.retries:
            self._news.append(GivenUp(index, self._deaths[index], death))
        else:
            self._shards.put_back(range(index, index + 1))


def _unseen(why: str) -> Death:
    """The death of a worker that left nobody behind to tell of it, but Ray."""
    return Death(
        cause="died", exit_code=None, signal=None, log_tail=why.strip(), peak_memory_bytes=None, seconds=0.0, host=""
    )
