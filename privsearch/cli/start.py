"""The commands that one begins with."""

import json
from pathlib import Path
from typing import Annotated

import typer

from privsearch.api.choices import EXAMPLES_FOLDER
from privsearch.cli.app import EXIT_STATUS, app, say_written
from privsearch.cli.options import PluginOption


@app.command(epilog=EXIT_STATUS)
def init(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="One or more of them, such as quickstart; by default all."),
    ] = None,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="Where they go; nothing is overwritten there.")
    ] = Path(EXAMPLES_FOLDER),
) -> None:
    """Write the sweeps that come with privsearch, to be run and to be changed, and the schema that editors use."""
    from privsearch.api.examples import init_sweeps

    say_written(init_sweeps(*(names or ()), folder=to))


@app.command(epilog=EXIT_STATUS)
def schema(plugins: PluginOption = None) -> None:  # noqa: ARG001  # they have run by now
    """Print the JSON schema of a sweep file, by which editors complete fields and mark mistakes."""
    from privsearch.spec.schema import sweep_schema

    typer.echo(json.dumps(sweep_schema(), indent=1))
