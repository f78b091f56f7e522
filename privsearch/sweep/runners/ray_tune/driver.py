"""The driver's side of a run on Ray: it sends the trials out, and tells the observer what comes back."""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
from collections.abc import Sequence
from typing import Any, Final

import ray
from ray.exceptions import RayError, RayTaskError

from privsearch._util.interrupts import uninterrupted
from privsearch.errors import ClusterLostError
from privsearch.study.result import parse_result
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Observer, Source, checked_identity
from privsearch.sweep.runners.failures import given_up
from privsearch.sweep.runners.jobs import Job
from privsearch.sweep.runners.ray_tune.coordinator import Schedule
from privsearch.sweep.runners.ray_tune.heartbeat import HEAD, Heartbeat
from privsearch.sweep.runners.ray_tune.messages import Event, Finished, GivenUp, Started, WorkerConfig
from privsearch.sweep.runners.ray_tune.pickling import packed
from privsearch.sweep.runners.ray_tune.session import last_line

POLL_SECONDS: Final = 0.1
"""How long a result waits to be recorded, at most."""
LAST_SECONDS: Final = 5.0
"""How long an interrupted run waits for what has finished."""
THREADS: Final = 8
"""Calls that a conductor takes at a time: one runs for as long as it lives."""


class PendingTrials:
    """Trials that an observer waits for.

    Attributes:
        open: those that have no result yet.
        num_done: how many have one.
    """

    def __init__(self, source: Source, observer: Observer) -> None:
        """Begin with what `source` gives first."""
        self.open: dict[str, PlannedTrial] = {}
        self.num_done = 0
        self._source = source
        self._observer = observer
        self.take()

    def take(self) -> Sequence[PlannedTrial]:
        """What is ordered now that was not ordered before."""
        trials = self._source.take()
        self.open |= {trial.trial_id: trial for trial in trials}
        return trials

    def told(self, trial: PlannedTrial, news: Event) -> None:
        """Pass news of one of them on."""
        match news:
            case Started():
                self._observer.started(trial)
                return
            case Finished(_, answer):
                result = checked_identity(parse_result(answer), trial)
            case GivenUp(_, attempts, death):
                result = given_up(trial, attempts, death)
        del self.open[trial.trial_id]
        self.num_done += 1
        self._observer.finished(result)


def drive(orders: PendingTrials, job: Job, crew: WorkerConfig) -> None:
    """Do `job` with every open order, on the Ray that is there.

    Raises:
        ClusterLostError: Ray is gone, and some orders are still open.
        SpecError: something registered cannot be sent to workers.
    """
    trials = list(orders.open.values())
    pickled = packed(job, crew.device)
    # Beside the cluster's head: other machines come and go.
    actor: Any = ray.remote(num_cpus=0, max_concurrency=THREADS, resources={HEAD: 0.001})(Schedule)  # type: ignore[call-overload]  # it takes no classes, by its types
    try:
        conductor = actor.remote(trials, pickled, crew)
        with Heartbeat() as watch:
            _follow(conductor, watch, _Reader(conductor, trials, orders), crew)
    except RayTaskError:
        raise  # a mistake of ours
    except (RayError, ConnectionError) as error:
        raise ClusterLostError(last_line(error)) from None


def _follow(conductor: Any, watch: Heartbeat, reader: "_Reader", crew: WorkerConfig) -> None:
    """Have the conductor do all trials, and tell of them until it has."""
    running = conductor.run.remote()
    try:
        ended: list[Any] = []
        while not ended:
            ended, _ = ray.wait([running], timeout=POLL_SECONDS)
            reader.read(watch.result(reader.ask()))
            reader.pass_on_orders()
            watch.check()
            if not reader.num_told:
                watch.note_waiting(crew.resources)
    except KeyboardInterrupt:
        # What has finished by now is not lost, however far the driver is behind.
        with uninterrupted():
            answer = reader.ask()
            if ray.wait([answer], timeout=LAST_SECONDS)[0]:
                reader.read(ray.get(answer))
        raise
    watch.result(running)


class _Reader:
    """Passes on what a conductor tells, all of it once, and to it what is ordered thereupon.

    Attributes:
        num_told: how many news that were.
    """

    def __init__(self, conductor: Any, trials: Sequence[PlannedTrial], orders: PendingTrials) -> None:
        self._conductor = conductor
        self._trials = [*trials]
        self._orders = orders
        self._num_answered = 0
        self.num_told = 0

    def ask(self) -> Any:
        """A reference to what the conductor answers."""
        return self._conductor.news.remote(self.num_told)

    def read(self, answer: Sequence[Event]) -> None:
        """Tell of all that is new; a signal waits until the news that is being told has been told."""
        for news in answer:
            with uninterrupted():
                self.num_told += 1
                self._orders.told(self._trials[news.index], news)

    def pass_on_orders(self) -> None:
        """Order what earlier results have led to; where nothing is left to wait for, say that nothing will come."""
        if self._orders.num_done == self._num_answered and self._orders.open:
            return
        self._num_answered = self._orders.num_done
        if more := self._orders.take():
            self._trials += more
            self._conductor.add.remote(more)
        elif not self._orders.open:
            self._conductor.close.remote()
