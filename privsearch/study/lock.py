"""One writer at a time in a folder, even if several hosts share a file system that hides their locks from each other.

A writer holds two things, and watches that it goes on holding them (hold.py). The operating system's lock is seen by
the processes of one host, and ends with its process however the process dies. The lease, a file that its holder touches
every few seconds, is for the processes of other hosts: they watch it, give up as soon as they see it touched, and take
it over if it was not touched for `LEASE_SECONDS` of their own clock. The clocks of two hosts are never compared.
"""

import errno
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, LeaseCompromise, LeaseSettingsMismatch, SoftFileLease, Timeout

from privsearch._util.disk import file_stamp, replace_file, writing
from privsearch.errors import StudyError
from privsearch.study.hold import LEASE, Hold

LEASE_SECONDS: Final = 30.0
"""The seconds without a touch after which a lease has no holder."""

HEARTBEAT_SECONDS: Final = 5.0
"""The seconds between two touches of a lease by its holder."""

OUTPUTS_SECONDS: Final = 600.0
"""The seconds to wait for another process that is making a study's outputs."""

_POLL_SECONDS: Final = 0.2
_LOCK, _HOLDER = ".lock", ".holder.json"
_NO_LOCKS_HERE: Final = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_log = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path) -> Iterator[Hold]:
    """Hold a folder against other processes; the hold ends with the process, however it dies.

    No file is left of it that was not there before.

    A holder is interrupted if the folder is moved or its lock is deleted, or when it goes on after it could not touch
    its lease for too long, on a suspended host for example: by then another process may be writing.

    Yields:
        The hold.

    Raises:
        StudyError: another process holds the folder, or the folder cannot be written to.
        StudyLostError: the folder was moved meanwhile, or another process may have taken it over.
    """
    with ExitStack() as stack:
        holds: list[Hold] = []
        lease = _acquire(folder, stack, lambda _: holds[0].interrupt() if holds else None)
        process = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        replace_file(folder / _HOLDER, json.dumps(process))
        with writing(folder):
            holds.append(Hold(folder))
        hold = holds[0]
        stack.callback(hold.close)
        try:
            with hold.watched(HEARTBEAT_SECONDS):
                yield hold
        finally:
            try:
                hold.check()
            finally:
                hold.remove(_HOLDER)
            if lease.compromise:
                raise hold.lost()


def holder(folder: Path) -> str | None:
    """Return a sentence on the process that holds a folder, or did until it died; None if there is none."""
    try:
        process = json.loads((folder / _HOLDER).read_text())
        return f"process {process['pid']} on {process['host']} holds it since {process['since']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


class LeaseObserver:
    """An observer of a folder's lease that touches nothing, so that it is never in a holder's way."""

    def __init__(self, folder: Path) -> None:
        """Observe `folder`, which need not exist yet."""
        self._folder = folder
        self._stamp: tuple[int, int] | None = None
        self._touched_at = 0.0

    def held(self) -> bool:
        """Return whether the folder is held, as far as repeated calls have seen its lease touched.

        A lease that this observer first sees counts as one that has just been touched. The lease of a process of this
        host that has ended counts for two heartbeats, since another host may have the same name.
        """
        stamp, now = _stamp(self._folder / LEASE), time.monotonic()
        if stamp != self._stamp:
            self._stamp, self._touched_at = stamp, now
        grace = 2 * HEARTBEAT_SECONDS if self._holder_is_gone() else LEASE_SECONDS
        return stamp is not None and now - self._touched_at < grace

    def _holder_is_gone(self) -> bool:
        try:
            process = json.loads((self._folder / _HOLDER).read_text())
            if process["host"] == socket.gethostname():
                os.kill(int(process["pid"]), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return False


@contextmanager
def file_locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the operating system's lock on a file, if the file system has locks at all.

    Raises:
        Timeout: another process holds the lock for longer than `timeout` seconds.
        OSError: the file cannot be written.
    """
    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire(timeout=timeout)
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    try:
        yield
    finally:
        lock.release()


@contextmanager
def outputs_locked(folder: Path) -> Iterator[None]:
    """Hold the outputs of a study against other processes, and wait for one that is making them.

    Raises:
        StudyError: they cannot be written, or the other process takes too long over them.
    """
    with writing(folder):
        try:
            with file_locked(folder / ".outputs.lock", OUTPUTS_SECONDS):
                yield
        except Timeout:
            raise StudyError(
                f"{folder}: only one process at a time may write a study's tables and plots, but another one has been "
                f"at it for {OUTPUTS_SECONDS:.0f} s; stop it, then run `privsearch front {folder}`"
            ) from None


def _acquire(folder: Path, stack: ExitStack, on_compromise: Callable[[LeaseCompromise], None]) -> SoftFileLease:
    """Acquire the lock and the lease of a folder, held until `stack` ends, and return the lease."""
    with writing(folder):
        try:
            lock_is_new = not (folder / _LOCK).exists()
            stack.enter_context(file_locked(folder / _LOCK, timeout=0))
            if lock_is_new:
                # While it is locked: whoever waits for it sees that it was removed, and makes another.
                stack.callback(_remove, folder / _LOCK, file_stamp(folder / _LOCK))
            lease = _leased(folder, on_compromise)
        except (Timeout, LeaseSettingsMismatch):
            raise StudyError(
                f"{folder}: only one sweep at a time may write to a study, but "
                f"{holder(folder) or 'another process holds it'}; wait for it, or stop it first"
            ) from None
    stack.callback(lease.release)
    return lease


def _leased(folder: Path, on_compromise: Callable[[LeaseCompromise], None]) -> SoftFileLease:
    lease = SoftFileLease(
        folder / LEASE,
        lease_duration=LEASE_SECONDS,
        heartbeat_interval=HEARTBEAT_SECONDS,
        on_compromise=on_compromise,
    )
    owner = lease.owner
    earlier = owner and (holder(folder) or f"process {owner.pid} on {owner.hostname} holds it")
    try:
        lease.acquire(timeout=0)
    except Timeout:
        _log.warning("%s: %s; waiting up to %.0f s for a sign of life", folder, earlier, LEASE_SECONDS)
        _outlive(lease, folder / LEASE)
    if earlier:
        _log.warning("%s: %s, but gave no sign of life; taken over", folder, earlier)
    return lease


def _outlive(lease: SoftFileLease, path: Path) -> None:
    """Take the lease over from a holder that never touches it.

    Raises:
        Timeout: the holder touches the lease.
    """
    first = _stamp(path)

    def touched() -> bool:
        return _stamp(path) not in {first, None}

    try:
        lease.acquire(timeout=LEASE_SECONDS + 4 * _POLL_SECONDS, poll_interval=_POLL_SECONDS, cancel_check=touched)
    except Timeout:
        if touched():
            raise
        # filelock takes a lease over by swapping two files, which some shared file systems, such as NFS, cannot.
        lease.force_break()
        lease.acquire(timeout=0)


def _remove(path: Path, stamp: tuple[int, ...] | None) -> None:
    """Remove a file, if it is there and has not changed."""
    with suppress(OSError):
        if file_stamp(path) == stamp:
            path.unlink()


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return a stamp of a lease that changes when the lease is touched; None if there is no lease."""
    # NFS promises to ask its server only when a file is opened.
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
