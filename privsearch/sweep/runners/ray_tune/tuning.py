"""Shards as trials of Ray Tune's: it starts workers where there is room, keeps them, and notices when one is lost."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import tempfile
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from privsearch.sweep.runners.process import WorkerProcess
from privsearch.sweep.runners.ray_tune.coordinator import Schedule
from privsearch.sweep.runners.ray_tune.messages import Shard, WorkerConfig


def run_shards(conductor: Schedule, job: bytes, crew: WorkerConfig) -> None:
    """Have workers do `job` with the shards that `conductor`, in whose actor this is called, hands out."""
    worker = tune.with_parameters(_Worker, job=job, crew=crew, conductor=ray.get_runtime_context().current_actor)
    # Tune's own files go where nobody reads them.
    with tempfile.TemporaryDirectory(prefix="privsearch-tune-") as folder:
        tune.Tuner(
            tune.with_resources(worker, dict(crew.resources)),
            tune_config=tune.TuneConfig(
                search_alg=_InOrder(conductor),
                num_samples=-1,
                max_concurrent_trials=crew.max_concurrent,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[_Deaths(conductor)],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()


class _Worker(tune.Trainable):
    """A process that supervises another, which runs one shard of trials after another."""

    def setup(self, config: dict[str, Any], **parameters: Any) -> None:
        crew: WorkerConfig = parameters["crew"]
        self._conductor = parameters["conductor"]
        self._supervisor = WorkerProcess(parameters["job"], crew.environment, crew.patience.timeout)
        self._shard = Shard.of(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._shard = Shard.of(new_config)
        return True

    def step(self) -> dict[str, Any]:
        self._supervisor.prepare()
        told: Any = None
        for trial in ray.get(self._conductor.begin.remote(self._shard)):
            answer = self._supervisor.run(trial)
            # The answer before this one is safe by now; to wait for it earlier would cost each trial a round trip.
            if told:
                ray.get(told)
            told = self._conductor.done.remote(self._shard.number, answer)
        ray.get(told)
        return {"done": True}

    def cleanup(self) -> None:
        self._supervisor.close()


class _Unpickled:
    """Has no state for Tune, which pickles its parts to restore a run from its own files: never done here."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _InOrder(_Unpickled, Searcher):
    """Hands out shards: Tune's own `grid_search` takes time that grows with the square of its size."""

    def __init__(self, conductor: Schedule) -> None:
        super().__init__()
        self._conductor = conductor
        self._handed_out = 0

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002  # the numbers are ours, not Tune's
        # What is handed out may still come back, and lead to more. Without it Tune has nothing to do but to wait, for
        # which it would sleep a second at a time.
        shard = self._conductor.take() if self._handed_out else self._conductor.wait()
        if shard is None:
            return None if self._handed_out else Searcher.FINISHED
        self._handed_out += 1
        return shard.config()

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:  # noqa: ARG002
        """Count; nothing is learnt from a trial."""
        self._handed_out -= 1


class _Deaths(_Unpickled, tune.Callback):
    """Tells of the workers that Tune has lost."""

    def __init__(self, conductor: Schedule) -> None:
        self._conductor = conductor

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **info: Any) -> None:  # noqa: ARG002
        self._conductor.lost(Shard.of(trial.config), str(trial.get_error() or "Ray gives no reason"))
