"""The page of a running sweep's study, served by a process of its own that ends with the sweep.

    python -m privsearch.report.page.background LISTENER LIFELINE STUDY

The first two are file descriptors: LISTENER of a listening socket, LIFELINE of a pipe that closes when the sweep's
process ends.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from privsearch._util.interrupts import uninterrupted
from privsearch.report.page.following import StudyFollower
from privsearch.report.page.server import PageServer, address, listening

NICENESS: Final = 10
"""The niceness of the process, so that the sweep comes first."""

LAST_SECONDS: Final = 5.0
"""The seconds that open pages, which ask every 2 s, have to fetch the last document."""

MOST_SECONDS: Final = 60.0
"""The most seconds that an ended sweep waits for open pages."""

_ENDED: Final = b"."


@contextmanager
def served_beside(folder: Path, port: int) -> Iterator[str]:
    """Serve the page of the study in `folder` during this context; yield the page's address.

    After the context, open pages get the last results. An exception within the context, or Ctrl-C after it, ends the
    page at once.

    Raises:
        PortError: the port is not available.
    """
    with listening(port) as listener:
        where = address(listener)
        with uninterrupted():
            process, lifeline = _started(listener, folder)
    try:
        yield where
        with suppress(KeyboardInterrupt, subprocess.TimeoutExpired, OSError):
            os.write(lifeline, _ENDED)
            process.wait(MOST_SECONDS)
    finally:
        os.close(lifeline)
        process.kill()
        process.wait()


def _started(listener: socket.socket, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process; return it with the end of its lifeline that the caller must hold."""
    theirs, ours = os.pipe()
    process = subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-m", __name__, str(listener.fileno()), str(theirs), os.fspath(folder)],
        pass_fds=(listener.fileno(), theirs),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # One processor at most, as the sweep needs the others.
        env={**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")},
    )
    os.close(theirs)
    return process, ours


def main(listener: int, lifeline: int, folder: str) -> None:
    """Serve until the sweep has ended, or its process is gone."""
    # Ctrl-C on a terminal reaches all processes; this one must end only when the sweep does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    follower = StudyFollower(Path(folder), whole=False)
    threading.Thread(target=_end_with, args=(lifeline, follower), daemon=True).start()
    PageServer(socket.socket(fileno=listener), follower).serve()


def _end_with(lifeline: int, follower: StudyFollower) -> None:
    """End this process at once after the sweep has ended and open pages have its results, or its process is gone."""
    if os.read(lifeline, 1):
        threading.Thread(target=_say_goodbye, args=(follower,), daemon=True).start()
        os.read(lifeline, 1)
    os._exit(0)


def _say_goodbye(follower: StudyFollower) -> None:
    follower.end()
    if follower.is_watched:
        time.sleep(LAST_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
