"""The command line: it parses, calls and prints, and decides nothing.

app.py          the program: its exit statuses, its messages, its notes
options.py      the options that several commands share
run.py          plan, sweep, attack, trial
show.py         front, check, diff, audit, explain, report, tables, plots, compare
choose.py       pick, export
serve.py        watch, and the page beside a sweep
datasets.py     datasets, datasets fetch
summary.py      the lines at the end of a sweep

Heavy imports stand in the commands that need them, so that `--help` is quick.
"""

import gc
import os
import sys
from contextlib import suppress

from privsearch._util.interrupts import SIGNALLED, Interrupted, interruptible
from privsearch.cli.app import app

# isort: off
# Each adds its commands, in the order in which --help lists them.
from privsearch.cli import choose, datasets, show, run, serve  # noqa: F401
# isort: on


def main() -> None:
    """Run the command line."""
    # What is imported stays, and the collector would look through it again and again: a tenth of a short command.
    gc.set_threshold(50_000, 20, 20)
    try:
        # For signals that come while a command that was interrupted is about to end.
        with interruptible():
            app()
    except Interrupted as signal:
        _leave(signal.exit_status)
    except SystemExit as ended:
        if isinstance(ended.code, int) and ended.code > SIGNALLED:
            _leave(ended.code)
        raise


def _leave(status: int) -> None:
    """End at once: a library that a signal has cut short may crash when Python takes it apart."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)
