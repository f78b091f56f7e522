"""Trials that compute nothing, for measuring the cost of running, recording and reading trials."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from privsearch.api.study import Study
from privsearch.spec import Device, PaperProtocol, SweepSpec
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed, TrialResult, parse_result
from privsearch.sweep.advance import Advance
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial

TEMPLATE: Final = Path(__file__).parent.parent / "studies" / "tabular" / "trials.jsonl"
"""The record of real results that idle trials copy."""


@dataclass(frozen=True)
class Idle:
    """A job that waits for a while and returns a copy of a real result, under the trial's own id."""

    seconds: float
    result: Completed

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:  # noqa: ARG002  # waits anywhere
        """Wait, and return the copied result."""
        time.sleep(self.seconds)
        return self.result.model_copy(update={"trial_id": trial.trial_id, "spec": trial.spec, "seconds": self.seconds})


@dataclass
class Recorder:
    """A listener that records results, as a sweep does, and the times of the first trial's start and the last's end."""

    record: RecordWriter
    first: float = 0.0
    last: float = 0.0
    count: int = 0

    def preparing(self, what: str) -> None:
        """Take no note of what is done before the first trial."""

    def started(self, trial: PlannedTrial) -> None:  # noqa: ARG002  # the first is as good as any
        """Note the time of the first trial's start."""
        self.first = self.first or time.perf_counter()

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Take no note of how far a trial is."""

    def finished(self, result: TrialResult) -> None:
        """Record a result, and note the time."""
        self.record.append(result)
        self.last = time.perf_counter()
        self.count += 1


def sweep_of(trials: int) -> SweepSpec:
    """Return a sweep of distinct trials of an SNN on Iris: `trials` rounded down to a multiple of 10, at least 10."""
    betas = [i / (trials // 10 + 1) for i in range(1, max(trials // 10, 1) + 1)]
    grid = {"model": ["snn"], "weight_bit_width": [None, 4], "num_steps": [5, 10, 15, 20, 25], "beta": betas}
    return SweepSpec.model_validate({"name": "idle", "datasets": ["iris"], "grids": {"all": grid}})


def idle_trials(trials: int, folder: Path, seconds: float) -> list[PlannedTrial]:
    """Plan trials to run, each with `seconds` for its estimate."""
    plan = make_plan(sweep_of(trials), Study(folder))
    return [replace(trial, seconds=seconds) for trial in plan.todo]


def template() -> Completed:
    """Return a real result, cut down to as many replicates as a sweep has by default."""
    with TEMPLATE.open(encoding="utf-8") as lines:
        result = next(result for line in lines if isinstance(result := parse_result(line), Completed))
    return result.model_copy(update={"replicates": result.replicates[: PaperProtocol().replicates]})


def written_study(trials: int, folder: Path) -> Study:
    """Write a study of finished trials with random accuracies and AUCs, in which accurate trials leak more."""
    study, sweep = Study(folder), sweep_of(trials)
    planned = make_plan(sweep, study).trials
    study.begin(sweep, {trial.trial_id: trial.spec.dataset_name for trial in planned}, {})
    with study.record_path.open("w", encoding="utf-8") as record:
        record.writelines(_lines(planned))
    return study


def _lines(planned: tuple[PlannedTrial, ...]) -> Iterator[str]:
    rng = random.Random(0)  # noqa: S311  # no secret
    document: dict[str, Any] = json.loads(template().model_dump_json())
    for trial in planned:
        document |= {"trial_id": trial.trial_id, "spec": json.loads(trial.spec.model_dump_json())}
        skill = rng.gauss(0.8, 0.05)
        for replicate in document["replicates"]:
            replicate["target"]["test_accuracy"] = skill + rng.gauss(0, 0.02)
            for attack in replicate["attacks"].values():
                attack["auc"]["value"] = 0.5 + 0.3 * (skill - 0.6) + rng.gauss(0, 0.02)
        yield json.dumps(document, separators=(",", ":")) + "\n"
