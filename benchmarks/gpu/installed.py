"""The wheels of `fetch`, installed into a folder that is gone afterwards; nothing of the machine is changed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

WHEELS: Final = Path(__file__).parent / "wheels"


@contextmanager
def installed() -> Iterator[list[str]]:
    """Yield the folders for Python's path: one with the wheels' packages.

    There is none where no wheels have been fetched, or where privsearch is installed, with all that it needs.
    """
    wheels = sorted(map(str, WHEELS.glob("*.whl")))
    if not wheels or any(distributions(name="privsearch")):
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        # To a folder, as a virtual environment that was made from another one would not see the packages of that one.
        options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "install", *options, "--target", folder, *wheels]
        if subprocess.run(command, check=False).returncode:  # noqa: S603  # files of this folder
            sys.exit("the wheels must be installed, but could not be: this needs pip, and the Python that they are for")
        yield [folder]
