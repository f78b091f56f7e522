"""The commands that write what is sent to others."""

from pathlib import Path
from typing import Annotated

import typer

from privsearch.cli.app import EXIT_STATUS, app, say_written
from privsearch.cli.options import TRIAL_HELP, DatasetOption, ProtocolOption, StudyFolder


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
