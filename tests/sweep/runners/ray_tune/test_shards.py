import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.sweep.runners.ray_tune.shards import MOST_SECONDS, Shards


def taken(shards: Shards) -> list[range]:
    return list(iter(shards.take, None))


@given(st.lists(st.floats(0, 20), max_size=60), st.integers(1, 5))
def test_all_trials_are_handed_out_once_and_in_order(seconds: list[float], workers: int) -> None:
    """No shard is empty, and none is longer than may be unless it is a single trial."""
    found = taken(Shards(seconds, workers))
    assert [i for shard in found for i in shard] == list(range(len(seconds)))
    assert all(found)
    for shard in found:
        assert len(shard) == 1 or sum(seconds[i] for i in shard) <= MOST_SECONDS + 1e-9


def test_long_trials_stay_alone_and_short_ones_go_together() -> None:
    """A shard saves nothing where a trial takes longer than what it saves."""
    found = taken(Shards([60.0] * 4 + [0.1] * 1000, 2))
    assert [len(shard) for shard in found[:4]] == [1] * 4
    assert len(found[4]) > 40
    assert len(found) < 60


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_all_workers_finish_together(workers: int) -> None:
    """Whatever the estimates are wrong by, up to a factor of two, no worker waits long for the last one."""
    rng = np.random.default_rng(0)
    estimates = np.sort(rng.uniform(0.01, 0.5, 2000))[::-1]
    true = estimates * rng.uniform(0.5, 2, 2000)
    shards, clocks = Shards(estimates.tolist(), workers), [0.0] * workers
    while shard := shards.take():
        first = clocks.index(min(clocks))
        clocks[first] += true[shard.start : shard.stop].sum()
    assert max(clocks) - min(clocks) < 0.02 * true.sum() / workers


def test_what_comes_back_is_handed_out_next() -> None:
    """The rest of a shard whose worker died does not wait until the end."""
    shards = Shards([1.0] * 100, 1)
    first = shards.take()
    assert first is not None
    shards.put_back(range(first.start + 1, first.stop))
    again = shards.take()
    assert again is not None
    assert again.start == first.start + 1
    shards.put_back(range(0))
    assert [i for shard in taken(shards) for i in shard] == list(range(again.stop, 100))
