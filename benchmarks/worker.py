"""One side of a row in a fresh process of its own, so that neither profits from what the other has set or loaded."""

import multiprocessing
import os
import resource
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from benchmarks.row import Answer, Prepare, Round

ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class SideError(Exception):
    """A side could not be prepared or did not finish a round; says how."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one round: that passed, and that were computed, those of child processes among them."""

    wall: float
    cpu: float


class Side:
    """A process that has prepared one side and waits for its turns; to be used in a `with` statement."""

    def __init__(self, prepare: Prepare, *, quick: bool) -> None:
        """Start the process and wait until it is ready."""
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end,))
        self._process.start()
        far_end.close()  # so that the end of the process is the end of the connection
        self._connection.send((prepare, quick))
        self._received()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.join()

    def round(self) -> tuple[Timing, Answer]:
        """Have the side compute once.

        Raises:
            SideError: it failed.
        """
        self._connection.send(None)
        timing, answer = self._received()
        return timing, answer

    def _received(self) -> Answer:
        try:
            failure, content = self._connection.recv()
        except EOFError:
            self._process.join()
            raise SideError(f"its process ended with exit code {self._process.exitcode}") from None
        if failure:
            raise SideError(failure)
        return content


def timed(work: Round) -> tuple[Timing, Answer]:
    """Call `work` once."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    answer = work()
    return Timing(time.perf_counter() - wall, _cpu_seconds() - cpu), answer


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _serve(connection: Connection) -> None:
    """Prepare the side that comes first, then compute whenever told so, until the other end is closed."""
    # Read when torch, numba and the like are loaded: before the side, which imports them, is received.
    os.environ.update(ONE_THREAD)
    try:
        prepare, quick = connection.recv()
        work = prepare(quick)
        connection.send((None, None))
        while True:
            connection.recv()
            connection.send((None, timed(work)))
    except EOFError:
        return
    except Exception:  # whatever a side raises is shown beside its row, and the other rows go on
        connection.send((traceback.format_exc(limit=-8), None))
