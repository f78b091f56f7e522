"""How far a worker is with a trial: noted while it works, and told once a second by another thread.

The work is never held up: noting is an assignment, and no number is read back from a GPU for it. A trial that takes
less than a second tells nothing, so that many short ones cost nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from privsearch.study.result import Epoch

TOLD_EVERY_SECONDS: Final = 1.0
"""The time between two tellings, and the age from which a trial is told of."""

Phase = Literal["loading", "reading data", "compiling", "training", "querying", "attacking", "ended"]
"""The kinds of work on a trial; `ended` if the worker has left it, whether done or dead."""


class Advance(BaseModel):
    """The state of a worker's work on a trial, or on a part of one.

    Attributes:
        part: the indices of the networks that the worker trains; None if it does all that is left of the trial.
        phase: the kind of work that it is at.
        seconds: the time since it began.
        trained: the indices of the networks that it has trained since then.
        network: the index of the network that it is training or querying; None if there is none.
        epochs_done: the whole epochs that this network has been trained for.
        epochs: the epochs that it is to be trained for.
        steps_done: the steps of the next epoch that are done.
        steps: the steps of an epoch; 0 before the first one.
        accuracy: the training accuracy in the last whole epoch; None before its end.
    """

    model_config = ConfigDict(frozen=True)

    part: tuple[int, ...] | None = None
    phase: Phase = "loading"
    seconds: float = 0.0
    trained: tuple[int, ...] = ()
    network: int | None = None
    epochs_done: int = 0
    epochs: int = 0
    steps_done: int = 0
    steps: int = 0
    accuracy: float | None = None

    @property
    def epochs_passed(self) -> float:
        """The epochs of the network that have passed, the part of the present one included."""
        return self.epochs_done + (self.steps_done / self.steps if self.steps else 0.0)


class Activity:
    """The work on one trial, or on a part of one: one thread notes it, and another may read it at any time."""

    def __init__(self, part: tuple[int, ...] | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin.

        Args:
            part: as of `Advance`.
            clock: a clock that returns seconds.
        """
        self._part = part
        self._clock = clock
        self._began_at = clock()
        self._phase: Phase = "loading"
        self._compiles = False
        self._epochs = 0
        self._trained: tuple[int, ...] = ()
        # Each is replaced as a whole, so that a reader never sees one network's number with another one's.
        self._place: tuple[int, int, int, int] | None = None
        self._measured: tuple[int, float] | None = None

    @property
    def seconds(self) -> float:
        """The time since it began."""
        return self._clock() - self._began_at

    def enter(self, phase: Phase) -> None:
        """Note that another kind of work begins."""
        self._place = None
        self._phase = phase

    def train(self, epochs: int) -> None:
        """Note that networks are trained from now on, each for that many epochs."""
        self._epochs = epochs
        self.enter("training")

    def note_compiling(self, begins: bool) -> None:
        """Note that compiling begins, or that it has ended."""
        self._compiles = begins

    def on_step(self, network: int, epoch: int, step: int, steps: int) -> None:
        """Note that `network` begins a step of an epoch; all count from 0."""
        self._place = (network, epoch, step, steps)

    def on_epoch(self, network: int, epoch: int, measured: Epoch) -> None:
        """Note what was measured in an epoch that has ended."""
        self._measured = (network, measured.accuracy)
        self._place = (network, epoch + 1, 0, 0)

    def on_trained(self, network: int) -> None:
        """Note that a network has been trained and queried."""
        self._trained += (network,)
        self._place = None

    def advance(self) -> Advance:
        """Return the present state."""
        phase, place, measured = self._phase, self._place, self._measured
        if self._compiles:
            phase = "compiling"
        elif phase == "training" and place and place[1] == self._epochs:
            phase = "querying"
        network, epochs_done, steps_done, steps = place or (None, 0, 0, 0)
        return Advance(
            part=self._part,
            phase=phase,
            seconds=self.seconds,
            trained=self._trained,
            network=network,
            epochs_done=epochs_done,
            epochs=self._epochs,
            steps_done=steps_done,
            steps=steps,
            accuracy=measured[1] if measured and measured[0] == network else None,
        )


_AT_WORK: Final[ContextVar[Activity | None]] = ContextVar("at_work", default=None)


def current_activity() -> Activity:
    """Return the activity that a job is to note its work in: one that nobody reads, outside of `Teller.work`."""
    return _AT_WORK.get() or Activity()


class Teller:
    """A thread that tells of the work in another one, once a second while it lasts."""

    def __init__(self, every: float = TOLD_EVERY_SECONDS) -> None:
        """Prepare to tell at intervals of that many seconds, of nothing that is younger."""
        self._every = every
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._work: tuple[Activity, Callable[[Advance], None]] | None = None
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._over.set()

    @contextmanager
    def work(self, part: tuple[int, ...] | None, tell: Callable[[Advance], None]) -> Iterator[None]:
        """Call `tell` with the states of the work in this block, from another thread; never after the block.

        Args:
            part: as of `Advance`.
            tell: called with what the job in this block has noted in `current_activity`.
        """
        activity = Activity(part)
        token = _AT_WORK.set(activity)
        with self._lock:
            self._work = activity, tell
        try:
            yield
        finally:
            with self._lock:
                self._work = None
            _AT_WORK.reset(token)

    def _tell(self) -> None:
        delay = self._every
        while not self._over.wait(delay):
            delay = self._every
            with self._lock:
                if self._work:
                    activity, tell = self._work
                    age = activity.seconds
                    if age < self._every:
                        delay -= age
                    else:
                        tell(activity.advance())
