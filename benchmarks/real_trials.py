"""The memory of a sweep of real trials over time: `python -m benchmarks.real_trials [--trials N] [--runner RUNNER]`.

It runs a sweep of small real trials (an ANN and a spiking network on Iris, trained, audited and recorded, their signals
kept) in processes of its own, and prints what these hold in memory at several points of the way: the command itself,
and with workers the largest of the processes that train. Whatever a sweep keeps of each trial would show as growth.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from privsearch.report.wording.formats import console_table

MODULE: Final = "privsearch.sweep.runners.process_main"
POINTS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
"""The shares of all trials at which memory is looked at."""

SWEEP: Final = """\
name: real
datasets: [iris]
protocol: {{kind: paper, replicates: 1}}
grids:
  all: {{model: [ann, snn], num_steps: 2, learning_rate: {rates}, weight_decay: [0, 0.0001, 0.001, 0.01]}}
recipe: {{epochs: 1}}
attacks: [loss]
"""


def written_sweep(path: Path, trials: int) -> int:
    """Write a sweep of about so many trials, and return their number."""
    rates = [round(0.001 * (1 + k / 1000), 6) for k in range(max(1, trials // 8))]
    path.write_text(SWEEP.format(rates=rates))
    return 8 * len(rates)


def watched(command: list[str], record: Path, trials: int) -> Iterator[tuple[float, int, float, float]]:
    """Run a sweep; yield seconds, recorded trials, and the megabytes of the command and of what trains, at each point.

    Raises:
        AssertionError: the sweep failed.
    """
    started, points = time.monotonic(), [round(share * trials) for share in POINTS]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603  # our own
        driver = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(0.1)
            recorded = _lines(record)
            if points and recorded >= points[0]:
                points = [point for point in points if point > recorded]
                yield time.monotonic() - started, recorded, _megabytes(driver), _training(driver)
        if process.returncode:
            raise AssertionError(f"the sweep must end well, but ended with status {process.returncode}")
    yield time.monotonic() - started, _lines(record), float("nan"), float("nan")


def _lines(record: Path) -> int:
    return record.read_bytes().count(b"\n") if record.exists() else 0


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.NoSuchProcess:  # it has just ended
        return float("nan")


def _training(driver: psutil.Process) -> float:
    """Return the memory of the largest process that trains; NaN if there is none beside the driver."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in driver.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if MODULE in process.cmdline():
                    found.append(_megabytes(process))
    return max(found, default=float("nan"))


def main() -> None:
    """Run the sweep, and print a row for each point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--runner", choices=("inline", "tune"), default="inline")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    table = console_table("trials", "seconds", "driver, MB", "largest training process, MB")
    with tempfile.TemporaryDirectory(prefix="privsearch-benchmark-") as folder:
        sweep, study = Path(folder) / "real.yaml", Path(folder) / "study"
        trials = written_sweep(sweep, arguments.trials)
        command = [sys.executable, "-c", "from privsearch.cli import main; main()", "sweep", str(sweep)]
        command += ["--study", str(study), "--runner", arguments.runner]
        command += ["--workers", str(arguments.workers)] if arguments.runner == "tune" else []
        for seconds, recorded, driver, training in watched(command, study / "trials.jsonl", trials):
            table.add_row(f"{recorded:,}", f"{seconds:.0f}", f"{driver:.0f}", f"{training:.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
