import gc
from collections.abc import Iterator

import pytest

from privsearch._util.collector import collect_seldom


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_many_objects_are_made_without_a_collection_and_cycles_are_collected_in_the_end() -> None:
    """A short command runs none, a long one does not grow for ever."""
    collect_seldom()
    gc.collect()
    before = gc.get_stats()[0]["collections"]
    for count, expected in ((100_000, False), (600_000, True)):
        kept = [[] for _ in range(count)]
        collections = gc.get_stats()[0]["collections"] - before
        assert (collections > 0) == expected
        del kept
