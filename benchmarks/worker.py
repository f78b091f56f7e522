"""The process of one side of a row, fresh, so that no side profits from the other's settings and imports."""

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
    """A side's failure to prepare or to finish a round, with its message."""


@dataclass(frozen=True)
class Timing:
    """The seconds of one round: `wall` that passed, and `cpu` computed by the process and its children."""

    wall: float
    cpu: float


class Side:
    """A process that has prepared one side and waits for its turns, for use in a `with` statement."""

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
            SideError: the side failed.
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
    """Call `work` once, and return its timing and answer."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    answer = work()
    return Timing(time.perf_counter() - wall, _cpu_seconds() - cpu), answer


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _serve(connection: Connection) -> None:
    """Receive and prepare a side, then compute a round for each message, until the other end is closed."""
    # torch, numba and the like read these when they are loaded, which receiving the side does.
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
