import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import make_completed
from hypothesis import given
from hypothesis import strategies as st

from privsearch.spec import RetryPolicy
from privsearch.study.result import Death
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.coordinator import STARTS, Schedule
from privsearch.sweep.runners.ray_tune.messages import Finished, GivenUp, Shard, Started, WorkerConfig

TRIAL = PlannedTrial("0", make_completed().spec, (), (), False, 1.0, 0)
DEATH = Death(
    cause="died", exit_code=1, signal=None, log_tail="", peak_memory_bytes=None, seconds=1.0, host="somewhere"
)
LATE = DEATH.model_copy(update={"cause": "timeout"})


def conductor(trials: int, retries: int = 0) -> Schedule:
    crew = WorkerConfig(1, 1, {"CPU": 1.0, "GPU": 0.0}, {}, RetryPolicy(retries))
    return Schedule([replace(TRIAL, trial_id=str(i)) for i in range(trials)], b"", crew)


def shards(of: Schedule) -> Iterator[Shard]:
    return iter(of.take, None)


def test_news_are_told_in_order() -> None:
    """A trial begins when the one before it in its shard has ended; an answer that got lost is given again."""
    of = conductor(2)
    shard = Shard(0, range(2))
    assert [trial.trial_id for trial in of.begin(shard)] == ["0", "1"]
    of.done(0, "first")
    of.done(0, "second")
    told = [Started(0), Finished(0, "first"), Started(1), Finished(1, "second")]
    assert of.news(0) == of.news(0) == told
    assert of.news(3) == told[3:]
    assert of.news(4) == []


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_trial_that_kills_its_worker_is_tried_as_often_as_allowed(retries: int) -> None:
    """Then it is given up, and nothing is left to do."""
    of = conductor(1, retries)
    for shard in shards(of):
        of.begin(shard)
        of.done(shard.number, DEATH)
    assert [news for news in of.news(0) if not isinstance(news, Started)] == [GivenUp(0, retries + 1, DEATH)]


def test_a_trial_that_takes_too_long_is_not_tried_again() -> None:
    """It would take as long once more."""
    of = conductor(1, retries=5)
    shard = next(shards(of))
    of.begin(shard)
    of.done(shard.number, LATE)
    assert of.news(0) == [Started(0), GivenUp(0, 1, LATE)]
    assert of.take() is None


def test_who_waits_for_work_gets_what_is_added_until_nothing_will_come() -> None:
    """Numbers go on where the first trials' ended."""
    of = conductor(1)
    assert of.wait() == Shard(0, range(1))
    threading.Timer(0.05, of.add, [[replace(TRIAL, trial_id="1")]]).start()
    assert of.wait() == Shard(1, range(1, 2))
    assert [trial.trial_id for trial in of.begin(Shard(1, range(1, 2)))] == ["1"]
    threading.Timer(0.05, of.close).start()
    assert of.wait() is None


def test_a_lost_worker_costs_the_trial_that_it_was_running() -> None:
    """What it had done counts, and what it had not begun is handed out again."""
    of = conductor(4)
    shard = Shard(0, range(4))
    of._shards.take()
    of.begin(shard)
    of.done(0, "done")
    of.lost(shard, "the machine is gone")
    *_, given_up = of.news(0)
    assert isinstance(given_up, GivenUp)
    assert (given_up.index, given_up.death.log_tail) == (1, "the machine is gone")


def test_no_trial_is_to_blame_for_a_worker_that_did_not_begin() -> None:
    """Unless there is no end to it: then the first one is, as it may kill its worker as it starts."""
    of = conductor(2)
    for _ in range(STARTS):
        assert of.news(0) == []
        shard = of.take()
        assert shard is not None
        of.lost(shard, "no such module")
    assert [type(news) for news in of.news(0)] == [GivenUp]


@given(st.data())
def test_whatever_dies_every_trial_has_one_outcome(data: st.DataObject) -> None:
    """Workers and trials die in any order: each trial is finished or given up once, and the run ends."""
    trials = data.draw(st.integers(1, 12))
    of = conductor(trials, data.draw(st.integers(0, 2)))
    working: dict[int, list[Shard]] = {}
    outcomes: dict[str, str | Death] = {"done": "result", "died": DEATH, "late": LATE}
    while (shard := of.take()) is not None or working:
        if shard:
            working[shard.number] = [shard] * len(of.begin(shard))
        number = data.draw(st.sampled_from(sorted(working)))
        of_shard = working[number].pop()
        fate = data.draw(st.sampled_from(["lost", *outcomes]))
        if fate == "lost":
            of.lost(of_shard, "lost")
        else:
            of.done(number, outcomes[fate])
        if fate == "lost" or not working[number]:
            del working[number]
    assert sorted(news.index for news in of.news(0) if not isinstance(news, Started)) == list(range(trials))
