"""The growth of cost with the number of trials: of running, recording and reading them, and of their front.

    python -m benchmarks.scale [--quick] [--output FOLDER]

Trials compute nothing (benchmarks/idle.py). Each size is measured in a process of its own, as memory is never given
back. Adds a line to scale.jsonl, prints the table, and draws the run as scale.png and scale.svg: straight lines on
logarithmic axes, whose slope is the exponent of growth. Proportional cost has exponent 1; n log n looks like 1.1.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console

from benchmarks.idle import Idle, Recorder, idle_trials, template, written_study
from privsearch.report.figures.style import COLUMN_WIDTH, legend_below, new_figure, save_figure
from privsearch.report.wording.formats import console_table
from privsearch.study.environment import describe_environment

RUN_SIZES: Final = (10, 100, 1_000, 10_000)
READ_SIZES: Final = (100, 1_000, 10_000, 100_000)
ESTIMATE: Final = 0.1
"""The estimate of a trial in seconds; with estimates of 0, all idle trials would be one shard."""
WORKERS: Final = 2

Numbers = dict[str, float]


def run_trials(trials: int) -> Numbers:
    """Run idle trials on Ray and record them; measure the seconds from the first trial on, and the driver's memory."""
    from privsearch.study.record import RecordWriter
    from privsearch.sweep.runners.base import Listed
    from privsearch.sweep.runners.ray_tune.runner import TuneRunner

    with tempfile.TemporaryDirectory() as folder:
        planned, path = idle_trials(trials, Path(folder), ESTIMATE), Path(folder) / "trials.jsonl"
        before = _megabytes()
        with RecordWriter(path) as record:
            recorder = Recorder(record)
            TuneRunner(WORKERS).run(Listed(planned), Idle(0.0, template()), recorder)
        return {
            "run": recorder.last - recorder.first,
            "driver_megabytes": _megabytes() - before,
            "record_megabytes": path.stat().st_size / 1e6,
        }


def read_study(trials: int) -> Numbers:
    """Plan, load, tabulate and rank a study of finished trials; measure CPU seconds and the process's memory."""
    from privsearch.analysis.tasks import tasks
    from privsearch.sweep.plan import make_plan

    with tempfile.TemporaryDirectory() as folder:
        study = written_study(trials, Path(folder) / "study")
        numbers = {}
        numbers["plan"], _ = _clocked(lambda: make_plan(study.sweep(), study))
        numbers["load"], results = _clocked(study.results)
        numbers["tables"], (task,) = _clocked(lambda: list(tasks(results, study.sweep())))
        numbers["front"], _ = _clocked(lambda: task.candidates)
        return numbers | {"reader_megabytes": _megabytes()}


def exponent(sizes: list[int], values: list[float]) -> float:
    """Fit a straight line to the logarithms of the larger half, in which fixed costs weigh least; return its slope."""
    half = slice(len(sizes) // 2 - 1, None)
    return float(np.polyfit(np.log(sizes[half]), np.log(values[half]), 1)[0])


def main() -> None:
    """Measure all sizes, record the numbers, print and draw them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave the largest size out")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    arguments = parser.parse_args()
    last = -1 if arguments.quick else None
    rows = {size: _apart(run_trials, size) for size in RUN_SIZES[:last]}
    for size in READ_SIZES[:last]:
        rows[size] = rows.get(size, {}) | _apart(read_study, size)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with (arguments.output / "scale.jsonl").open("a") as record:
        record.write(json.dumps({"environment": describe_environment(), "trials": rows}) + "\n")
    _print(rows)
    _draw(rows, arguments.output / "scale")


def _series(rows: Mapping[int, Numbers], column: str) -> tuple[list[int], list[float]]:
    sizes = sorted(size for size, numbers in rows.items() if column in numbers)
    return sizes, [rows[size][column] for size in sizes]


def _print(rows: Mapping[int, Numbers]) -> None:
    """Print a row of numbers for each size, and below them the exponents."""
    columns = list(dict.fromkeys(column for numbers in rows.values() for column in numbers))
    table = console_table("trials", "trials/s", *columns)
    for size in sorted(rows):
        rate = f"{size / rows[size]['run']:.0f}" if "run" in rows[size] else ""
        cells = [f"{rows[size][column]:.3g}" if column in rows[size] else "" for column in columns]
        table.add_row(f"{size:,}", rate, *cells)
    table.add_row("exponent", "", *(f"{exponent(*_series(rows, column)):.2f}" for column in columns))
    Console(width=200).print(table)


def _draw(rows: Mapping[int, Numbers], path: Path) -> None:
    figure = new_figure(COLUMN_WIDTH, 3.2)
    axes, key = figure.subplots(), {}
    for column, marker in zip(("run", "plan", "load", "tables", "front"), "os^Dv", strict=True):
        sizes, seconds = _series(rows, column)
        (line,) = axes.loglog(sizes, seconds, marker=marker, ms=4, lw=1)
        key[f"{column}: n to the {exponent(sizes, seconds):.2f}"] = line
    axes.set_xlabel("trials n", fontsize=8)
    axes.set_ylabel("seconds", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    legend_below(figure, key, handle_length=1.5)
    save_figure(figure, path)


def _clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    answer = work()
    return time.process_time() - started, answer


def _megabytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _apart(work: Callable[[int], Numbers], size: int) -> Numbers:
    """Measure the numbers of one size in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (size,))


if __name__ == "__main__":
    main()
