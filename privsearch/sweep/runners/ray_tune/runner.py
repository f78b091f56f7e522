"""The runner on Ray Tune's workers: on this machine one for each core, with one thread each, or on a cluster."""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from privsearch._util.machine import available_cores
from privsearch.data.directory import DATA_DIR_VARIABLE
from privsearch.errors import ClusterLostError, SpecError
from privsearch.spec import Resources, RetryPolicy
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job
from privsearch.sweep.runners.ray_tune.messages import WorkerConfig
from privsearch.sweep.runners.ray_tune.open_trials import OpenTrials
from privsearch.sweep.runners.ray_tune.session_process import SessionProcess

SESSIONS: Final = 3
"""The number of sessions of Ray that may be lost in a row without any trial done."""

_LOG: Final = logging.getLogger(__name__)


class TuneRunner(Runner):
    """A runner on this machine or a cluster; each worker keeps its process, with its data and imports."""

    def __init__(
        self,
        workers: int | None = None,
        resources: Resources = Resources(),  # noqa: B008  # frozen
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008  # likewise
        address: str | None = None,
    ) -> None:
        """Prepare to run on a Ray of our own, or on the one at `address`.

        Args:
            workers: the number of trials at a time; None for what `resources` say, or as many as there is room for.
            resources: the resources of each worker.
            retry_policy: the policy for trials that end their worker, or do not end.
            address: the address of a cluster, as `session.ray_at` takes it; None for a Ray of our own.
        """
        self._max_concurrent = workers or resources.max_concurrent
        self._resources = resources
        self._retry_policy = retry_policy
        self._address = address

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Do `job` once with every trial, starting them in order.

        Raises:
            KeyboardInterrupt: the user interrupted; the workers are stopped.
            SpecError: the workers need something that is missing, such as a GPU; nothing has been run.
            ClusterError: the cluster cannot be reached, or was lost; the results that `observer` has stay valid.
        """
        if self._resources.custom and not self._address:
            raise _only_on_clusters(self._resources.custom)
        trials, futile_sessions = OpenTrials(source, observer), 0
        while trials.open:
            before = trials.num_done
            trials.begin_session()
            try:
                self._run_session(trials, job)
            except ClusterLostError as lost:
                futile_sessions = futile_sessions + 1 if trials.num_done == before else 0
                # A Ray that others have started is theirs to start again.
                if futile_sessions == SESSIONS or self._address or _connected():
                    raise
                _LOG.warning("Ray ended: %s; going on in a new one, trials waiting: %d", lost.why, len(trials.open))

    def drive_connected(self, source: Source, job: Job, observer: Observer) -> None:
        """Do `job` once with every trial, on the Ray that this process is connected to.

        Raises:
            SpecError: the workers need something that is missing, such as a GPU; nothing has been run.
            ClusterLostError: Ray is gone.
        """
        from privsearch.sweep.runners.ray_tune.capacity import room
        from privsearch.sweep.runners.ray_tune.driver import PendingTrials, drive

        pending = PendingTrials(source, observer)
        if self._address:
            capacity = room(self._resources)
            config = self._config(min(capacity, self._max_concurrent or capacity, len(pending.open)))
        else:
            workers = self._local_workers(len(pending.open))
            config = replace(self._config(workers), max_concurrent=workers)
        drive(pending, job, config)

    def _run_session(self, trials: OpenTrials, job: Job) -> None:
        """Run the open trials in one session of Ray."""
        if _connected():
            self.drive_connected(trials, job, trials)
            return
        cores = self._local_workers(len(trials.open)) * self._resources.cpu
        with SessionProcess(self._address, cores) as session:
            session.run(self.drive_connected, job, trials)

    def _local_workers(self, num_trials: int) -> int:
        """Return the number of workers for so many trials on this machine."""
        return min(self._max_concurrent or max(1, int(available_cores() / self._resources.cpu)), num_trials)

    def _config(self, workers: int) -> WorkerConfig:
        from privsearch.sweep.runners.ray_tune.capacity import gpu_share

        return WorkerConfig(
            workers=workers,
            max_concurrent=self._max_concurrent,
            resources={
                "CPU": self._resources.cpu,
                "GPU": gpu_share(self._resources, workers),
                **self._resources.custom,
            },
            # Other machines do not know the environment of this one.
            environment={DATA_DIR_VARIABLE: os.environ[DATA_DIR_VARIABLE]} if DATA_DIR_VARIABLE in os.environ else {},
            retry_policy=self._retry_policy,
        )


def _connected() -> bool:
    """Return True if this process is connected to a Ray, without importing Ray, which takes a while."""
    return "ray" in sys.modules and bool(sys.modules["ray"].is_initialized())


def _only_on_clusters(custom: Mapping[str, float]) -> SpecError:
    return SpecError(
        f"must be empty where trials run on this machine alone, but got {dict(custom)}; name a Ray cluster that has "
        "them with --address, or drop them",
        where=("resources", "custom"),
    )
