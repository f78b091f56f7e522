"""Run trials on Ray's workers, through Ray Tune: one worker a core, each with one thread."""

# isort: off
import privsearch.runners.ray_settings  # noqa: F401  # before Ray

# isort: on
import logging
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from privsearch.environment import available_cores
from privsearch.plan import PlannedTrial
from privsearch.result import failure, parse_result
from privsearch.runners.base import Observer, Runner, attributed
from privsearch.runners.jobs import Job


class WorkerDied(RuntimeError):  # noqa: N818  # it names what happened, as it will stand in the record
    """A worker ended without giving its trial's result back."""


@contextmanager
def local_ray(workers: int) -> Iterator[None]:
    """Have Ray on this machine, with room for `workers` trials; a Ray that is there already is used and left alone."""
    if ray.is_initialized():
        yield
        return
    with _deferred_interrupt():
        ray.init(
            address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
        )
    try:
        yield
    finally:
        with _deferred_interrupt():
            ray.shutdown()


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back: Ray, interrupted while it starts or stops, crashes or leaves processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        raise KeyboardInterrupt


class TuneRunner(Runner):
    """Runs trials on this machine's cores; each worker keeps its process, and with it its data and imports."""

    def __init__(self, workers: int | None = None) -> None:
        """Run on `workers` processes, None for one a core."""
        self._workers = workers or available_cores()

    def run(self, trials: Sequence[PlannedTrial], job: Job, observer: Observer) -> None:
        """Do `job` with every trial once, starting them in order.

        Raises:
            KeyboardInterrupt: the user interrupted; the workers are stopped.
        """
        workers = min(self._workers, len(trials))
        with local_ray(workers), tempfile.TemporaryDirectory(prefix="privsearch-tune-") as folder:
            worker = tune.with_parameters(_Worker, trials=list(trials), job=job)
            self._tuner(worker, _Bridge(trials, observer), len(trials), workers, folder).fit()

    def _tuner(self, worker: Any, bridge: "_Bridge", size: int, workers: int, folder: str) -> tune.Tuner:
        """One Tune trial for each of ours; Tune's own files go to `folder`, which nobody reads."""
        return tune.Tuner(
            tune.with_resources(worker, {"cpu": 1}),
            tune_config=tune.TuneConfig(
                search_alg=_InOrder(size),
                num_samples=size,
                max_concurrent_trials=workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[bridge],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )


class _Worker(tune.Trainable):
    """A process that runs one trial after another; Tune calls one run of one trial a step."""

    def setup(self, config: dict[str, Any], trials: Sequence[PlannedTrial] = (), job: Job | None = None) -> None:
        # Tune asks for keywords with defaults; both are always given.
        assert job is not None
        self._trials, self._job = trials, job
        self._index = config["index"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._index = new_config["index"]
        return True

    def step(self) -> dict[str, Any]:
        return {"result": self._job(self._trials[self._index]).model_dump_json(), "done": True}


class _InOrder(Searcher):
    """Hands out the numbers from 0: Tune's own `grid_search` takes time that grows with their square."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._next = 0

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002  # the numbers are ours, not Tune's
        if self._next == self._size:
            return Searcher.FINISHED
        self._next += 1
        return {"index": self._next - 1}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Nothing is learnt from a trial."""


class _Bridge(tune.Callback):
    """Tells the observer what Tune tells its callbacks, in the driver's process."""

    def __init__(self, trials: Sequence[PlannedTrial], observer: Observer) -> None:
        self._trials = trials
        self._observer = observer
        self._started: dict[int, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its callbacks to restore a run from its own files, which is never done here."""
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        index = trial.config["index"]
        self._started[index] = time.perf_counter()
        self._observer.started(self._trials[index])

    def on_trial_result(self, iteration: int, trials: Any, trial: Trial, result: dict[str, Any], **info: Any) -> None:  # noqa: ARG002
        self._observer.finished(attributed(parse_result(result["result"]), self._trials[trial.config["index"]]))

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        index = trial.config["index"]
        planned = self._trials[index]
        error = WorkerDied(str(trial.get_error() or "the worker process ended without a word").strip())
        # A worker that could not even start is a trial that failed without having begun.
        seconds = time.perf_counter() - self._started.get(index, time.perf_counter())
        self._observer.finished(failure(planned.spec, planned.trial_id, error, seconds=seconds))
