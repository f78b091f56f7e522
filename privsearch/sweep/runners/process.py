"""The worker process's part: it has a training process run trials, and replaces a process that dies or hangs."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from socket import socketpair
from typing import Final, Literal

from privsearch.study.result import Death
from privsearch.sweep.advance import TOLD_EVERY_SECONDS
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.process_main import ADVANCE

LOG_BYTES: Final = 4_000
"""The number of bytes that are kept from the end of a dead process's log."""
STACK_SECONDS: Final = 1.0
"""The time that a process that hangs has to write its stack to its log."""
GRACE_SECONDS: Final = 5.0
"""The time that a process may take to end after it has closed its connection."""


class WorkerProcess:
    """A worker process, which has its current training process run one trial after another."""

    def __init__(
        self,
        job: bytes,
        environment: Mapping[str, str],
        timeout: float | None,
        told_every: float = TOLD_EVERY_SECONDS,
    ) -> None:
        """Start a training process.

        Args:
            job: the pickled pair of a `Job` and the device to train on.
            environment: variables that the training process gets in addition to those of this process.
            timeout: the seconds that a trial may take; None for no limit.
            told_every: the seconds between two words of how far a trial is.
        """
        self._job = job
        self._environment = environment
        self._timeout = timeout
        self._told_every = told_every
        self._training: _TrainingProcess | None = self._started()

    def prepare(self) -> None:
        """Wait until the training process is ready; if it fails to start, `run` returns its death."""
        with suppress(EOFError, OSError):
            if self._training:
                self._training.wait_until_ready()

    def run(self, trial: PlannedTrial, tell: Callable[[str], None] = lambda _: None) -> str | Death:
        """Run a trial, and return its result as JSON or the death of the process that ran it.

        Args:
            trial: the trial.
            tell: called every `told_every` seconds with an `Advance` as JSON, not for a trial that is shorter.
        """
        training = self._training or self._started()
        self._training = None
        outcome = training.run(trial, self._timeout, tell)
        if isinstance(outcome, str):
            self._training = training
        return outcome

    def close(self) -> None:
        """End the training process."""
        if self._training:
            self._training.end()
            self._training = None

    def _started(self) -> "_TrainingProcess":
        return _TrainingProcess(self._job, self._environment, self._told_every)


class _TrainingProcess:
    """A training process, as seen from the worker process that started it."""

    def __init__(self, job: bytes, environment: Mapping[str, str], told_every: float) -> None:
        ours, theirs = socketpair()
        lifeline, self._lifeline = os.pipe()
        self._log = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115  # open as long as the process
        words = [str(theirs.fileno()), str(lifeline), str(told_every)]
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "privsearch.sweep.runners.process_main", *words],
            pass_fds=(theirs.fileno(), lifeline),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # The job's module may be found on this process's own import path alone.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        )
        theirs.close()
        os.close(lifeline)
        self._connection = Connection(ours.detach())
        self._unsent_job: bytes | None = job

    def wait_until_ready(self) -> None:
        """Send the process its job and wait until it is ready, unless that has been done.

        Raises:
            EOFError, OSError: the process died.
        """
        if self._unsent_job is not None:
            job, self._unsent_job = self._unsent_job, None
            self._connection.send_bytes(job)
            self._connection.recv_bytes()

    def run(self, trial: PlannedTrial, timeout: float | None, tell: Callable[[str], None]) -> str | Death:
        """Run a trial, and return its result as JSON or the death of this process, which is gone then."""
        started = time.perf_counter()
        try:
            self.wait_until_ready()
            self._connection.send(trial)
            result = self._result(timeout, tell)
            if result is not None:
                # The output of this trial would mislead if the next one dies.
                self._log.truncate(0)
                self._log.seek(0)
                return result
            cause: Literal["died", "timeout"] = "timeout"
            os.kill(self._process.pid, signal.SIGUSR1)
            time.sleep(STACK_SECONDS)
            os.kill(self._process.pid, signal.SIGKILL)
        except (EOFError, OSError):
            cause = "died"
        return self._death(cause, time.perf_counter() - started)

    def _result(self, timeout: float | None, tell: Callable[[str], None]) -> str | None:
        """Wait for the result, passing on how far the trial is; return None if it does not come in time."""
        ends_at = None if timeout is None else time.perf_counter() + timeout
        while self._connection.poll(None if ends_at is None else max(0.0, ends_at - time.perf_counter())):
            message = self._connection.recv_bytes()
            if not message.startswith(ADVANCE):
                return message.decode()
            tell(message.removeprefix(ADVANCE).decode())
        return None

    def end(self) -> None:
        """Kill the process, if it has not ended yet, and wait for its end."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._reap()

    def _death(self, cause: Literal["died", "timeout"], seconds: float) -> Death:
        tail, (code, peak) = self._tail, self._reap()
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
        """The end of the log."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - LOG_BYTES))
        return self._log.read().decode(errors="replace").strip()

    def _reap(self) -> tuple[int, int]:
        """Wait for the process to end; return its exit code, negative for a signal, and its peak memory in bytes."""
        # A process that closed its connection without ending is killed, though not through Popen, which would reap it.
        killer = threading.Timer(GRACE_SECONDS, os.kill, (self._process.pid, signal.SIGKILL))
        killer.start()
        _, status, usage = os.wait4(self._process.pid, 0)
        killer.cancel()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._connection.close()
        self._log.close()
        os.close(self._lifeline)
        # Linux counts in KiB.
        return self._process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal-{number}"
