"""The signals that ask a program to end: each becomes an exception, so that what is open is closed on the way out."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a batch system whose time is up, and a terminal that was closed."""

SIGNALLED: Final = 128
"""What shells add to the number of a signal that ended a program, for its exit status."""


class Interrupted(KeyboardInterrupt):
    """The program was asked to end.

    Attributes:
        number: the signal.
        exit_status: what a shell expects of a program that this signal ended.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number
        self.exit_status = SIGNALLED + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` from here where a signal asks this program to end, but for those that its caller ignores.

    `nohup` ignores SIGHUP, for one.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    with _handled(interrupt):
        try:
            yield
        except Interrupted:
            raise
        # Not raised by the handler itself: Ray, which it may interrupt, lets nothing but its own KeyboardInterrupt out.
        # And what is closed on the way out may fail, such as a display on a terminal that is gone.
        except BaseException as error:
            if not received and not isinstance(error, KeyboardInterrupt):
                raise
            raise Interrupted(signal.Signals(received[0] if received else signal.SIGINT)) from error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold such signals back until the end of this block: what starts or ends other processes must not be cut short."""
    held: list[int] = []
    try:
        with _handled(lambda number, _: held.append(number)):
            yield
    finally:
        if held:
            signal.raise_signal(held[0])


@contextmanager
def keeping(number: signal.Signals) -> Iterator[None]:
    """Put back what is done about a signal, whoever changes it in this block."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have `handler` told of the signals that are not ignored, and put back what was there before."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread alone
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    caught = {number: previous for number, previous in before.items() if previous is not signal.SIG_IGN}
    for number in caught:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in caught.items():
            signal.signal(number, previous)
