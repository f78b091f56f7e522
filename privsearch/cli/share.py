"""The commands that write what is sent to others."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from privsearch._util.text import printable
from privsearch.cli.app import EXIT_STATUS, app, say_written
from privsearch.cli.options import TRIAL_HELP, DatasetOption, ProtocolOption, StudyFolder, Tracker
from privsearch.errors import PrivsearchError


@app.command(epilog=EXIT_STATUS)
def card(
    study: StudyFolder,
    trial: Annotated[
        str | None, typer.Argument(metavar="[TRIAL]", help=f"{TRIAL_HELP} By default what `pick` takes.")
    ] = None,
    dataset: DatasetOption = None,
    protocol: ProtocolOption = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE_OR_DIR", help="Where to write it; by default into STUDY/cards.")
    ] = None,
) -> None:
    """Write the model card of a configuration, with its audit: Markdown with Hugging Face's front matter."""
    from privsearch.api.documents import write_cards

    say_written(write_cards(study, trial, output, dataset=dataset, protocol=protocol))


@app.command(epilog=EXIT_STATUS)
def log(
    study: StudyFolder,
    to: Annotated[Tracker, typer.Option("--to", help="The tracker of experiments.")],
    where: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="MLflow's tracking URI, a project (or entity/project) of Weights & Biases, or TensorBoard's folder; "
            "by default MLFLOW_TRACKING_URI, the sweep's name, and STUDY/tensorboard.",
        ),
    ] = None,
) -> None:
    """Write a study into MLflow, Weights & Biases or TensorBoard: a run for each trial, once, and the report."""
    from privsearch.api.trackers import log_study

    typer.echo(str(log_study(study, to, where)))


def log_sweep(study: Path, trackers: Iterable[Tracker]) -> None:
    """Write a study into trackers at the end of a sweep, which nothing that they do can fail."""
    from privsearch.api.trackers import log_study

    for tracker in trackers:
        try:
            typer.echo(str(log_study(study, tracker)))
        except PrivsearchError as error:
            typer.echo(f"note: {printable(str(error))}", err=True)


def check_trackers(trackers: Iterable[Tracker]) -> None:
    """Refuse a tracker whose library is missing, before anything is trained."""
    from privsearch.report.loggers.destinations import check_tracker

    for tracker in trackers:
        check_tracker(tracker)
