"""The program that the commands belong to: its exit statuses, its messages and its console."""

import logging
import shutil
import sys
from contextlib import contextmanager, suppress
from enum import IntEnum
from signal import SIGPIPE
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from privsearch._util.interrupts import Interrupted, interruptible, unheeded
from privsearch._util.machine import is_out_of_memory
from privsearch._util.text import printable, wrapped
from privsearch.errors import ClusterError, PrivsearchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rich.console import Console

    from privsearch.analysis.tasks import Task


class ExitCode(IntEnum):
    """The exit statuses of a command that was not interrupted."""

    FINISHED = 0
    SOME_FAILED = 1
    BAD_INPUT = 2
    CLUSTER_GONE = 3


EXIT_STATUS = (
    "Exit status: 0 all finished, 1 some trials failed, 2 bad input, 3 the Ray cluster is not there or gone, "
    "130 interrupted (143 by SIGTERM, 129 by a closed terminal)."
)


PANELS: Final = {
    "Begin": ("init", "data", "plan", "schema"),
    "Run": ("sweep", "watch", "attack", "trial"),
    "Read and choose": ("front", "report", "pick", "audit", "diff", "explain", "export", "card", "log"),
    "The paper's tables and figures": ("tables", "plots", "compare"),
    "Keep in order": ("check",),
}
"""The commands by what they are for, in the order in which one comes to need them; --help has a panel for each."""


class _Commands(TyperGroup):
    """A group of commands, each of which ends with a message and an exit status after bad input or an interrupt."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names in the order of the panels; see `TyperGroup`."""
        order = [name for names in PANELS.values() for name in names]
        return sorted(super().list_commands(ctx), key=order.index)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _notes(), interruptible():
                return super().invoke(ctx)
        except PrivsearchError as error:
            for line in str(error).splitlines():
                # Lines to paste, which are indented, belong to the line above them.
                typer.echo(f"{'' if line.startswith(' ') else 'error: '}{printable(line)}", err=True)
            unreachable = isinstance(error, ClusterError)
            raise typer.Exit(ExitCode.CLUSTER_GONE if unreachable else ExitCode.BAD_INPUT) from None
        except Interrupted as signal:
            with unheeded():
                say_if_heard("interrupted")
            raise typer.Exit(signal.exit_status) from None
        except (MemoryError, ImportError, OSError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            reason = printable(" ".join(str(error).split()) or "no more is given")
            say_if_heard(
                f"error: memory must suffice for the command, but ran out: {reason}; allow more (`ulimit -v`, the "
                "memory of the container or the job), then run the same command again: what is recorded is kept"
            )
            raise typer.Exit(ExitCode.BAD_INPUT) from None


class _Note(logging.Handler):
    """A log handler that shows the library's warnings to the user."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(f"note: {printable(record.getMessage())}", err=True)


@contextmanager
def _notes() -> "Iterator[None]":
    logger, handler = logging.getLogger("privsearch"), _Note(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


app = typer.Typer(
    cls=_Commands,
    help="Train and attack every model of a sweep; keep the accuracy-privacy Pareto front.",
    epilog=EXIT_STATUS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        from privsearch import __version__

        typer.echo(f"privsearch {__version__}")
        raise typer.Exit(ExitCode.FINISHED)


@app.callback()
def _program(
    version: Annotated[  # its callback has answered
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Take the options of the program itself, before those of its commands."""


def new_console() -> "Console":
    """Make a console that prints names as users wrote them, brackets and colons included."""
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            raise Interrupted(SIGPIPE)  # as programs end whose reader is gone, such as `head`

    return Pipe(markup=False, emoji=False, highlight=False)


def print_fronts(console: "Console", tasks: "Iterable[Task]") -> None:
    """Print the front of each task, and what their columns and marks mean."""
    from privsearch.report.terminal.energy import energy_table
    from privsearch.report.terminal.front import front_key, front_table

    shown = list(tasks)
    for task in shown:
        console.print(front_table(task, console.width), "")
        if energies := energy_table(task):
            console.print(energies, "")
    for line in front_key(shown):
        console.print(line)
    console.print()


def say(lines: "Iterable[str]") -> None:
    """Print sentences: on a terminal as wide as it is, else each on one line."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in map(printable, lines):
        typer.echo(wrapped(line, width) if width else line)


def say_written(files: "Iterable[Path]") -> None:
    """Name the files that have been written."""
    for path in files:
        typer.echo(f"written: {path}")


def say_if_heard(message: str) -> None:
    """Print a message to stderr, unless the terminal was closed."""
    with suppress(OSError):
        typer.echo(message, err=True)
