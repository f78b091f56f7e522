import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import INLINE, numbers, record_lines, run

LONGER = ("--set", "protocol.replicates=4", "--set", "recipe.epochs=20")
"""Makes a trial of the tiny sweep take about half a second, so that a signal can find one at work."""


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
        command = [sys.executable, "-c", "from privsearch.cli import main; main()", "sweep", "tiny.yaml", *words]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
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


@pytest.mark.parametrize("runner", [INLINE, ("--runner", "tune", "--workers", "1")], ids=["inline", "tune"])
def test_interrupted_sweep_says_how_to_go_on(start: Starter, runner: tuple[str, ...], folder: Path) -> None:
    """Ctrl-C stops a sweep and its workers, tells what is kept, and the same command completes it."""
    process = start(*runner, *LONGER, until=1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    kept = len(record_lines(folder / "studies" / "tiny"))
    assert process.returncode == 130
    assert errors == f"interrupted; trials kept in studies/tiny: {kept}; run the same command to go on\n"
    deadline = time.monotonic() + 30
    while members(process.pid):
        assert time.monotonic() < deadline, members(process.pid)
        time.sleep(0.1)
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert again.exit_code == 0
    assert f"trials: {4 - kept} finished, {kept} recorded already, 0 failed" in again.stdout


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
