"""The driver's part of a session of Ray: a process that is connected to Ray, and whose death costs that session alone.

Ray's own library ends the process that is connected to it where a part of Ray dies at a bad moment, and takes SIGTERM
for itself. So the driver, which records, is never connected itself, unless its user has connected it.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from socket import socketpair
from types import TracebackType
from typing import Any, Final, Self

from privsearch._util.interrupts import uninterrupted
from privsearch.errors import ClusterLostError
from privsearch.sweep.runners.base import Observer, Source
from privsearch.sweep.runners.failures import ended_by
from privsearch.sweep.runners.jobs import Job
from privsearch.sweep.runners.ray_tune.open_trials import OpenTrials

Drive = Callable[[Source, Job, Observer], None]
"""A function that does a job once with every trial, on the Ray that its process is connected to."""

COMMAND: Final = ("-m", "privsearch.sweep.runners.ray_tune.session_main")
"""The words by which Python runs the process."""
START_SECONDS: Final = 300.0
"""The time that Ray may take to start, in which a Ray that hangs does not notice it itself."""
STOP_SECONDS: Final = 10.0
"""The time that a session which is to stop has for the results that are there."""
END_SECONDS: Final = 15.0
"""The time that a session which has ended has to shut its Ray down."""
LOG_BYTES: Final = 4_000
"""The number of bytes at the end of the process's log in which the cause of its death is sought."""


class SessionProcess:
    """The session process, as seen from the driver; it and the Ray that it starts are gone at the end of the block."""

    def __init__(self, address: str | None, cores: float, check: Callable[[], None]) -> None:
        """Start the process.

        Args:
            address: the address of the cluster to connect to; None to start a Ray on this machine.
            cores: the cores that such a Ray has to share out.
            check: called by the process once it is connected; what it raises ends the session.
        """
        self._connected = self._ended = self._told_to_stop = False
        ours, theirs = socketpair()
        self._log = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115  # open as long as the process
        with uninterrupted():
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, *COMMAND, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                # A group of its own, in which what Ray starts is found: some of it outlives a Ray that is killed.
                process_group=0,
                # The job's module may be found on this process's own import path alone.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        theirs.close()
        self._connection = Connection(ours.detach())
        self._first: tuple[str | None, float, Callable[[], None]] | None = (address, cores, check)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and what it has started."""
        with uninterrupted(), suppress(OSError):
            if self._connected and not (self._ended or self._told_to_stop):  # nothing has been run
                self._connection.send("stop")
                self._ended = True
        with uninterrupted():
            if self._ended:
                self._wait_for_end()
            self._kill()
            self._connection.close()
            self._log.close()

    def open(self) -> None:
        """Wait until the process is connected to Ray.

        Raises:
            KeyboardInterrupt: the user interrupted.
            ClusterLostError: Ray does not start, or the process is gone.
            ClusterError: Ray cannot be started or reached.
            SpecError: it lacks what the check asks for.
        """
        self._begin()
        self._serve(None)

    def _begin(self) -> None:
        if self._first:
            self._send(self._first)
            self._first = None

    def run(self, drive: Drive, job: Job, trials: OpenTrials) -> None:
        """Have the process call `drive` with `job` and all trials.

        Raises:
            KeyboardInterrupt: the user interrupted.
            ClusterLostError: Ray does not start, or is gone, or the process is.
            ClusterError: Ray cannot be started or reached.
            SpecError: the job cannot be sent, or needs something that is missing.
        """
        try:
            self._begin()
            self._send((drive, _packed(job)))
            self._serve(trials)
        except KeyboardInterrupt:
            with uninterrupted(), suppress(ClusterLostError):
                self._stop(trials)
            raise

    def _serve(self, trials: OpenTrials | None) -> None:
        """Answer the process's calls until the session has ended; without trials, until it is connected."""
        until = time.monotonic() + START_SECONDS
        while not (self._ended or (self._connected and trials is None)):
            # Signals are heard while it waits, and never in the middle of a message.
            if not self._connection.poll(None if self._connected else max(0.0, until - time.monotonic())):
                raise ClusterLostError(f"it did not start within {START_SECONDS:.0f} s")
            with uninterrupted():
                self._answer(trials)

    def _stop(self, trials: OpenTrials) -> None:
        """Say to stop, and take the results that are there; a Ray that has not started yet ends with its process."""
        until = time.monotonic() + STOP_SECONDS
        if self._connected:
            self._told_to_stop = True
            self._send("stop")
            while not self._ended and self._connection.poll(max(0.0, until - time.monotonic())):
                self._answer(trials)

    def _answer(self, trials: OpenTrials | None) -> None:
        """Receive a call, and answer it.

        Raises:
            PrivsearchError: the error that the session ended with.
        """
        match self._receive():
            case ("connected",):
                self._connected = True
            case ("warned", name, message):
                logging.getLogger(name).warning("%s", message)
            case ("ended", error):
                self._ended = True
                if error:
                    raise error
            case call if trials:
                self._answer_about(call, trials)

    def _answer_about(self, call: Any, trials: OpenTrials) -> None:
        match call:
            case ("take",):
                self._send(trials.take())
            case ("started", trial_id):
                trials.started(trials.open[trial_id])
            case ("preparing", what):
                trials.preparing(what)
            case ("advanced", trial_id, advance) if trial_id in trials.open:
                trials.advanced(trials.open[trial_id], advance)
            case ("finished", result):
                trials.finished(result)

    def _send(self, message: object) -> None:
        try:
            self._connection.send(message)
        except OSError:
            raise ClusterLostError(self._death()) from None

    def _receive(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise ClusterLostError(self._death()) from None

    def _death(self) -> str:
        """Say how the process ended, and the last that it said."""
        self._wait_for_end()
        code = self._kill()
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - LOG_BYTES))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        how = ended_by(signal.Signals(-code).name) if code < 0 else f"ended with exit code {code}"
        return ": ".join([f"the process connected to it {how}", *lines[-1:]])

    def _wait_for_end(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)

    def _kill(self) -> int:
        """Kill what is left of the process and its group; return its exit code, negative for a signal."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


def _packed(job: Job) -> bytes:
    from privsearch.sweep.runners.ray_tune.pickling import packed  # imports Ray, as the process does meanwhile

    return packed(job, "cpu")
