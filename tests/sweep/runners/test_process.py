import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from builders import make_completed
from doomed_trials import MEMORY, doomed

from privsearch.study.result import Death, parse_result
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.process import WorkerProcess

JOB = pickle.dumps((doomed, "cpu"))
TRIAL = PlannedTrial("a", make_completed().spec, (), (), False, 0.1, 0)
"""Its id says what becomes of it."""


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    """One for all tests, whose trials may take a second and a half."""
    worker = WorkerProcess(JOB, {"WEATHER": "fair"}, timeout=1.5)
    yield worker
    worker.close()


def called(name: str) -> PlannedTrial:
    return replace(TRIAL, trial_id=name)


def death_by(worker: WorkerProcess, name: str) -> Death:
    answer = worker.run(called(name))
    assert isinstance(answer, Death)
    return answer


def children() -> set[int]:
    return {
        child.pid for child in psutil.Process().children() if "privsearch.sweep.runners.process_main" in child.cmdline()
    }


def test_a_result_comes_back_and_the_process_is_kept(worker: WorkerProcess) -> None:
    """What a trial loads, the next one finds loaded."""
    kept = set[int]()
    for name in ("a", "b"):
        answer = worker.run(called(name))
        assert isinstance(answer, str)
        assert parse_result(answer).trial_id == name
        kept |= children()
        assert len(kept) == 1


def test_a_process_tells_how_far_its_trial_is_and_then_the_result() -> None:
    """While it works; what it tells is never taken for the result, and nothing of one trial for news of the next."""
    worker, told = WorkerProcess(JOB, {}, timeout=60, told_every=0.1), list[str]()
    worker.prepare()
    result = worker.run(called("dawdle"), told.append)
    assert isinstance(result, str)
    assert parse_result(result).trial_id == "dawdle"
    advances = [Advance.model_validate_json(one) for one in told]
    assert {(one.phase, one.network, one.epochs_done, one.epochs) for one in advances} == {("training", 2, 1, 4)}
    assert [one.steps_done for one in advances] == sorted(one.steps_done for one in advances)
    count = len(told)
    assert isinstance(worker.run(called("quick"), told.append), str)
    worker.close()
    assert len(told) == count


def test_telling_does_not_put_off_the_end_of_a_trial_that_takes_too_long() -> None:
    """The time runs from the trial's beginning, not from the last word."""
    worker, told = WorkerProcess(JOB, {}, timeout=0.6, told_every=0.1), list[str]()
    worker.prepare()
    death = worker.run(called("hang"), told.append)
    assert isinstance(death, Death)
    assert (death.cause, bool(told)) == ("timeout", True)


@pytest.mark.parametrize(
    ("name", "exit_code", "ended_by"),
    [("exit", 7, None), ("kill", None, "SIGKILL"), ("crash", None, "SIGSEGV")],
)
def test_a_death_is_told_as_it_was(
    name: str, exit_code: int | None, ended_by: str | None, worker: WorkerProcess
) -> None:
    """Exit code or signal, the last words, and the trials that follow get a process that lives."""
    death = death_by(worker, name)
    assert (death.cause, death.exit_code, death.signal) == ("died", exit_code, ended_by)
    assert death.log_tail.startswith(f"about to {name} fair")
    assert ("Segmentation fault" in death.log_tail) == (name == "crash")
    assert isinstance(worker.run(called("next")), str)


def test_the_peak_of_its_memory_is_told(worker: WorkerProcess) -> None:
    """Who runs out of memory can see how much it was."""
    peak = death_by(worker, "swell").peak_memory_bytes
    assert peak is not None
    # The operating system counts what the process that started it held then as well.
    assert MEMORY < peak < MEMORY + psutil.Process().memory_info().rss + 2**30


@pytest.mark.parametrize("name", ["hang", "stop"])
def test_a_trial_that_does_not_end_is_ended(name: str, worker: WorkerProcess) -> None:
    """A process that waits for ever leaves its stack behind; one that is stopped is ended as well."""
    death = death_by(worker, name)
    assert (death.cause, death.signal) == ("timeout", "SIGKILL")
    assert 1.5 < death.seconds < 20
    assert ("in <lambda>" in death.log_tail) == (name == "hang")
    assert isinstance(worker.run(called("next")), str)


@pytest.mark.slow
def test_a_process_that_hangs_up_without_ending_is_ended(worker: WorkerProcess) -> None:
    """Whatever a trial closes by mistake, the sweep goes on."""
    assert death_by(worker, "hang up").signal == "SIGKILL"


def test_the_log_of_one_trial_is_not_taken_for_anothers(worker: WorkerProcess) -> None:
    """The evidence is of the trial that died."""
    worker.run(called("quiet"))
    assert "quiet" not in death_by(worker, "exit").log_tail


def test_a_process_that_does_not_even_start_says_why() -> None:
    """Such as one that has no such module: what it wrote as it started is the evidence."""
    worker = WorkerProcess(b"no pickle", {}, None)
    worker.prepare()
    death = death_by(worker, "a")
    assert death.exit_code == 1
    assert "UnpicklingError" in death.log_tail


def test_no_process_outlives_its_worker(tmp_path: Path) -> None:
    """A worker that is killed leaves nothing behind that computes for nobody."""
    script = tmp_path / "work.py"
    script.write_text(
        "import time\n"
        "from test_process import JOB, WorkerProcess, called, children\n"
        "worker = WorkerProcess(JOB, {}, None)\n"
        "worker.run(called('a'))\n"
        "print(*children(), flush=True)\n"
        "worker.run(called('hang'))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert not psutil.wait_procs([orphan], timeout=10)[1]
