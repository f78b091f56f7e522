"""The command line: parse, call, print. Heavy imports stand in the commands that need them, so --help is quick."""

import sys

from privsearch.cli import datasets, reading, running  # noqa: F401  # each adds its commands
from privsearch.cli.shell import app
from privsearch.interrupts import Interrupted, interruptible


def main() -> None:
    """Run the command line."""
    try:
        # For signals that come while a command that was interrupted is about to end.
        with interruptible():
            app()
    except Interrupted as signal:
        sys.exit(signal.exit_status)
