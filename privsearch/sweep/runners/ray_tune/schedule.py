"""The schedule of a run: which work is left, and what is tried again after the death of a worker."""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from privsearch.study.result import Death
from privsearch.sweep.advance import Advance
from privsearch.sweep.parts import TrainedPart, longest_part, parts_of
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.messages import Advanced, Event, Finished, GivenUp, Sent, Shard, Started
from privsearch.sweep.runners.ray_tune.shards import Shards

STARTS: Final = 3
"""The number of workers lost before they began a shard after which the shard's first item is blamed."""


@dataclass(frozen=True)
class _Item:
    """An item of work: a trial, a part of one, or what is left of one after its parts.

    Attributes:
        trial: the index of the trial.
        work: what a worker does.
    """

    trial: int
    work: PlannedTrial


class Schedule:
    """The schedule of a run, safe to call from several threads.

    Trials are numbered in the order in which they are added. A long one is split into parts (`privsearch.sweep.parts`),
    and comes last itself. Workers get such items in shards, the longest first, and bring an outcome for each; the
    driver reads what happened to the trials as events.
    """

    def __init__(self, trials: Sequence[PlannedTrial], workers: int, retries: int, *, splits: bool = False) -> None:
        """Begin with `trials`.

        Args:
            trials: the trials that are known so far.
            workers: the number of workers, which decides how long shards and parts are.
            retries: how often an item is tried again after its worker died.
            splits: True to split long trials.
        """
        self._splits = splits
        self._workers = workers
        self._retries = retries
        self._shards = Shards([], workers)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._events: list[Event] = []
        self._num_read = 0
        self._deaths: Counter[int] = Counter()
        self._never_begun: Counter[range] = Counter()
        self._numbers = itertools.count()
        self._left: dict[int, range] = {}
        self._trials: list[PlannedTrial] = []
        self._items: list[_Item] = []
        self._open_parts: Counter[int] = Counter()
        self._networks_unkept: dict[int, str] = {}
        self._held: list[tuple[int, _Item]] = []
        self._started: set[int] = set()
        self._over: set[int] = set()
        self.add(trials)

    def events(self, num_read: int) -> list[Event]:
        """Return all events after the first `num_read`, and forget those first ones, which the driver is done with."""
        with self._changed:
            del self._events[: num_read - self._num_read]
            self._num_read = num_read
            self._queue_held()
            return self._events.copy()

    def note(self, event: Event) -> None:
        """Add an event of somebody else's."""
        with self._lock:
            self._events.append(event)

    def add(self, trials: Sequence[PlannedTrial]) -> None:
        """Add trials behind those that are left, in parts if they are long."""
        with self._changed:
            self._queue(self._split(trials) if self._splits else self._whole(trials))
            self._trials += trials
            self._changed.notify_all()

    def close(self) -> None:
        """Declare that no more trials will be added."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin(self, shard: Shard) -> Sequence[PlannedTrial | None]:
        """Note that a worker begins `shard`, and return the work of its items; None if nothing is to be done."""
        with self._lock:
            self._left[shard.number] = shard.items
            self._note_begun(shard.items.start)
            items = self._items[shard.items.start : shard.items.stop]
            return [None if item.trial in self._over else item.work for item in items]

    def advanced(self, number: int, index: int, advance: str) -> None:
        """Note how far the worker of a shard is with an item, unless it is done with it by now.

        Args:
            number: the number of the shard.
            index: the index of the item.
            advance: an `Advance` as JSON.
        """
        with self._lock:
            trial, left = self._items[index].trial, self._left.get(number)
            if left and left.start == index and trial not in self._over:
                self._events.append(Advanced(trial, advance))

    def done(self, number: int, outcome: str | Death) -> None:
        """Note the outcome of the first item that is left of a shard; its worker goes on with the next one.

        A worker reports an outcome only after the call for the one before it has returned, so that the loss of a worker
        costs two items at most.

        Args:
            number: the number of the shard.
            outcome: the result as JSON, or the death of the process that did the work.
        """
        with self._lock:
            index, left = self._left[number].start, self._left[number][1:]
            self._left[number] = left
            if isinstance(outcome, Death):
                self._died(index, outcome)
            else:
                self._finished(self._items[index], outcome)
            if left:
                self._note_begun(left.start)

    def take(self) -> Shard | None:
        """Return the next shard to hand out, or None if nothing is left for now."""
        with self._lock:
            items = self._shards.take()
            return None if items is None else Shard(next(self._numbers), items)

    def wait(self) -> Shard | None:
        """Wait for the next shard and return it, or return None once the schedule is closed and nothing is left.

        Call this only while no shard is handed out: the items of such a shard may still come back.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._shards)
            return self.take()

    def lost(self, shard: Shard, why: str) -> None:
        """Note that the worker of `shard` is gone; of the items that were left, only the first can be to blame.

        If the worker had not begun the shard, no item is to blame. Only after `STARTS` such losses is the first item
        blamed, as the run would not end otherwise.
        """
        with self._lock:
            left = self._left.pop(shard.number, None)
            if left is None:
                left = shard.items
                self._never_begun[left] += 1
                if self._never_begun[left] < STARTS:
                    self._shards.put_back(left)
                    return
            if left:
                self._shards.put_back(left[1:])
                self._died(left.start, _unseen(why))

    def _whole(self, trials: Sequence[PlannedTrial]) -> list[_Item]:
        return [_Item(number, trial) for number, trial in enumerate(trials, len(self._trials))]

    def _split(self, trials: Sequence[PlannedTrial]) -> list[_Item]:
        """Return new trials, the long ones in parts, the longest item first."""
        longest, items = longest_part(trials, self._workers), []
        for item in self._whole(trials):
            parts = parts_of(item.work, longest)
            if parts:
                self._open_parts[item.trial] = len(parts)
            items += [_Item(item.trial, work) for work in parts] or [item]
        return sorted(items, key=lambda item: -item.work.seconds)

    def _queue(self, items: Sequence[_Item], *, first: bool = False) -> None:
        self._items += items
        self._shards.add([item.work.seconds for item in items], first=first)

    def _note_begun(self, index: int) -> None:
        trial = self._items[index].trial
        if trial not in self._started | self._over:
            self._started.add(trial)
            self._events.append(Started(trial))

    def _finished(self, item: _Item, outcome: str) -> None:
        """Note the result of an item; after its last part, what is left of the trial comes next."""
        if item.trial in self._over:
            return
        if item.work.part is None:
            self._over.add(item.trial)
            self._events.append(Finished(item.trial, outcome))
            return
        part = TrainedPart.model_validate_json(outcome)
        if part.networks_unkept:
            self._networks_unkept.setdefault(item.trial, part.networks_unkept)
        self._left_by_worker(item, part.seconds, () if part.error else part.networks)
        self._open_parts[item.trial] -= 1
        if not self._open_parts[item.trial]:
            rest = self._trials[item.trial].rest(self._networks_unkept.get(item.trial))
            self._held.append((self._num_read + self._num_until_written(), _Item(item.trial, rest)))
            self._queue_held()

    def _num_until_written(self) -> int:
        """Return how many of the next events the driver must be done with to have written all files sent so far."""
        return max((i for i, event in enumerate(self._events, 1) if isinstance(event, Sent)), default=0)

    def _queue_held(self) -> None:
        """Queue what is left of trials, as far as the files of their parts are where any worker finds them."""
        ready = [item for num_events, item in self._held if num_events <= self._num_read]
        self._held = [held for held in self._held if held[0] > self._num_read]
        for item in ready:
            self._queue([item], first=True)
        if ready:
            self._changed.notify_all()

    def _died(self, index: int, death: Death) -> None:
        trial = self._items[index].trial
        self._deaths[index] += 1
        self._started.discard(trial)
        if trial in self._over:
            return
        if death.cause == "timeout" or self._deaths[index] > self._retries:
            self._over.add(trial)
            self._events.append(GivenUp(trial, self._deaths[index], death))
        else:
            self._left_by_worker(self._items[index], death.seconds)
            self._shards.put_back(range(index, index + 1))

    def _left_by_worker(self, item: _Item, seconds: float, trained: tuple[int, ...] = ()) -> None:
        """Add the event of a worker that has left an item before its trial has a result."""
        advance = Advance(part=item.work.part, phase="ended", seconds=seconds, trained=trained)
        self._events.append(Advanced(item.trial, advance.model_dump_json()))


def _unseen(why: str) -> Death:
    """Return the death of a worker of which nothing is known but Ray's reason."""
    return Death(
        cause="died", exit_code=None, signal=None, log_tail=why.strip(), peak_memory_bytes=None, seconds=0.0, host=""
    )
