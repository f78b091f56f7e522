"""The commands with which a configuration is chosen and taken along."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch.api.choices import ExportFormat
from privsearch.cli.app import EXIT_STATUS, ExitCode, app, say
from privsearch.cli.options import (
    TRIAL_HELP,
    DataDirOption,
    DatasetOption,
    PluginOption,
    ProtocolOption,
    StudyFolder,
    decimal,
)

if TYPE_CHECKING:
    from privsearch.study.result import Epoch


@app.command(epilog="Exit status: 0 picked, 1 no configuration has the accuracy or the energy asked for, 2 bad input.")
def pick(
    study: StudyFolder,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="One of the study's; by default all.")] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            parser=decimal("--min-accuracy"),
            help="Choose among the configurations whose test accuracy is at least this with its whole 95 % interval, "
            "such as 0.95, the one that leaks least.",
        ),
    ] = None,
    max_energy: Annotated[
        float | None,
        typer.Option(
            metavar="NANOJOULES",
            help="Choose among the configurations of which an example takes at most this energy with its whole 95 % "
            "interval: the energy that is an objective of the study, or energy.flat.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the choice as JSON.")] = False,
) -> None:
    """Choose a configuration for each dataset: the most accurate, unless another is shown to leak less."""
    from privsearch.api.studies import pick_trials
    from privsearch.report.terminal.selection import selection_summary

    selections = pick_trials(study, dataset=dataset, min_accuracy=min_accuracy, max_energy=max_energy)
    if as_json:
        typer.echo(json.dumps([selection_summary(selection) for selection in selections], indent=2))
        for warning in selections.warnings:
            typer.echo(warning, err=True)
    else:
        say(str(selections).split("\n"))
    if any(selection.chosen is None for selection in selections):
        raise typer.Exit(ExitCode.SOME_FAILED)


@app.command(epilog=EXIT_STATUS)
def export(
    study: StudyFolder,
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help=TRIAL_HELP)],
    dataset: DatasetOption = None,
    protocol: ProtocolOption = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Write there, with a program that classifies new examples without privsearch; by default into "
            "STUDY/exports, without it.",
        ),
    ] = None,
    train: Annotated[
        bool, typer.Option("--train", help="Train the configuration once more where its networks were not kept.")
    ] = False,
    retrain: Annotated[
        bool,
        typer.Option("--retrain", help="Train one network on all data, and write it in the place of those attacked."),
    ] = False,
    graph: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="Write an ANN as such a graph too, for other runtimes (privsearch[onnx])."),
    ] = None,
    data_dir: DataDirOption = None,
    plugins: PluginOption = None,  # noqa: ARG001  # they have run by now
) -> None:
    """Write one configuration as a sweep file of its own and, if they were kept, its networks, to use anywhere."""
    from privsearch.api.studies import export_trial
    from privsearch.data.directory import use_data_directory
    from privsearch.report.terminal.export import export_lines

    use_data_directory(data_dir)
    exported = export_trial(
        study,
        trial,
        to,
        dataset=dataset,
        protocol=protocol,
        train=train,
        retrain=retrain,
        graph=graph,
        on_epoch=_say_epoch,
    )
    for line in export_lines(exported, study):
        typer.echo(line)


def _say_epoch(network: int, epoch: int, measured: "Epoch") -> None:
    progress = f"network {network + 1}  epoch {epoch + 1:3}  loss {measured.loss:.4f}"
    typer.echo(f"{progress}  training accuracy {measured.accuracy:.4f}", err=True)
