"""Where downloaded datasets lie: one directory, the same for this process and for the workers it starts."""

import os
from pathlib import Path
from typing import Final

DATA_DIR_VARIABLE: Final = "PRIVSEARCH_DATA_DIR"
"""The environment variable that names the directory; Ray's workers on this machine inherit it."""


def data_directory() -> Path:
    """The absolute path of the data directory, whether it exists or not.

    It is `PRIVSEARCH_DATA_DIR` where that is set, and otherwise `privsearch` in the user's cache directory
    (`XDG_CACHE_HOME`, or `~/.cache`).
    """
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given).expanduser().absolute() if given else default_data_directory()


def default_data_directory() -> Path:
    """Where data lie unless told otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "privsearch"


def use_data_directory(path: Path | None) -> None:
    """Have this process, and those that it will start, look for data at `path`; None changes nothing.

    The path is made absolute, because workers run in directories of their own.
    """
    if path:
        os.environ[DATA_DIR_VARIABLE] = str(path.expanduser().absolute())
