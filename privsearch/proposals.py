"""The proposals of a study's searches on disk: one line of JSON each, appended and synced before its trial is run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from privsearch.disk import append_line, sync_folder, writing
from privsearch.record import DamagedLine, lines_of
from privsearch.result import Text, Word

Origin = Literal["given", "sampled", "drawn", "repeat"]
"""Where a proposal comes from: a known result that was told to the sampler, the sampler, a draw at random after too
many repeats, or the sampler once more."""


class LoggedProposal(BaseModel):
    """A line of the log.

    Attributes:
        search: the id of the search that it belongs to.
        number: among that search's proposals, from 0.
        trial_id: the key of the trial that it asks for.
        origin: where it comes from.
        source: of a given one, where its result was found.
        seconds: for how long the search had run, all of its runs together.
        axes: the value of every axis that the search chose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    search: Word
    number: int = Field(ge=0)
    trial_id: Word
    origin: Origin
    source: Text = ""
    seconds: float = Field(0.0, ge=0)
    axes: dict[Word, int | float | str | None]

    @property
    def fresh(self) -> bool:
        """Whether it counts against the budget."""
        return self.origin in ("sampled", "drawn")


@dataclass(frozen=True)
class ProposalLog:
    """What a log holds.

    Attributes:
        proposals: in the order in which they were made.
        damaged: the lines that could not be read, such as one that a killed process left torn.
    """

    proposals: tuple[LoggedProposal, ...] = ()
    damaged: tuple[DamagedLine, ...] = ()

    def of(self, search: str) -> Sequence[LoggedProposal]:
        """Those of one search."""
        return [proposal for proposal in self.proposals if proposal.search == search]


def read_proposals(path: Path) -> ProposalLog:
    """Read a log; where there is none, it is empty.

    Raises:
        StudyError: there is something that is no file that can be read.
    """
    found, damaged = [], []
    for line in lines_of(path):
        try:
            found.append(LoggedProposal.model_validate_json(line.content))
        except ValueError as error:
            damaged.append(line.damaged(error))
    return ProposalLog(tuple(found), tuple(damaged))


class ProposalWriter:
    """Appends proposals to a log; each is on the disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Open the log at `path` for appending.

        Raises:
            StudyError: it cannot be written.
        """
        self._path = path
        with writing(path):
            self._file = FileIO(path, "a+")
            sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, proposal: LoggedProposal) -> None:
        """Write one proposal and wait until the disk has it.

        Raises:
            StudyError: it cannot be written.
        """
        with writing(self._path):
            append_line(self._file, json.dumps(proposal.model_dump(mode="json")).encode())
