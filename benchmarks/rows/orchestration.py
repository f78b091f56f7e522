"""The cost of running many short trials, and the time that the command line takes to answer."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.row import Bound, Round

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.idle import Recorder

WORKERS: Final = 2
SECONDS: Final = 0.1
COUNT: Final = 1000

BIG_SWEEP: Final = """\
name: big
datasets: [iris]
protocol: {kind: paper, replicates: 2}
grids:
  everything:
    model: [snn]
    weight_bit_width: [null, 2, 3, 4, 5]
    act_bit_width: [2, 3, 4, 5, 8]
    threshold: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    surrogate_gradient: [fast_sigmoid, atan, spike_rate_escape, triangular, straight_through]
    num_steps: [5, 6, 7, 8, 9, 10, 11, 12]
    beta: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
"""


def overhead(quick: bool) -> Round:  # noqa: ARG001  # fewer trials would be another share
    """Measure the share of the workers' time outside trials, from the first trial's start to the last one's end."""
    run = _idle_sweep(COUNT)

    def share() -> float:
        recorder, _ = run()
        return 1 - SECONDS * recorder.count / (WORKERS * (recorder.last - recorder.first))

    return share


def start_and_end(quick: bool) -> Round:  # noqa: ARG001  # the time does not depend on the number of trials
    """Measure the runner's seconds before the first trial starts and after the last one has ended."""
    run = _idle_sweep(WORKERS)

    def seconds() -> float:
        recorder, passed = run()
        return passed - (recorder.last - recorder.first)

    return seconds


def _idle_sweep(count: int) -> "Callable[[], tuple[Recorder, float]]":
    """Return a function that runs and records `count` idle trials and measures the seconds, Ray's start included."""
    from benchmarks.idle import Idle, Recorder, idle_trials, template
    from privsearch.study.record import RecordWriter
    from privsearch.sweep.runners.base import Listed
    from privsearch.sweep.runners.ray_tune.runner import TuneRunner

    folder = Path(tempfile.mkdtemp(prefix="privsearch-benchmark-"))
    trials = idle_trials(count, folder, SECONDS)[:count]
    job = Idle(SECONDS, template())

    def run() -> tuple[Recorder, float]:
        with RecordWriter(folder / "trials.jsonl") as record:
            recorder, called = Recorder(record), time.perf_counter()
            TuneRunner(WORKERS).run(Listed(trials), job, recorder)
            return recorder, time.perf_counter() - called

    return run


def answer_help(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Time `privsearch --help`."""
    return _command("--help")


def plan_big(quick: bool) -> Round:  # noqa: ARG001  # smaller would be another question
    """Time `privsearch plan` of a product of 100,000 points."""
    folder = Path(tempfile.mkdtemp(prefix="privsearch-benchmark-"))
    (folder / "big.yaml").write_text(BIG_SWEEP)
    return _command("plan", str(folder / "big.yaml"), "--study", str(folder / "study"))


def _command(*words: str) -> Round:
    program = str(Path(sys.executable).with_name("privsearch"))

    def run() -> None:
        subprocess.run([program, *words], check=True, capture_output=True)  # noqa: S603  # our own command line

    return run


_TRIALS = f"{COUNT:,} trials of {SECONDS:g} s on {WORKERS} workers: share of time not spent in them"

ROWS = (
    Bound("orchestration", _TRIALS, 0.05, "share", overhead, "answer", 3, 1, warm_up=0),
    Bound("orchestration_start", "Ray's start before, and its end after a sweep", 10.0, "s", start_and_end, "answer"),
    Bound("help", "`privsearch --help`", 0.3, "s", answer_help),
    Bound("plan", "`privsearch plan` of a 100,000-point product", 5.0, "s", plan_big, rounds=3, quick_rounds=1),
)
