"""How trials are run, wherever that is: the interface that every runner keeps."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from privsearch.errors import DataError, SpecError
from privsearch.plan import PlannedTrial
from privsearch.result import Failed, TrialResult, failure
from privsearch.runners.jobs import Job


class Observer(Protocol):
    """Told, in the driver's own process and one call at a time, what becomes of the trials."""

    def started(self, trial: PlannedTrial) -> None:
        """A worker has taken the trial up; once more where it is tried again."""

    def finished(self, result: TrialResult) -> None:
        """The trial has a result; it has not been recorded yet."""


class Runner(ABC):
    """Runs trials. The numbers that come out depend on the trials alone, not on the runner."""

    @abstractmethod
    def run(self, trials: Sequence[PlannedTrial], job: Job, observer: Observer) -> None:
        """Do `job` with every trial once, in about this order, and tell `observer` of each.

        Raises:
            KeyboardInterrupt: the user interrupted; trials that were running have no result.
            SpecError: the workers are to have what is not there, such as a GPU; nothing has been run.
            ClusterError: the trials cannot be run where they were to be run, or cannot go on there.
        """


def no_gpu(asked: float, where: str) -> SpecError:
    """The error of a sweep that asks for a GPU `where` there is none."""
    return SpecError(
        f"must be 0 or null where there is no GPU, but got {asked:g}, and {where}; drop it, or run this where a GPU is",
        where=("resources", "gpu"),
    )


def attributed(result: TrialResult, trial: PlannedTrial) -> TrialResult:
    """The result under the id that was planned.

    A trial that could not read its dataset has no id of its own; one whose dataset changed after the plan has another
    trial's, and its numbers are no answer to what was asked.
    """
    if result.trial_id == trial.trial_id:
        return result
    if isinstance(result, Failed):
        return result.model_copy(update={"trial_id": trial.trial_id})
    changed = DataError(
        f"{trial.spec.dataset_name}: a dataset must stay as it is while a sweep runs, but this one changed; run the "
        "same command again"
    )
    return failure(trial.spec, trial.trial_id, changed, seconds=result.seconds)
