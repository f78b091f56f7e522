"""The end of a process that is told to end, put off until what must be finished first is finished.

A process is told by its own thread that waits for that (`privsearch.sweep.runners.process_main`); a training then
writes one more checkpoint (`privsearch.models.checkpoint`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_told: Final = threading.Event()
_free: Final = threading.Event()
"""Set while the process may end at once."""
_free.set()


@contextmanager
def finishing() -> Iterator[None]:
    """Put off the end of this process until `finished` is called, or this block is left."""
    _free.clear()
    try:
        yield
    finally:
        _free.set()


def is_near() -> bool:
    """Return whether this process has been told to end."""
    return _told.is_set()


def finished() -> None:
    """Let this process end."""
    _free.set()


def tell(seconds: float) -> None:
    """Tell this process to end, and return when it may, or after `seconds`."""
    _told.set()
    _free.wait(seconds)
