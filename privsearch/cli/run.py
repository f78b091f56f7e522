"""The commands that run trials, or say what there is to run."""

import json
import shlex
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch._util.interrupts import Interrupted, interruptible
from privsearch.cli.app import EXIT_STATUS, ExitCode, app, new_console, print_fronts, say_if_heard
from privsearch.cli.options import (
    AddressOption,
    DataDirOption,
    FromOption,
    Keep,
    PluginOption,
    PortOption,
    Reuse,
    ReuseOption,
    RunnerName,
    RunnerOption,
    ServeOption,
    Settings,
    StudyFolder,
    StudyOption,
    SweepFile,
    WorkersOption,
)
from privsearch.cli.serve import page_beside
from privsearch.cli.summary import closing_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from privsearch.spec import SweepSpec
    from privsearch.study.folder import Study
    from privsearch.sweep.run import SweepOutcome
    from privsearch.sweep.runners import Runner


@app.command(epilog=EXIT_STATUS)
def plan(
    sweep: SweepFile,
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    reuse: ReuseOption = Reuse.ALL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    trials: Annotated[bool, typer.Option("--trials", help="List every trial with its id.")] = False,
) -> None:
    """Show what a sweep comes to, and train nothing: trials, cached, to do, networks, estimated time."""
    from privsearch.data import missing_data
    from privsearch.report.terminal.plan import plan_tables, planned_trials_table
    from privsearch.spec.sweep_file import locating_errors
    from privsearch.sweep.plan import make_plan

    with locating_errors(sweep, settings or ()):
        asked = _asked(sweep, settings, study, data_dir)
        made = make_plan(*asked, only_same_versions=reuse is Reuse.SAME_VERSIONS)
    for complaint in missing_data(made.datasets_to_load):
        typer.echo(f"note: {complaint}", err=True)
    if as_json:
        typer.echo(json.dumps(made.summary(with_trials=trials), indent=2))
        return
    console = new_console()
    console.print(*plan_tables(made), sep="\n")
    if trials:
        console.print(planned_trials_table(made))


@app.command(epilog=EXIT_STATUS)
def sweep(
    sweep: SweepFile,
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    runner: RunnerOption = RunnerName.TUNE,
    workers: WorkersOption = None,
    address: AddressOption = None,
    keep_signals: Annotated[
        Keep | None,
        typer.Option(help="Keep what the attacks saw, for attacks to come; by default as the sweep file says (yes)."),
    ] = None,
    keep_networks: Annotated[
        Keep | None,
        typer.Option(help="Keep the networks' weights, for export; by default as the sweep file says (no)."),
    ] = None,
    reuse: ReuseOption = Reuse.ALL,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Keep signals and networks there, not in the study: a path, or a URI such as s3://bucket/folder.",
        ),
    ] = None,
    warm_from: FromOption = None,
    serve: ServeOption = False,
    port: PortOption = None,
) -> None:
    """Train and attack what is not recorded yet, then write the results and print the front of each dataset.

    Stop it with Ctrl-C and run the same line again: it goes on where it was.
    """
    from privsearch.report.terminal.progress import SweepProgress
    from privsearch.spec.sweep_file import locating_errors
    from privsearch.study.folder import load_study
    from privsearch.sweep.run import run_sweep

    settings = [*(settings or ()), *([f"storage={json.dumps(storage)}"] if storage is not None else ())]
    spec, where = _asked(sweep, settings, study, data_dir)
    kept = {"keep_signals": keep_signals, "keep_networks": keep_networks}
    spec = spec.model_copy(update={field: given is Keep.YES for field, given in kept.items() if given})
    if not spec.keep_signals:
        typer.echo("note: signals are not kept; `privsearch attack` will need this sweep to be trained again", err=True)
    console = new_console()
    with page_beside(where.path, port, serve=serve):
        with _going_on_later(where), locating_errors(sweep, settings or ()):
            outcome = run_sweep(
                spec,
                where,
                _runner(runner, workers, address, spec),
                SweepProgress(console),
                only_same_versions=reuse is Reuse.SAME_VERSIONS,
                warm_from=[load_study(other) for other in warm_from or ()],
            )
        _report(console, outcome, where)
    _leave(outcome)


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
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    runner: RunnerOption = RunnerName.TUNE,
    workers: WorkersOption = None,
    address: AddressOption = None,
    serve: ServeOption = False,
    port: PortOption = None,
) -> None:
    """Run more attacks on what a study has trained; nothing is trained again, and what is recorded is not repeated."""
    from privsearch.report.terminal.progress import SweepProgress
    from privsearch.spec.sweep_file import read_attacks
    from privsearch.study.folder import load_study
    from privsearch.sweep.run import run_attacks

    where, console = load_study(study), new_console()
    spec = where.sweep()
    # Attacks are the processor's work.
    spec = spec.model_copy(update={"resources": spec.resources.model_copy(update={"gpu": 0.0})})
    chosen = _runner(runner, workers, address, spec)
    with page_beside(where.path, port, serve=serve):
        with _going_on_later(where):
            outcome = run_attacks(read_attacks(attacks), where, chosen, SweepProgress(console))
        _report(console, outcome, where)
    _leave(outcome)


@app.command(epilog=EXIT_STATUS)
def trial(
    sweep: SweepFile,
    trial_id: Annotated[str, typer.Argument(metavar="ID", help="A trial's id, or the beginning of one.")],
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run one trial of a sweep in this process, and tell all about it; nothing is recorded."""
    from privsearch.data import require_datasets
    from privsearch.report.terminal.trial import attack_results_table, epoch_printer
    from privsearch.spec.sweep_file import locating_errors
    from privsearch.study.result import Failed
    from privsearch.sweep.plan import find_trial, make_plan
    from privsearch.sweep.trial import run_trial

    with locating_errors(sweep, settings or ()):
        planned = find_trial(make_plan(*_asked(sweep, settings, study, data_dir)), trial_id)
    require_datasets([planned.spec.dataset])
    console = new_console()
    console.print_json(planned.spec.model_dump_json(), highlight=False)
    result = run_trial(planned.spec, epoch_printer(console, planned.spec.protocol))
    if isinstance(result, Failed):
        typer.echo(result.traceback, err=True)
        raise typer.Exit(ExitCode.SOME_FAILED)
    console.print(attack_results_table(result))


def _asked(
    sweep: Path, settings: list[str] | None, study: Path | None, data_dir: Path | None
) -> "tuple[SweepSpec, Study]":
    """The sweep that the user asked for, and the study that it belongs into; data are sought in `data_dir`."""
    from privsearch.api.arguments import asked
    from privsearch.data.directory import use_data_directory

    use_data_directory(data_dir)
    return asked(sweep, study, settings or ())


def _runner(name: RunnerName, workers: int | None, address: str | None, sweep: "SweepSpec") -> "Runner":
    """The runner of that name for `sweep`; Ray is imported only where it is used."""
    from privsearch.api.arguments import runner_for

    chosen = runner_for(sweep, name.value, workers, address)
    if name is RunnerName.INLINE and sweep.timeout:
        typer.echo("note: --runner inline runs trials in this process, so the sweep's timeout has no effect", err=True)
    return chosen


@contextmanager
def _going_on_later(study: "Study") -> "Iterator[None]":
    """Say, when the user interrupts, what is kept and how to go on."""
    try:
        with interruptible():
            yield
    except Interrupted as signal:
        kept = len(study.record().results)
        how = "interrupted" if signal.number == SIGINT else f"ended by {signal.number.name}"
        say_if_heard(f"{how}; trials kept in {study.path}: {kept}; run the same command to go on")
        raise typer.Exit(signal.exit_status) from None


def _report(console: "Console", outcome: "SweepOutcome", study: "Study") -> None:
    """Print the fronts, after a search what mattered, and what this run did."""
    print_fronts(console, outcome.tasks)
    if outcome.searches:
        _explain(console, outcome, study)
    typer.echo(closing_lines(outcome, study))


def _leave(outcome: "SweepOutcome") -> None:
    """End with the status that says whether some trials failed."""
    if outcome.failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _explain(console: "Console", outcome: "SweepOutcome", study: "Study") -> None:
    """Print what mattered in each task of a search."""
    from privsearch.analysis.explanation import explain_study
    from privsearch.report.terminal.importances import explanation_summary

    for found in explain_study(study, outcome.tasks):
        console.print(*explanation_summary(found), "", sep="\n")
    where = shlex.quote(str(study.path))
    typer.echo(f"values on the front, tables and plots of all this: privsearch explain {where}\n")
