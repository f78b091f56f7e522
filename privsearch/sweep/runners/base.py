"""How trials are run, wherever that is: the interface that every runner keeps."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from privsearch.errors import DataError, SpecError
from privsearch.study.result import Failed, TrialResult, failure
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import Job


class Observer(Protocol):
    """Told, in the driver's own process and one call at a time, what becomes of the trials."""

    def started(self, trial: PlannedTrial) -> None:
        """A worker has taken the trial up; once more where it is tried again."""

    def finished(self, result: TrialResult) -> None:
        """The trial has a result; it has not been recorded yet."""


class Source(Protocol):
    """Where trials come from; which are next may depend on what came of earlier ones."""

    def take(self) -> Sequence[PlannedTrial]:
        """The trials that may be run now, and were not taken before.

        It is asked as a run begins, and again after results that the observer was told of. All is done when it gives
        nothing while no trial is running.
        """


class Listed(Source):
    """Trials that are known from the beginning."""

    def __init__(self, trials: Sequence[PlannedTrial]) -> None:
        """Give all `trials` at once."""
        self._left = trials

    def take(self) -> Sequence[PlannedTrial]:
        """All of them, and then nothing more."""
        taken, self._left = self._left, ()
        return taken


class Runner(ABC):
    """Runs trials. The numbers that come out depend on the trials alone, not on the runner."""

    @abstractmethod
    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Do `job` with every trial of `source` once, in about its order, and tell `observer` of each.

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


def checked_identity(result: TrialResult, trial: PlannedTrial) -> TrialResult:
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
