"""The runner on Ray Tune's workers: on this machine one for each core, with one thread each, or on a cluster."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from privsearch._util.machine import available_cores
from privsearch.data.directory import DATA_DIR_VARIABLE
from privsearch.errors import ClusterLostError, SpecError
from privsearch.spec import Resources, RetryPolicy
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job, can_be_split
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
        self._waiting: SessionProcess | None = None
        self._most = 1

    def __getstate__(self) -> dict[str, Any]:
        # The session process gets this runner, and needs no session process of its own.
        return {**self.__dict__, "_waiting": None}

    @contextmanager
    def ready(self, job: Job, most: int, tell: Callable[[str], None]) -> Iterator[None]:
        """Have a session of Ray wait for `run`, with room for `most` workers."""
        if self._resources.custom and not self._address:
            raise _only_on_clusters(self._resources.custom)
        self._most = most
        if _connected():
            self.check_connected()
        else:
            tell(self._start_words)
            self._waiting = self._opened(most)
        try:
            from privsearch.sweep.runners.ray_tune.pickling import packed  # imports Ray

            packed(job, "cpu")
            yield
        finally:
            self._most = 1
            if self._waiting:
                self._waiting.close()
                self._waiting = None

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
        from privsearch.sweep.runners.ray_tune.driver import drive

        pending = OpenTrials(source, observer)
        if self._address:
            capacity = room(self._resources)
            workers = min(capacity, self._max_concurrent or capacity, max(pending.most_at_once, self._most))
            config = self._config(workers, job)
        else:
            workers = self._local_workers(pending.most_at_once)
            config = replace(self._config(workers, job), max_concurrent=workers)
        drive(pending, job, config, on_cluster=self._address is not None)

    def check_connected(self) -> None:
        """Check that the Ray that this process is connected to has what the workers need.

        Raises:
            SpecError: there is no GPU, but they need one.
        """
        from privsearch.sweep.runners.ray_tune.capacity import gpu_share

        gpu_share(self._resources, 1)

    def _run_session(self, trials: OpenTrials, job: Job) -> None:
        """Run the open trials in one session of Ray, in the one that waits if there is one."""
        if _connected():
            self.drive_connected(trials, job, trials)
            return
        if not self._waiting:
            trials.preparing(self._start_words)
        session = self._waiting or self._begun(trials.most_at_once)
        self._waiting = None
        with session:
            session.run(self.drive_connected, job, trials)

    @property
    def _start_words(self) -> str:
        return "starting Ray" if self._address is None else f"connecting to Ray at {self._address}"

    def _begun(self, most: int) -> SessionProcess:
        """Return a session process that begins to connect to Ray."""
        return SessionProcess(self._address, self._local_workers(most) * self._resources.cpu, self.check_connected)

    def _opened(self, most: int) -> SessionProcess:
        """Return a session process that is connected to Ray; start again what dies as it starts.

        Raises:
            SpecError: the workers need something that is missing, such as a GPU.
            ClusterError: Ray does not start, or its cluster cannot be reached.
        """
        for left in reversed(range(SESSIONS)):
            session = self._begun(most)
            try:
                session.open()
            except ClusterLostError as lost:
                session.close()
                if not left or self._address:
                    raise
                _LOG.warning("Ray ended as it started: %s; starting it again", lost.why)
            except BaseException:
                session.close()
                raise
            else:
                return session
        raise AssertionError("the last attempt returns or raises")

    def _local_workers(self, most: int) -> int:
        """Return the number of workers on this machine, of which `most` have work now, and others may have it later."""
        room = self._max_concurrent or max(1, int(available_cores() / self._resources.cpu))
        return min(room, max(most, self._most))

    def _config(self, workers: int, job: Job) -> WorkerConfig:
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
            splits=can_be_split(job),
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
