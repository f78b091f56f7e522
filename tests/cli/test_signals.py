import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import INLINE, numbers, record_lines, run

LONGER = ("--set", "protocol.replicates=4", "--set", "recipe.epochs=20")
"""Makes a trial of the tiny sweep take about half a second, so that a signal can find one at work."""

COMMAND = (sys.executable, "-c", "from privsearch.cli import main; main()", "sweep", "tiny.yaml")
ON_RAY = ("--runner", "tune", "--workers", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts a sweep as a process of its own session, as a terminal does, and waits for its n-th recorded trial."""
    started = []

    def start(*words: str, until: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        while len(record_lines(Path("studies/tiny"))) < until:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_killed_sweep_goes_on_where_it_was(start: Starter, folder: Path) -> None:
    """However often a sweep is killed, every trial is recorded once, none twice, with the numbers of a quiet run."""
    study = folder / "studies" / "tiny"
    for recorded in (1, 3):
        before = record_lines(study)
        process = start(*INLINE, *LONGER, until=recorded)
        process.kill()
        process.wait()
        assert record_lines(study)[: len(before)] == before
    before = record_lines(study)
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert f"trials: {4 - len(before)} finished, {len(before)} recorded already, 0 failed" in again.stdout
    assert record_lines(study)[: len(before)] == before
    assert len(record_lines(study)) == 4
    run("sweep", "tiny.yaml", *INLINE, *LONGER, "--study", "undisturbed")
    assert numbers(study) == numbers(folder / "undisturbed")
    assert len(numbers(study)) == 4


@pytest.mark.parametrize(
    ("runner", "signals", "status", "how"),
    [
        (INLINE, [signal.SIGINT], 130, "interrupted"),
        pytest.param(INLINE, [signal.SIGTERM], 143, "ended by SIGTERM", marks=pytest.mark.slow),
        pytest.param(INLINE, [signal.SIGHUP], 129, "ended by SIGHUP", marks=pytest.mark.slow),
        (ON_RAY, [signal.SIGINT, signal.SIGINT, signal.SIGINT], 130, "interrupted"),
        pytest.param(ON_RAY, [signal.SIGTERM], 143, "ended by SIGTERM", marks=pytest.mark.slow),
    ],
    ids=["inline, Ctrl-C", "inline, SIGTERM", "inline, SIGHUP", "tune, Ctrl-C thrice", "tune, SIGTERM"],
)
def test_interrupted_sweep_says_how_to_go_on(
    start: Starter, runner: tuple[str, ...], signals: list[signal.Signals], status: int, how: str, folder: Path
) -> None:
    """A signal stops a sweep and its workers, what is kept is told, and the same command completes it."""
    process = start(*runner, *LONGER, until=1)
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(0.2)
    _, errors = process.communicate(timeout=60)
    kept = len(record_lines(folder / "studies" / "tiny"))
    assert process.returncode == status
    assert errors.splitlines()[0] == f"{how}; trials kept in studies/tiny: {kept}; run the same command to go on"
    deadline = time.monotonic() + 30
    while members(process.pid):
        assert time.monotonic() < deadline, members(process.pid)
        time.sleep(0.1)
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert again.exit_code == 0
    assert f"trials: {4 - kept} finished, {kept} recorded already, 0 failed" in again.stdout


def test_a_terminal_that_is_closed_ends_the_sweep(folder: Path) -> None:
    """Nobody is there to be told any more, but the record is whole, and the status says what it was."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *INLINE, *LONGER],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # a terminal of its own
    )
    os.close(theirs)
    while not record_lines(folder / "studies" / "tiny"):
        os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=60) == 129
    assert run("check", "studies/tiny").exit_code == 1, "the tables are not made yet, and nothing else is wrong"
    assert run("sweep", "tiny.yaml", *INLINE, *LONGER).exit_code == 0
    assert run("check", "studies/tiny").exit_code == 0


def members(session: int) -> list[str]:
    """The processes of a session that are still alive."""
    alive = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, its_session, *_ = rest.split()
        if int(its_session) == session and state != "Z":
            alive.append(name)
    return alive
