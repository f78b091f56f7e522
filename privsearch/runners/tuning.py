"""Trials in Ray Tune: a shard of ours is one trial of Tune's; its results come one by one, through a mailbox."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from privsearch.plan import PlannedTrial
from privsearch.result import failure, parse_result
from privsearch.runners.base import Observer, attributed
from privsearch.runners.jobs import Job
from privsearch.runners.shards import Shards
from privsearch.spec import Device


class WorkerDied(RuntimeError):  # noqa: N818  # it names what happened, as it will stand in the record
    """A worker ended without giving its trial's result back."""


@dataclass(frozen=True)
class Crew:
    """The workers: how many, and the cores and the part of a GPU that each has."""

    workers: int
    cpu: float
    gpu: float

    @property
    def device(self) -> Device:
        """Where they train."""
        return "cuda" if self.gpu else "cpu"


def run_shards(trials: Sequence[PlannedTrial], job: Job, observer: Observer, crew: Crew) -> None:
    """Do `job` with every trial once, on the Ray that is there; Tune's own files go where nobody reads them."""
    shards = Shards([trial.seconds for trial in trials], crew.workers)
    mailbox = ray.remote(num_cpus=0)(_Mailbox).remote()
    worker = tune.with_parameters(_Worker, trials=list(trials), job=job, device=crew.device, mailbox=mailbox)
    bridge = _Bridge(trials, shards, observer, mailbox)
    with tempfile.TemporaryDirectory(prefix="privsearch-tune-") as folder:
        tuner = tune.Tuner(
            tune.with_resources(worker, {"cpu": crew.cpu, "gpu": crew.gpu}),
            tune_config=tune.TuneConfig(
                search_alg=_InOrder(shards),
                num_samples=-1,
                max_concurrent_trials=crew.workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[bridge],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            tuner.fit()
        finally:
            bridge.empty_mailbox()


class _Mailbox:
    """A process of its own, where results wait for the driver: to report each through Tune takes a worker 5 ms."""

    def __init__(self) -> None:
        self._results: list[tuple[range, str]] = []

    def put(self, left: range, result: str) -> None:
        self._results.append((left, result))

    def take(self) -> list[tuple[range, str]]:
        taken, self._results = self._results, []
        return taken


class _Worker(tune.Trainable):
    """A process that runs one shard after another.

    A result is in the mailbox before the next trial begins, so that a worker that dies takes only the trial with it
    that it was running.
    """

    def setup(self, config: dict[str, Any], **parameters: Any) -> None:
        self._trials: Sequence[PlannedTrial] = parameters["trials"]
        self._job: Job = parameters["job"]
        self._device: Device = parameters["device"]
        self._mailbox = parameters["mailbox"]
        self._shard = _shard(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._shard = _shard(new_config)
        return True

    def step(self) -> dict[str, Any]:
        for index in self._shard:
            result = self._job(self._trials[index], self._device)
            ray.get(self._mailbox.put.remote(range(index, self._shard.stop), result.model_dump_json()))
        return {"done": True}


def _shard(config: dict[str, Any]) -> range:
    return range(config["start"], config["stop"])


class _InOrder(Searcher):
    """Hands out shards: Tune's own `grid_search` takes time that grows with the square of its size."""

    def __init__(self, shards: Shards) -> None:
        super().__init__()
        self._shards = shards
        self._handed_out = 0

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002  # the numbers are ours, not Tune's
        shard = self._shards.take()
        if shard is None:
            # What is handed out may still come back.
            return None if self._handed_out else Searcher.FINISHED
        self._handed_out += 1
        return {"start": shard.start, "stop": shard.stop}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:  # noqa: ARG002
        """Count; nothing is learnt from a trial."""
        self._handed_out -= 1


class _Bridge(tune.Callback):
    """Tells the observer, in the driver's process, what Tune tells its callbacks and what is in the mailbox."""

    def __init__(self, trials: Sequence[PlannedTrial], shards: Shards, observer: Observer, mailbox: Any) -> None:
        self._trials = trials
        self._shards = shards
        self._observer = observer
        self._mailbox = mailbox
        self._running: dict[int, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its callbacks to restore a run from its own files, which is never done here."""
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        self._start(trial.config["start"])

    def on_step_end(self, iteration: int, trials: Any, **info: Any) -> None:  # noqa: ARG002  # ten times a second
        self.empty_mailbox()

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        self.empty_mailbox()
        shard = _shard(trial.config)
        # A worker that could not even start is a trial that failed without having begun.
        index = next((index for index in shard if index in self._running), shard.start)
        seconds = time.perf_counter() - self._running.pop(index, time.perf_counter())
        self._shards.put_back(range(index + 1, shard.stop))
        error = WorkerDied(str(trial.get_error() or "the worker process ended without a word").strip())
        planned = self._trials[index]
        self._observer.finished(failure(planned.spec, planned.trial_id, error, seconds=seconds))

    def empty_mailbox(self) -> None:
        """Tell of the results that have come."""
        for left, result in ray.get(self._mailbox.take.remote()):
            del self._running[left.start]
            self._observer.finished(attributed(parse_result(result), self._trials[left.start]))
            if len(left) > 1:
                self._start(left.start + 1)

    def _start(self, index: int) -> None:
        self._running[index] = time.perf_counter()
        self._observer.started(self._trials[index])
