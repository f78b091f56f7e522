import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import make_completed
from hypothesis import given
from hypothesis import strategies as st

from privsearch.study.result import Death
from privsearch.sweep.advance import Advance
from privsearch.sweep.parts import TrainedPart
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.messages import Advanced, Finished, GivenUp, Sent, Shard, Started
from privsearch.sweep.runners.ray_tune.schedule import STARTS, Schedule

TRIAL = PlannedTrial("0", make_completed().spec, (), (), False, 1.0, 0)
DEATH = Death(
    cause="died", exit_code=1, signal=None, log_tail="", peak_memory_bytes=None, seconds=1.0, host="somewhere"
)
LATE = DEATH.model_copy(update={"cause": "timeout"})


def schedule_of(trials: int, retries: int = 0) -> Schedule:
    return Schedule([replace(TRIAL, trial_id=str(i)) for i in range(trials)], workers=1, retries=retries)


def shards(schedule: Schedule) -> Iterator[Shard]:
    return iter(schedule.take, None)


def test_a_schedule_needs_no_ray() -> None:
    """Nor does what it imports; Ray takes seconds to load, and is known to the actor alone."""
    code = "import privsearch.sweep.runners.ray_tune.schedule, sys; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_events_are_told_in_order() -> None:
    """A trial begins when the one before it in its shard has ended; an answer that got lost is given again."""
    schedule = schedule_of(2)
    shard = Shard(0, range(2))
    assert [trial.trial_id for trial in schedule.begin(shard)] == ["0", "1"]
    schedule.done(0, "first")
    schedule.done(0, "second")
    events = [Started(0), Finished(0, "first"), Started(1), Finished(1, "second")]
    assert schedule.events(0) == schedule.events(0) == events
    assert schedule.events(3) == events[3:]
    assert schedule.events(4) == []


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_trial_that_kills_its_worker_is_tried_as_often_as_allowed(retries: int) -> None:
    """Then it is given up, and nothing is left to do; each time before, its worker is said to be gone."""
    schedule = schedule_of(1, retries)
    for shard in shards(schedule):
        schedule.begin(shard)
        schedule.done(shard.number, DEATH)
    gone = Advanced(0, Advance(phase="ended", seconds=DEATH.seconds).model_dump_json())
    told = [event for event in schedule.events(0) if not isinstance(event, Started)]
    assert told == [gone] * retries + [GivenUp(0, retries + 1, DEATH)]


def test_a_trial_that_takes_too_long_is_not_tried_again() -> None:
    """It would take as long once more."""
    schedule = schedule_of(1, retries=5)
    shard = next(shards(schedule))
    schedule.begin(shard)
    schedule.done(shard.number, LATE)
    assert schedule.events(0) == [Started(0), GivenUp(0, 1, LATE)]
    assert schedule.take() is None


def test_how_far_a_worker_is_counts_until_it_is_done() -> None:
    """What arrives late, or of a shard that is gone, is not taken for news of the next item."""
    schedule = schedule_of(2)
    schedule.begin(Shard(7, range(2)))
    schedule.advanced(7, 0, "halfway")
    schedule.done(7, "first")
    schedule.advanced(7, 0, "late")
    schedule.advanced(6, 1, "of another shard")
    assert schedule.events(0) == [Started(0), Advanced(0, "halfway"), Finished(0, "first"), Started(1)]


def test_the_end_of_a_part_says_what_it_has_trained() -> None:
    """And how long that took; of a part that could not be trained or kept, nothing is said to be trained."""
    trial = replace(TRIAL, networks=tuple("abcd"), to_train=dict.fromkeys(range(4), 40.0), seconds=160.0)
    schedule = Schedule([trial], workers=1, retries=0, splits=True)
    for shard, error in zip([schedule.take() for _ in range(4)], (None, None, None, "DataError: gone"), strict=True):
        assert shard is not None
        (work,) = schedule.begin(shard)
        assert work is not None
        outcome = TrainedPart(networks=work.part or (), error=error, seconds=50.0)
        schedule.done(shard.number, outcome.model_dump_json())
    advances = [
        Advance.model_validate_json(event.advance) for event in schedule.events(0) if isinstance(event, Advanced)
    ]
    assert [(one.phase, one.seconds) for one in advances] == [("ended", 50.0)] * 4
    assert [(one.part, one.trained) for one in advances] == [((0,), (0,)), ((1,), (1,)), ((2,), (2,)), ((3,), ())]


def test_what_is_left_of_a_trial_waits_for_the_files_of_its_parts() -> None:
    """A worker that sees the study's folder finds all of them there, whoever has sent them."""
    trial = replace(TRIAL, networks=tuple("ab"), to_train=dict.fromkeys(range(2), 40.0), seconds=80.0)
    schedule = Schedule([trial], workers=2, retries=0, splits=True)
    for shard in [schedule.take() for _ in range(2)]:
        assert shard is not None
        (work,) = schedule.begin(shard)
        assert work is not None
        schedule.note(Sent({f"signals/{work.part}.npz": b""}))
        schedule.done(shard.number, TrainedPart(networks=work.part or ()).model_dump_json())
    assert schedule.take() is None
    last = max(number for number, event in enumerate(schedule.events(0), 1) if isinstance(event, Sent))
    schedule.events(last - 1)
    assert schedule.take() is None
    waiting = threading.Timer(0.05, schedule.events, [last])
    waiting.start()
    assert schedule.wait() is not None


def test_what_is_left_of_a_trial_knows_why_weights_of_its_parts_are_not_kept() -> None:
    """So that its result says so, as that of a whole trial does."""
    trial = replace(TRIAL, networks=tuple("ab"), to_train=dict.fromkeys(range(2), 40.0), seconds=80.0)
    schedule = Schedule([trial], workers=2, retries=0, splits=True)
    for shard, why in zip([schedule.take() for _ in range(2)], ("the disk is full", None), strict=True):
        assert shard is not None
        (work,) = schedule.begin(shard)
        assert work is not None
        schedule.done(shard.number, TrainedPart(networks=work.part or (), networks_unkept=why).model_dump_json())
    rest = schedule.take()
    assert rest is not None
    assert [work.networks_unkept for work in schedule.begin(rest) if work] == ["the disk is full"]


def test_who_waits_for_work_gets_what_is_added_until_nothing_will_come() -> None:
    """Numbers go on where the first trials' ended."""
    schedule = schedule_of(1)
    assert schedule.wait() == Shard(0, range(1))
    threading.Timer(0.05, schedule.add, [[replace(TRIAL, trial_id="1")]]).start()
    assert schedule.wait() == Shard(1, range(1, 2))
    assert [trial.trial_id for trial in schedule.begin(Shard(1, range(1, 2)))] == ["1"]
    threading.Timer(0.05, schedule.close).start()
    assert schedule.wait() is None


def test_a_lost_worker_costs_the_trial_that_it_was_running() -> None:
    """What it had done counts, and what it had not begun is handed out again."""
    schedule = schedule_of(4)
    shard = Shard(0, range(4))
    schedule._shards.take()
    schedule.begin(shard)
    schedule.done(0, "done")
    schedule.lost(shard, "the machine is gone")
    *_, given_up = schedule.events(0)
    assert isinstance(given_up, GivenUp)
    assert (given_up.index, given_up.death.log_tail) == (1, "the machine is gone")


def test_no_trial_is_to_blame_for_a_worker_that_did_not_begin() -> None:
    """Unless there is no end to it: then the first one is, as it may kill its worker as it starts."""
    schedule = schedule_of(2)
    for _ in range(STARTS):
        assert schedule.events(0) == []
        shard = schedule.take()
        assert shard is not None
        schedule.lost(shard, "no such module")
    assert [type(event) for event in schedule.events(0)] == [GivenUp]


@given(st.data())
def test_whatever_dies_every_trial_has_one_outcome(data: st.DataObject) -> None:
    """Workers and trials die in any order: each trial is finished or given up once, and the run ends."""
    trials = data.draw(st.integers(1, 12))
    schedule = schedule_of(trials, data.draw(st.integers(0, 2)))
    working: dict[int, list[Shard]] = {}
    outcomes: dict[str, str | Death] = {"done": "result", "died": DEATH, "late": LATE}
    while (shard := schedule.take()) is not None or working:
        if shard:
            working[shard.number] = [shard] * len(schedule.begin(shard))
        number = data.draw(st.sampled_from(sorted(working)))
        of_shard = working[number].pop()
        fate = data.draw(st.sampled_from(["lost", *outcomes]))
        if fate == "lost":
            schedule.lost(of_shard, "lost")
        else:
            schedule.done(number, outcomes[fate])
        if fate == "lost" or not working[number]:
            del working[number]
    outcomes_told = [event.index for event in schedule.events(0) if isinstance(event, Finished | GivenUp)]
    assert sorted(outcomes_told) == list(range(trials))
