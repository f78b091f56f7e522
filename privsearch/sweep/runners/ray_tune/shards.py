"""Cuts a list of trials into shards, runs of trials that a worker does one after another, as the workers ask for them.

Source: Polychronopoulos and Kuck 1987, guided self-scheduling: a part of what is left for each, so that the first
shards save the most overhead and the last ones let all workers finish together.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

MOST_SECONDS: Final = 5.0
"""A shard grows no further: what Ray Tune takes for one, some 20 ms, is then less than a hundredth of it."""
SHARE: Final = 3
"""Shards that each worker would get if all were as long as the next one."""
LEAST_SECONDS: Final = 1e-3
"""No trial takes less, whatever its estimate."""


class Shards:
    """What is left to hand out of trials that are numbered from 0."""

    def __init__(self, seconds: Sequence[float], workers: int) -> None:
        """Begin with all trials, of which `seconds` are the estimates, for so many workers."""
        self._until = [0.0]
        self._ranges = deque[range]()
        self._workers = workers
        self.add(seconds)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def add(self, seconds: Sequence[float]) -> None:
        """Put more trials behind those that are left; their numbers go on."""
        first = len(self._until) - 1
        self._until += [*accumulate((max(own, LEAST_SECONDS) for own in seconds), initial=self._until[-1])][1:]
        if seconds:
            self._ranges.append(range(first, first + len(seconds)))

    def take(self) -> range | None:
        """The next shard, of one trial at least; None where nothing is left."""
        if not self._ranges:
            return None
        first = self._ranges.popleft()
        left = sum(self._seconds(part) for part in (first, *self._ranges))
        limit = min(MOST_SECONDS, left / (SHARE * self._workers))
        fitting = bisect_right(self._until, self._until[first.start] + limit, first.start, first.stop + 1) - 1
        end = max(fitting, first.start + 1)
        if end < first.stop:
            self._ranges.appendleft(range(end, first.stop))
        return range(first.start, end)

    def put_back(self, shard: range) -> None:
        """Take back the part of a shard that was not done; it is the next to be handed out."""
        if shard:
            self._ranges.appendleft(shard)

    def _seconds(self, part: range) -> float:
        return self._until[part.stop] - self._until[part.start]
