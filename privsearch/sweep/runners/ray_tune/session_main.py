"""The session process, which is connected to Ray for as long as a session lasts, and may die of it.

    python -m privsearch.sweep.runners.ray_tune.session_main CHANNEL

CHANNEL is the file descriptor of a connection to the driver. From it come the Ray to connect to, then what to call and
its job, then trials as they are asked for, and perhaps the word to stop. Calls go to it, and `SessionProcess` answers.
"""

# isort: off
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray

# isort: on
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from privsearch.errors import ClusterLostError, PrivsearchError
from privsearch.sweep.runners.ray_tune.session import local_ray, ray_at
from privsearch.sweep.runners.ray_tune.watch import watch

if TYPE_CHECKING:
    # What is imported here, Ray need not wait for: `_Driver.listen` imports it as it arrives, while Ray starts.
    from privsearch.study.result import TrialResult
    from privsearch.sweep.advance import Advance
    from privsearch.sweep.planned import PlannedTrial

STOP: Final = "stop"
"""The word with which the driver ends a session early."""


def main(channel: int) -> None:
    """Connect to Ray, run the session, tell the driver how it ended, and end this process."""
    os.set_inheritable(channel, False)
    driver = _Driver(Connection(channel))
    _hold_signals(driver)
    address, cores, check = driver.first()
    threading.Thread(target=driver.listen, daemon=True).start()
    if not address:
        watch(driver.lose)
    try:
        with ray_at(address) if address else local_ray(cores):
            check()
            driver.call("connected")
            driver.end(_outcome(driver))
    except PrivsearchError as error:  # there is no Ray
        driver.end(error)
    # A library that an interrupt has cut short may crash when Python takes it apart.
    os._exit(0)


def _outcome(driver: "_Driver") -> BaseException | None:
    """Run the session, and return what it ended with."""
    try:
        from privsearch.sweep.runners.ray_tune.pickling import unpacked

        drive, job = driver.reply()
        logging.getLogger("privsearch").addHandler(_Notes(driver))
        drive(driver, unpacked(job), driver)
    except BaseException as error:
        return error
    return None


def _hold_signals(driver: "_Driver") -> None:
    """Leave signals to the driver, which gets them too where a batch system sends them to all processes.

    They are not ignored, as what Ray starts would inherit that. What is ignored already, as under `nohup`, stays so.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: driver.interrupt_if_stopped())


class _Driver:
    """The driver, as seen from this process: a source and an observer of trials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = False

    def first(self) -> Any:
        """Receive the first message, before `listen` is called."""
        return self._connection.recv()

    def listen(self) -> None:
        """Receive the messages that follow. Without a driver this process ends, and what it has started with it."""
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                _end_all()
            except Exception as error:  # whatever a user's objects raise as they arrive
                message = error
            if message == STOP:
                self._stopped = True
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            else:
                self._replies.put(message)

    def interrupt_if_stopped(self) -> None:
        """Raise a KeyboardInterrupt if the driver has said to stop."""
        if self._stopped:
            raise KeyboardInterrupt

    def call(self, name: str, *arguments: Any) -> None:
        """Send the driver a call."""
        with self._sending:
            self._connection.send((name, *arguments))

    def reply(self) -> Any:
        """Wait for the next message, and return it, or raise the error that it arrived with."""
        message = self._replies.get()
        if isinstance(message, Exception):
            raise message
        return message

    def end(self, error: BaseException | None) -> None:
        """Tell the driver that the session has ended, and the error that it ended with unless it was asked to stop."""
        if error and not isinstance(error, PrivsearchError | KeyboardInterrupt):
            # A mistake of ours, of a class that may not be sent.
            error = RuntimeError("".join(traceback.format_exception(error)))
        with suppress(OSError):
            self.call("ended", None if isinstance(error, KeyboardInterrupt) else error)

    def lose(self, why: str) -> None:
        """Tell the driver that Ray is gone, and end this process, in whatever state it is."""
        self.end(ClusterLostError(why))
        _end_all()

    def take(self) -> "Sequence[PlannedTrial]":
        """Ask the driver for further trials."""
        self.call("take")
        trials: Sequence[PlannedTrial] = self.reply()
        return trials

    def started(self, trial: "PlannedTrial") -> None:
        """Tell the driver that a worker has begun `trial`."""
        self.call("started", trial.trial_id)

    def preparing(self, what: str) -> None:
        """Tell the driver what is done before the first trial."""
        self.call("preparing", what)

    def advanced(self, trial: "PlannedTrial", advance: "Advance") -> None:
        """Tell the driver how far a worker is with `trial`."""
        self.call("advanced", trial.trial_id, advance)

    def finished(self, result: "TrialResult") -> None:
        """Tell the driver of a result."""
        self.call("finished", result)


class _Notes(logging.Handler):
    """A log handler that hands warnings on to the driver, whose user they are for."""

    def __init__(self, driver: _Driver) -> None:
        super().__init__(logging.WARNING)
        self._driver = driver

    def emit(self, record: logging.LogRecord) -> None:
        self._driver.call("warned", record.name, record.getMessage())


def _end_all() -> None:
    """End this process and all of its group at once: some of what Ray starts outlives a Ray that is killed."""
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
