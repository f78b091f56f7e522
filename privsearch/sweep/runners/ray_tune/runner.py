"""The runner on Ray Tune's workers: on this machine one for each core, with one thread each, or on a cluster."""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from privsearch._util.machine import available_cores
from privsearch.data.directory import DATA_DIR_VARIABLE
from privsearch.errors import ClusterLostError, SpecError
from privsearch.spec import Resources, RetryPolicy
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job, can_be_split

if TYPE_CHECKING:
    from privsearch.sweep.runners.ray_tune.driver import PendingTrials
    from privsearch.sweep.runners.ray_tune.messages import WorkerConfig

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
        observer.preparing("starting Ray" if self._address is None else f"connecting to Ray at {self._address}")
        from privsearch.sweep.runners.ray_tune.driver import PendingTrials
        from privsearch.sweep.runners.ray_tune.session import connected

        pending, futile_sessions = PendingTrials(source, observer), 0
        while pending.open:
            before = pending.num_done
            try:
                self._attempt(pending, job)
            except ClusterLostError as lost:
                futile_sessions = futile_sessions + 1 if pending.num_done == before else 0
                # A Ray that others have started is theirs to start again.
                if futile_sessions == SESSIONS or self._address or connected():
                    raise
                _LOG.warning("Ray ended: %s; going on in a new one, trials waiting: %d", lost.why, len(pending.open))

    def _attempt(self, pending: "PendingTrials", job: Job) -> None:
        """Run the pending trials in one session of Ray."""
        from privsearch.sweep.runners.ray_tune.driver import drive
        from privsearch.sweep.runners.ray_tune.session import local_ray, ray_at, room

        if self._address:
            with ray_at(self._address):
                capacity = room(self._resources)
                workers = min(capacity, self._max_concurrent or capacity, pending.most_at_once)
                drive(pending, job, self._config(workers, self._max_concurrent, job))
            return
        if self._resources.custom:
            raise _only_on_clusters(self._resources.custom)
        cores = max(1, int(available_cores() / self._resources.cpu))
        workers = min(self._max_concurrent or cores, pending.most_at_once)
        with local_ray(workers * self._resources.cpu):
            drive(pending, job, self._config(workers, workers, job))

    def _config(self, workers: int, max_concurrent: int | None, job: Job) -> "WorkerConfig":
        from privsearch.sweep.runners.ray_tune.messages import WorkerConfig
        from privsearch.sweep.runners.ray_tune.session import gpu_share

        return WorkerConfig(
            workers=workers,
            max_concurrent=max_concurrent,
            resources={
                "CPU": self._resources.cpu,
                "GPU": gpu_share(self._resources, workers),
                **self._resources.custom,
            },
            # Other machines do not know the environment of this one.
            environment={DATA_DIR_VARIABLE: os.environ[DATA_DIR_VARIABLE]} if DATA_DIR_VARIABLE in os.environ else {},
            retry_policy=self._retry_policy,
            splits=can_be_split(job),
        )


def _only_on_clusters(custom: Mapping[str, float]) -> SpecError:
    return SpecError(
        f"must be empty where trials run on this machine alone, but got {dict(custom)}; name a Ray cluster that has "
        "them with --address, or drop them",
        where=("resources", "custom"),
    )
