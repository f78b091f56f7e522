"""The command line: parse, call, print. Heavy imports stand in the commands that need them, so --help is quick."""

from privsearch.cli import datasets, reading, running  # noqa: F401  # each adds its commands
from privsearch.cli.shell import app


def main() -> None:
    """Run the command line."""
    app()
