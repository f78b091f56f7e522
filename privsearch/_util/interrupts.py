"""The signals that ask a program to end, as exceptions, so that everything open is closed on the way out."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final

from privsearch.errors import StudyLostError

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals of Ctrl-C, of a batch system at its time limit, and of a terminal that was closed."""

SIGNALLED: Final = 128
"""The number that shells add to that of the signal that ended a program, for its exit status."""

Handler = Callable[[int, FrameType | None], object]
"""A function from a signal and the frame that it interrupts."""


class Interrupted(KeyboardInterrupt):
    """The exception that closes a program that was asked to end.

    Attributes:
        number: the signal.
        exit_status: the exit status that a shell expects of a program that this signal ended.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number
        self.exit_status = SIGNALLED + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Leave this block with `Interrupted` if a signal asks this program to end.

    Signals that the program's caller ignores stay ignored, such as SIGHUP under `nohup`.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    with _handled(interrupt):
        try:
            yield
        except (Interrupted, StudyLostError):
            # A process that has lost its study interrupts itself: what it says is why.
            raise
        # Not raised by the handler itself, which may interrupt Ray: Ray lets no exception but KeyboardInterrupt out.
        # Other exceptions may come from closing things on the way out, such as a display on a terminal that is gone.
        except BaseException as error:
            if not received and not isinstance(error, KeyboardInterrupt):
                raise
            raise Interrupted(signal.Signals(received[0] if received else signal.SIGINT)) from error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold the signals back until the end of this block, because starts and ends of processes must not be cut short."""
    delayed: list[int] = []
    try:
        with _handled(lambda number, _: delayed.append(number)):
            yield
    finally:
        if delayed:
            signal.raise_signal(delayed[0])


@contextmanager
def unheeded() -> Iterator[None]:
    """Disregard the signals in this block, in which a program that they have asked to end says that it does."""
    with _handled(lambda *_: None):
        yield


@contextmanager
def keeping(number: signal.Signals) -> Iterator[None]:
    """Restore the handler of a signal at the end of this block, in which other code may change it."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


def handling(handler: Handler) -> "Mapping[signal.Signals, signal._HANDLER]":
    """Have `handler` called for the signals that are not ignored, and return the handlers that they had.

    Python handles signals in the main thread alone; in another one, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in ENDING}
    caught = {number: previous for number, previous in before.items() if previous is not signal.SIG_IGN}
    for number in caught:
        signal.signal(number, handler)
    return caught


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    """Call `handler` for the signals that are not ignored, and restore the earlier handlers afterwards."""
    caught = handling(handler)
    try:
        yield
    finally:
        for number, previous in caught.items():
            signal.signal(number, previous)
