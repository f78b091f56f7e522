"""Processes of a sweep are killed at random moments, again and again; what it comes to must not show it."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psutil
import pytest
from command_line import INLINE, numbers, record_lines, run

pytestmark = pytest.mark.slow

SWEEP: Final = """\
name: stress
datasets: [iris]
protocol: {kind: paper, replicates: 1, placebo_cuts: 2}
grids:
  many: {model: [snn], weight_bit_width: [null, 8, 4, 2], beta: [0.8, 0.85, 0.9, 0.95, 0.99], num_steps: [4, 8]}
recipe: {epochs: 6, batch_size: 16}
retries: 20
"""
TRIALS: Final = 40
VICTIMS: Final = ("trial", "schedule", "driver", "worker", "session")
"""What is killed, in this order; `python -m benchmarks.kills` kills a hundred times what trains."""


def victims(kind: str, driver: psutil.Process) -> list[psutil.Process]:
    """The processes that are to be killed, as far as they are there by now."""
    below = driver.children(recursive=True)
    named = {process: " ".join([process.name(), *process.cmdline()]) for process in below if process.is_running()}
    match kind:
        case "driver":
            return [driver]
        case "trial":
            return [process for process, name in named.items() if "runners.process_main" in name][:1]
        case "worker":
            return [process for process, name in named.items() if "Trainable" in name or "_Worker" in name][:1]
        case "schedule":
            return [process for process, name in named.items() if "ray::SchedulerActor" in name]
    return below


def disturb(sweep: "subprocess.Popen[bytes]", study: Path, rng: random.Random, doomed: list[str]) -> None:
    """Kill the next one at a random moment after the next result, until the sweep has ended or all are killed."""
    while sweep.poll() is None and doomed:
        before = len(record_lines(study))
        while sweep.poll() is None and len(record_lines(study)) == before:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 1))
        try:
            chosen = victims(doomed[0], psutil.Process(sweep.pid))
            for process in chosen:
                process.kill()
        except psutil.NoSuchProcess:
            continue
        if chosen and doomed.pop(0) == "driver":
            sweep.wait()


def test_nothing_is_lost_however_often_processes_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trial is recorded exactly once, none was trained again, and the bits are those of a quiet run."""
    monkeypatch.chdir(tmp_path)
    Path("stress.yaml").write_text(SWEEP)
    assert run("sweep", "stress.yaml", "--study", "quiet", *INLINE).exit_code == 0
    rng, doomed, rounds = random.Random(20261122), list(VICTIMS), 0  # noqa: S311  # no secret
    while doomed:
        rounds += 1
        study, ended = Path(f"disturbed{rounds}"), None
        words = ["sweep", "stress.yaml", "--study", str(study), "--workers", "2"]
        while ended != 0:
            with (
                Path("log").open("ab") as log,
                subprocess.Popen(
                    [sys.executable, "-c", "from privsearch.cli import main; main()", *words], stdout=log, stderr=log
                ) as sweep,
            ):
                disturb(sweep, study, rng, doomed)
                ended = sweep.wait()
            assert ended in {0, -signal.SIGKILL}, Path("log").read_text()[-5000:]
        assert len(record_lines(study)) == TRIALS
        assert numbers(study) == numbers(Path("quiet"))
        assert run("check", study).exit_code == 0
