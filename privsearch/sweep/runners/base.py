"""The interface of a runner, of the source of its trials, and of the observer of its results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from privsearch.errors import DataError, SpecError
from privsearch.study.result import Failed, TrialResult, failure
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import Job


class Observer(Protocol):
    """An observer of trials, which is called in the driver's process, one call at a time."""

    def preparing(self, what: str) -> None:
        """Note what is done before the first trial, such as "starting Ray"; this is called again while it lasts."""

    def started(self, trial: PlannedTrial) -> None:
        """Note that a worker has begun `trial`; this is called again if the trial is tried again."""

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Note how far a worker is with `trial`, or with a part of it: about once a second, and at a part's end."""

    def finished(self, result: TrialResult) -> None:
        """Note the result of a trial, which has not been recorded yet."""


class Source(Protocol):
    """A source of trials; its next trials may depend on the results of earlier ones."""

    def take(self) -> Sequence[PlannedTrial]:
        """Take the trials that may be run now and were not taken before, and return them.

        This is called as a run begins, and again after results have been passed to the observer. The run is over when
        this returns no trials while none is running.
        """


class Listed(Source):
    """A source of trials that are all known from the beginning."""

    def __init__(self, trials: Sequence[PlannedTrial]) -> None:
        """Hold `trials`, all of which are taken at once."""
        self._left = trials

    def take(self) -> Sequence[PlannedTrial]:
        """Take all trials at the first call, and none after that."""
        taken, self._left = self._left, ()
        return taken


class Runner(ABC):
    """A way to run trials; the numbers that result depend on the trials alone, not on the runner."""

    @contextmanager
    def ready(self, job: Job, most: int, tell: Callable[[str], None]) -> Iterator[None]:  # noqa: ARG002  # some need nothing
        """Have at hand, during this block, what `run` needs; nothing is written before this has refused nothing.

        Args:
            job: the job that `run` gets.
            most: the number of workers that there is work for at a time, at least one.
            tell: called with what is done, in words, before it is.

        Raises:
            SpecError: the workers need something that is missing, such as a GPU.
            ClusterError: Ray does not start, or its cluster cannot be reached.
        """
        yield

    @abstractmethod
    def run(self, source: Source, job: Job, observer: Observer) -> None:
        """Do `job` once with every trial of `source`, roughly in order, and report each to `observer`.

        Raises:
            KeyboardInterrupt: the user interrupted; trials that were running have no result.
            SpecError: the workers need something that is missing, such as a GPU; nothing has been run.
            ClusterError: Ray or its cluster cannot be reached, or was lost.
        """


def no_gpu(share: float, why: str) -> SpecError:
    """Return the error for a sweep that asks for a GPU if there is none.

    Args:
        share: the share of a GPU that the sweep asks for.
        why: a clause that says what finds no GPU.
    """
    return SpecError(
        f"must be 0 or null where there is no GPU, but got {share:g}, and {why}; drop it, or run this where a GPU is",
        where=("resources", "gpu"),
    )


def checked_identity(result: TrialResult, trial: PlannedTrial) -> TrialResult:
    """Return `result` under the id that was planned for `trial`.

    The result of a trial that could not read its dataset has no id, and gets the planned one. If the dataset changed
    after the plan, the result has another id, and a failure takes its place: its numbers are those of another trial.
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
