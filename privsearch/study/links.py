"""The symbolic links of a study, none of which may lead out of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from privsearch._util.disk import reading
from privsearch.errors import StudyError


def check_links(folder: Path) -> None:
    """Make sure that all of a study lies in its folder, also if a stranger packed it.

    Raises:
        StudyError: a link leads out of it, so that what is written into the study would be written there; or a folder
            in it cannot be read.
    """
    inside = folder.resolve()
    with reading(folder):
        links = list(_links(folder))
    for link in links:
        end = Path(os.path.realpath(link))
        if not end.is_relative_to(inside):
            raise StudyError(
                f"{link}: a study must hold no link that leads out of it, but this one leads to {end}; put a copy "
                "in its place, or remove it (signals can be kept elsewhere with --storage)"
            )


def _links(folder: Path) -> Iterator[Path]:
    """Yield the symbolic links below a folder, following none of them."""
    with os.scandir(folder) as entries:  # which knows the links without a look at each file
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                yield from _links(Path(entry.path))
