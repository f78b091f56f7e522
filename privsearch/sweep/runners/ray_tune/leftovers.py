"""What killed processes leave in the temporary directory: Tune's folders, and sessions of a Ray of our own.

A killed process removes nothing, and Ray never removes a session. A folder of ours has a file in it that its process
locks, and the lock ends with the process, however it dies. A folder whose lock is free belongs to nobody any more, and
the next start removes it. Folders without this file, such as sessions that others have started, are left alone.
"""

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

CLAIM: Final = "privsearch.lock"
"""The file that the process of a folder locks."""

SESSIONS: Final = "session_*"
"""The sessions of Ray in its own temporary directory."""

_TUNE: Final = "privsearch-tune-"
_RAYLET: Final = Path("sockets") / "raylet"


@contextmanager
def tune_folder() -> Iterator[Path]:
    """Make a folder for Tune's own files, remove it at the end, and remove those that killed processes have left."""
    with tempfile.TemporaryDirectory(prefix=_TUNE) as name:
        folder = Path(name)
        with claimed(folder):
            remove_abandoned(folder.parent, f"{_TUNE}*")
            yield folder


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Claim a folder for this process during this block.

    Where files cannot be locked the folder is nobody's, and is never removed but by its own process.
    """
    lock = FileLock(folder / CLAIM, fallback_to_soft=False)
    with suppress(OSError, Timeout, NotImplementedError):
        lock.acquire(timeout=0)
    try:
        yield
    finally:
        lock.release()


def remove_abandoned(parent: Path, pattern: str) -> None:
    """Remove the folders that this user's processes have claimed, and have died without removing.

    Args:
        parent: the folder that they lie in.
        pattern: a pattern for their names.
    """
    for folder in parent.glob(pattern):
        with suppress(OSError, Timeout, NotImplementedError):
            if _is_own(folder, stat.S_IFDIR) and _is_own(folder / CLAIM, stat.S_IFREG) and not _has_raylet(folder):
                with FileLock(folder / CLAIM, timeout=0, fallback_to_soft=False):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_own(path: Path, kind: int) -> bool:
    """Return whether a path, no link followed, is of a kind and this user's."""
    status = path.lstat()
    return stat.S_IFMT(status.st_mode) == kind and status.st_uid == os.geteuid()


def _has_raylet(session: Path) -> bool:
    """Return whether a process of Ray still listens in a session, which may outlive for a moment the one it is for."""
    path = session / _RAYLET
    if not path.exists():  # a path that is too long for a socket cannot even be tried
        return False
    with socket.socket(socket.AF_UNIX) as raylet:
        try:
            raylet.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
