"""Folders with one file for each trained trial, or each network, which can be listed, examined and set aside."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from privsearch._util.disk import PART
from privsearch.errors import StudyError
from privsearch.study.storage import Folder, open_folder, probe

STALE_SECONDS: Final = 3600
"""The age from which an unfinished file is no longer being written, which takes seconds."""


@dataclass(frozen=True)
class TrialFiles(ABC):
    """A folder with one file for each trained trial, `<trial_id><ending>`.

    It can be sent to other processes and hosts, which open the folder when they use it. Studies may share a folder,
    since a trial_id determines the content of its file.

    Attributes:
        folder: a path, or a URI (`privsearch.study.storage`); it is made when the first file is written.
        in_study: True if it lies in the study's own folder, which must be there: one that was moved is not made again.
    """

    folder: Path | str
    in_study: bool = field(default=False, compare=False)

    ending: ClassVar[str]

    @abstractmethod
    def damage_in(self, content: bytes) -> str | None:
        """Return a sentence on the damage in the content of a file; None if there is none."""

    def trial_ids(self) -> set[str]:
        """Return the ids of the trials that have a file, readable or not.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return {name.removesuffix(self.ending) for name in self.files.names() if name.endswith(self.ending)}

    def probe(self) -> None:
        """Check that files can be kept in the folder.

        Raises:
            StudyError: they cannot; the message says why.
        """
        probe(self.files)

    def damaged(self) -> dict[str, str]:
        """Read every file, and return a sentence on each that is damaged, by trial_id.

        Raises:
            StudyError: the folder cannot be reached.
        """
        damages = {trial_id: self._damage(trial_id) for trial_id in sorted(self.trial_ids())}
        return {trial_id: damage for trial_id, damage in damages.items() if damage}

    def discard(self, names: Iterable[str]) -> None:
        """Remove the files of these names, as far as they are there and can be removed."""
        there = self.trial_ids()
        with suppress(StudyError):
            for name in names:
                if name in there:
                    self.files.remove(f"{name}{self.ending}")

    def set_aside(self, trial_id: str) -> str:
        """Move the file of a trial into the folder `damaged` beside it, and return the file's new path or URI.

        Raises:
            StudyError: the folder cannot be reached or written.
        """
        return self.files.move(f"{trial_id}{self.ending}", "damaged")

    def leftovers(self) -> list[str]:
        """Return the names of the unfinished files of killed processes, without those that may still be written to.

        Raises:
            StudyError: the folder cannot be reached.
        """
        files = self.files
        parts = sorted(name for name in files.names() if name.startswith(".") and name.endswith(PART))
        return [name for name in parts if files.age(name) > STALE_SECONDS]

    def remove_leftovers(self) -> list[str]:
        """Remove the unfinished files of killed processes, and return their names.

        Raises:
            StudyError: the folder cannot be reached or written.
        """
        leftovers = self.leftovers()
        for name in leftovers:
            self.files.remove(name)
        return leftovers

    @property
    def files(self) -> Folder:
        """The folder, opened."""
        return open_folder(self.folder, in_study=self.in_study)

    def _damage(self, trial_id: str) -> str | None:
        try:
            content = self.files.read(f"{trial_id}{self.ending}")
        except StudyError as error:  # such as of a bad sector, which concerns one file alone
            return str(error)
        return self.damage_in(content or b"")
