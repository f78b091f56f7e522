"""The command line: it parses, calls and prints, and decides nothing.

app.py          the program: its exit statuses, its messages, its notes
commands.py     the program with all its commands
options.py      the options that several commands share
start.py        init, schema
run.py          plan, sweep, attack, trial
show.py         front, check, diff, explain, report, tables, plots, compare
choose.py       pick, export
audit.py        audit
share.py        card, log
serve.py        watch, and the page beside a sweep
data.py         data, data fetch, data describe, data rows
summary.py      the lines at the end of a sweep

Heavy imports stand in the commands that need them, so that `--help` is quick.
"""

import atexit
import os
import sys
from contextlib import suppress
from types import FrameType

from privsearch._util.system import refuse_windows

refuse_windows()  # before anything that it has not got

from privsearch._util.collector import collect_seldom  # noqa: E402
from privsearch._util.interrupts import SIGNALLED, Interrupted, handling, interruptible  # noqa: E402


def main() -> None:
    """Run the command line."""
    collect_seldom()  # which saves a tenth of a short command
    # Plugins of pydantic, such as tracers of web services, are looked for in all packages that are installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    status = 1  # as of a bug, whose traceback Python has written by then
    # Python would take apart all that was imported, another tenth of a short command. What a library has asked to be
    # called at the end is called before this, as that was registered later.
    atexit.register(lambda: _leave(status))
    try:
        # For signals that come while the commands are imported, and while a command is about to end.
        with interruptible():
            from privsearch.cli.commands import app

            app()
    except Interrupted as ended:
        _interrupted(ended.number)
    except SystemExit as ended:
        if isinstance(ended.code, int) and ended.code > SIGNALLED:
            _leave(ended.code)
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        # From here on to the end of Python nothing is left to close.
        handling(_interrupted)
        raise


def _interrupted(number: int, _: FrameType | None = None) -> None:
    """End at once, as a program that this signal has ended."""
    with suppress(OSError):
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"interrupted\n")
    _leave(SIGNALLED + number)


def _leave(status: int) -> None:
    """End at once: a library that a signal has cut short may crash when Python takes it apart, which takes time too."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, RuntimeError):  # no reader is left, or the signal has interrupted just this
            stream.flush()
    os._exit(status)
