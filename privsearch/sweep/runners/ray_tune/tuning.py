"""Shards as trials of Ray Tune, which starts workers where there is room, keeps them, and notices if one is lost."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from privsearch.sweep.runners.process import WorkerProcess
from privsearch.sweep.runners.ray_tune.leftovers import tune_folder
from privsearch.sweep.runners.ray_tune.messages import Shard, WorkerConfig
from privsearch.sweep.runners.ray_tune.relay import Outbox, files_needed
from privsearch.sweep.runners.ray_tune.schedule import Schedule


def run_shards(schedule: Schedule, job: bytes, config: WorkerConfig) -> None:
    """Have workers do `job` with every shard that `schedule` hands out; call this in the actor that is the schedule."""
    worker = tune.with_parameters(_Worker, job=job, workers=config, actor=ray.get_runtime_context().current_actor)
    # Tune's own files go where nobody reads them.
    with tune_folder() as folder:
        tune.Tuner(
            tune.with_resources(worker, dict(config.resources)),
            tune_config=tune.TuneConfig(
                search_alg=_InOrder(schedule),
                num_samples=-1,
                max_concurrent_trials=config.max_concurrent,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=str(folder),
                verbose=0,
                callbacks=[_Deaths(schedule)],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()


FETCH_SECONDS: Final = 0.1
"""The time between two looks for the answer to a request, which the session process gives as often."""

NOTHING: Final = ""
"""The outcome of an item of a trial that has been given up, which nobody reads."""


class _Worker(tune.Trainable):
    """A worker, which has a training process of its own run one shard of trials after another."""

    def setup(self, config: dict[str, Any], **parameters: Any) -> None:
        # Not under the name "config", which is that of Tune's own argument.
        workers: WorkerConfig = parameters["workers"]
        self._actor = parameters["actor"]
        self._outbox = None if workers.witness is None or workers.witness.is_seen() else Outbox()
        environment = {**workers.environment, **(self._outbox.environment if self._outbox else {})}
        self._process = WorkerProcess(parameters["job"], environment, workers.retry_policy.timeout)
        self._shard = Shard.of(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._shard = Shard.of(new_config)
        return True

    def step(self) -> dict[str, Any]:
        self._process.prepare()
        report: Any = None
        for item, trial in zip(self._shard.items, ray.get(self._actor.begin.remote(self._shard)), strict=True):
            # Nobody waits for what becomes of the calls that tell how far the work is.
            tell = partial(self._actor.advanced.remote, self._shard.number, item)
            if trial and self._outbox:
                self._outbox.fill(self._fetched(f"{self._shard.number}.{item}", files_needed(trial)))
            outcome = self._process.run(trial, tell) if trial else NOTHING
            if self._outbox and (files := self._outbox.empty()):
                ray.get(self._actor.sent.remote(files))
            # By now, waiting for the report before this one takes no time; earlier, it would cost a round trip a trial.
            if report:
                ray.get(report)
            report = self._actor.done.remote(self._shard.number, outcome)
        ray.get(report)
        return {"done": True}

    def cleanup(self) -> None:
        self._process.close()
        if self._outbox:
            self._outbox.close()

    def _fetched(self, request: str, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return files of the study, which this worker does not see, as far as they are there."""
        ray.get(self._actor.wanted.remote(request, names))
        while (files := ray.get(self._actor.fetch.remote(request))) is None:
            time.sleep(FETCH_SECONDS)
        return dict(files)


class _Unpickled:
    """A part of Tune that is pickled without its state, as no run is ever restored from Tune's own files."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _InOrder(_Unpickled, Searcher):
    """A searcher that hands out shards in order: the time that Tune's `grid_search` takes grows quadratically."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self._schedule = schedule
        self._handed_out = 0

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002  # the numbers are ours, not Tune's
        # A shard that is handed out may still come back, or lead to more trials. If none is, Tune has nothing to do but
        # to wait, which is done here: Tune would sleep a second at a time.
        shard = self._schedule.take() if self._handed_out else self._schedule.wait()
        if shard is None:
            return None if self._handed_out else Searcher.FINISHED
        self._handed_out += 1
        return shard.config()

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:  # noqa: ARG002
        """Count the shards that are handed out; nothing is learnt from a result."""
        self._handed_out -= 1


class _Deaths(_Unpickled, tune.Callback):
    """A callback that tells the schedule of each worker that Tune has lost."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        self._schedule.lost(Shard.of(trial.config), str(trial.get_error() or "Ray gives no reason"))
