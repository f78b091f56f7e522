"""The division of a list of work items into shards: runs of items that a worker does one after another.

Source: Polychronopoulos and Kuck 1987, guided self-scheduling. Each shard is a part of the work that is left when a
worker asks for it, so that the first shards save the most overhead and the last ones let all workers finish together.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

MOST_SECONDS: Final = 5.0
"""The longest estimate of a shard of several items: Ray Tune's overhead for it, some 20 ms, is below a hundredth."""
SHARE: Final = 3
"""The number of shards that each worker would get if all were as long as the next one."""
LEAST_SECONDS: Final = 1e-3
"""The least estimate that is believed of an item."""


class Shards:
    """The items that are left to hand out, of those that are numbered from 0."""

    def __init__(self, seconds: Sequence[float], workers: int) -> None:
        """Begin with one item for each estimate in `seconds`, to be shared by that many `workers`."""
        self._until = [0.0]
        self._ranges = deque[range]()
        self._workers = workers
        self.add(seconds)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def add(self, seconds: Sequence[float], *, first: bool = False) -> None:
        """Add items with these estimates behind those that are left, or before them; the numbering continues."""
        start = len(self._until) - 1
        self._until += [*accumulate((max(estimate, LEAST_SECONDS) for estimate in seconds), initial=self._until[-1])][
            1:
        ]
        if seconds:
            added = range(start, start + len(seconds))
            self._ranges.insert(0 if first else len(self._ranges), added)

    def take(self) -> range | None:
        """Take the next shard, of at least one item, and return it; return None if no item is left."""
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
        """Put back the undone part of a shard, which is then handed out next."""
        if shard:
            self._ranges.appendleft(shard)

    def _seconds(self, part: range) -> float:
        return self._until[part.stop] - self._until[part.start]
