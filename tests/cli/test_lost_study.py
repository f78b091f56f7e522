"""Sweeps whose study is moved, or unlocked, while they write to it."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from command_line import INLINE, numbers, record_lines, run

from privsearch.api.study import Study

pytestmark = pytest.mark.usefixtures("blank_fronts")

STUDY = Path("studies/tiny")
GRID = "grids={g: {model: [ann], act_bit_width: [null, 2, 4, 8]}}"
LONGER = ("--set", "protocol.replicates=4", "--set", "recipe.epochs=20", "--set", GRID)
"""Makes a trial of the tiny sweep take about half a second, so that something can happen while one runs."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _started() -> "subprocess.Popen[str]":
    """A sweep in a process of its own that has recorded a trial."""
    code = "from privsearch.cli import main; main()"
    words = [sys.executable, "-c", code, "sweep", "tiny.yaml", *INLINE, *LONGER]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not record_lines(STUDY):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def _ended(process: "subprocess.Popen[str]") -> str:
    """Wait until a sweep has stopped; return what it said."""
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert "Traceback" not in errors
    return errors


def test_a_sweep_whose_lock_is_deleted_leaves_the_study_to_another() -> None:
    """The first stops with a sentence before its next line, the other completes the study, and none is in it twice."""
    first = _started()
    for name in (".lock", ".lease", ".holder.json"):
        (STUDY / name).unlink()
    second = run("sweep", "tiny.yaml", *INLINE, *LONGER)
    assert "studies/tiny: must be held by one process, but this one's lock was deleted" in _ended(first)
    assert second.exit_code == 0
    assert set(Counter(result.trial_id for result in Study(STUDY).record().results.values()).values()) == {1}
    assert len(record_lines(STUDY)) == 4
    assert run("check", STUDY).exit_code == 0


def test_a_sweep_whose_study_is_moved_stops_and_goes_on_there(folder: Path) -> None:
    """Nothing that had finished is lost, and nothing comes to lie in the old place."""
    sweep = _started()
    STUDY.rename("moved")
    assert "studies/tiny: must stay where it is while it is written to, but it was moved or deleted" in _ended(sweep)
    assert not STUDY.exists()
    kept = numbers(Path("moved"))
    assert kept
    again = run("sweep", "tiny.yaml", *INLINE, *LONGER, "--study", "moved")
    assert f"trials: {4 - len(kept)} finished, {len(kept)} recorded already, 0 failed" in again.stdout
    assert kept.items() <= numbers(Path("moved")).items()
