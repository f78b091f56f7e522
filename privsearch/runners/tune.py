"""Run trials on Ray's workers, through Ray Tune: one worker a core, each with one thread, or several to a GPU."""

import threading
from collections.abc import Sequence
from importlib import import_module

from privsearch.environment import available_cores
from privsearch.plan import PlannedTrial
from privsearch.runners.base import Observer, Runner
from privsearch.runners.jobs import Job
from privsearch.runners.ray_session import gpu_share, local_ray
from privsearch.spec import Resources


class TuneRunner(Runner):
    """Runs trials on this machine; each worker keeps its process, and with it its data and imports."""

    def __init__(self, workers: int | None = None, resources: Resources = Resources()) -> None:  # noqa: B008  # frozen
        """Run on `workers` processes with `resources` each, None for as many as the cores suffice for."""
        self._workers = workers or max(1, int(available_cores() / resources.cpu))
        self._resources = resources

    def run(self, trials: Sequence[PlannedTrial], job: Job, observer: Observer) -> None:
        """Do `job` with every trial once, starting them in order.

        Raises:
            KeyboardInterrupt: the user interrupted; the workers are stopped.
            SpecError: the workers are to have a GPU, and there is none; nothing has been run.
        """
        workers = min(self._workers, len(trials))
        # Ray Tune takes a second to import: here, for a sweep with nothing left to do, and while Ray starts.
        importing = threading.Thread(target=import_module, args=("privsearch.runners.tuning",))
        importing.start()
        with local_ray(workers * self._resources.cpu):
            gpu = gpu_share(self._resources, workers)
            importing.join()
            from privsearch.runners.tuning import Crew, run_shards

            run_shards(trials, job, observer, Crew(workers, self._resources.cpu, gpu))
