import threading
import time

import pytest

from privsearch.study.result import Epoch
from privsearch.sweep.advance import Activity, Advance, Teller, current_activity


def test_an_activity_says_how_far_it_is() -> None:
    """Reading, training network after network, querying each, attacking: with the seconds of a clock."""
    now = [10.0]
    activity = Activity(part=(4, 5), clock=lambda: now[0])
    assert activity.advance() == Advance(part=(4, 5), phase="loading")
    activity.enter("reading data")
    activity.train(epochs=2)
    now[0] = 13.5
    assert activity.advance() == Advance(part=(4, 5), phase="training", seconds=3.5, epochs=2)
    activity.on_step(4, 0, 2, 8)
    assert (activity.advance().network, activity.advance().epochs_passed) == (4, 0.25)
    activity.on_epoch(4, 0, Epoch(loss=1.0, accuracy=0.75))
    assert (activity.advance().epochs_passed, activity.advance().accuracy) == (1.0, 0.75)
    activity.on_epoch(4, 1, Epoch(loss=1.0, accuracy=0.875))
    assert (activity.advance().phase, activity.advance().accuracy) == ("querying", 0.875)
    activity.on_trained(4)
    activity.on_step(5, 0, 0, 8)
    begun = activity.advance()
    assert (begun.phase, begun.trained, begun.network, begun.accuracy) == ("training", (4,), 5, None)
    activity.enter("attacking")
    assert (activity.advance().phase, activity.advance().network) == ("attacking", None)


def test_compiling_is_a_phase_of_its_own_while_it_lasts() -> None:
    """It happens within the first step."""
    activity = Activity()
    activity.train(epochs=1)
    activity.on_step(0, 0, 0, 8)
    activity.note_compiling(True)
    assert activity.advance().phase == "compiling"
    activity.note_compiling(False)
    assert activity.advance().phase == "training"


def test_nobody_hears_of_what_is_done_outside_of_a_tellers_work() -> None:
    """A job can note its work wherever it runs."""
    assert current_activity() is not current_activity()


@pytest.fixture
def told() -> list[Advance]:
    return []


def test_the_last_state_is_told_again_and_again_until_the_work_ends(told: list[Advance]) -> None:
    """However long ago it was noted; and never after the work."""
    heard = threading.Event()

    def tell(advance: Advance) -> None:
        told.append(advance)
        if len(told) >= 3:
            heard.set()

    with Teller(every=0.01) as teller:
        with teller.work((1,), tell):
            current_activity().enter("attacking")
            assert heard.wait(10)
        count = len(told)
        time.sleep(0.05)
    assert len(told) == count
    assert {(advance.part, advance.phase) for advance in told} == {((1,), "attacking")}
    assert [advance.seconds for advance in told] == sorted(advance.seconds for advance in told)


def test_steps_do_not_make_messages(told: list[Advance]) -> None:
    """However many there are, there is one telling for each interval, and noting does not wait for it."""
    with Teller(every=0.2) as teller, teller.work(None, told.append):
        until = time.monotonic() + 0.5
        step = 0
        while time.monotonic() < until:
            current_activity().on_step(0, 0, step, 10**9)
            step += 1
    assert step > 10 * len(told)
    assert 1 <= len(told) <= 2


def test_short_work_is_not_told_of(told: list[Advance]) -> None:
    """So that a thousand trials of a tenth of a second send no message at all."""
    with Teller(every=0.2) as teller:
        for _ in range(20):
            with teller.work(None, told.append):
                time.sleep(0.02)
    assert told == []
