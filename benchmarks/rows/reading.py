"""The processor time that commands take which only read a study."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.row import Bound, Round

STUDY: Final = Path(__file__).parents[2] / "studies" / "tabular"
"""Two fronts, each of 42 configurations with 5 targets: about as much as the quickstart."""


def our_front(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch front` of a study that is drawn already, once the warm-up has drawn it."""
    return _reading("front")


def our_pick(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch pick`."""
    return _reading("pick")


def our_report(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch report`."""
    return _reading("report")


def _reading(command: str) -> Round:
    folder = Path(shutil.copytree(STUDY, Path(tempfile.mkdtemp(prefix="privsearch-benchmark-")) / "tabular"))
    program = str(Path(sys.executable).with_name("privsearch"))

    def run() -> None:
        subprocess.run([program, command, str(folder)], check=True, capture_output=True)  # noqa: S603  # our own command line

    return run


ROWS: Final = (
    Bound("front", "`privsearch front`, drawn already", 2.0, "s", our_front, value="cpu"),
    Bound("pick", "`privsearch pick`", 1.0, "s", our_pick, value="cpu"),
    Bound("report", "`privsearch report`", 4.0, "s", our_report, value="cpu"),
)
