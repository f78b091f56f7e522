"""The live page of a study: by itself (`watch`), or beside a sweep that runs in this process (`--serve`)."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch._util.text import printable
from privsearch.cli.app import EXIT_STATUS, app
from privsearch.cli.options import PortOption, StudyFolder
from privsearch.errors import PortError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@app.command(epilog=EXIT_STATUS)
def watch(
    study: StudyFolder,
    port: PortOption = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show a study as a page on this machine that follows it while a sweep runs, until Ctrl-C; nothing is written."""
    from privsearch.api.live import watch_study

    with watch_study(study, port or 0) as page:
        if page.is_waiting:
            typer.echo(f"note: no sweep has begun in {printable(str(study))} yet; the page waits for it", err=True)
        typer.echo(f"page: {page.address} (Ctrl-C ends it)")
        if show:
            typer.launch(page.address)
        page.serve()


@contextmanager
def page_beside(folder: "Path", port: int | None, *, serve: bool) -> "Iterator[None]":
    """Serve the page of the study in `folder` during this block if `serve` says so, and print its address.

    Raises:
        PortError: the port is not to be had, or was given although nothing is served.
    """
    if not serve:
        if port is not None:
            raise PortError(f"--port: must come with --serve, but got {port} without; add --serve, or leave it out")
        yield
        return
    from privsearch.api.live import serve_study

    with serve_study(folder, port or 0) as address:
        typer.echo(f"page: {address} (as long as this runs)")
        yield
        typer.echo(f"page: ends now; `privsearch report {printable(str(folder))}` writes it as a file")
