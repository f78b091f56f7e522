"""The driver's side of a run on Ray: it sends the trials out, and reports to the observer what comes back."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Final

import ray
from ray.exceptions import RayError, RayTaskError

from privsearch._util.interrupts import uninterrupted
from privsearch.errors import ClusterLostError, StudyError
from privsearch.study.result import parse_result
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import checked_identity
from privsearch.sweep.runners.failures import given_up
from privsearch.sweep.runners.jobs import Job
from privsearch.sweep.runners.ray_tune.actor import SchedulerActor
from privsearch.sweep.runners.ray_tune.heartbeat import HEAD, Heartbeat
from privsearch.sweep.runners.ray_tune.messages import (
    Advanced,
    Event,
    Finished,
    GivenUp,
    Sent,
    Started,
    TrialEvent,
    Wanted,
    WorkerConfig,
)
from privsearch.sweep.runners.ray_tune.open_trials import OpenTrials
from privsearch.sweep.runners.ray_tune.pickling import packed
from privsearch.sweep.runners.ray_tune.relay import read_files, witness_of, write_files
from privsearch.sweep.runners.ray_tune.session import last_line

POLL_SECONDS: Final = 0.1
"""The longest time that a result waits to be recorded."""
LAST_SECONDS: Final = 5.0
"""The longest time that an interrupted run waits for the results that are there."""
_LOG: Final = logging.getLogger(__name__)

THREADS: Final = 8
"""The number of calls that the scheduler actor takes at a time, one of which lasts for the whole run."""


def drive(pending: OpenTrials, job: Job, config: WorkerConfig, *, on_cluster: bool) -> None:
    """Do `job` with every pending trial, on the Ray that this process is connected to.

    Args:
        pending: the trials.
        job: the work on each.
        config: the workers.
        on_cluster: True if workers may be on machines that do not see the folders of this one.

    Raises:
        ClusterLostError: Ray is gone, and some trials are still open.
        SpecError: a registered part cannot be sent to workers.
    """
    trials = [*pending.take()]
    pickled = packed(job, config.device)
    # Beside the cluster's head: other machines come and go.
    remote: Any = ray.remote(num_cpus=0, max_concurrency=THREADS, resources={HEAD: 0.001})(SchedulerActor)  # type: ignore[call-overload]  # it takes no classes, by its types
    try:
        with witness_of(job) if on_cluster else nullcontext() as witness, Heartbeat() as heartbeat:
            actor = remote.remote(trials, pickled, replace(config, witness=witness))
            _follow(actor, heartbeat, _Reader(actor, trials, pending, job), config)
    except RayTaskError:
        raise  # a mistake of ours
    except (RayError, ConnectionError) as error:
        raise ClusterLostError(last_line(error)) from None


def _follow(actor: Any, heartbeat: Heartbeat, reader: "_Reader", config: WorkerConfig) -> None:
    """Have the scheduler actor run all trials, and read its events until it is done."""
    running = actor.run.remote()
    workers = "1 worker" if config.workers == 1 else f"{config.workers} workers"
    try:
        ended: list[Any] = []
        while not ended:
            ended, _ = ray.wait([running], timeout=POLL_SECONDS)
            reader.read(heartbeat.result(reader.ask()))
            reader.add_trials()
            heartbeat.check()
            if not reader.num_read:
                lacks = heartbeat.note_waiting(config.resources)
                doing = f"waiting for a machine with {lacks}" if lacks else f"starting {workers}"
                reader.pending.preparing(doing)
    except KeyboardInterrupt:
        # However far the driver is behind, the results that are there now are not lost.
        with uninterrupted():
            answer = reader.ask()
            if ray.wait([answer], timeout=LAST_SECONDS)[0]:
                reader.read(ray.get(answer))
        raise
    heartbeat.result(running)


class _Reader:
    """A reader of the scheduler actor's events, each of them once, who also adds the trials that results lead to.

    Attributes:
        num_read: the number of events read so far.
        pending: the trials, and the observer that is told.
    """

    def __init__(self, actor: Any, trials: Sequence[PlannedTrial], pending: OpenTrials, job: Job) -> None:
        self._actor = actor
        self._job = job
        self._trials = [*trials]
        self.pending = pending
        self._num_answered = 0
        self.num_read = 0

    def ask(self) -> Any:
        """Ask the actor for its events, and return a reference to the answer."""
        return self._actor.events.remote(self.num_read)

    def read(self, events: Sequence[Event]) -> None:
        """Report each event; a signal waits until the event in hand has been reported."""
        for event in events:
            with uninterrupted():
                self.num_read += 1
                match event:
                    case Sent(files):
                        self._write(files)
                    case Wanted(request, names):
                        self._actor.given.remote(request, read_files(self._job, names))
                    case _:
                        self._report(self._trials[event.index], event)

    def _report(self, trial: PlannedTrial, event: TrialEvent) -> None:
        match event:
            case Started():
                self.pending.started(trial)
            case Advanced(_, advance):
                self.pending.advanced(trial, Advance.model_validate_json(advance))
            case Finished(_, answer):
                self.pending.finished(checked_identity(parse_result(answer), trial))
            case GivenUp(_, attempts, death):
                self.pending.finished(given_up(trial, attempts, death))

    def _write(self, files: Mapping[str, bytes]) -> None:
        """Write what a worker has sent; if that fails, its trial has its numbers all the same."""
        try:
            write_files(self._job, files)
        except StudyError as error:
            _LOG.warning("%s", error)

    def add_trials(self) -> None:
        """Send the trials that new results have led to; if there are none and none is open, close the schedule."""
        if self.pending.num_done == self._num_answered and self.pending.open:
            return
        self._num_answered = self.pending.num_done
        if more := self.pending.take():
            self._trials += more
            self._actor.add.remote(more)
        elif not self.pending.open:
            self._actor.close.remote()
