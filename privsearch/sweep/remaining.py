"""The time that a running sweep still takes, learnt from what has finished.

What is done is compared with all there is by the estimates of a plan, corrected for each kind of trial by what finished
trials of that kind took; the clock since the first trial's start says how fast the workers together get through it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from privsearch.spec import TrialSpec
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.advance import Advance
from privsearch.sweep.pace import Kind, Pace, kinds
from privsearch.sweep.planned import PlannedTrial


@dataclass
class _Work:
    """The work on one kind of trial, in estimated seconds.

    Attributes:
        spec: a trial of that kind.
        planned: all work.
        done: the work on trials that have a result.
        measured: the work whose time has been measured.
        took: that time.
    """

    spec: TrialSpec
    planned: float = 0.0
    done: float = 0.0
    measured: float = 0.0
    took: float = 0.0


@dataclass
class _Begun:
    """The work done on a trial that has no result yet, in estimated seconds.

    Attributes:
        spec: the trial.
        ended: the networks of parts that have ended.
        under_way: by part, the work of the worker that is at it.
    """

    spec: TrialSpec
    ended: float = 0.0
    under_way: dict[tuple[int, ...] | None, float] = field(default_factory=dict)


class Remaining:
    """The work of a sweep, how much of it is done, and how long that took."""

    def __init__(self, trials: Iterable[PlannedTrial]) -> None:
        """Begin with the trials that are to be run."""
        self._work: dict[Kind, _Work] = {}
        self._open: dict[str, PlannedTrial] = {}
        self._begun: dict[str, _Begun] = {}
        self._unproposed = 0.0
        for trial in trials:
            self._add(trial)

    def expect(self, seconds: float) -> None:
        """Add the estimated seconds of trials that are not known yet."""
        self._unproposed += seconds

    def started(self, trial: PlannedTrial) -> None:
        """Take note of a trial that runs, which may be one of those that were not known."""
        if trial.trial_id not in self._open:
            self._unproposed = max(0.0, self._unproposed - trial.seconds)
            self._add(trial)

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Count the networks of a trial that are trained, and the epochs of those that are being trained."""
        begun = self._begun.setdefault(trial.trial_id, _Begun(trial.spec))
        trained = sum(trial.to_train.get(network, 0.0) for network in advance.trained)
        if advance.phase == "ended":
            begun.under_way.pop(advance.part, None)
            begun.ended += trained
            if trained:
                self._measure(trial, trained, advance.seconds)
            return
        present = trial.to_train.get(advance.network, 0.0) if advance.network is not None else 0.0
        # A first epoch may include compiling, and says little.
        share = advance.epochs_passed / advance.epochs if advance.epochs_done else 0.0
        begun.under_way[advance.part] = trained + share * present

    def finished(self, result: TrialResult) -> None:
        """Count a trial as done, and learn from the time that it took."""
        self._begun.pop(result.trial_id, None)
        if trial := self._open.pop(result.trial_id, None):
            self._work[kinds(trial.spec)[0]].done += trial.seconds
            # A result's seconds are those of all its networks, whenever they were trained; a failure comes early.
            if isinstance(result, Completed) and len(trial.to_train) == len(trial.networks):
                self._measure(trial, trial.seconds, result.seconds)

    def seconds(self, elapsed: float) -> float | None:
        """Return the seconds that are left, or None while nothing has finished: no trial, no network and no epoch.

        Args:
            elapsed: the seconds since the first trial began.
        """
        # Copies, as a display may ask in a thread of its own.
        work, begun = list(self._work.values()), list(self._begun.values())
        pace = Pace.of(((one.spec, one.took, one.measured) for one in work if one.measured), "recorded")
        done = sum(pace.factor(one.spec) * one.done for one in work)
        done += sum(pace.factor(one.spec) * (one.ended + sum(list(one.under_way.values()))) for one in begun)
        if done <= 0:
            return None
        planned = sum(pace.factor(one.spec) * one.planned for one in work)
        planned += pace.factors.get((), 1.0) * self._unproposed
        return elapsed * max(0.0, planned - done) / done

    def _add(self, trial: PlannedTrial) -> None:
        self._open[trial.trial_id] = trial
        self._work.setdefault(kinds(trial.spec)[0], _Work(trial.spec)).planned += trial.seconds

    def _measure(self, trial: PlannedTrial, estimate: float, seconds: float) -> None:
        work = self._work[kinds(trial.spec)[0]]
        work.measured += estimate
        work.took += seconds
