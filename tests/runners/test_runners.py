"""One contract for every runner: what comes out depends on the trials alone."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from privsearch.archive import SignalArchive
from privsearch.data import describe_dataset
from privsearch.plan import PlannedTrial, make_plan
from privsearch.result import Completed, Failed, TrialResult
from privsearch.runners import AttackOnly, Runner, TrainAndAttack
from privsearch.runners.base import attributed
from privsearch.runners.inline import InlineRunner
from privsearch.runners.ray_session import local_ray
from privsearch.runners.tune import TuneRunner
from privsearch.spec import Device, SweepSpec, ThresholdAttack
from privsearch.store import Study
from privsearch.trial import run_trial

RUNNERS: dict[str, Callable[[], Runner]] = {
    "inline": InlineRunner,
    "tune, 1 worker": lambda: TuneRunner(workers=1),
    "tune, 2 workers": lambda: TuneRunner(workers=2),
}


@pytest.fixture(scope="module", autouse=True)
def ray_for_all() -> Iterator[None]:
    """One Ray for all tests: starting it takes longer than what they do with it."""
    with local_ray(cores=2):
        yield


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.results: dict[str, TrialResult] = {}

    def started(self, trial: PlannedTrial) -> None:
        self.events.append(("started", trial.trial_id))

    def finished(self, result: TrialResult) -> None:
        self.events.append(("finished", result.trial_id))
        self.results[result.trial_id] = result


@pytest.fixture
def trials(tiny_sweep: SweepSpec, tmp_path: Path) -> list[PlannedTrial]:
    """Four tiny trials, and a fifth that diverges."""
    planned = make_plan(tiny_sweep, Study(tmp_path / "study")).todo
    ann = next(trial for trial in planned if trial.spec.model == "ann" and trial.spec.act_bit_width is None)
    diverging = ann.spec.model_copy(update={"learning_rate": 1e30})
    fingerprint = describe_dataset("iris").fingerprint
    return [*planned, replace(planned[0], trial_id=diverging.trial_id(fingerprint), spec=diverging)]


def test_a_dataset_that_changes_meanwhile_fails_its_trials(trials: list[PlannedTrial]) -> None:
    """Numbers of other data are no answer to what was planned."""
    result = attributed(run_trial(trials[0].spec), replace(trials[0], trial_id="planned"))
    assert isinstance(result, Failed)
    assert (result.trial_id, result.error) == ("planned", "DataError")
    assert "must stay as it is while a sweep runs" in result.message


@pytest.mark.parametrize("name", RUNNERS)
def test_every_runner_gives_the_same_numbers(name: str, trials: list[PlannedTrial]) -> None:
    """Each trial is started once and finished once, a failure stops nobody, and the bits are those of a plain call."""
    listener = Listener()
    RUNNERS[name]().run(trials, TrainAndAttack(), listener)
    events = listener.events
    assert len(events) == len(set(events)) == 2 * len(trials)
    for kind, trial_id in events:
        if kind == "finished":
            assert events.index(("started", trial_id)) < events.index(("finished", trial_id))
    failed = [result for result in listener.results.values() if isinstance(result, Failed)]
    assert [result.error for result in failed] == ["DivergedError"]
    for trial in trials[:-1]:
        expected, got = run_trial(trial.spec), listener.results[trial.trial_id]
        assert isinstance(expected, Completed)
        assert isinstance(got, Completed)
        assert got.numbers() == expected.numbers()


def test_what_one_process_keeps_another_attacks(trials: list[PlannedTrial], tmp_path: Path) -> None:
    """An attack on kept signals, on whatever runner, gives the bits of a plain call that trains."""
    archive, loss = SignalArchive(tmp_path / "signals"), ThresholdAttack(kind="loss")
    InlineRunner().run(trials[:2], TrainAndAttack(archive), Listener())
    later = [replace(trial, missing=(loss,)) for trial in trials[:2]]
    for runner in (InlineRunner(), TuneRunner(workers=1)):
        attacked = Listener()
        runner.run(later, AttackOnly(archive), attacked)
        for trial in later:
            expected, got = run_trial(trial.to_run), attacked.results[trial.trial_id]
            assert isinstance(expected, Completed)
            assert isinstance(got, Completed)
            assert got.numbers() == expected.numbers()


def test_a_worker_that_dies_fails_its_trial_and_no_other(trials: list[PlannedTrial]) -> None:
    """A process that is gone without a word is a failed trial; another worker takes the rest."""

    def deadly(trial: PlannedTrial, device: Device) -> TrialResult:
        if trial.spec.learning_rate > 1:
            os._exit(3)
        return run_trial(trial.spec)

    listener = Listener()
    TuneRunner(workers=2).run([trials[-1], *trials[:-1]], deadly, listener)
    dead = listener.results.pop(trials[-1].trial_id)
    assert isinstance(dead, Failed)
    assert dead.error == "WorkerDied"
    assert {type(result) for result in listener.results.values()} == {Completed}
    assert len(listener.results) == len(trials) - 1
