"""The commands that run trials, or say what there is to run."""

import json
import shlex
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch._util.interrupts import Interrupted, interruptible, unheeded
from privsearch.api.choices import RunnerName
from privsearch.cli.app import EXIT_STATUS, ExitCode, app, new_console, print_fronts, say, say_if_heard
from privsearch.cli.options import (
    TRIAL_HELP,
    AddressOption,
    DataDirOption,
    DatasetOption,
    FromOption,
    Keep,
    LogOption,
    PluginOption,
    PortOption,
    ProtocolOption,
    ReuseOption,
    RunnerOption,
    ServeOption,
    Settings,
    StudyFolder,
    StudyOption,
    SweepFile,
    WorkersOption,
)
from privsearch.cli.serve import page_beside
from privsearch.cli.share import check_trackers, log_sweep
from privsearch.cli.summary import choices, closing_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from privsearch.api.arguments import SweepRequest
    from privsearch.api.sweeps import SweepOutcome
    from privsearch.models.training import EpochListener
    from privsearch.study.folder import StudyFolder as Folder
    from privsearch.sweep.planned import PlannedTrial


@app.command(epilog=EXIT_STATUS)
def plan(
    sweep: SweepFile,
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    reuse: ReuseOption = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    trials: Annotated[bool, typer.Option("--trials", help="List every trial with its id.")] = False,
    probe: Annotated[
        bool,
        typer.Option(
            help="Where the study has recorded nothing yet, train for about a second to see how fast this machine is."
        ),
    ] = True,
    warm_from: FromOption = None,
) -> None:
    """Show what a sweep comes to, and run none of it: trials, cached, to do, networks, estimated time."""
    from privsearch.api.sweeps import plan_sweep
    from privsearch.report.terminal.plan import plan_tables, planned_trials_table

    request = _request(sweep, settings, study, data_dir)
    planned = plan_sweep(request, reuse=reuse, probe=probe, warm_from=warm_from or ())
    for complaint in planned.missing_data():
        typer.echo(f"note: {complaint}", err=True)
    if as_json:
        typer.echo(json.dumps(planned.summary(with_trials=trials), indent=2))
        return
    console = new_console()
    console.print(*plan_tables(planned), sep="\n")
    if trials:
        console.print(planned_trials_table(planned))


@app.command(epilog=EXIT_STATUS)
def sweep(
    sweep: SweepFile,
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
    runner: RunnerOption = "tune",
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
    reuse: ReuseOption = "all",
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Keep signals and networks there, not in the study: a path, or a URI such as s3://bucket/folder.",
        ),
    ] = None,
    warm_from: FromOption = None,
    log: LogOption = None,
    serve: ServeOption = False,
    port: PortOption = None,
) -> None:
    """Train and attack what is not recorded yet, then write the results and print the front of each dataset.

    Stop it with Ctrl-C and run the same line again: it goes on where it was.
    """
    from privsearch.api.arguments import make_runner
    from privsearch.api.sweeps import run_sweep
    from privsearch.report.terminal.progress import SweepProgress

    check_trackers(log or ())
    request = _request(sweep, settings, study, data_dir, storage)
    request = request.keeping(signals=_kept(keep_signals), networks=_kept(keep_networks))
    if not request.spec.keep_signals:
        typer.echo("note: signals are not kept; `privsearch attack` will need this sweep to be trained again", err=True)
    chosen = make_runner(request.spec, runner, workers, address)
    _note_no_timeout(runner, request.spec.timeout)
    console = new_console()
    with _going_on_later(request.study), page_beside(request.study.path, port, serve=serve):
        outcome = run_sweep(
            request,
            runner=chosen,
            reuse=reuse,
            warm_from=warm_from or (),
            progress=SweepProgress(console),
        )
        _report(console, outcome)
        log_sweep(request.study.path, log or ())
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
    runner: RunnerOption = "tune",
    workers: WorkersOption = None,
    address: AddressOption = None,
    serve: ServeOption = False,
    port: PortOption = None,
) -> None:
    """Run more attacks on what a study has trained; nothing is trained again, and what is recorded is not repeated."""
    from privsearch.analysis.tasks import tasks
    from privsearch.api.arguments import make_attack_runner
    from privsearch.api.study import load_study
    from privsearch.api.sweeps import attack_study
    from privsearch.report.terminal.progress import SweepProgress
    from privsearch.spec.sweep_file import read_attacks

    folder, console = load_study(study), new_console()
    sweep = folder.sweep()
    chosen = make_attack_runner(sweep, runner, workers, address)
    _note_no_timeout(runner, sweep.timeout)
    content = folder.load()
    before = choices(tasks(content.results, content.sweep, content.rounds))
    with _going_on_later(folder), page_beside(folder.path, port, serve=serve):
        outcome = attack_study(
            folder,
            read_attacks(attacks),
            runner=chosen,
            progress=SweepProgress(console),
        )
        _report(console, outcome, before)
    _leave(outcome)


@app.command(epilog=EXIT_STATUS)
def trial(
    sweep: SweepFile,
    trial_id: Annotated[str, typer.Argument(metavar="TRIAL", help=TRIAL_HELP)],
    dataset: DatasetOption = None,
    protocol: ProtocolOption = None,
    settings: Settings = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
    study: StudyOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run one trial of a sweep in this process, and tell all about it; nothing is recorded."""
    from privsearch.api.sweeps import run_trial
    from privsearch.report.terminal.trial import attack_results_table, epoch_printer
    from privsearch.study.result import Failed

    console = new_console()

    def show(planned: "PlannedTrial") -> "EpochListener":
        console.print_json(planned.spec.model_dump_json(), highlight=False)
        return epoch_printer(console, planned.spec.protocol)

    request = _request(sweep, settings, study, data_dir)
    result = run_trial(request, trial_id, dataset=dataset, protocol=protocol, on_start=show)
    if isinstance(result, Failed):
        typer.echo(result.traceback, err=True)
        raise typer.Exit(ExitCode.SOME_FAILED)
    console.print(attack_results_table(result))


def _request(
    sweep: Path,
    settings: list[str] | None,
    study: Path | None,
    data_dir: Path | None,
    storage: str | None = None,
) -> "SweepRequest":
    """Read the sweep that the user asked for; its data are sought in `data_dir`."""
    from privsearch.api.arguments import read_request
    from privsearch.data.directory import use_data_directory

    use_data_directory(data_dir)
    return read_request(sweep, study, settings or (), storage=storage)


def _kept(answer: Keep | None) -> bool | None:
    return None if answer is None else answer == "yes"


def _note_no_timeout(runner: RunnerName, timeout: float | None) -> None:
    if runner == "inline" and timeout:
        typer.echo("note: --runner inline runs trials in this process, so the sweep's timeout has no effect", err=True)


@contextmanager
def _going_on_later(study: "Folder") -> "Iterator[None]":
    """Tell a user who interrupts what is kept and how to go on."""
    try:
        with interruptible():
            yield
    except Interrupted as signal:
        with unheeded():
            kept = len(study.record().results)
            how = "interrupted" if signal.number == SIGINT else f"ended by {signal.number.name}"
            say_if_heard(f"{how}; trials kept in {study.path}: {kept}; run the same command to go on")
        raise typer.Exit(signal.exit_status) from None


def _report(console: "Console", outcome: "SweepOutcome", before: "Mapping[str, str] | None" = None) -> None:
    """Print the fronts, what mattered if there was a search, and the counts of this run."""
    print_fronts(console, outcome.tasks)
    if outcome.run.searches:
        _explain(console, outcome)
    say(closing_lines(outcome, before).split("\n"))


def _leave(outcome: "SweepOutcome") -> None:
    """End with the exit status for failed trials if there are any."""
    if outcome.failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _explain(console: "Console", outcome: "SweepOutcome") -> None:
    """Print what mattered in each task of a search."""
    from privsearch.report.terminal.importances import explanation_summary

    for explanation in outcome.explain():
        console.print(*explanation_summary(explanation), "", sep="\n")
    where = shlex.quote(str(outcome.study.path))
    typer.echo(f"values on the front, tables and plots of all this: privsearch explain {where}\n")
