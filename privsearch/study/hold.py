"""The hold of this process on a folder, and how its loss is noticed: at every line, and every few seconds.

The lock (lock.py) keeps others out as long as its files are left alone. Somebody may delete them, or move the folder,
or put another one in its place, while a sweep writes there.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from privsearch.errors import StudyLostError

LEASE: Final = ".lease"
"""The file that the holder touches."""

_AGAIN_SECONDS: Final = 1.0
"""The time for which another process may move a lease aside to look at it."""
_LOOKS: Final = 10

_Identity = tuple[int, int]


class Hold:
    """A folder that this process alone writes to, as far as can be seen."""

    def __init__(self, folder: Path) -> None:
        """Remember a folder, and the lease in it, as this process has just acquired them.

        Raises:
            OSError: the folder is gone.
        """
        self._folder = folder
        # Open, so that no other folder and no other lease gets the same numbers.
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._lease = os.open(LEASE, os.O_RDONLY, dir_fd=self._descriptor)
        self._interrupted = threading.Lock()

    def close(self) -> None:
        """Forget the folder."""
        os.close(self._lease)
        os.close(self._descriptor)

    def check(self) -> None:
        """Make sure that this process holds the folder, and that the folder is where it was.

        Raises:
            StudyLostError: it does not, or is not.
        """
        self._check_in_place()
        self._check_alone()

    @contextmanager
    def writing_line(self) -> Iterator[None]:
        """Hold the folder while a line is appended to one of its files that is open.

        In a folder that has been moved the line is still written, as it is the same folder.

        Raises:
            StudyLostError: another process may be writing there, so that the line is not written; or the folder was
                moved, and holds the line.
        """
        self._check_alone()
        yield
        self._check_in_place()

    @contextmanager
    def watched(self, seconds: float) -> Iterator[None]:
        """Interrupt this process, at most `seconds` after the hold is lost during this block."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(seconds):
                try:
                    self.check()
                except StudyLostError:
                    self.interrupt()
                    return

        thread = threading.Thread(target=watch, name="privsearch-hold", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(_AGAIN_SECONDS)

    def remove(self, name: str) -> None:
        """Remove a file of the holder's, and the lease where its release would not find it, if this is still held."""
        if self._has_lease():
            with suppress(OSError):
                os.unlink(name, dir_fd=self._descriptor)
            if not self._is_in_place():
                with suppress(OSError):
                    os.unlink(LEASE, dir_fd=self._descriptor)

    def interrupt(self) -> None:
        """Interrupt this process as Ctrl-C does, once, because it may no longer be alone in the study."""
        if self._interrupted.acquire(blocking=False):
            # Processes that a shell runs in the background ignore Ctrl-C.
            ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM if ignored else signal.SIGINT)

    def lost(self) -> StudyLostError:
        """Return the error of a lock that this process has no longer."""
        return StudyLostError(
            f"{self._folder}: must be held by one process, but this one's lock was deleted, or it gave no sign of life "
            "for too long, so that another may have taken over; what is recorded is kept: run the same command again"
        )

    def _check_alone(self) -> None:
        for look in reversed(range(_LOOKS)):
            if self._has_lease():
                return
            if look:
                time.sleep(_AGAIN_SECONDS / _LOOKS)
        raise self.lost()

    def _check_in_place(self) -> None:
        if not self._is_in_place():
            what = "something else stands in its place" if self._folder.exists() else "it was moved or deleted"
            raise StudyLostError(
                f"{self._folder}: must stay where it is while it is written to, but {what}; what is recorded is in it, "
                "wherever it is now: run the same command again, with that place as --study"
            )

    def _is_in_place(self) -> bool:
        try:
            # A link is followed, as all do who write there.
            return _identity(self._folder.stat()) == _identity(os.fstat(self._descriptor))
        except OSError:
            return False

    def _has_lease(self) -> bool:
        # NFS promises to ask its server only when a file is opened.
        try:
            descriptor = os.open(LEASE, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._descriptor)
        except OSError:
            return False
        try:
            return _identity(os.fstat(descriptor)) == _identity(os.fstat(self._lease))
        except OSError:  # a file that another host has deleted
            return False
        finally:
            os.close(descriptor)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
