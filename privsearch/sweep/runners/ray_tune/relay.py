"""Kept files that travel through Ray, for workers on machines that do not see the folder of the study.

Such a worker gets the files that its work needs into a folder of its own, trains and attacks there, and sends what is
new to the session process, which writes it into the study. A storage by URI is seen by all, and needs none of this.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privsearch.errors import StudyError
from privsearch.study.storage import LocalFolder
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import OUTBOX, AttackOnly, Job, TrainAndAttack

_MARK: Final = ".seen-"


@dataclass(frozen=True)
class Witness:
    """A file that tells the machines that see a study's folder from the others.

    Attributes:
        path: the file.
    """

    path: Path

    def is_seen(self) -> bool:
        """Tell whether this process sees the folder that the session process sees."""
        return self.path.exists()


@contextmanager
def witness_of(job: Job) -> Iterator[Witness | None]:
    """Put a witness into the folder where a job's signals are, during this block; None if all machines reach them."""
    folder = _folder_of(job)
    if folder is None:
        yield None
        return
    path = folder / f"{_MARK}{secrets.token_hex(8)}"
    try:
        folder.mkdir(exist_ok=True)
        path.touch()
    except OSError:  # then no signal can be written there either, which workers tell better
        yield None
        return
    try:
        yield Witness(path)
    finally:
        path.unlink(missing_ok=True)


def _folder_of(job: Job) -> Path | None:
    archive = job.archive if isinstance(job, TrainAndAttack | AttackOnly) else None
    return archive.folder if archive and isinstance(archive.folder, Path) else None


class Outbox:
    """The folder of a worker that does not see the study's: it stands for the study's in the training process."""

    def __init__(self) -> None:
        """Make the folder, which goes with this object."""
        self._folder = tempfile.TemporaryDirectory(prefix="privsearch-outbox-")
        self._path = Path(self._folder.name)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a training process finds the folder."""
        return {OUTBOX: self._folder.name}

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put files into the folder, by their paths in it, in the place of all that it holds."""
        self.empty()
        for name, content in files.items():
            path = self._path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (0, 0))  # so that what is written over it is seen to be new

    def empty(self) -> dict[str, bytes]:
        """Take the files out of the folder, and return those that were not put there."""
        new = {}
        for path in self._path.glob("*/*"):
            if path.stat().st_mtime:
                new[f"{path.parent.name}/{path.name}"] = path.read_bytes()
            path.unlink()
        return new


def files_needed(work: PlannedTrial) -> list[str]:
    """Return the files of signals that a worker may find a use for, by their paths in the study."""
    own = [work.trial_id] if work.part is None else [work.networks[k] for k in work.part]
    elsewhere = [file.name for file in work.files.values() if file.archive is None] if work.part is None else []
    return [f"signals/{name}.npz" for name in dict.fromkeys([*own, *elsewhere])]


def read_files(job: Job, names: Sequence[str]) -> dict[str, bytes]:
    """Read files of the study that a job is for, as far as they are there, by their paths in it."""
    folder = _folder_of(job)
    found = {}
    for name in names if folder else ():
        try:
            content = LocalFolder(folder).read(Path(name).name) if folder else None
        except StudyError:
            continue
        if content is not None:
            found[name] = content
    return found


def write_files(job: Job, files: Mapping[str, bytes]) -> None:
    """Write files that a worker has sent into the study that a job is for.

    Raises:
        StudyError: one cannot be written; the others are.
    """
    archives = {"signals": getattr(job, "archive", None), "networks": getattr(job, "networks", None)}
    first_error = None
    for name, content in files.items():
        kind, _, file = name.partition("/")
        archive = archives.get(kind)
        if archive and file == Path(file).name:
            try:
                archive.files.write(file, content)
            except StudyError as error:
                first_error = first_error or error
    if first_error:
        raise first_error
