"""Run trials on Ray's workers, through Ray Tune: on this machine one a core, each with one thread, or on a cluster."""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from privsearch._util.machine import available_cores
from privsearch.data.directory import DATA_DIR_VARIABLE
from privsearch.errors import ClusterLostError, SpecError
from privsearch.spec import Resources, RetryPolicy
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job

if TYPE_CHECKING:
    from privsearch.sweep.runners.ray_tune.driver import PendingTrials
    from privsearch.sweep.runners.ray_tune.messages import WorkerConfig

SESSIONS: Final = 3
"""Sessions of Ray in a row that may be lost before one trial has ended."""

_LOG: Final = logging.getLogger(__name__)


class TuneRunner(Runner):
    """Runs trials on this machine or on a cluster; each worker keeps its process, and with it its data and imports."""

    def __init__(
        self,
        workers: int | None = None,
        resources: Resources = Resources(),  # noqa: B008  # frozen
        patience: RetryPolicy = RetryPolicy(),  # noqa: B008  # likewise
        address: str | None = None,
    ) -> None:
        """Run on a Ray of our own, or on the one at `address`.

        Args:
            workers: how many trials at a time; None for what `resources` say, or as many as there is room for.
            resources: what each worker gets.
            patience: what is done about trials that end their worker, or do not end.
            address: of a cluster (`privsearch.sweep.runners.ray_tune.session.ray_at`); None for a Ray of our own.
        """
        self._max_concurrent = workers or resources.max_concurrent
        self._resources = resources
        self._patience = patience
        self._address = address

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Do `job` with every trial once, starting them in order.

        Raises:
            KeyboardInterrupt: the user interrupted; the workers are stopped.
            SpecError: the workers are to have what is not there, such as a GPU; nothing has been run.
            ClusterError: the cluster is not there, or is gone; what `observer` was told of stays told.
        """
        from privsearch.sweep.runners.ray_tune.driver import PendingTrials
        from privsearch.sweep.runners.ray_tune.session import connected

        orders, in_vain = PendingTrials(source, observer), 0
        while orders.open:
            before = orders.num_done
            try:
                self._attempt(orders, job)
            except ClusterLostError as lost:
                in_vain = in_vain + 1 if orders.num_done == before else 0
                # A Ray that others have started is theirs to start again.
                if in_vain == SESSIONS or self._address or connected():
                    raise
                _LOG.warning("Ray ended: %s; going on in a new one, trials waiting: %d", lost.why, len(orders.open))

    def _attempt(self, orders: "PendingTrials", job: Job) -> None:
        """Do what is left in one session of Ray."""
        from privsearch.sweep.runners.ray_tune.driver import drive
        from privsearch.sweep.runners.ray_tune.session import local_ray, ray_at, room

        if self._address:
            with ray_at(self._address):
                there = room(self._resources)
                workers = min(there, self._max_concurrent or there, len(orders.open))
                drive(orders, job, self._crew(workers, self._max_concurrent))
            return
        if self._resources.custom:
            raise _only_on_clusters(self._resources.custom)
        cores = max(1, int(available_cores() / self._resources.cpu))
        workers = min(self._max_concurrent or cores, len(orders.open))
        with local_ray(workers * self._resources.cpu):
            drive(orders, job, self._crew(workers, workers))

    def _crew(self, workers: int, max_concurrent: int | None) -> "WorkerConfig":
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
            # What this machine's environment says, other machines do not know.
            environment={DATA_DIR_VARIABLE: os.environ[DATA_DIR_VARIABLE]} if DATA_DIR_VARIABLE in os.environ else {},
            patience=self._patience,
        )


def _only_on_clusters(custom: Mapping[str, float]) -> SpecError:
    return SpecError(
        f"must be empty where trials run on this machine alone, but got {dict(custom)}; name a Ray cluster that has "
        "them with --address, or drop them",
        where=("resources", "custom"),
    )
