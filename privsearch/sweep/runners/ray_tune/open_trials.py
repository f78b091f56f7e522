"""The trials of a run that have no result yet, for one session of Ray, or from one to the next."""

from collections.abc import Sequence

from privsearch.study.result import TrialResult
from privsearch.sweep.advance import Advance
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Observer, Source


class OpenTrials(Source, Observer):
    """The open trials of a run: a source and an observer for a session, which know what earlier ones have done.

    Attributes:
        open: the trials that have no result yet, by their ids.
        num_done: the number of trials that have one.
    """

    def __init__(self, source: Source, observer: Observer) -> None:
        """Begin with the first trials of `source`."""
        self.open: dict[str, PlannedTrial] = {}
        self.num_done = 0
        self._source = source
        self._observer = observer
        self._untold: list[PlannedTrial] = []
        self._add()

    def begin_session(self) -> None:
        """Have the next `take` return all open trials, as a new session knows of none."""
        self._untold = [*self.open.values()]

    def take(self) -> Sequence[PlannedTrial]:
        """Return the open trials that this session does not know, and further ones of the source."""
        self._add()
        taken, self._untold = self._untold, []
        return taken

    def started(self, trial: PlannedTrial) -> None:
        """Tell the observer that a worker has begun `trial`."""
        self._observer.started(trial)

    def preparing(self, what: str) -> None:
        """Tell the observer what is done before the first trial."""
        self._observer.preparing(what)

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Tell the observer how far a worker is with `trial`."""
        self._observer.advanced(trial, advance)

    @property
    def most_at_once(self) -> int:
        """The number of workers that the open trials can use at a time."""
        return sum(trial.most_workers for trial in self.open.values())

    def finished(self, result: TrialResult) -> None:
        """Tell the observer of a result, whose trial is open no more."""
        del self.open[result.trial_id]
        self.num_done += 1
        self._observer.finished(result)

    def _add(self) -> None:
        more = self._source.take()
        self.open |= {trial.trial_id: trial for trial in more}
        self._untold += more
