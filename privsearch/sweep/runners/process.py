"""Has trials run in a child process, and tells how it ended where it dies or hangs: the next trial gets a new one."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from socket import socketpair
from typing import Final, Literal

from privsearch.study.result import Death
from privsearch.sweep.planned import PlannedTrial

LOG_BYTES: Final = 4_000
"""The end of a dead process's log that is kept."""
STACK_SECONDS: Final = 1.0
"""How long a process that hangs has to write down where."""
GRACE_SECONDS: Final = 5.0
"""How long a process that has hung up may take to end."""


class WorkerProcess:
    """Runs trials one at a time, each in the child process that there is."""

    def __init__(self, job: bytes, environment: Mapping[str, str], timeout: float | None) -> None:
        """Start a child.

        Args:
            job: the pickled pair of what to do with a trial and where to train.
            environment: variables that the child gets beside those of this process.
            timeout: the seconds that a trial may take; None for no limit.
        """
        self._job = job
        self._environment = environment
        self._timeout = timeout
        self._child: _Child | None = _Child(job, environment)

    def prepare(self) -> None:
        """Wait for the child that was started; one that fails to start is told of with its first trial."""
        with suppress(EOFError, OSError):
            if self._child:
                self._child.meet()

    def run(self, trial: PlannedTrial) -> str | Death:
        """The trial's result as JSON, or what became of the process that ran it."""
        child = self._child or _Child(self._job, self._environment)
        self._child = None
        answer = child.run(trial, self._timeout)
        if isinstance(answer, str):
            self._child = child
        return answer

    def close(self) -> None:
        """End the child."""
        if self._child:
            self._child.end()
            self._child = None


class _Child:
    """A child process, as its parent sees it."""

    def __init__(self, job: bytes, environment: Mapping[str, str]) -> None:
        ours, theirs = socketpair()
        lifeline, self._lifeline = os.pipe()
        self._log = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115  # open as long as the child
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "privsearch.sweep.runners.process_main", str(theirs.fileno()), str(lifeline)],
            pass_fds=(theirs.fileno(), lifeline),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # The job may come from a module that this process knows from its own path alone.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        )
        theirs.close()
        os.close(lifeline)
        self._connection = Connection(ours.detach())
        self._greeting: bytes | None = job

    def meet(self) -> None:
        """Tell the child what its job is, and wait until it is ready, unless that has been done.

        Raises:
            EOFError, OSError: it died.
        """
        if self._greeting is not None:
            greeting, self._greeting = self._greeting, None
            self._connection.send_bytes(greeting)
            self._connection.recv_bytes()

    def run(self, trial: PlannedTrial, timeout: float | None) -> str | Death:
        """What the trial came to; the child is gone where this is a death."""
        started = time.perf_counter()
        try:
            self.meet()
            self._connection.send(trial)
            if self._connection.poll(timeout):
                answer = self._connection.recv_bytes().decode()
                # What this trial has written is no evidence of the next.
                self._log.truncate(0)
                self._log.seek(0)
                return answer
            cause: Literal["died", "timeout"] = "timeout"
            os.kill(self._process.pid, signal.SIGUSR1)
            time.sleep(STACK_SECONDS)
            os.kill(self._process.pid, signal.SIGKILL)
        except (EOFError, OSError):
            cause = "died"
        return self._death(cause, time.perf_counter() - started)

    def end(self) -> None:
        """End the process, if it has not ended yet."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._buried()

    def _death(self, cause: Literal["died", "timeout"], seconds: float) -> Death:
        tail, (code, peak) = self._tail, self._buried()
        return Death(
            cause=cause,
            exit_code=code if code >= 0 else None,
            signal=_signal_name(-code) if code < 0 else None,
            log_tail=tail,
            peak_memory_bytes=peak,
            seconds=seconds,
        )

    @property
    def _tail(self) -> str:
        """The last lines of the log."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - LOG_BYTES))
        return self._log.read().decode(errors="replace").strip()

    def _buried(self) -> tuple[int, int]:
        """Wait for the process to end: the exit code, negative for a signal, and the peak of its memory in bytes."""
        # One that hung up without having ended is ended. Not through Popen, which would take the exit code for itself.
        late = threading.Timer(GRACE_SECONDS, os.kill, (self._process.pid, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(self._process.pid, 0)
        late.cancel()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._connection.close()
        self._log.close()
        os.close(self._lifeline)
        # Linux counts in KiB.
        return self._process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal-{number}"
