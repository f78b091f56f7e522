"""The files of a user's own data."""

from pathlib import Path

from privsearch.data.raw import did_you_mean
from privsearch.errors import DataError


def existing_file(given: str) -> Path:
    """Return the path of a file that is there.

    Raises:
        DataError: there is no file; the message names the nearest one beside it.
    """
    path = Path(given)
    siblings: list[str] = []
    try:
        if path.is_file():
            return path
        siblings = [sibling.name for sibling in path.parent.iterdir() if sibling.is_file()]
    except OSError:
        pass  # the message below is then without a suggestion
    raise DataError(
        f"{given}: the path must lead to a file, but there is none at {path.absolute()}. Correct the path."
        f"{did_you_mean(path.name, siblings)}"
    )
