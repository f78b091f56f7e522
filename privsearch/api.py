"""What the command line does, as calls: one for each command, with its options as arguments (docs/api.md).

Errors are those of `privsearch.errors`; an interrupt is Python's own KeyboardInterrupt, after which the same call goes
on where it was.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from privsearch.errors import SpecError, StudyError
from privsearch.front import Contest
from privsearch.plan import Plan, PlannedTrial, attack_plan, find_trial, make_plan
from privsearch.result import TrialResult
from privsearch.runners import Runner
from privsearch.spec import Attack, SweepSpec
from privsearch.spec.sweep_file import blaming, check_attacks, read_sweep
from privsearch.store import Study, load_study
from privsearch.sweep import Progress, SweepOutcome, run_attacks
from privsearch.sweep import run_sweep as run_in_study

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

    from privsearch.training import EpochListener

AnySweep = SweepSpec | Mapping[str, Any] | Path | str
"""A sweep: read already, or as the mapping that a sweep file holds, or the path of one."""

AnyStudy = Study | Path | str
RunnerName = Literal["tune", "inline"]
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
    source = _source(sweep)
    with blaming(source, settings):
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
    storage: str | None = None,
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
        storage: where to keep it, a path or a URI; by default as the sweep says.
        progress: True to show it, False for silence, or what is told of it.

    Returns:
        What this run did; its `study` has the results.

    Raises:
        PrivsearchError: a SpecError, DataError, StudyError or ClusterError, as `privsearch.sweep.run_sweep` says.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    source, settings = _source(sweep), list(settings)
    if storage is not None:
        settings.append(f"storage={json.dumps(storage)}")
    with blaming(source, settings):
        spec, where = asked(source, study, settings)
        if keep_signals is not None:
            spec = spec.model_copy(update={"keep_signals": keep_signals})
        return run_in_study(
            spec,
            where,
            runner_for(spec, runner, workers, address),
            _shown(progress),
            only_same_versions=_only_same_versions(reuse),
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
    from privsearch.trial import run_trial as run

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
        PrivsearchError: a SpecError, StudyError or ClusterError, as `privsearch.sweep.run_attacks` says.
        KeyboardInterrupt: the user interrupted; what had finished is recorded.
    """
    where, wanted = _study(study), check_attacks(attacks)
    attack_plan(where, wanted)
    spec = where.sweep()
    # Attacks are the processor's work.
    spec = spec.model_copy(update={"resources": spec.resources.model_copy(update={"gpu": 0.0})})
    return run_attacks(wanted, where, runner_for(spec, runner, workers, address), _shown(progress))


@overload
def plot_front(
    found: AnyStudy | Contest,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[False] = False,
) -> "Figure": ...


@overload
def plot_front(
    found: AnyStudy | Contest,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    interactive: Literal[True],
) -> "go.Figure": ...


def plot_front(
    found: AnyStudy | Contest, dataset: str | None = None, protocol: str | None = None, *, interactive: bool = False
) -> "Figure | go.Figure":
    """The Pareto front among all configurations of one dataset, as matplotlib's figure, or as plotly's.

    Args:
        found: a study, its directory, or one of `Study.contests()`.
        dataset: which, where the study has several.
        protocol: which, likewise.
        interactive: whether plotly draws it.

    Raises:
        StudyError: the study has no such front, several of them, or no trial that could be on it.
    """
    from privsearch.report import front_plot

    contest = found if isinstance(found, Contest) else _study(found).contest(dataset, protocol)
    if contest.candidates.empty:
        raise StudyError(f"{contest.title}: must have a completed trial with {' and '.join(contest.objectives)}")
    return front_plot.plot_front_interactive(contest) if interactive else front_plot.plot_front(contest)


def remake_outputs(study: AnyStudy) -> list[Contest]:
    """Write the tables, the index and the fronts of a study again, as `privsearch front` does.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.report.outputs import write_outputs

    return write_outputs(_study(study))


def check_study(study: AnyStudy, *, repair: bool = False) -> "pd.DataFrame":
    """Whether a study is whole: a row for each part, with its `state` (sound, note, to repair) and what to do.

    Args:
        study: the study, or its directory.
        repair: move what is damaged aside and make again what can be made, before looking.

    Raises:
        StudyError: there is no study, or it cannot be read or written.
    """
    import pandas as pd

    from privsearch.check import examine_study, repair_study

    where = _study(study)
    if repair:
        list(repair_study(where))
    rows = [(found.part, str(found.state), found.found, found.remedy) for found in examine_study(where)]
    return pd.DataFrame(rows, columns=["part", "state", "found", "remedy"])


def diff_trials(study: AnyStudy, a: str, *others: str, column: str | None = None) -> "pd.DataFrame":
    """Whether one configuration is more accurate, or leaks less, than others: differences, intervals, verdicts.

    Args:
        study: the study, or its directory.
        a: a trial's id, or the beginning of one.
        others: those to set beside it; by default all like it.
        column: of the table of targets, compared beside accuracy.

    Raises:
        StudyError: an id fits none or several trials, or trials cannot be compared.
    """
    from privsearch.differences import choose_trials, differences_frame

    return differences_frame(*choose_trials(_study(study).results(), a, others), column)


def audit_study(study: AnyStudy, *, write: bool = False) -> "pd.DataFrame":
    """What every attack found, with intervals, placebos and noise floors: a row for each trial and attack.

    Args:
        study: the study, or its directory.
        write: whether to write its tables and plots into the study's `audit` as well.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.report.audit.document import write_audit
    from privsearch.report.audit.plots import write_audit_plots
    from privsearch.report.audit.table import audit_table

    where = _study(study)
    results = where.results()
    table = audit_table(results)
    if write:
        with where.remade():
            write_audit_plots(where.audit, table)
            write_audit(where.audit, results, table)
    return table


def write_paper_tables(study: AnyStudy, attack: str = "svm") -> list[Path]:
    """Write a study in the layout of the paper's Tables II and III: Markdown, LaTeX and CSV; returns the files.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    from privsearch.report.paper.tables import write_tables

    where = _study(study)
    with where.remade():
        return write_tables(where.tables, where.frame(), attack)


def write_plots(study: AnyStudy, attack: str = "svm") -> list[Path]:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off; returns the files.

    Raises:
        StudyError: the study has no numbers of that attack.
    """
    from privsearch.report import plots

    where = _study(study)
    with where.remade():
        return plots.write_plots(where.plots, where.results(), where.sweep(), attack).files


class PaperComparison(NamedTuple):
    """A study beside the paper.

    Attributes:
        cells: every published number beside the study's.
        claims: a verdict on each of the paper's claims, for each dataset.
    """

    cells: "pd.DataFrame"
    claims: "pd.DataFrame"


def compare_with_paper(study: AnyStudy, attack: str = "svm", *, write: bool = False) -> PaperComparison:
    """Set a study beside the paper.

    Args:
        study: the study, or its directory.
        attack: whose numbers, by its name in the results table.
        write: whether to write both into the study's `comparison` as well.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    import pandas as pd

    from privsearch.report.paper.compare import compare_cells, write_comparison
    from privsearch.report.paper.verdicts import verdicts

    where = _study(study)
    results = where.results()
    fields = ["claim", "text", "dataset", "success", "verdict"]
    said = [{field: getattr(verdict, field) for field in fields} for verdict in verdicts(results, attack)]
    if write:
        with where.remade():
            write_comparison(where.comparison, results, attack)
    return PaperComparison(compare_cells(where.frame(), attack), pd.DataFrame(said, columns=fields))


def fetch_datasets(*names: str) -> list[Path]:
    """Download mnist, fashion_mnist or cifar10, check their files, and return their folders.

    Raises:
        DataError: a name is none of theirs, a download failed, or a file has another checksum than it must have.
    """
    from privsearch.data.fetch import fetch_images

    return list(fetch_images(names))


def asked(
    sweep: Mapping[str, Any] | Path, study: AnyStudy | None = None, settings: Sequence[str] = ()
) -> tuple[SweepSpec, Study]:
    """A sweep, and the study that it belongs into."""
    spec = read_sweep(sweep, settings)
    folder = Path("studies") / spec.name if study is None else study
    return spec, folder if isinstance(folder, Study) else Study(Path(folder))


def runner_for(
    sweep: SweepSpec, runner: RunnerName | Runner = "tune", workers: int | None = None, address: str | None = None
) -> Runner:
    """The runner of that name for a sweep; Ray is imported only where it is used.

    Raises:
        SpecError: there is no runner of that name, or it runs on no cluster.
    """
    if isinstance(runner, Runner):
        return runner
    if runner == "tune":
        from privsearch.runners.tune import TuneRunner

        return TuneRunner(workers, sweep.resources, sweep.patience, address)
    if runner != "inline":
        raise SpecError(f"the runner must be 'tune', 'inline' or a Runner, but got {runner!r}")
    if address:
        raise SpecError(f"--address: must come with --runner tune, but got {address!r} with --runner inline")
    from privsearch.runners.inline import InlineRunner

    return InlineRunner(sweep.resources)


def _source(sweep: AnySweep) -> Mapping[str, Any] | Path:
    if isinstance(sweep, SweepSpec):
        return sweep.model_dump(mode="json")
    return Path(sweep) if isinstance(sweep, str) else sweep


def _study(study: AnyStudy) -> Study:
    return study if isinstance(study, Study) else load_study(study)


def _only_same_versions(reuse: Reuse) -> bool:
    if reuse not in ("all", "same-versions"):
        raise SpecError(f"reuse must be 'all' or 'same-versions', but got {reuse!r}")
    return reuse == "same-versions"


class _Silence(Progress):
    """Says nothing."""

    def begin(self, plan: Plan) -> None:
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

    from privsearch.report.progress import SweepProgress

    return SweepProgress(Console(markup=False, emoji=False, highlight=False))
