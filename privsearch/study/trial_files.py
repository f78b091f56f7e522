"""Folders with one file for each trained trial: how these are listed, examined, set aside."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from privsearch._util.disk import PART
from privsearch.errors import StudyError
from privsearch.study.storage import Folder, open_folder, probe

STALE_SECONDS: Final = 3600
"""A file that has been unfinished for so long is no longer being written: that takes seconds."""


@dataclass(frozen=True)
class TrialFiles(ABC):
    """A folder with one file for each trained trial, `<trial_id><ending>`.

    It can be sent to other processes and hosts, and is opened where it is used. Studies may share one: a trial_id
    stands for what is in its file, so that it does not matter who wrote it.

    Attributes:
        folder: a path, or a URI (privsearch.study.storage); made when the first file is written.
    """

    folder: Path | str

    ending: ClassVar[str]

    @abstractmethod
    def damage_in(self, content: bytes) -> str | None:
        """What is wrong with the content of a file, in words; None where nothing is."""

    def trial_ids(self) -> set[str]:
        """The trials that there is a file of, readable or not.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return {name.removesuffix(self.ending) for name in self.files.names() if name.endswith(self.ending)}

    def probe(self) -> None:
        """Find out whether files can be kept here.

        Raises:
            StudyError: they cannot, for a reason that the message tells.
        """
        probe(self.files)

    def damaged(self) -> dict[str, str]:
        """What is wrong with the files that are damaged, by trial_id. Reads every file.

        Raises:
            StudyError: the folder cannot be reached.
        """
        found = {trial_id: self._damage(trial_id) for trial_id in sorted(self.trial_ids())}
        return {trial_id: damage for trial_id, damage in found.items() if damage}

    def set_aside(self, trial_id: str) -> str:
        """Move the file of a trial into the folder `damaged` beside it; returns where it is then.

        Raises:
            StudyError: the folder cannot be reached or written.
        """
        return self.files.move(f"{trial_id}{self.ending}", "damaged")

    def leftovers(self) -> list[str]:
        """The names of what killed processes left unfinished, but for what may still be written to.

        Raises:
            StudyError: the folder cannot be reached.
        """
        files = self.files
        parts = sorted(name for name in files.names() if name.startswith(".") and name.endswith(PART))
        return [name for name in parts if files.age(name) > STALE_SECONDS]

    def remove_leftovers(self) -> list[str]:
        """Remove them; returns their names.

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
        return open_folder(self.folder)

    def _damage(self, trial_id: str) -> str | None:
        try:
            content = self.files.read(f"{trial_id}{self.ending}")
        except StudyError as error:  # such as of a disk's bad sector, which is that of one file
            return str(error)
        return self.damage_in(content or b"")
