"""Run a sweep into its study, from the plan to the files that are made from the record."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from privsearch._util.html import html_text
from privsearch.data import require_datasets
from privsearch.errors import SpecError
from privsearch.spec import Attack, SweepSpec
from privsearch.study.environment import describe_environment
from privsearch.study.folder import Study
from privsearch.study.proposals import ProposalWriter
from privsearch.study.record import RecordWriter
from privsearch.study.result import Failed, TrialResult
from privsearch.sweep.plan import Plan, attack_plan, make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.reuse import changed_code
from privsearch.sweep.runners import AttackOnly, Job, Listed, Observer, Runner, Source, TrainAndAttack
from privsearch.sweep.search.warm_start import WarmStart, warm_start

if TYPE_CHECKING:
    from privsearch.analysis.tasks import Task
    from privsearch.sweep.search.running import RunningSearch


_log = logging.getLogger(__name__)


class Progress(Observer, Protocol):
    """An observer that is also told when the sweep begins, and that may hold the screen until it ends."""

    def begin(self, plan: Plan) -> None:
        """The sweep is about to run what `plan` leaves to do."""

    def searching(self, searches: Sequence["RunningSearch"]) -> None:
        """These searches are about to begin, and may be looked at while they run; not called where there is none."""

    def end(self) -> None:
        """The sweep has ended, or was interrupted."""


@dataclass(frozen=True)
class SweepOutcome:
    """What one run of a sweep came to.

    Attributes:
        study: where it is recorded.
        plan: what there was to do when it began.
        num_completed: trials that this run finished with numbers.
        num_dead: those of them in which some network gives all examples the same outputs.
        failed: trials that this run finished without.
        refused: by the attack's name and the reason, on how many of the others it could not be run.
        unkept: why the signals of a trial could not be kept, once for each such trial.
        tasks: what competes for each front of the study.
        networks_unkept: as `unkept`, of its networks.
        searches: those that ran, and why they ended.
        warm_starts: what came of the studies whose results were to be used.
    """

    study: Study
    plan: Plan
    num_completed: int
    num_dead: int
    failed: tuple[Failed, ...]
    refused: Mapping[tuple[str, str], int]
    unkept: Sequence[str]
    tasks: Sequence["Task"]
    networks_unkept: Sequence[str] = ()
    searches: Sequence["RunningSearch"] = ()
    warm_starts: Sequence[WarmStart] = ()

    @property
    def num_cached(self) -> int:
        """Trials of the grids and of the searches that needed no run, as they were recorded when this one began."""
        grids = {trial.trial_id for trial in self.plan.trials if trial.cached}
        searched = {t.trial_id for search in self.searches for t in search.plan.trials() if t.cached}
        return len(grids | searched)

    def __repr__(self) -> str:
        counts = f"{self.num_completed} trials finished, {self.num_cached} recorded already, {len(self.failed)} failed"
        return f"SweepOutcome({counts}; study {str(self.study.path)!r})"

    def _repr_html_(self) -> str:
        return html_text(repr(self)) + "".join(task._repr_html_() for task in self.tasks)


def run_sweep(
    sweep: SweepSpec,
    study: Study,
    runner: Runner,
    progress: Progress,
    *,
    only_same_versions: bool = False,
    warm_from: Sequence[Study] = (),
) -> SweepOutcome:
    """Run what the record of `study` does not hold yet, and write the results table, the index and the fronts.

    Every finished trial is on the disk before `progress` hears of it, so that whatever ends this process costs
    only the trials that were running.

    Args:
        sweep: what is asked for.
        study: where it is recorded.
        runner: what runs the trials.
        progress: told of them.
        only_same_versions: run again what was recorded under other versions than the present ones.
        warm_from: other studies whose results are copied into this one, where it asks for the same trials.

    Raises:
        DataError: a dataset is missing or unfit; nothing has been written.
        SpecError: the sweep does not fit its data, or has no search for `warm_from`; nothing has been written.
        StudyError: the directory belongs to another sweep, another process holds it, or signals cannot be kept; nothing
            has been written.
        ClusterError: the runner's cluster is not there, or is gone; what had finished is recorded.
        KeyboardInterrupt: the user interrupted; likewise.
    """
    if warm_from and not sweep.search:
        raise SpecError(
            f"--from: must come with a sweep that has a search, but {sweep.name!r} has none; drop it, or add a search"
        )
    # Whatever is wrong with the sweep or its data is found before the directory is made.
    require_datasets(make_plan(sweep, study, only_same_versions=only_same_versions).datasets_to_load)
    with study.held():
        plan = make_plan(sweep, study, only_same_versions=only_same_versions)
        if sweep.keep_signals and plan.datasets_to_load:
            study.signals_of(sweep).probe()
        networks = study.networks_of(sweep) if sweep.keep_networks else None
        if networks and plan.datasets_to_load:
            networks.probe()
        _note_changed_code(study)
        _begin(plan, study)
        warm_starts = [warm_start(other, study, plan.searches) for other in warm_from]
        if any(start.copied for start in warm_starts):
            plan = make_plan(sweep, study, only_same_versions=only_same_versions)
        job = TrainAndAttack(study.signals, sweep.keep_signals, networks, only_same_versions)
        return _run(plan, study, runner, job, progress, warm_starts)


def _begin(plan: Plan, study: Study) -> None:
    trials = {trial.trial_id: trial.spec.dataset_name for trial in plan.trials}
    searches = {search.task.id: search.task.info.name for search in plan.searches}
    study.begin(plan.sweep, trials, describe_environment(), searches)


def run_attacks(attacks: Sequence[Attack], study: Study, runner: Runner, progress: Progress) -> SweepOutcome:
    """Run more attacks on what a study has trained, and write its tables, its index and its fronts again.

    Nothing is trained, and no dataset is read: the attacks see what was kept of the trainings.

    Raises:
        SpecError: an attack does not fit the study's protocols.
        StudyError: this is not a study, its signals were not kept, or another process holds it.
        ClusterError: the runner's cluster is not there, or is gone; what had finished is recorded.
        KeyboardInterrupt: the user interrupted; likewise.
    """
    attack_plan(study, attacks)
    with study.held():
        plan = attack_plan(study, attacks)
        _note_changed_code(study)
        study.extend(plan.sweep, describe_environment())
        return _run(plan, study, runner, AttackOnly(study.signals), progress)


def _run(
    plan: Plan, study: Study, runner: Runner, job: Job, progress: Progress, warm_starts: Sequence[WarmStart] = ()
) -> SweepOutcome:
    sources = {trial_id: start.name for start in warm_starts for trial_id in start.copied}
    with RecordWriter(study.record_path) as record, ExitStack() as stack:
        source: Source = Listed(plan.todo)
        searches: Sequence[RunningSearch] = ()
        recorder = _Recorder(record, progress)
        progress.begin(plan)
        try:
            if plan.searches:
                from privsearch.sweep.search.running import SearchSource  # Optuna is slow to import

                log = stack.enter_context(ProposalWriter(study.proposals_path))
                source = searching = SearchSource(plan.todo, plan.searches, log, sources)
                searches, recorder.tell = searching.searches, searching.finished
                progress.searching(searches)
            if plan.todo or searches:
                runner.run(source, job, recorder)
            for search in searches:
                search.note_end(study.proposals())
        finally:
            progress.end()
    # Here, so that the trials need not wait for the libraries that draw their results.
    from privsearch.report.outputs import write_outputs

    return SweepOutcome(
        study=study,
        plan=plan,
        num_completed=recorder.num_completed,
        num_dead=recorder.num_dead,
        failed=tuple(recorder.failed),
        refused=recorder.refused,
        unkept=recorder.unkept,
        tasks=write_outputs(study),
        networks_unkept=recorder.networks_unkept,
        searches=searches,
        warm_starts=warm_starts,
    )


def _note_changed_code(study: Study) -> None:
    for what in changed_code(study.environments()):
        _log.warning(
            "%s: the code of the registered %s has changed since it was last run here; what is recorded is reused all "
            "the same: if it computes something else now, register it with another version",
            study.path,
            what,
        )


class _Recorder(Observer):
    """Records a result first and speaks of it second."""

    def __init__(self, record: RecordWriter, progress: Progress) -> None:
        self._record = record
        self.tell: Callable[[TrialResult], None] | None = None
        self._progress = progress
        self.num_completed = self.num_dead = 0
        self.failed: list[Failed] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.unkept: list[str] = []
        self.networks_unkept: list[str] = []

    def started(self, trial: PlannedTrial) -> None:
        self._progress.started(trial)

    def finished(self, result: TrialResult) -> None:
        self._record.append(result)
        if self.tell:
            self.tell(result)
        if isinstance(result, Failed):
            self.failed.append(result)
        else:
            self.num_completed += 1
            self.num_dead += bool(result.dead)
            self.refused.update(() if result.dead else result.refused.items())
            self.unkept += [result.unkept] if result.unkept else []
            self.networks_unkept += [result.networks_unkept] if result.networks_unkept else []
        self._progress.finished(result)
