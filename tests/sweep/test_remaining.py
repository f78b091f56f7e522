from dataclasses import replace
from typing import Any

import pytest
from builders import make_completed, make_failed

from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.remaining import Remaining

SPEC = make_completed().spec.model_copy(update={"model": "ann"})


def trial(trial_id: str, networks: int = 4, seconds: float = 10.0, **fields: Any) -> PlannedTrial:
    """A trial whose estimate is that of its networks alone."""
    return PlannedTrial(
        trial_id,
        SPEC.model_copy(update=fields),
        (),
        (),
        trained=False,
        seconds=networks * seconds,
        signal_bytes=0,
        networks=tuple(f"{trial_id}{k}" for k in range(networks)),
        to_train=dict.fromkeys(range(networks), seconds),
    )


def test_nothing_is_known_until_something_has_finished() -> None:
    """The first steps, which may include compiling, say nothing."""
    one = trial("a")
    remaining = Remaining([one])
    remaining.started(one)
    assert remaining.seconds(100.0) is None
    remaining.advanced(one, Advance(phase="training", network=0, epochs=4, steps_done=7, steps=8))
    assert remaining.seconds(100.0) is None


def test_an_epoch_that_has_ended_is_enough_and_steps_count_from_then_on() -> None:
    """One and a half of four epochs of the first of four networks: 3.75 of 40 estimated seconds."""
    one = trial("a")
    remaining = Remaining([one])
    remaining.advanced(one, Advance(phase="training", network=0, epochs=4, epochs_done=1, steps_done=4, steps=8))
    assert remaining.seconds(15.0) == pytest.approx(15.0 * 36.25 / 3.75)


def test_networks_that_are_trained_count_before_their_trial_has_ended() -> None:
    """Those of parts that have ended, and those of workers that are still at it; each once."""
    one, other = trial("a"), trial("b")
    remaining = Remaining([one, other])
    remaining.advanced(one, Advance(part=(0, 1), phase="training", trained=(0,)))
    assert remaining.seconds(10.0) == pytest.approx(10.0 * 70 / 10)
    remaining.advanced(one, Advance(part=(0, 1), phase="ended", trained=(0, 1), seconds=20.0))
    remaining.advanced(one, Advance(part=(2, 3), phase="training", trained=(2,)))
    assert remaining.seconds(15.0) == pytest.approx(15.0 * 50 / 30)
    remaining.finished(make_completed("a"))
    assert remaining.seconds(20.0) == pytest.approx(20.0)


def test_a_part_that_is_lost_counts_for_nothing() -> None:
    """It is trained again."""
    one = trial("a")
    remaining = Remaining([one])
    remaining.advanced(one, Advance(part=(0, 1), phase="training", trained=(0,)))
    remaining.advanced(one, Advance(part=(0, 1), phase="ended", seconds=3.0))
    assert remaining.seconds(10.0) is None


def test_each_kind_of_trial_is_corrected_by_what_its_own_trials_took() -> None:
    """Spiking trials take three times their estimate here, conventional ones their estimate."""
    anns, snns = [trial("a"), trial("b")], [trial("c", model="snn"), trial("d", model="snn")]
    remaining = Remaining([*anns, *snns])
    remaining.finished(make_completed("a").model_copy(update={"seconds": 40.0}))
    assert remaining.seconds(40.0) == pytest.approx(120.0)  # all kinds as the only one that is known
    remaining.finished(make_completed("c").model_copy(update={"seconds": 120.0}))
    assert remaining.seconds(160.0) == pytest.approx(160.0)
    remaining.finished(make_completed("b").model_copy(update={"seconds": 40.0}))
    assert remaining.seconds(200.0) == pytest.approx(120.0)


def test_two_workers_take_half_of_the_time() -> None:
    """The clock runs once for both."""
    remaining = Remaining([trial(name) for name in "abcd"])
    for name in "ab":
        remaining.finished(make_completed(name).model_copy(update={"seconds": 40.0}))
    assert remaining.seconds(40.0) == pytest.approx(40.0)


def test_a_failure_teaches_nothing() -> None:
    """A training that diverges in its first epoch says nothing of those that do not; but it is done."""
    remaining = Remaining([trial("a"), trial("b"), trial("c", model="snn"), trial("d", model="snn")])
    for name in "ac":
        remaining.finished(make_completed(name).model_copy(update={"seconds": 40.0}))
    remaining.finished(make_failed("b").model_copy(update={"seconds": 0.1}))
    assert remaining.seconds(120.0) == pytest.approx(40.0)


def test_what_a_search_will_propose_is_counted_once() -> None:
    """Its estimate at first, then the trials that it proposes."""
    remaining = Remaining([])
    remaining.expect(80.0)
    remaining.started(trial("a"))
    remaining.finished(make_completed("a").model_copy(update={"seconds": 40.0}))
    assert remaining.seconds(40.0) == pytest.approx(40.0)


def test_networks_that_were_kept_teach_nothing_of_the_others() -> None:
    """A result's seconds are those of all its networks, but the estimate is of those that were missing."""
    partly = replace(trial("a"), to_train={3: 10.0}, seconds=10.0)
    remaining = Remaining([partly, trial("b", model="snn"), trial("c", model="snn")])
    remaining.finished(make_completed("a").model_copy(update={"seconds": 400.0}))
    remaining.finished(make_completed("b").model_copy(update={"seconds": 40.0}))
    assert remaining.seconds(50.0) == pytest.approx(40.0)
