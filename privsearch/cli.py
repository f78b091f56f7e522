"""The command line: parse, call, print. Heavy imports stand in the commands that need them, so --help is quick."""

import json
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from privsearch.errors import PrivsearchError, StudyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from privsearch.front import Contest
    from privsearch.runners import Runner
    from privsearch.spec import Resources, SweepSpec
    from privsearch.store import Study
    from privsearch.sweep import SweepOutcome


class ExitCode(IntEnum):
    """What the command's exit status says."""

    FINISHED = 0
    SOME_FAILED = 1
    BAD_INPUT = 2
    INTERRUPTED = 130


class RunnerName(StrEnum):
    """Where trials run."""

    TUNE = "tune"
    INLINE = "inline"


class KeepSignals(StrEnum):
    """Whether a sweep keeps what its attacks saw."""

    YES = "yes"
    NO = "no"


EXIT_STATUS = "Exit status: 0 all finished, 1 some trials failed, 2 bad input, 130 interrupted."


class _Commands(TyperGroup):
    """Ends a command that was given bad input, or interrupted, with a message and its exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PrivsearchError as error:
            for line in str(error).splitlines():
                typer.echo(f"error: {line}", err=True)
            raise typer.Exit(ExitCode.BAD_INPUT) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    help="Train and attack every model of a sweep; keep the accuracy-privacy Pareto front.",
    epilog=EXIT_STATUS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
datasets_app = typer.Typer(invoke_without_command=True, epilog=EXIT_STATUS)
app.add_typer(datasets_app, name="datasets")

SweepFile = Annotated[
    Path, typer.Argument(metavar="SWEEP", help="A sweep file (YAML), such as sweeps/quickstart.yaml.")
]
StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="A study's directory, such as studies/quickstart.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Write VALUE (YAML) over a field of the sweep file; repeatable."),
]
StudyOption = Annotated[
    Path | None, typer.Option("--study", metavar="DIR", help="The study's directory; by default studies/<name>.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        envvar="PRIVSEARCH_DATA_DIR",
        help="Where downloaded datasets are; by default privsearch in the user's cache directory.",
    ),
]


RunnerOption = Annotated[RunnerName, typer.Option(help="tune: Ray's workers; inline: this process.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Trials at a time with the tune runner; by default as many as the resources suffice for."),
]


def main() -> None:
    """Run the command line."""
    app()


@app.command(epilog=EXIT_STATUS)
def plan(
    sweep: SweepFile,
    settings: Settings = None,
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    trials: Annotated[bool, typer.Option("--trials", help="List every trial with its id.")] = False,
) -> None:
    """Show what a sweep comes to, and train nothing: trials, cached, to do, networks, estimated time."""
    from privsearch.data import missing_data
    from privsearch.plan import make_plan
    from privsearch.report.plan_table import plan_tables, trial_table
    from privsearch.spec.sweep_file import blaming

    with blaming(sweep, settings or ()):
        made = make_plan(*_asked(sweep, settings, study, data_dir))
    for complaint in missing_data(made.datasets_to_load):
        typer.echo(f"note: {complaint}", err=True)
    if as_json:
        typer.echo(json.dumps(made.summary(with_trials=trials), indent=2))
        return
    console = _console()
    console.print(*plan_tables(made), sep="\n")
    if trials:
        console.print(trial_table(made))


@app.command(epilog=EXIT_STATUS)
def sweep(
    sweep: SweepFile,
    settings: Settings = None,
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    runner: RunnerOption = RunnerName.TUNE,
    workers: WorkersOption = None,
    keep_signals: Annotated[
        KeepSignals | None,
        typer.Option(help="Keep what the attacks saw, for attacks to come; by default as the sweep file says (yes)."),
    ] = None,
) -> None:
    """Train and attack what is not recorded yet, then write the results and print the front of each dataset.

    Stop it with Ctrl-C and run the same line again: it goes on where it was.
    """
    from privsearch.report.progress import SweepProgress
    from privsearch.spec.sweep_file import blaming
    from privsearch.sweep import run_sweep

    spec, where = _asked(sweep, settings, study, data_dir)
    if keep_signals:
        spec = spec.model_copy(update={"keep_signals": keep_signals is KeepSignals.YES})
    if not spec.keep_signals:
        typer.echo("note: signals are not kept; `privsearch attack` will need this sweep to be trained again", err=True)
    console = _console()
    with _going_on_later(where), blaming(sweep, settings or ()):
        outcome = run_sweep(spec, where, _runner(runner, workers, spec.resources), SweepProgress(console))
    _report(console, outcome, where)


@app.command(epilog=EXIT_STATUS)
def attack(
    study: StudyFolder,
    attacks: Annotated[
        list[str],
        typer.Option(
            "--attack",
            metavar="ATTACKS",
            help="Names such as lira,rmia, or a mapping such as '{kind: lira, mode: offline}'; repeatable.",
        ),
    ],
    runner: RunnerOption = RunnerName.TUNE,
    workers: WorkersOption = None,
) -> None:
    """Run more attacks on what a study has trained; nothing is trained again, and what is recorded is not repeated."""
    from privsearch.report.progress import SweepProgress
    from privsearch.spec.sweep_file import read_attacks
    from privsearch.store import load_study
    from privsearch.sweep import run_attacks

    where, console = load_study(study), _console()
    # Attacks are the processor's work.
    resources = where.sweep().resources.model_copy(update={"gpu": 0.0})
    with _going_on_later(where):
        outcome = run_attacks(read_attacks(attacks), where, _runner(runner, workers, resources), SweepProgress(console))
    _report(console, outcome, where)


@app.command(epilog=EXIT_STATUS)
def trial(
    sweep: SweepFile,
    trial_id: Annotated[str, typer.Argument(metavar="ID", help="A trial's id, or the beginning of one.")],
    settings: Settings = None,
    study: StudyOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run one trial of a sweep in this process, and tell all about it; nothing is recorded."""
    from privsearch.data import require_datasets
    from privsearch.plan import find_trial, make_plan
    from privsearch.report.trial_report import epoch_printer, trial_table
    from privsearch.result import Failed
    from privsearch.spec.sweep_file import blaming
    from privsearch.trial import run_trial

    with blaming(sweep, settings or ()):
        planned = find_trial(make_plan(*_asked(sweep, settings, study, data_dir)), trial_id)
    require_datasets([planned.spec.dataset])
    console = _console()
    console.print_json(planned.spec.model_dump_json(), highlight=False)
    result = run_trial(planned.spec, epoch_printer(console, planned.spec.protocol))
    if isinstance(result, Failed):
        typer.echo(result.traceback, err=True)
        raise typer.Exit(ExitCode.SOME_FAILED)
    console.print(trial_table(result))


@app.command(epilog=EXIT_STATUS)
def front(study: StudyFolder) -> None:
    """Print the Pareto front of each dataset of a study, and write its tables, index and plots again."""
    from privsearch.report.outputs import write_outputs
    from privsearch.store import load_study

    _print_fronts(_console(), write_outputs(load_study(study)))


@app.command(epilog=EXIT_STATUS)
def diff(
    study: StudyFolder,
    first: Annotated[str, typer.Argument(metavar="A", help="A trial's id, or the beginning of one.")],
    others: Annotated[
        list[str] | None, typer.Argument(metavar="[B...]", help="The trials to set against A; by default all like it.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="The column of targets.csv that is compared beside accuracy; by default worst.auc under halves, the "
            "excess over the placebo under paper."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all differences to a CSV file.")] = None,
) -> None:
    """Say of configurations whether one is more accurate, or leaks less, than another: intervals and a verdict."""
    from privsearch.differences import choose_trials, differences_frame
    from privsearch.report.differences_table import differences_view
    from privsearch.store import load_study

    a, rest = choose_trials(load_study(study).results(), first, others or [])
    found = differences_frame(a, rest, column)
    _console().print(differences_view(a, rest, found))
    if csv:
        try:
            csv.parent.mkdir(parents=True, exist_ok=True)
            found.to_csv(csv, index=False)
        except OSError as error:
            raise StudyError(f"{csv}: must be a file that can be written, but: {error.strerror}") from None
        _say_written([csv])


@app.command(epilog=EXIT_STATUS)
def audit(study: StudyFolder) -> None:
    """Print and write what every attack found, with intervals, placebos and noise floors: tables and plots."""
    from privsearch.report.audit.console import audit_view
    from privsearch.report.audit.document import write_audit
    from privsearch.report.audit.plots import write_audit_plots
    from privsearch.report.audit.table import audit_table
    from privsearch.store import load_study

    where, console = load_study(study), _console()
    results = where.results()
    table = audit_table(results)
    for view in audit_view(table):
        console.print(view, "")
    written = write_audit_plots(where.audit, table)
    for reason in written.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    _say_written([*write_audit(where.audit, results, table), *written.files])


@datasets_app.callback()
def datasets(context: typer.Context, data_dir: DataDirOption = None) -> None:
    """List the datasets that have a name, or fetch some of them."""
    from privsearch.data.directory import data_directory, use_data_directory

    use_data_directory(data_dir)
    if context.invoked_subcommand:
        return
    from privsearch.data import list_datasets
    from privsearch.report.dataset_table import dataset_table

    _console().print(dataset_table(list_datasets()))
    typer.echo(
        f"Data directory: {data_directory()}; what is not there: privsearch datasets fetch NAME...\n"
        "Your own, as items of a sweep file's datasets:\n"
        "  {name: mine, path: mine.csv, label: column}\n"
        "  {name: mine, path: mine.npz}"
    )


@datasets_app.command(epilog=EXIT_STATUS)
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="mnist, fashion_mnist or cifar10.")],
    data_dir: DataDirOption = None,
) -> None:
    """Download datasets through torchvision, check their files, and say where they are."""
    from privsearch.data.directory import use_data_directory
    from privsearch.data.fetch import fetch_images

    use_data_directory(data_dir)
    for name, folder in zip(names, fetch_images(names), strict=True):
        typer.echo(f"{name}: {folder}")


AttackOption = Annotated[
    str, typer.Option(help="The attack whose numbers are shown, by its name in the results table.")
]


@app.command(epilog=EXIT_STATUS)
def tables(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Print and write a study in the layout of the paper's Tables II and III: Markdown, LaTeX, CSV."""
    from privsearch.report.paper.tables import console_view, paper_tables, write_tables
    from privsearch.store import load_study

    where, console = load_study(study), _console()
    frame = where.frame()
    for table in paper_tables(frame, attack):
        console.print(console_view(table), "")
    _say_written(write_tables(where.tables, frame, attack))


@app.command(epilog=EXIT_STATUS)
def plots(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off: PNG and SVG."""
    from privsearch.report.plots import write_plots
    from privsearch.store import load_study

    where = load_study(study)
    written = write_plots(where.plots, where.results(), where.sweep(), attack)
    for reason in written.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    _say_written(written.files)


@app.command(epilog=EXIT_STATUS)
def compare(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Set a study beside the paper: every published cell, and a verdict on each of the paper's claims."""
    from privsearch.report.paper.compare import compare_cells, comparison_view, write_comparison
    from privsearch.report.paper.verdict_text import verdict_views
    from privsearch.report.paper.verdicts import verdicts
    from privsearch.store import load_study

    where, console = load_study(study), _console()
    results = where.results()
    cells, said = compare_cells(where.frame(), attack), verdicts(results, attack)
    console.print(comparison_view(cells, attack), "")
    console.print(*verdict_views(said, attack), sep="\n")
    _say_written(write_comparison(where.comparison, results, attack))


def _asked(
    sweep: Path, settings: list[str] | None, study: Path | None, data_dir: Path | None
) -> "tuple[SweepSpec, Study]":
    """The sweep that the user asked for, and the study that it belongs into; data are sought in `data_dir`."""
    from privsearch.data.directory import use_data_directory
    from privsearch.spec.sweep_file import read_sweep
    from privsearch.store import Study

    use_data_directory(data_dir)
    spec = read_sweep(sweep, settings or ())
    return spec, Study(study or Path("studies") / spec.name)


def _console() -> "Console":
    """A console that prints what users named as they wrote it, whatever brackets and colons stand in it."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False)


def _runner(name: RunnerName, workers: int | None, resources: "Resources") -> "Runner":
    """The runner of that name; Ray is imported only where it is used."""
    if name is RunnerName.INLINE:
        from privsearch.runners.inline import InlineRunner

        return InlineRunner(resources)
    from privsearch.runners.tune import TuneRunner

    return TuneRunner(workers, resources)


def _print_fronts(console: "Console", contests: "Iterable[Contest]") -> None:
    from privsearch.report.front_table import front_table

    for contest in contests:
        console.print(front_table(contest), "")


def _say_written(files: "Iterable[Path]") -> None:
    for path in files:
        typer.echo(f"written: {path}")


@contextmanager
def _going_on_later(study: "Study") -> "Iterator[None]":
    """Say, when the user interrupts, what is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        kept = len(study.record().results)
        typer.echo(f"interrupted; trials kept in {study.path}: {kept}; run the same command to go on", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _report(console: "Console", outcome: "SweepOutcome", study: "Study") -> None:
    """Print the fronts and what this run did; its exit status says whether some trials failed."""
    _print_fronts(console, outcome.contests)
    typer.echo(_closing(outcome, study))
    if outcome.failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _closing(outcome: "SweepOutcome", study: "Study") -> str:
    """What this run did, and where it is."""
    cached = len(outcome.plan.trials) - len(outcome.plan.todo)
    failed = len(outcome.failed)
    elsewhere = outcome.plan.attacks_elsewhere
    return "\n".join(
        [
            f"trials: {outcome.num_completed} finished, {cached} recorded already, {failed} failed",
            *(f"{attack} could not be run on {n}: {reason}" for (attack, reason), n in outcome.refused.items()),
            *([f"kept, but no longer asked for: the attacks {', '.join(elsewhere)}"] if elsewhere else []),
            *(["run the same command to try the failed ones again"] if failed else []),
            f"results: {study.path / 'results.csv'}",
            f"plots: {study.fronts}",
        ]
    )
