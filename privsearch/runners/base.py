"""How trials are run, wherever that is: the interface that every runner keeps."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from privsearch.plan import PlannedTrial
from privsearch.result import UNKNOWN_ID, TrialResult


class Observer(Protocol):
    """Told, in the driver's own process and one call at a time, what becomes of the trials."""

    def started(self, trial: PlannedTrial) -> None:
        """A worker has taken the trial up."""

    def finished(self, result: TrialResult) -> None:
        """The trial has a result; it has not been recorded yet."""


class Runner(ABC):
    """Runs trials. The numbers that come out depend on the trials alone, not on the runner."""

    @abstractmethod
    def run(self, trials: Sequence[PlannedTrial], observer: Observer) -> None:
        """Run every trial once, in about this order, and tell `observer` of each.

        Raises:
            KeyboardInterrupt: the user interrupted; trials that were running have no result.
        """


def attributed(result: TrialResult, trial: PlannedTrial) -> TrialResult:
    """The result with the id of the trial that was planned, where it could not find its own."""
    return result.model_copy(update={"trial_id": trial.trial_id}) if result.trial_id == UNKNOWN_ID else result
