"""The calls that run trials, or say what there is to run.

An interrupt is Python's own KeyboardInterrupt, after which the same call goes on where it was.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from privsearch._util.html import html_text
from privsearch.api.arguments import (
    AnyStudy,
    AnySweep,
    SweepRequest,
    make_attack_runner,
    make_runner,
    open_study,
    read_request,
    takes_only_same_versions,
)
from privsearch.api.choices import Reuse, RunnerName
from privsearch.api.study import Study
from privsearch.data import require_datasets
from privsearch.spec import Attack
from privsearch.spec.sweep_file import check_attacks
from privsearch.study.content import kept_checkpoints
from privsearch.study.environment import describe_environment
from privsearch.study.result import Failed, TrialResult
from privsearch.sweep.attack_plan import attack_plan
from privsearch.sweep.lookup import find_trial
from privsearch.sweep.plan import Plan, make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.reuse import changed_code
from privsearch.sweep.run import Progress, RunSummary, Silence, ready, run
from privsearch.sweep.runners.base import Runner
from privsearch.sweep.runners.jobs import AttackOnly, TrainAndAttack
from privsearch.sweep.search.warm_start import WarmStart, warm_start

if TYPE_CHECKING:
    from privsearch.analysis.explanation import Explanation
    from privsearch.analysis.tasks import Task
    from privsearch.models.training import EpochListener
    from privsearch.report.outputs import Outputs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SweepOutcome:
    """The outcome of one run of a sweep.

    Attributes:
        study: the study that it is recorded in.
        plan: the work that there was when it began.
        run: the counts of this run.
        outputs: the outputs that were written at its end.
        warm_starts: for each study whose results were to be used, the results that were.
    """

    study: Study
    plan: Plan
    run: RunSummary
    outputs: "Outputs"
    warm_starts: Sequence[WarmStart] = ()

    @property
    def tasks(self) -> "tuple[Task, ...]":
        """The tasks of the study, each with its front."""
        return self.outputs.tasks

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The trials that this run finished without numbers."""
        return self.run.failed

    @property
    def num_cached(self) -> int:
        """The number of trials of grids and searches that were recorded when this run began, and needed no run."""
        grids = {trial.trial_id for trial in self.plan.trials if trial.cached}
        searched = {t.trial_id for search in self.run.searches for t in search.plan.trials() if t.cached}
        return len(grids | searched)

    def explain(self) -> "list[Explanation]":
        """Work out what mattered for each front, from what is at hand already."""
        from privsearch.analysis.explanation import explain_study

        return explain_study(self.outputs.content, self.tasks)

    def __repr__(self) -> str:
        counts = (
            f"{self.run.num_completed} trials finished, {self.num_cached} recorded already, {len(self.failed)} failed"
        )
        return f"SweepOutcome({counts}; study {str(self.study.path)!r})"

    def _repr_html_(self) -> str:
        return html_text(repr(self)) + "".join(task._repr_html_() for task in self.tasks)


def plan_sweep(
    sweep: AnySweep,
    *,
    study: AnyStudy | None = None,
    settings: Sequence[str] = (),
    reuse: Reuse = "all",
    probe: bool = False,
    warm_from: Sequence[AnyStudy] = (),
) -> Plan:
    """Work out the trials of a sweep and what is left to do; nothing is written.

    Args:
        sweep: the sweep; paths in a mapping are relative to the current directory.
        study: its folder; by default `studies/<name>`.
        settings: such as "recipe.epochs=5", written over the sweep's fields.
        reuse: the recorded trials that are not run again.
        probe: train for about a second to see how fast this machine is, if the study has recorded nothing that tells.
        warm_from: as in `run_sweep`.

    Raises:
        SpecError: the sweep breaks a rule.
        DataError: a dataset is missing or unfit.
        StudyError: the folder belongs to another sweep.
    """
    from privsearch.sweep.probe import probe as train_briefly

    request = read_request(sweep, study, settings)
    with request.locating_errors():
        return make_plan(
            request.spec,
            request.study,
            only_same_versions=takes_only_same_versions(reuse),
            probe=train_briefly if probe else None,
            others=[open_study(other).load().kept_signals for other in warm_from],
        )


def run_sweep(
    sweep: AnySweep,
    *,
    study: AnyStudy | None = None,
    settings: Sequence[str] = (),
    runner: RunnerName | Runner = "tune",
    workers: int | None = None,
    address: str | None = None,
    reuse: Reuse = "all",
    keep_signals: bool | None = None,
    keep_networks: bool | None = None,
    storage: str | None = None,
    warm_from: Sequence[AnyStudy] = (),
    progress: bool | Progress = True,
) -> SweepOutcome:
    """Train and attack what is not recorded yet, and write the results, the index and the fronts.

    Every finished trial is on the disk before `progress` hears of it, so that whatever ends this process costs only the
    trials that were running.

    Args:
        sweep: the sweep; paths in a mapping are relative to the current directory.
        study: its folder; by default `studies/<name>`.
        settings: such as "recipe.epochs=5", written over the sweep's fields.
        runner: "tune" (Ray's workers), "inline" (this process), or a runner.
        workers: trials at a time with "tune"; by default as many as the resources suffice for.
        address: of a Ray cluster to run on, with "tune".
        reuse: the recorded trials that are not run again.
        keep_signals: keep what the attacks saw; by default as the sweep says.
        keep_networks: keep the networks; by default as the sweep says.
        storage: a path or a URI to keep both in; by default as the sweep says.
        warm_from: other studies, whose networks are taken where they are the same, and whose results a search begins
            with.
        progress: True to show it, False for silence, or an object that is told of it.

    Raises:
        DataError: a dataset is missing or unfit; nothing has been written.
        SpecError: the sweep breaks a rule, does not fit its data, or asks for what is not here, such as a GPU; nothing
            has been written.
        StudyError: the folder belongs to another sweep, another process writes to it, or signals cannot be kept;
            nothing has been written.
        ClusterError: the runner's cluster is not there, and nothing has been written, or it is gone; what had finished
            is recorded.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    request = read_request(sweep, study, settings, storage=storage)
    request = request.keeping(signals=keep_signals, networks=keep_networks)
    with request.locating_errors():
        chosen = make_runner(request.spec, runner, workers, address)
        others = [open_study(other) for other in warm_from]
        return _run_sweep(request, chosen, _shown(progress), others, only_same_versions=takes_only_same_versions(reuse))


def _run_sweep(
    request: SweepRequest, runner: Runner, progress: Progress, others: Sequence[Study], *, only_same_versions: bool
) -> SweepOutcome:
    sweep, study = request.spec, request.study
    stamp = study.stamp()
    # Whatever is wrong with the sweep or its data is found before the folder is made.
    planned = partial(make_plan, sweep, study, only_same_versions=only_same_versions)
    elsewhere = [other.load().kept_signals for other in others]
    plan = planned(others=elsewhere)
    require_datasets(plan.datasets_to_load)
    with study.locked():
        signals, networks = study.signals_of(sweep), study.networks_of(sweep) if sweep.keep_networks else None
        if study.stamp() != stamp or signals.trial_ids() != plan.kept_signals:  # another process has written until now
            plan = planned(others=elsewhere)
        # Signals that are not to be kept are there until their trial is done.
        for archive in (signals, networks):
            if archive and plan.datasets_to_load:
                archive.probe()
        warm_starts = [warm_start(other, plan.searches) for other in others if plan.searches]
        job = TrainAndAttack(signals, sweep.keep_signals, networks, only_same_versions)
        if sweep.checkpoint_minutes:
            checkpoints = kept_checkpoints(study.path, study.with_storage(sweep))
            job = replace(job, checkpoints=checkpoints, checkpoint_seconds=60 * sweep.checkpoint_minutes)
        with ready(plan, runner, job, progress):
            # From here on nothing is refused any more.
            _note_changed_code(study)
            _begin(plan, study)
            for start in warm_starts:
                start.copy_into(study)
            if any(start.copied for start in warm_starts):
                plan = planned(others=elsewhere)
                progress.begin(plan)
            copied_from = {trial_id: start.name for start in warm_starts for trial_id in start.copied}
            summary = run(plan, study, runner, job, progress, known_from=copied_from)
        return SweepOutcome(study, plan, summary, _write_outputs(study), warm_starts)


def run_trial(
    sweep: AnySweep,
    trial_id: str,
    *,
    dataset: str | None = None,
    protocol: str | None = None,
    study: AnyStudy | None = None,
    settings: Sequence[str] = (),
    on_start: "Callable[[PlannedTrial], EpochListener] | None" = None,
    on_epoch: "EpochListener | None" = None,
) -> TrialResult:
    """Run one trial of a sweep in this process, and return its result; nothing is recorded.

    Args:
        sweep: as in `run_sweep`.
        trial_id: the trial's id, the beginning of it, or the name of its configuration, as on the fronts.
        dataset: the trial's dataset, where a name is that of several trials.
        protocol: its protocol, likewise.
        study: as in `run_sweep`.
        settings: as in `run_sweep`.
        on_start: called with the trial before it runs; returns what to use as `on_epoch`.
        on_epoch: told (network, epoch, measured) after every epoch.

    Returns:
        `Completed`, or `Failed` with the traceback.

    Raises:
        PrivsearchError: as `plan_sweep`; or no trial, or several, are meant.
    """
    from privsearch.analysis.lookup import Within
    from privsearch.sweep.trial import run_trial as run_in_process

    request = read_request(sweep, study, settings)
    with request.locating_errors():
        planned = find_trial(make_plan(request.spec, request.study), trial_id, Within(dataset, protocol))
    require_datasets([planned.spec.dataset])
    listener = on_start(planned) if on_start else on_epoch
    return run_in_process(planned.spec, listener)


def attack_study(
    study: AnyStudy,
    attacks: Sequence[Attack | Mapping[str, Any] | str],
    *,
    runner: RunnerName | Runner = "tune",
    workers: int | None = None,
    address: str | None = None,
    progress: bool | Progress = True,
) -> SweepOutcome:
    """Run more attacks on what a study has trained, and write its tables, its index and its fronts again.

    Nothing is trained: the attacks see what was kept of the trainings. No dataset is read but for an attack that reads
    the examples themselves, such as quantile_regression; a trial whose data are not at hand lacks its numbers, and has
    the reason, until the attack is run again.

    Args:
        study: the study, or its folder.
        attacks: as in a sweep's `attacks`: names such as "lira", or mappings.
        runner: as in `run_sweep`.
        workers: as in `run_sweep`.
        address: as in `run_sweep`.
        progress: as in `run_sweep`.

    Raises:
        SpecError: an attack does not fit the study's protocols.
        StudyError: this is not a study, its signals were not kept, or another process holds it.
        ClusterError: the runner's cluster is not there, and nothing has been written, or it is gone; what had finished
            is recorded.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    folder, wanted = open_study(study), check_attacks(attacks)
    stamp = folder.stamp()
    plan = attack_plan(folder, wanted)
    chosen = make_attack_runner(plan.sweep, runner, workers, address)
    with folder.locked():
        signals = folder.signals
        if folder.stamp() != stamp or signals.trial_ids() != plan.kept_signals:  # another process has written until now
            plan = attack_plan(folder, wanted)
        job, shown = AttackOnly(signals), _shown(progress)
        with ready(plan, chosen, job, shown):
            _note_changed_code(folder)
            folder.extend(plan.sweep, describe_environment())
            summary = run(plan, folder, chosen, job, shown)
        return SweepOutcome(folder, plan, summary, _write_outputs(folder))


def _begin(plan: Plan, study: Study) -> None:
    trials = {trial.trial_id: trial.spec.dataset_name for trial in plan.trials}
    searches = {search.task.id: search.task.info.name for search in plan.searches}
    has_race = any(protocol.raced for protocol in plan.sweep.protocol)
    raced = {name: info.fingerprint for name, info in plan.infos.items()} if has_race else {}
    study.begin(plan.sweep, trials, describe_environment(), searches, raced)


def _note_changed_code(study: Study) -> None:
    for what in changed_code(study.environments().environments):
        _log.warning(
            "%s: the code of the registered %s has changed since it was last run here; what is recorded is reused all "
            "the same: if it computes something else now, register it with another version",
            study.path,
            what,
        )


def _write_outputs(study: Study) -> "Outputs":
    # Imported here, so that the trials need not wait for the libraries that draw their results.
    from privsearch.report.outputs import write_outputs

    study.check_held()
    return write_outputs(study)


def _shown(progress: bool | Progress) -> Progress:
    if not isinstance(progress, bool):
        return progress
    if not progress:
        return Silence()
    from rich.console import Console

    from privsearch.report.terminal.progress import SweepProgress

    return SweepProgress(Console(markup=False, emoji=False, highlight=False))
