import errno
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from privsearch.errors import StudyError
from privsearch.study import lock

LEASE, HEARTBEAT = 1.0, 0.1

HOLDER = """
import contextlib, socket, sys
from pathlib import Path
if sys.argv[2] == "elsewhere":
    socket.gethostname = lambda: "elsewhere"
from privsearch.study import lock
from privsearch.errors import StudyError
lock.LEASE_SECONDS, lock.HEARTBEAT_SECONDS = {LEASE}, {HEARTBEAT}
if sys.argv[2] == "elsewhere":
    lock.file_locked = lambda path, timeout: contextlib.nullcontext()
try:
    with lock.locked(Path(sys.argv[1])):
        print("held", flush=True)
        input()
except StudyError as error:
    print(error, flush=True)
"""

pytestmark = pytest.mark.usefixtures("heeded")

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that ends within a second."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", HEARTBEAT)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that holds the folder: "here", or "elsewhere", of whose locks this host sees nothing."""
    started = []

    def begin(where: str) -> "subprocess.Popen[str]":
        code = HOLDER.format(LEASE=LEASE, HEARTBEAT=HEARTBEAT)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), where], stdin=-1, stdout=-1, text=True, start_new_session=True
        )
        started.append(process)
        assert said(process) == "held\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def nothing_held(folder: Path) -> Iterator[None]:
    """The folder can be held, and is left as it was."""
    with lock.locked(folder):
        yield
    assert not {".lease", ".holder.json"} & {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_the_second_learns_who_holds_it(tmp_path: Path, start: Start, where: str) -> None:
    """Host, process and since when; also of a process on another host, whose locks are not seen here."""
    first = start(where)
    host = "elsewhere" if where == "elsewhere" else os.uname().nodename
    with (
        pytest.raises(StudyError, match=rf"process {first.pid} on {host} holds it since 20.*; wait"),
        lock.locked(tmp_path),
    ):
        pass
    first.communicate("\n")
    with nothing_held(tmp_path):
        pass


@pytest.mark.parametrize(("where", "least"), [("here", 0.0), ("elsewhere", LEASE)])
def test_a_killed_holder_is_outlived(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture, where: str, least: float
) -> None:
    """At once on the same host, and after its lease on another; a note says from whom it was taken over."""
    killed = start(where)
    killed.kill()
    killed.wait()
    began = time.monotonic()
    with nothing_held(tmp_path):
        assert least <= time.monotonic() - began < least + 2
    assert f"process {killed.pid} on" in caplog.messages[-1]
    assert caplog.messages[-1].endswith("gave no sign of life; taken over")
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_who_was_taken_for_dead_stops(tmp_path: Path, start: Start) -> None:
    """A process that was stopped for longer than its lease ends when it goes on, and leaves the new holder alone."""
    first = start("elsewhere")
    first.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, first.pid, os.WSTOPPED)  # until then it may touch its lease once more
    with nothing_held(tmp_path):
        first.send_signal(signal.SIGCONT)
        assert "another may have taken over; what is recorded is kept: run the same command again" in said(first)
        assert first.wait() == 0
        assert lock.holder(tmp_path) is not None


def test_without_locks_the_lease_suffices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has no locks at all, one process still keeps another out."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with nothing_held(tmp_path), pytest.raises(StudyError, match=f"process {os.getpid()} on"), lock.locked(tmp_path):
        pass


def test_a_file_system_that_swaps_no_files_suffices(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On NFS, a dead holder's lease is removed, not replaced."""
    killed = start("elsewhere")
    killed.kill()
    killed.wait()
    monkeypatch.setattr("filelock._soft.exchange_names", lambda *_: False)
    with nothing_held(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Which one, why, and what to do."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StudyError, match=r"file: must be writable, but: .*; move away what stands there"),
        lock.locked(tmp_path / "file"),
    ):
        pass


def test_an_observer_sees_a_holder_and_is_not_in_its_way(tmp_path: Path, start: Start) -> None:
    """As long as it holds the folder; a killed one for two heartbeats more, or for a lease where it was elsewhere."""
    observer = lock.LeaseObserver(tmp_path)
    assert not observer.held()
    assert list(tmp_path.iterdir()) == []
    first = start("here")
    assert observer.held()
    first.communicate("\n")
    assert not observer.held()
    for where, patience in (("here", 2 * HEARTBEAT), ("elsewhere", LEASE)):
        killed = start(where)
        assert observer.held()
        time.sleep(LEASE)
        assert observer.held(), "it is touched again and again"
        killed.kill()
        killed.wait()
        began = time.monotonic()
        while observer.held():
            time.sleep(0.01)
        assert patience / 3 < time.monotonic() - began < patience + 1


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"pid": 1}', "\x00", "9" * 5_000])
def test_a_holder_that_is_none_is_no_holder(tmp_path: Path, content: str) -> None:
    """Whatever a stranger has put there."""
    (tmp_path / ".holder.json").write_text(content)
    assert lock.holder(tmp_path) is None
    assert not lock.LeaseObserver(tmp_path).held()
