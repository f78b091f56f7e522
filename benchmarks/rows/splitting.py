"""The row of one long trial whose networks are split over two workers."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.row import Bound, Round

if TYPE_CHECKING:
    from privsearch.sweep.planned import PlannedTrial

WORKERS: Final = 2
NETWORKS: Final = 16
EPOCHS: Final = 60


def split_trial(quick: bool) -> Round:  # noqa: ARG001  # shorter trainings would be mostly the start of Ray
    """Run one trial of many networks with splitting and without, and return the share of the time that it takes then.

    Ray's start is in both times. The numbers must be the same.
    """
    from privsearch.study.result import Completed
    from privsearch.study.signal_archive import SignalArchive
    from privsearch.sweep.runners.jobs import TrainAndAttack

    trial = _trial()

    def share() -> float:
        with tempfile.TemporaryDirectory(prefix="privsearch-benchmark-") as folder:
            split, split_seconds = _timed(trial, TrainAndAttack(SignalArchive(Path(folder))))
            # Without a place for its parts' networks, a trial is not split.
            whole, whole_seconds = _timed(trial, TrainAndAttack())
        if not (isinstance(split, Completed) and isinstance(whole, Completed) and split.numbers() == whole.numbers()):
            raise AssertionError("a trial must have the same numbers whether it is split or not, but has others")
        return split_seconds / whole_seconds

    return share


def _trial() -> "PlannedTrial":
    from privsearch.api.study import Study
    from privsearch.spec import SweepSpec
    from privsearch.sweep.plan import make_plan

    sweep = SweepSpec.model_validate(
        {
            "name": "split",
            "datasets": ("digits",),
            "protocol": {"kind": "halves", "networks": NETWORKS},
            "grids": {"one": {"model": ["snn"]}},
            "recipe": {"epochs": EPOCHS},
            "attacks": ("loss", "lira"),
        }
    )
    (trial,) = make_plan(sweep, Study(Path(tempfile.gettempdir()) / "no-such-study")).todo
    return replace(trial, missing=trial.spec.attacks)


def _timed(trial: "PlannedTrial", job: object) -> tuple[object, float]:
    from benchmarks.idle import Recorder
    from privsearch.study.record import RecordWriter, read_record
    from privsearch.sweep.runners.base import Listed
    from privsearch.sweep.runners.ray_tune.runner import TuneRunner

    with tempfile.TemporaryDirectory(prefix="privsearch-benchmark-") as folder:
        path = Path(folder) / "trials.jsonl"
        with RecordWriter(path) as record:
            called = time.perf_counter()
            TuneRunner(WORKERS).run(Listed([trial]), job, Recorder(record))  # type: ignore[arg-type]
            seconds = time.perf_counter() - called
        return read_record(path).results[trial.trial_id], seconds


ROWS = (
    Bound(
        "split_trial",
        f"one trial of {NETWORKS} networks on {WORKERS} workers: its time, split, as a share of its time on one",
        0.55,
        "share",
        split_trial,
        "answer",
        3,
        1,
        warm_up=0,
    ),
)
