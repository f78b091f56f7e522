"""The schedule as an actor of Ray's, beside the head of the cluster."""

from collections.abc import Mapping, Sequence

from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.ray_tune.messages import Sent, Wanted, WorkerConfig
from privsearch.sweep.runners.ray_tune.schedule import Schedule


class SchedulerActor(Schedule):
    """A schedule whose trials Ray Tune runs: workers bring it their results, and the driver asks it for events.

    It is an actor of several threads: `run` returns when all trials are done, and the other methods are called
    meanwhile. Workers do not report through Tune, which would take each of them 5 ms a trial.
    """

    def __init__(self, trials: Sequence[PlannedTrial], job: bytes, config: WorkerConfig) -> None:
        """Begin with `trials`.

        Args:
            trials: the trials that are known so far.
            job: the pickled pair of a `Job` and the device to train on.
            config: the workers to run them on.
        """
        super().__init__(trials, config.workers, config.retry_policy.retries, splits=config.splits)
        self._job = job
        self._config = config
        self._given: dict[str, Mapping[str, bytes]] = {}

    def sent(self, files: Mapping[str, bytes]) -> None:
        """Take files that a worker sends, which the session process writes into the study."""
        self.note(Sent(files))

    def wanted(self, request: str, names: Sequence[str]) -> None:
        """Ask the session process for files that a worker wants."""
        self.note(Wanted(request, names))

    def given(self, request: str, files: Mapping[str, bytes]) -> None:
        """Take the session process's answer to a request: the files that are there."""
        self._given[request] = files

    def fetch(self, request: str) -> Mapping[str, bytes] | None:
        """Return the answer to a request, once; None if there is none yet."""
        return self._given.pop(request, None)

    def run(self) -> None:
        """Run all trials, and those that are added, until the schedule is closed."""
        from privsearch.sweep.runners.ray_tune.tuning import run_shards  # takes a second, which the driver is spared

        run_shards(self, self._job, self._config)
