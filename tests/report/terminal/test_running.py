from dataclasses import replace
from typing import get_args

import pytest
from builders import make_completed, make_failed

from privsearch.report.terminal.running import RunningTrials, clock
from privsearch.sweep.advance import Advance, Phase
from privsearch.sweep.planned import PlannedTrial

TRIAL = PlannedTrial(
    "a", make_completed().spec, (), (), False, 4.0, 0, networks=tuple("wxyz"), to_train={1: 1.0, 2: 1.0, 3: 1.0}
)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> RunningTrials:
    """One trial of four networks, the first of which is kept already; the clock stands still."""
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    return RunningTrials({"a": "iris ANN"}, networks=3)


@pytest.mark.parametrize("phase", [phase for phase in get_args(Phase) if phase != "ended"])
def test_every_phase_has_words(phase: Phase, running: RunningTrials) -> None:
    """Also before the first network: which is named as soon as there is one."""
    running.advanced(TRIAL, Advance(phase=phase, seconds=3.0))
    before = running.words()
    assert before.startswith("iris ANN: ")
    assert before.endswith(", 0:03")
    running.advanced(TRIAL, Advance(phase=phase, seconds=3.0, network=3, epochs=2))
    assert running.words().startswith("iris ANN: network 4 of 4, ")


def test_only_networks_that_were_to_be_trained_count(running: RunningTrials) -> None:
    """One that was kept is found again, not trained; none counts twice; a trial with numbers has trained all."""
    for trained in ((0,), (0, 1), (0, 1)):
        running.advanced(TRIAL, Advance(phase="training", trained=trained))
    assert (running.networks_done, running.networks) == (1, 3)
    running.finished(make_completed("a"), TRIAL)
    assert running.networks_done == 3


def test_a_failed_trial_has_the_networks_that_it_trained(running: RunningTrials) -> None:
    """And leaves no row."""
    running.advanced(TRIAL, Advance(phase="training", trained=(1, 2)))
    running.finished(make_failed("a"), TRIAL)
    assert running.networks_done == 2
    assert running.table() is None
    assert running.words() == ""


def test_a_trial_that_is_only_attacked_has_no_networks_to_count(running: RunningTrials) -> None:
    """Its row says what is done."""
    running.advanced(replace(TRIAL, to_train={}), Advance(phase="attacking", seconds=3.0))
    table = running.table()
    assert table is not None
    assert [next(iter(column.cells)) for column in table.columns][1:] == ["", "attacking", "", "0:03"]


@pytest.mark.parametrize(("seconds", "told"), [(0.4, "0:00"), (59.6, "1:00"), (3599.4, "59:59"), (36061, "10:01:01")])
def test_clock(seconds: float, told: str) -> None:
    """Minutes and seconds, and hours if there are any."""
    assert clock(seconds) == told
