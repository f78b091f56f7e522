"""The calls that run trials, or say what there is to run.

An interrupt is Python's own KeyboardInterrupt, after which the same call goes on where it was.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from privsearch.api.arguments import AnyStudy, AnySweep, RunnerName, asked, runner_for, source_of, study_of
from privsearch.errors import SpecError
from privsearch.spec import Attack
from privsearch.spec.sweep_file import check_attacks, locating_errors
from privsearch.study.result import TrialResult
from privsearch.sweep.plan import Plan, attack_plan, find_trial, make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.run import Progress, SweepOutcome, run_attacks
from privsearch.sweep.run import run_sweep as run_in_study
from privsearch.sweep.runners import Runner

if TYPE_CHECKING:
    from privsearch.models.training import EpochListener
    from privsearch.sweep.search.running import RunningSearch

Reuse = Literal["all", "same-versions"]


def plan_sweep(
    sweep: AnySweep, *, study: AnyStudy | None = None, settings: Sequence[str] = (), reuse: Reuse = "all"
) -> Plan:
    """What a sweep comes to; nothing is trained or written.

    Args:
        sweep: the sweep; paths in a mapping are relative to the current directory.
        study: its directory; by default `studies/<name>`.
        settings: such as "recipe.epochs=5", written over the sweep's fields.
        reuse: which recorded trials are not run again.

    Raises:
        SpecError: the sweep breaks a rule.
        DataError: a dataset is missing or unfit.
        StudyError: the directory belongs to another sweep.
    """
    source = source_of(sweep)
    with locating_errors(source, settings):
        return make_plan(*asked(source, study, settings), only_same_versions=_only_same_versions(reuse))


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

    Args:
        sweep: the sweep; paths in a mapping are relative to the current directory.
        study: its directory; by default `studies/<name>`.
        settings: such as "recipe.epochs=5", written over the sweep's fields.
        runner: "tune" (Ray's workers), "inline" (this process), or a runner.
        workers: trials at a time with "tune"; by default as many as the resources suffice for.
        address: of a Ray cluster to run on, with "tune".
        reuse: which recorded trials are not run again.
        keep_signals: whether to keep what the attacks saw; by default as the sweep says.
        keep_networks: whether to keep the networks; likewise.
        storage: where to keep it, a path or a URI; by default as the sweep says.
        warm_from: other studies whose results a search begins with.
        progress: True to show it, False for silence, or what is told of it.

    Returns:
        What this run did; its `study` has the results.

    Raises:
        PrivsearchError: a SpecError, DataError, StudyError or ClusterError, as `privsearch.sweep.run.run_sweep` says.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    source, settings = source_of(sweep), list(settings)
    if storage is not None:
        settings.append(f"storage={json.dumps(storage)}")
    with locating_errors(source, settings):
        spec, where = asked(source, study, settings)
        asked_to_keep = {"keep_signals": keep_signals, "keep_networks": keep_networks}
        spec = spec.model_copy(update={field: keep for field, keep in asked_to_keep.items() if keep is not None})
        return run_in_study(
            spec,
            where,
            runner_for(spec, runner, workers, address),
            _shown(progress),
            only_same_versions=_only_same_versions(reuse),
            warm_from=[study_of(other) for other in warm_from],
        )


def run_trial(
    sweep: AnySweep,
    trial_id: str,
    *,
    study: AnyStudy | None = None,
    settings: Sequence[str] = (),
    on_epoch: "EpochListener | None" = None,
) -> TrialResult:
    """Run one trial of a sweep in this process; nothing is recorded.

    Args:
        sweep: as in `run_sweep`.
        trial_id: its id, or the beginning of it.
        study: as in `run_sweep`.
        settings: as in `run_sweep`.
        on_epoch: told (network, epoch, what was measured) after every epoch.

    Returns:
        `Completed`, or `Failed` with the traceback.

    Raises:
        PrivsearchError: as `plan_sweep`; or no trial, or several, have that id.
    """
    from privsearch.sweep.trial import run_trial as run

    return run(find_planned(sweep, trial_id, study=study, settings=settings).spec, on_epoch)


def find_planned(
    sweep: AnySweep, trial_id: str, *, study: AnyStudy | None = None, settings: Sequence[str] = ()
) -> PlannedTrial:
    """The trial of a sweep with that id, once its data are known to be at hand."""
    from privsearch.data import require_datasets

    planned = find_trial(plan_sweep(sweep, study=study, settings=settings), trial_id)
    require_datasets([planned.spec.dataset])
    return planned


def attack_study(
    study: AnyStudy,
    attacks: Sequence[Attack | Mapping[str, Any] | str],
    *,
    runner: RunnerName | Runner = "tune",
    workers: int | None = None,
    address: str | None = None,
    progress: bool | Progress = True,
) -> SweepOutcome:
    """Run more attacks on what a study has trained; nothing is trained again.

    Args:
        study: the study, or its directory.
        attacks: as in a sweep's `attacks`: names such as "lira", or mappings.
        runner: as in `run_sweep`.
        workers: as in `run_sweep`.
        address: as in `run_sweep`.
        progress: as in `run_sweep`.

    Raises:
        PrivsearchError: a SpecError, StudyError or ClusterError, as `privsearch.sweep.run.run_attacks` says.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    where, wanted = study_of(study), check_attacks(attacks)
    attack_plan(where, wanted)
    spec = where.sweep()
    # Attacks are the processor's work.
    spec = spec.model_copy(update={"resources": spec.resources.model_copy(update={"gpu": 0.0})})
    return run_attacks(wanted, where, runner_for(spec, runner, workers, address), _shown(progress))


def _only_same_versions(reuse: Reuse) -> bool:
    if reuse not in ("all", "same-versions"):
        raise SpecError(f"reuse must be 'all' or 'same-versions', but got {reuse!r}")
    return reuse == "same-versions"


class _Silence(Progress):
    """Says nothing."""

    def begin(self, plan: Plan) -> None:
        pass

    def searching(self, searches: Sequence["RunningSearch"]) -> None:
        pass

    def end(self) -> None:
        pass

    def started(self, trial: PlannedTrial) -> None:
        pass

    def finished(self, result: TrialResult) -> None:
        pass


def _shown(progress: bool | Progress) -> Progress:
    if not isinstance(progress, bool):
        return progress
    if not progress:
        return _Silence()
    from rich.console import Console

    from privsearch.report.terminal.progress import SweepProgress

    return SweepProgress(Console(markup=False, emoji=False, highlight=False))
