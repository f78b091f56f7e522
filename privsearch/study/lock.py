"""One writer at a time, also where several hosts share a file system that does not show one's locks to the other.

Two things are held. The operating system's lock, which the processes of one host see, and which ends with its process
however that dies. And a lease, a file that its holder touches every few seconds, for the processes of other hosts:
they watch it, refuse as soon as they see it touched, and take it over once they have not for `LEASE_SECONDS` of their
own clock. No two hosts' clocks are ever compared.
"""

import errno
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, LeaseCompromise, LeaseSettingsMismatch, SoftFileLease, Timeout

from privsearch._util.disk import replace_file, writing
from privsearch.errors import StudyError

LEASE_SECONDS: Final = 30.0
"""A lease that nobody touched for so long is nobody's."""

HEARTBEAT_SECONDS: Final = 5.0
"""How often its holder touches it."""

_POLL_SECONDS: Final = 0.2
_LOCK, _LEASE, _HOLDER = ".lock", ".lease", ".holder.json"
_NO_LOCKS_HERE: Final = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_log = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against every other process that asks to; the hold ends with the process, however it dies.

    The folder is made where it is not there.

    A holder that could not touch its lease for too long, on a host that was suspended say, is interrupted when it goes
    on: by then another one may be writing.

    Raises:
        StudyError: another process holds the folder, or took it over; or it cannot be written to.
    """
    with ExitStack() as stack:
        lease = _entered(folder, stack)
        who = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        replace_file(folder / _HOLDER, json.dumps(who))
        try:
            yield
        finally:
            if lease.compromise:
                raise StudyError(
                    f"{folder}: must be held by one process, but this one could not say for {LEASE_SECONDS:.0f} s that "
                    f"it was alive ({lease.compromise.reason}), so that another may have taken over; what is recorded "
                    "is kept: run the same command again"
                )
            with suppress(OSError):
                (folder / _HOLDER).unlink()


def holder(folder: Path) -> str | None:
    """Who holds a folder, or did until it died, in words; None where nobody has said so."""
    try:
        who = json.loads((folder / _HOLDER).read_text())
        return f"process {who['pid']} on {who['host']} holds it since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None


class LeaseObserver:
    """Sees whether a folder is held, and touches nothing, so that it is never in a holder's way."""

    def __init__(self, folder: Path) -> None:
        """Look at `folder`, whether it is there yet or not."""
        self._folder = folder
        self._stamp: tuple[int, int] | None = None
        self._moved_at = 0.0

    def held(self) -> bool:
        """Whether its lease is touched; to be asked again and again.

        One that this onlooker has never seen touched counts for as long as one that has just been touched. That of a
        process of this host which is no more counts for two heartbeats: where hosts share a name, it may be another's.
        """
        stamp, now = _stamp(self._folder / _LEASE), time.monotonic()
        if stamp != self._stamp:
            self._stamp, self._moved_at = stamp, now
        patience = 2 * HEARTBEAT_SECONDS if self._holder_is_gone() else LEASE_SECONDS
        return stamp is not None and now - self._moved_at < patience

    def _holder_is_gone(self) -> bool:
        try:
            who = json.loads((self._folder / _HOLDER).read_text())
            if who["host"] == socket.gethostname():
                os.kill(int(who["pid"]), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return False


@contextmanager
def file_locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the operating system's lock on a file, where the file system has locks at all.

    Raises:
        Timeout: another process holds it for longer than `timeout` seconds.
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


def _entered(folder: Path, stack: ExitStack) -> SoftFileLease:
    """Both of them, held until `stack` ends."""
    with writing(folder):
        try:
            stack.enter_context(file_locked(folder / _LOCK, timeout=0))
            lease = _leased(folder)
        except (Timeout, LeaseSettingsMismatch):
            raise StudyError(
                f"{folder}: only one sweep at a time may write to a study, but "
                f"{holder(folder) or 'another process holds it'}; wait for it, or stop it first"
            ) from None
    stack.callback(lease.release)
    return lease


def _leased(folder: Path) -> SoftFileLease:
    lease = SoftFileLease(
        folder / _LEASE,
        lease_duration=LEASE_SECONDS,
        heartbeat_interval=HEARTBEAT_SECONDS,
        on_compromise=_interrupt,
    )
    owner = lease.owner
    earlier = owner and (holder(folder) or f"process {owner.pid} on {owner.hostname} holds it")
    try:
        lease.acquire(timeout=0)
    except Timeout:
        _log.warning("%s: %s; waiting up to %.0f s for a sign of life", folder, earlier, LEASE_SECONDS)
        _outlive(lease, folder / _LEASE)
    if earlier:
        _log.warning("%s: %s, but gave no sign of life; taken over", folder, earlier)
    return lease


def _outlive(lease: SoftFileLease, path: Path) -> None:
    """Take the lease over from a holder that never touches it.

    Raises:
        Timeout: it does.
    """
    first = _stamp(path)

    def touched() -> bool:
        return _stamp(path) not in {first, None}

    try:
        lease.acquire(timeout=LEASE_SECONDS + 4 * _POLL_SECONDS, poll_interval=_POLL_SECONDS, cancel_check=touched)
    except Timeout:
        if touched():
            raise
        # Some shared file systems, NFS among them, cannot swap two files, which filelock takes leases over with.
        lease.force_break()
        lease.acquire(timeout=0)


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a lease is touched, as the file system sees it now; None where there is none."""
    # NFS promises to ask its server only when a file is opened.
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _interrupt(_: LeaseCompromise) -> None:
    """End what this process does in the study, as Ctrl-C does: it is no longer alone."""
    # A shell lets what it runs in the background ignore Ctrl-C.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM if ignored else signal.SIGINT)
