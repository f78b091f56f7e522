"""The program with all its commands, in the order in which --help lists them."""

from privsearch.cli.app import app

# isort: off
from privsearch.cli import choose, share, data, show, run, serve  # noqa: F401  # each adds its commands
# isort: on

__all__ = ["app"]
