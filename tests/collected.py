"""An observer of trials that keeps what it is told."""

from privsearch.study.result import TrialResult
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial


class Collector:
    """Keeps the ids of the trials that have begun, and the results."""

    def __init__(self) -> None:
        self.started_ids: list[str] = []
        self.results: list[TrialResult] = []

    @property
    def finished_ids(self) -> list[str]:
        return [result.trial_id for result in self.results]

    def preparing(self, what: str) -> None:
        pass

    def started(self, trial: PlannedTrial) -> None:
        self.started_ids.append(trial.trial_id)

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        pass

    def finished(self, result: TrialResult) -> None:
        self.results.append(result)
