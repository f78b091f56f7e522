import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import session_stand_in
from builders import make_completed
from collected import Collector

from privsearch.errors import ClusterLostError, SpecError
from privsearch.spec import Device
from privsearch.study.result import TrialResult
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Listed
from privsearch.sweep.runners.ray_tune import runner, session_process
from privsearch.sweep.runners.ray_tune.runner import SESSIONS, TuneRunner

TRIAL = PlannedTrial("a", make_completed().spec, (), (), False, 0.1, 0)
TRIALS = [replace(TRIAL, trial_id=name) for name in "abc"]


def never_done(trial: PlannedTrial, device: Device) -> TrialResult:
    raise AssertionError("the stand-in does no job")


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session process that starts no Ray; this process is not connected to one, whatever other tests do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session_stand_in.PLACE, session_stand_in.COMMAND)
    monkeypatch.setattr(runner, "_connected", lambda: False)


def run_after(*starts: str) -> Collector:
    """Run three trials, the first starts of whose sessions end as told."""
    Path("starts").write_text("\n".join(starts))
    collector = Collector()
    TuneRunner(workers=1).run(Listed(TRIALS), never_done, collector)
    return collector


@pytest.mark.parametrize(
    ("starts", "causes"),
    [
        ([], []),
        (["exit"], ["the process connected to it ended with exit code 1: the last that was said"]),
        (
            ["kill", "lose"],
            [
                "the process connected to it was ended by SIGKILL, as the system does where memory runs out",
                "its raylet was ended by SIGKILL",
            ],
        ),
    ],
)
def test_a_ray_that_dies_as_it_starts_is_started_again(
    starts: Sequence[str], causes: Sequence[str], caplog: pytest.LogCaptureFixture
) -> None:
    """However it dies; each cause is told, and every trial is done once."""
    collector = run_after(*starts)
    assert collector.started_ids == collector.finished_ids == ["a", "b", "c"]
    again = [f"Ray ended: {cause}; going on in a new one, trials waiting: 3" for cause in causes]
    assert caplog.messages == [*again, "all done"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_ray_that_dies_every_time_is_given_up() -> None:
    """With the last cause, and with what is kept."""
    with pytest.raises(
        ClusterLostError, match=r"but it ended: the process connected to it ended with exit code 1"
    ) as e:
        run_after(*["kill"] * (SESSIONS - 1), "exit", "finish")
    assert "what had finished is kept, run the same command to go on" in str(e.value)
    assert Path("starts").read_text() == "finish"


def test_a_ray_that_hangs_as_it_starts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started again as well."""
    monkeypatch.setattr(session_process, "START_SECONDS", 0.5)
    with pytest.raises(ClusterLostError, match="it did not start within"):
        run_after(*["hang"] * SESSIONS)


def test_an_error_comes_over_as_it_was() -> None:
    """Of its class, with the field that it blames; another start would not mend it."""
    with pytest.raises(SpecError, match="must be less") as caught:
        run_after("refuse")
    assert caught.value.where == ("resources", "cpu")


def test_an_observer_s_error_is_not_taken_for_ray_s() -> None:
    """A pipe that is closed may be the one that the progress is printed to."""

    class Closed(Collector):
        def finished(self, result: TrialResult) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        TuneRunner(workers=1).run(Listed(TRIALS), never_done, Closed())


def test_there_are_workers_for_what_comes_later() -> None:
    """A sweep that goes on with little may lead to much, as a race does."""
    tune = TuneRunner(workers=4)
    with tune.ready(never_done, 3, lambda _: None):
        assert tune._local_workers(1) == 3
    assert tune._local_workers(1) == 1


def test_what_a_session_leaves_behind_is_ended() -> None:
    """Ray's agents outlive a raylet that is killed as it starts them."""
    run_after("leave")
    left = int(Path("left").read_text())
    assert not psutil.pid_exists(left) or not psutil.wait_procs([psutil.Process(left)], timeout=10)[1]
