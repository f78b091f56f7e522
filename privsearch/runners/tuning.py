"""Trials in Ray Tune: a shard of ours is one trial of Tune's, and a result of ours is one step of it."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    worker = tune.with_parameters(_Worker, trials=list(trials), job=job, device=crew.device)
    with tempfile.TemporaryDirectory(prefix="privsearch-tune-") as folder:
        tune.Tuner(
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
                callbacks=[_Bridge(trials, shards, observer)],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()


class _Worker(tune.Trainable):
    """A process that runs one shard after another; Tune is told of each trial in it by a step of its own.

    A result is therefore with the driver before the next trial begins, so that a worker that dies takes only the trial
    with it that it was running.
    """

    def setup(
        self,
        config: dict[str, Any],
        trials: Sequence[PlannedTrial] = (),
        job: Job | None = None,
        device: Device = "cpu",
    ) -> None:
        # Tune asks for keywords with defaults; all are always given.
        assert job is not None
        self._trials, self._job, self._device = trials, job, device
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._left = list(reversed(_shard(new_config)))
        return True

    def step(self) -> dict[str, Any]:
        result = self._job(self._trials[self._left.pop()], self._device)
        return {"result": result.model_dump_json(), "done": not self._left}


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
    """Tells the observer what Tune tells its callbacks, in the driver's process."""

    def __init__(self, trials: Sequence[PlannedTrial], shards: Shards, observer: Observer) -> None:
        self._trials = trials
        self._shards = shards
        self._observer = observer
        self._running: dict[str, tuple[int, float]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its callbacks to restore a run from its own files, which is never done here."""
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        self._start(trial, trial.config["start"])

    def on_trial_result(self, iteration: int, trials: Any, trial: Trial, result: dict[str, Any], **info: Any) -> None:  # noqa: ARG002
        index, _ = self._running.pop(trial.trial_id)
        self._observer.finished(attributed(parse_result(result["result"]), self._trials[index]))
        if index + 1 in _shard(trial.config):
            self._start(trial, index + 1)

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        # A worker that could not even start is a trial that failed without having begun.
        index, since = self._running.pop(trial.trial_id, (trial.config["start"], time.perf_counter()))
        planned = self._trials[index]
        self._shards.put_back(range(index + 1, trial.config["stop"]))
        error = WorkerDied(str(trial.get_error() or "the worker process ended without a word").strip())
        seconds = time.perf_counter() - since
        self._observer.finished(failure(planned.spec, planned.trial_id, error, seconds=seconds))

    def _start(self, trial: Trial, index: int) -> None:
        self._running[trial.trial_id] = index, time.perf_counter()
        self._observer.started(self._trials[index])
