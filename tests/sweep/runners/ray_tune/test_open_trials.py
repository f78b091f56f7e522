from collections.abc import Iterable
from dataclasses import replace

from builders import make_completed, make_failed

from privsearch.study.result import TrialResult
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.open_trials import OpenTrials

TRIAL = PlannedTrial("a", make_completed().spec, (), (), False, 0.1, 0)


class Recorder:
    """A source of two trials at first and one later, and an observer that writes down what it is told."""

    def __init__(self) -> None:
        self.left = ["ab", "", "c"]
        self.told: list[str] = []

    def take(self) -> list[PlannedTrial]:
        return [replace(TRIAL, trial_id=name) for name in (self.left.pop(0) if self.left else "")]

    def started(self, trial: PlannedTrial) -> None:
        self.told.append(f"started {trial.trial_id}")

    def finished(self, result: TrialResult) -> None:
        self.told.append(f"finished {result.trial_id}")


def ids(trials: Iterable[PlannedTrial]) -> str:
    return "".join(trial.trial_id for trial in trials)


def test_a_new_session_gets_what_is_open_and_what_follows() -> None:
    """What has a result is not run again; what an earlier session had taken and not done is."""
    recorder = Recorder()
    trials = OpenTrials(recorder, recorder)
    trials.begin_session()
    assert ids(trials.take()) == "ab"
    trials.started(trials.open["a"])
    trials.finished(make_failed("a"))
    assert ids(trials.take()) == "c"
    trials.begin_session()
    assert ids(trials.take()) == ids(trials.open.values()) == "bc"
    assert ids(trials.take()) == ""
    assert (trials.num_done, recorder.told) == (1, ["started a", "finished a"])
