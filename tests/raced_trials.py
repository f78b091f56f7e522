"""Made-up trials of a race: each configuration, told by its epochs, has numbers of its own for every target."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from builders import completed_of

from privsearch.spec import SweepSpec, TrialSpec
from privsearch.study.result import Completed, TrialResult, failure
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job

TRUTH: Mapping[int, tuple[float, float]] = {1: (0.95, 0.70), 2: (0.90, 0.60), 3: (0.85, 0.75), 4: (0.945, 0.701)}
"""By epochs: accuracy, and AUC. The first two are on the front; the third is far from it, the last one is near."""

RACE: Mapping[str, Any] = {
    "name": "raced",
    "datasets": ["iris"],
    "protocol": {"kind": "halves", "networks": {"from": 4, "to": 16}},
    "grids": {"g": {"model": ["ann"], "epochs": [*TRUTH]}},
    "attacks": ["loss"],
}


def raced_sweep(**fields: Any) -> SweepSpec:
    return SweepSpec.model_validate({**RACE, **fields})


def raced_trial(trial_id: str, spec: TrialSpec, truth: Mapping[int, tuple[float, float]] = TRUTH) -> Completed:
    """A trial whose first targets are those of a trial of the same configuration with fewer networks."""
    targets = spec.protocol.targets
    noise = np.random.default_rng(spec.epochs).normal(0, 0.004, (10_000, 2))[:targets]
    accuracies, aucs = (np.array(truth[spec.epochs]) + noise).T.tolist()
    return completed_of(trial_id, accuracies, aucs, spec)


class MadeUp(Runner):
    """Gives each trial its made-up numbers, the last of those that it may run first, or the first.

    Args:
        truth: by epochs, accuracy and AUC.
        backwards: True to begin with the last.
        stop_after: interrupt after so many trials; None not to.
        failing: the (epochs, networks) of trials that fail.
    """

    def __init__(
        self,
        truth: Mapping[int, tuple[float, float]] = TRUTH,
        *,
        backwards: bool = False,
        stop_after: int | None = None,
        failing: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.ran: list[tuple[int, int]] = []
        self._truth, self._backwards, self._failing = truth, backwards, failing
        self._stop_after = stop_after

    def run(self, source: Source, job: Job, observer: Observer) -> None:
        waiting = list(source.take())
        while waiting:
            trial = waiting.pop(-1 if self._backwards else 0)
            if len(self.ran) == self._stop_after:
                raise KeyboardInterrupt
            observer.started(trial)
            observer.finished(self._result(trial))
            waiting += source.take()

    def _result(self, trial: PlannedTrial) -> TrialResult:
        which = trial.spec.epochs, trial.spec.protocol.networks
        self.ran.append(which)
        if which in self._failing:
            return failure(trial.spec, trial.trial_id, ValueError("made up"), seconds=1.0)
        return raced_trial(trial.trial_id, trial.spec, self._truth)
