"""One contract for every runner: what comes out depends on the trials alone."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest
from builders import make_failed

from privsearch.api.study import Study
from privsearch.data import describe_dataset
from privsearch.errors import SpecError
from privsearch.spec import Device, Resources, RetryPolicy, SweepSpec, ThresholdAttack
from privsearch.study.result import Completed, Failed, TrialResult, failure
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.advance import TOLD_EVERY_SECONDS, Advance, current_activity
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Listed, Runner, checked_identity
from privsearch.sweep.runners.inline import InlineRunner
from privsearch.sweep.runners.jobs import AttackOnly, TrainAndAttack
from privsearch.sweep.runners.ray_tune.capacity import gpu_share
from privsearch.sweep.runners.ray_tune.runner import TuneRunner
from privsearch.sweep.runners.ray_tune.session import local_ray
from privsearch.sweep.runners.ray_tune.shards import Shards
from privsearch.sweep.trial import run_trial

RUNNERS: dict[str, Callable[[], Runner]] = {
    "inline": InlineRunner,
    "tune, 2 workers": lambda: TuneRunner(workers=2),
}
NAMES = [pytest.param(name, marks=[] if name == "inline" else pytest.mark.slow) for name in RUNNERS]


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
        self.prepared: list[str] = []
        self.advances: list[Advance] = []

    def preparing(self, what: str) -> None:
        self.prepared.append(what)

    def started(self, trial: PlannedTrial) -> None:
        self.events.append(("started", trial.trial_id))

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        self.advances.append(advance)

    def finished(self, result: TrialResult) -> None:
        self.events.append(("finished", result.trial_id))
        self.results[result.trial_id] = result


@pytest.fixture
def trials(tiny_sweep: SweepSpec, tmp_path: Path) -> list[PlannedTrial]:
    """Four tiny trials, and a fifth that diverges."""
    planned = make_plan(tiny_sweep, Study(tmp_path / "study")).todo
    ann = next(trial for trial in planned if trial.spec.model == "ann" and trial.spec.act_bit_width is None)
    diverging = ann.spec.model_copy(update={"learning_rate": 1e6})
    fingerprint = describe_dataset("iris").fingerprint
    return [*planned, replace(planned[0], trial_id=diverging.trial_id(fingerprint), spec=diverging)]


def test_a_dataset_that_changes_meanwhile_fails_its_trials(trials: list[PlannedTrial]) -> None:
    """Numbers of other data are no answer to what was planned."""
    result = checked_identity(run_trial(trials[0].spec), replace(trials[0], trial_id="planned"))
    assert isinstance(result, Failed)
    assert (result.trial_id, result.error) == ("planned", "DataError")
    assert "must stay as it is while a sweep runs" in result.message


@pytest.mark.parametrize("name", RUNNERS)
def test_every_runner_gives_the_same_numbers(name: str, trials: list[PlannedTrial]) -> None:
    """Each trial is started once and finished once, a failure stops nobody, and the bits are those of a plain call."""
    listener = Listener()
    RUNNERS[name]().run(Listed(trials), TrainAndAttack(), listener)
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


@pytest.mark.parametrize("name", NAMES)
def test_every_runner_tells_how_far_a_trial_is(name: str, trials: list[PlannedTrial]) -> None:
    """Of one that takes more than a second, with what its job notes, and what is done before it."""

    def slow(trial: PlannedTrial, device: Device) -> TrialResult:
        activity = current_activity()
        activity.train(epochs=5)
        activity.on_step(1, 3, 2, 8)
        time.sleep(TOLD_EVERY_SECONDS + 0.5)
        return failure(trial.spec, trial.trial_id, ValueError("slow"), seconds=0.0)

    listener = Listener()
    RUNNERS[name]().run(Listed(trials[:1]), slow, listener)
    (told,) = {(told.phase, told.network, told.epochs_passed, told.epochs) for told in listener.advances}
    assert told == ("training", 1, 3.25, 5)
    assert [event for event, _ in listener.events] == ["started", "finished"]
    # Ray is there already, in these tests.
    assert list(dict.fromkeys(listener.prepared)) == ([] if name == "inline" else ["starting 2 workers"])


@pytest.mark.slow
def test_the_parts_of_a_trial_tell_what_they_have_trained(trials: list[PlannedTrial], tmp_path: Path) -> None:
    """Each network once, with the numbers that the trial has in one piece."""
    long = replace(trials[0], to_train=dict.fromkeys(trials[0].to_train, 40.0), seconds=160.0)
    listener = Listener()
    TuneRunner(workers=2).run(Listed([long]), TrainAndAttack(SignalArchive(tmp_path / "signals")), listener)
    ended = [one for one in listener.advances if one.phase == "ended"]
    assert sorted(network for one in ended for network in one.trained) == [0, 1, 2, 3]
    assert all(one.seconds > 0 for one in ended)
    expected, got = run_trial(long.spec), listener.results[long.trial_id]
    assert isinstance(expected, Completed)
    assert isinstance(got, Completed)
    assert got.numbers() == expected.numbers()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_run_may_depend_on_what_came_of_it(name: str, trials: list[PlannedTrial]) -> None:
    """Two trials at first, one more for each result, five in all: workers wait for what comes, and for nothing else."""
    listener = Listener()

    class Growing:
        def __init__(self) -> None:
            self.planned = [replace(trials[0], trial_id=str(i)) for i in range(5)]
            self.taken = 0

        def take(self) -> list[PlannedTrial]:
            if listener.results:
                time.sleep(0.3)  # longer than the workers need for what they have
            already, self.taken = self.taken, min(len(listener.results) + 2, 5)
            return self.planned[already : self.taken]

    def quick(trial: PlannedTrial, device: Device) -> TrialResult:
        return failure(trial.spec, trial.trial_id, ValueError("quick"), seconds=0.0)

    RUNNERS[name]().run(Growing(), quick, listener)
    assert sorted(listener.results) == ["0", "1", "2", "3", "4"]
    assert len(listener.events) == 10


@pytest.mark.parametrize("name", NAMES)
def test_what_one_process_keeps_another_attacks(name: str, trials: list[PlannedTrial], tmp_path: Path) -> None:
    """An attack on kept signals, on whatever runner, gives the bits of a plain call that trains."""
    archive, loss = SignalArchive(tmp_path / "signals"), ThresholdAttack(kind="loss")
    InlineRunner().run(Listed(trials[:2]), TrainAndAttack(archive), Listener())
    later = [replace(trial, spec=trial.spec.model_copy(update={"attacks": (loss,)})) for trial in trials[:2]]
    attacked = Listener()
    RUNNERS[name]().run(Listed(later), AttackOnly(archive), attacked)
    for trial in later:
        expected, got = run_trial(trial.spec), attacked.results[trial.trial_id]
        assert isinstance(expected, Completed)
        assert isinstance(got, Completed)
        assert got.numbers() == expected.numbers()


@pytest.mark.slow
def test_a_worker_that_dies_fails_its_trial_and_no_other(trials: list[PlannedTrial]) -> None:
    """A process that is gone without a word is a failed trial; the others of its shard count, or are run elsewhere."""

    def deadly(trial: PlannedTrial, device: Device) -> TrialResult:
        if trial.spec.learning_rate > 1:
            print("about to die", flush=True)  # noqa: T201  # the log is evidence
            os._exit(3)
        return run_trial(trial.spec)

    listener = Listener()
    # As long as there is a long one to come, the short ones are one shard.
    first, *rest, last = [replace(trial, seconds=0.1) for trial in trials[:-1]]
    shard = [first, replace(trials[-1], seconds=0.1), *rest]
    assert Shards([*[0.1] * len(shard), 600.0], workers=1).take() == range(len(shard))
    TuneRunner(workers=1).run(Listed([*shard, replace(last, seconds=600.0)]), deadly, listener)
    dead = listener.results.pop(trials[-1].trial_id)
    assert isinstance(dead, Failed)
    assert (dead.error, dead.attempts) == ("WorkerDied", 3)
    assert dead.death is not None
    assert (dead.death.exit_code, dead.death.log_tail) == (3, "about to die")
    assert {type(result) for result in listener.results.values()} == {Completed}
    assert len(listener.results) == len(trials) - 1
    assert set(listener.prepared) == {"starting 1 worker"}


@pytest.mark.slow
def test_a_trial_that_hangs_is_ended_and_no_other(trials: list[PlannedTrial]) -> None:
    """Its worker goes on with a new process."""

    def hanging(trial: PlannedTrial, device: Device) -> TrialResult:
        if trial.spec.learning_rate > 1:
            time.sleep(600)
        return run_trial(trial.spec)

    listener = Listener()
    # Long enough for the imports of a first trial, however busy the machine.
    TuneRunner(workers=1, retry_policy=RetryPolicy(timeout=30)).run(Listed(trials[::-1]), hanging, listener)
    late = listener.results.pop(trials[-1].trial_id)
    assert isinstance(late, Failed)
    assert (late.error, late.attempts) == ("TrialTimeout", 1)
    assert late.death is not None
    assert "in hanging" in late.death.log_tail
    assert {type(result) for result in listener.results.values()} == {Completed}


def test_no_other_machine_can_reach_our_ray() -> None:
    """Ray runs what it is sent, and asks nobody who they are."""
    processes = psutil.Process().children(recursive=True)
    sockets = [socket for process in processes for socket in process.net_connections("tcp")]
    addresses = {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}
    assert addresses
    assert all(ip_address(address.removeprefix("::ffff:")).is_loopback for address in addresses)


def test_what_only_clusters_have_is_refused_on_this_machine(trials: list[PlannedTrial]) -> None:
    """Otherwise the sweep would wait for ever."""
    with pytest.raises(SpecError, match="must be empty where trials run on this machine alone") as caught:
        TuneRunner(resources=Resources(custom={"tpu": 1})).run(Listed(trials), TrainAndAttack(), Listener())
    assert caught.value.where == ("resources", "custom")


def test_a_gpu_that_is_not_there_is_refused(trials: list[PlannedTrial], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a GPU gets one, or is told so before anything has run."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    half = Resources(gpu=0.5)
    for runner in (InlineRunner(half), TuneRunner(workers=1, resources=half)):
        listener = Listener()
        with pytest.raises(SpecError, match=r"must be 0 or null where there is no GPU, but got 0\.5") as caught:
            runner.run(Listed(trials), TrainAndAttack(), listener)
        assert caught.value.where == ("resources", "gpu")
        assert not listener.events
        with pytest.raises(SpecError, match="where there is no GPU"), runner.ready(TrainAndAttack(), 2, print):
            pytest.fail("it is told before anything is written")


@pytest.mark.parametrize(
    ("gpu", "there", "trained_on"), [(None, False, "cpu"), (None, True, "cuda"), (0, True, "cpu"), (1, True, "cuda")]
)
def test_this_process_trains_where_it_is_told(
    gpu: float | None,
    there: bool,
    trained_on: Device,
    trials: list[PlannedTrial],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A GPU that is there is used, unless the sweep says otherwise."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    devices = []

    def note(trial: PlannedTrial, device: Device) -> TrialResult:
        devices.append(device)
        return make_failed(trial.trial_id)

    InlineRunner(Resources(gpu=gpu)).run(Listed(trials[:1]), note, Listener())
    assert devices == [trained_on]


@pytest.mark.parametrize(
    ("gpus", "asked", "workers", "share"),
    [(0, None, 2, 0), (0, 0, 2, 0), (1, None, 3, 0.3333), (2, None, 3, 0.5), (4, None, 2, 1), (1, 0.25, 16, 0.25)],
)
def test_workers_share_gpus_evenly(
    gpus: int, asked: float | None, workers: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sweep names no share, each worker gets one that all of them fit beside."""
    monkeypatch.setattr("ray.cluster_resources", lambda: {"GPU": float(gpus)} if gpus else {})
    assert gpu_share(Resources(gpu=asked), workers) == share
