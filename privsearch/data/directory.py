"""The directory of downloaded datasets, the same for this process and for the workers that it starts."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from privsearch._util.disk import file_in_the_way
from privsearch.errors import DataError

DATA_DIR_VARIABLE: Final = "PRIVSEARCH_DATA_DIR"
"""The environment variable that names the directory; Ray's workers on this machine inherit it."""


def data_directory() -> Path:
    """Return the absolute path of the data directory, which need not exist.

    It is `PRIVSEARCH_DATA_DIR` if that is set, and otherwise `privsearch` in the user's cache directory
    (`XDG_CACHE_HOME`, or `~/.cache`).
    """
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given).expanduser().absolute() if given else default_data_directory()


def default_data_directory() -> Path:
    """Return the absolute path of the data directory that is used if no other is set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "privsearch"


def use_data_directory(path: Path | str | None) -> None:
    """Set the data directory of this process, and of those that it will start; None changes nothing.

    The path is made absolute, because workers run in directories of their own.

    Raises:
        DataError: it is no directory, and none can be made there.
    """
    if path:
        directory = Path(path).expanduser().absolute()
        with suppress(OSError):  # of a directory that the system does not show; whoever reads data there is told
            if in_the_way := file_in_the_way(directory):
                raise DataError(
                    f"{path}: the data directory must be a directory, but {in_the_way} is none; name another with "
                    f"--data-dir or {DATA_DIR_VARIABLE}"
                )
        os.environ[DATA_DIR_VARIABLE] = str(directory)
