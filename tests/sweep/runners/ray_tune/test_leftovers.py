import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privsearch.sweep.runners.ray_tune import leftovers
from privsearch.sweep.runners.ray_tune.leftovers import CLAIM, SESSIONS, claimed, remove_abandoned, tune_folder

HOLDER = """
import sys
from pathlib import Path
from privsearch.sweep.runners.ray_tune.leftovers import claimed
with claimed(Path(sys.argv[1])):
    print("claimed", flush=True)
    input()
"""
TUNING = """
from privsearch.sweep.runners.ray_tune.leftovers import tune_folder
with tune_folder() as folder:
    print(folder, flush=True)
    input()
"""
ON_RAY = """
import ray
from privsearch.sweep.runners.ray_tune.session import local_ray
with local_ray(1):
    print(ray._private.worker._global_node.get_session_dir_path(), flush=True)
    input()
"""

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python code in a process of its own, and waits for its first line."""
    started = []

    def start(code: str, *words: object, **environment: object) -> tuple["subprocess.Popen[str]", str]:
        variables = os.environ | {name: str(value) for name, value in environment.items()}
        command = [sys.executable, "-c", code, *map(str, words)]
        process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=variables)
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _session(parent: Path, name: str = "session_1") -> Path:
    folder = parent / name
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "raylet.out").touch()
    return folder


@pytest.fixture
def abandoned(tmp_path: Path) -> Path:
    """A session whose process is gone."""
    folder = _session(tmp_path)
    with claimed(folder):
        pass
    return folder


def test_a_folder_lasts_as_long_as_its_process(tmp_path: Path, start: Start) -> None:
    """It is there while the process lives, and gone with the next start after it was killed."""
    folder = _session(tmp_path)
    process, _ = start(HOLDER, folder)
    remove_abandoned(tmp_path, SESSIONS)
    assert (folder / "logs").exists()
    process.kill()
    process.wait()
    remove_abandoned(tmp_path, SESSIONS)
    assert not folder.exists()


def _without_claim(folder: Path) -> None:
    (folder / CLAIM).unlink()


def _with_a_link_for_a_claim(folder: Path) -> None:
    (folder / CLAIM).rename(folder / "claim")
    (folder / CLAIM).symlink_to("claim")


def _a_link_itself(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to("elsewhere")


def _of_another_name(folder: Path) -> None:
    folder.rename(folder.parent / "sessions")


@pytest.mark.parametrize("change", [_without_claim, _with_a_link_for_a_claim, _a_link_itself, _of_another_name])
def test_what_is_not_ours_is_left_alone(change: Callable[[Path], None], abandoned: Path) -> None:
    """A session that others have started, and what only looks like one of ours."""
    change(abandoned)
    before = sorted(abandoned.parent.rglob("*"))
    remove_abandoned(abandoned.parent, SESSIONS)
    assert sorted(abandoned.parent.rglob("*")) == before


def test_what_another_user_owns_is_left_alone(abandoned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where this one could remove it."""
    monkeypatch.setattr(os, "geteuid", lambda: abandoned.stat().st_uid + 1)
    remove_abandoned(abandoned.parent, SESSIONS)
    assert abandoned.exists()


def test_a_session_that_still_ends_is_left_alone() -> None:
    """Ray's own processes may outlive for a moment the process that they were started for."""
    with tempfile.TemporaryDirectory() as short:  # as the path of a socket must be
        folder = _session(Path(short))
        with claimed(folder):
            (folder / "sockets").mkdir()
        with socket.socket(socket.AF_UNIX) as raylet:
            raylet.bind(str(folder / "sockets" / "raylet"))
            raylet.listen()
            remove_abandoned(Path(short), SESSIONS)
            assert folder.exists()
        remove_abandoned(Path(short), SESSIONS)
        assert not folder.exists()


def test_files_that_cannot_be_locked_stop_nobody(abandoned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is removed then, as nothing is known."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(leftovers.FileLock, "acquire", refuse)
    with claimed(_session(abandoned.parent, "session_2")):
        remove_abandoned(abandoned.parent, SESSIONS)
    assert abandoned.exists()


def test_tune_s_folder_goes_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    """After its end at once, and where its process was killed, when another begins."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, left = start(TUNING, TMPDIR=tmp_path)
    _, living = start(TUNING, TMPDIR=tmp_path)
    killed.kill()
    killed.wait()
    assert Path(left).is_dir()
    with tune_folder() as folder:
        assert {path.name for path in tmp_path.iterdir()} == {folder.name, Path(living).name}
    assert [path.name for path in tmp_path.iterdir()] == [Path(living).name]


@pytest.mark.slow
def test_a_ray_of_our_own_removes_the_sessions_before_it(start: Start) -> None:
    """Those that we have started; the directory is the one that RAY_TMPDIR names."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as short:
        killed, first = start(ON_RAY, RAY_TMPDIR=short)
        assert first.startswith(short)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        foreign = _session(Path(first).parent, "session_of_others")
        deadline = time.monotonic() + 60
        while leftovers._has_raylet(Path(first)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second, then = start(ON_RAY, RAY_TMPDIR=short)
        assert not Path(first).exists()
        assert foreign.exists()
        assert Path(then).exists()
        second.communicate("\n")
