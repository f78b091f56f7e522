"""Run what a plan leaves to do, recording every result before anybody hears of it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from privsearch.errors import StudyError
from privsearch.study.folder import StudyFolder
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed, Failed, TrialResult
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.advance import Advance
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Listed, Observer, Runner, Source
from privsearch.sweep.runners.jobs import Job

if TYPE_CHECKING:
    from privsearch.sweep.racing.running import RunningRace
    from privsearch.sweep.search.running import RunningSearch


class Progress(Observer, Protocol):
    """An observer that is also told when the sweep begins, and that may hold the screen until it ends."""

    def begin(self, plan: Plan) -> None:
        """Take note that the sweep is about to run what `plan` leaves to do."""

    def searching(self, searches: Sequence["RunningSearch"]) -> None:
        """Take note of the searches that are about to begin; not called if there is none."""

    def end(self) -> None:
        """Take note that the sweep has ended, or was interrupted."""


class Silence(Progress):
    """A progress that shows nothing."""

    def begin(self, plan: Plan) -> None:
        """Show nothing."""

    def searching(self, searches: Sequence["RunningSearch"]) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""

    def preparing(self, what: str) -> None:
        """Show nothing."""

    def started(self, trial: PlannedTrial) -> None:
        """Show nothing."""

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        """Show nothing."""

    def finished(self, result: TrialResult) -> None:
        """Show nothing."""


@dataclass(frozen=True)
class RunSummary:
    """The counts of one run.

    Attributes:
        num_completed: trials that this run finished with numbers.
        failed: trials that this run finished without numbers.
        refused: by the attack's name and the reason, the number of the other trials that it could not be run on.
        unkept: the reason why the signals of a trial could not be kept, once for each such trial.
        networks_unkept: the reason why the networks of a trial could not be kept, once for each such trial.
        searches: the searches that ran, and why they ended.
        races: the races for networks that ran, and how they stand.
        set_aside: the paths to which files of signals that cannot be of their trial were moved.
    """

    num_completed: int
    failed: tuple[Failed, ...]
    refused: Mapping[tuple[str, str], int]
    unkept: Sequence[str]
    networks_unkept: Sequence[str] = ()
    searches: Sequence["RunningSearch"] = ()
    races: Sequence["RunningRace"] = ()
    set_aside: Sequence[str] = ()


@contextmanager
def ready(plan: Plan, runner: Runner, job: Job, progress: Progress) -> Iterator[None]:
    """Have a runner ready, during this block, for what a plan leaves to do, if that is anything; progress is shown.

    Raises:
        SpecError: the workers need something that is missing, such as a GPU.
        ClusterError: Ray does not start, or its cluster cannot be reached.
    """
    progress.begin(plan)
    try:
        with runner.ready(job, plan.most_at_once, progress.preparing) if plan.most_at_once else nullcontext():
            yield
    finally:
        progress.end()


def run(
    plan: Plan,
    study: StudyFolder,
    runner: Runner,
    job: Job,
    progress: Progress,
    *,
    known_from: Mapping[str, str] | None = None,
) -> RunSummary:
    """Run what a plan leaves to do.

    Every finished trial is on the disk before `progress` hears of it, so that whatever ends this process costs only the
    trials that were running.

    Args:
        plan: the trials and the searches.
        study: its record takes the results. This process holds its lock.
        runner: runs the trials; it is `ready`.
        job: the work on each trial.
        progress: told of the trials; it has begun.
        known_from: by trial_id, the name of the study that a result was copied from, for the searches to tell.

    Raises:
        ClusterError: the runner's cluster is not there, or is gone; what had finished is recorded.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    with study.record_writer() as record, ExitStack() as stack:
        source: Source = Listed(plan.todo)
        searches: Sequence[RunningSearch] = ()
        signals = study.signals_of(plan.sweep)
        recorder = _Recorder(record, progress, signals)
        if not plan.sweep.keep_signals:
            recorder.forget = partial(_forget, signals, _spared(plan, study))
        if plan.searches:
            from privsearch.sweep.search.running import SearchSource  # Optuna is slow to import

            log = stack.enter_context(study.proposal_writer())
            source = searching = SearchSource(plan.todo, plan.searches, log, dict(known_from or {}))
            searches, recorder.tell = searching.searches, searching.finished
            progress.searching(searches)
        races: Sequence[RunningRace] = ()
        if plan.races:
            from privsearch.sweep.racing.running import RacingSource  # its rule needs pandas, slow to import

            source = racing = RacingSource(source, plan.races, study.proposals, recorder.tell)
            races, recorder.tell = racing.races, racing.finished
        if plan.todo or searches or races:
            runner.run(source, job, recorder)
        for search in searches:
            search.note_end(study.proposals())
    return recorder.summary(searches, races)


def _spared(plan: Plan, study: StudyFolder) -> Collection[str]:
    """Return the names of the files that were there before: those that recorded trials need, or other studies may."""
    if study.with_storage(plan.sweep).storage:
        return plan.kept_signals
    completed = [result for result in study.record().results.values() if isinstance(result, Completed)]
    return plan.kept_signals & {network for result in completed for network in result.networks}


def _forget(signals: SignalArchive, spared: Collection[str], result: Completed) -> None:
    """Remove what parts of a trial have left for it alone, where signals are not to be kept; what was there stays."""
    signals.discard(network for network in result.networks if network not in spared)


class _Recorder(Observer):
    """An observer that records a result first and tells of it second.

    Attributes:
        tell: told of every result once it is recorded; None if nobody needs to be.
        forget: called with every completed result that is recorded; None if its signals are to be kept.
    """

    def __init__(self, record: RecordWriter, progress: Progress, signals: SignalArchive) -> None:
        self._record = record
        self._signals = signals
        self.tell: Callable[[TrialResult], None] | None = None
        self.forget: Callable[[Completed], None] | None = None
        self._progress = progress
        self._num_completed = 0
        self._failed: list[Failed] = []
        self._refused: Counter[tuple[str, str]] = Counter()
        self._unkept: list[str] = []
        self._networks_unkept: list[str] = []
        self._set_aside: list[str] = []

    def preparing(self, what: str) -> None:
        self._progress.preparing(what)

    def started(self, trial: PlannedTrial) -> None:
        self._progress.started(trial)

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        self._progress.advanced(trial, advance)

    def finished(self, result: TrialResult) -> None:
        self._record.append(result)
        if self.forget and isinstance(result, Completed):
            self.forget(result)
        if self.tell:
            self.tell(result)
        if isinstance(result, Failed):
            self._failed.append(result)
        else:
            self._num_completed += 1
            self._refused.update(() if result.dead else result.refused.items())
            self._unkept += [result.unkept] if result.unkept else []
            self._networks_unkept += [result.networks_unkept] if result.networks_unkept else []
            for name in result.misfits:
                with suppress(StudyError):  # another trial's result has said so before
                    self._set_aside.append(self._signals.set_aside(name))
        self._progress.finished(result)

    def summary(self, searches: Sequence["RunningSearch"], races: Sequence["RunningRace"]) -> RunSummary:
        return RunSummary(
            self._num_completed,
            tuple(self._failed),
            self._refused,
            self._unkept,
            self._networks_unkept,
            searches,
            races,
            self._set_aside,
        )
