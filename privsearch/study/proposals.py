"""The proposals of a study's searches on disk: one line of JSON each, appended and synced before its trial is run.

Where a search has ended, a line says why.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from privsearch._util.disk import LineWriter
from privsearch._util.lines import DamagedLine, lines_of
from privsearch.study.result import Text, Word

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


class LoggedEnd(BaseModel):
    """A line of the log: a search proposes nothing more, and all that it proposed has been run.

    Attributes:
        search: the id of the search.
        ended: why, in words.
        proposals: how many there were by then; once there are more, it has gone on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: Word
    ended: Text
    proposals: int = Field(ge=0)


_LINE: Final[TypeAdapter[LoggedProposal | LoggedEnd]] = TypeAdapter(LoggedProposal | LoggedEnd)


@dataclass(frozen=True)
class ProposalLog:
    """What a log holds.

    Attributes:
        proposals: in the order in which they were made.
        ends: of searches, likewise.
        damaged: the lines that could not be read, such as one that a killed process left torn.
    """

    proposals: tuple[LoggedProposal, ...] = ()
    ends: tuple[LoggedEnd, ...] = ()
    damaged: tuple[DamagedLine, ...] = ()

    def of(self, search: str) -> Sequence[LoggedProposal]:
        """Those of one search."""
        return [proposal for proposal in self.proposals if proposal.search == search]

    def end_of(self, search: str) -> str:
        """Why a search ended; empty where it has not, or has gone on since."""
        count = len(self.of(search))
        own = [end.ended for end in self.ends if (end.search, end.proposals) == (search, count)]
        return own[-1] if own else ""


def read_proposals(path: Path) -> ProposalLog:
    """Read a log; where there is none, it is empty.

    Raises:
        StudyError: there is something that is no file that can be read.
    """
    found: list[LoggedProposal] = []
    ends: list[LoggedEnd] = []
    damaged = []
    for line in lines_of(path):
        try:
            read = _LINE.validate_json(line.content)
        except ValueError as error:
            damaged.append(line.damaged(error))
        else:
            (found if isinstance(read, LoggedProposal) else ends).append(read)  # type: ignore[arg-type]
    return ProposalLog(tuple(found), tuple(ends), tuple(damaged))


def counts_words(counts: Mapping[Origin, int], budget: int | None) -> str:
    """How many proposals a search has made, in words.

    Args:
        counts: of each origin.
        budget: how many new configurations it may propose, where that is given.
    """
    of = f" of {budget}" if budget else ""
    fresh = counts.get("sampled", 0) + counts.get("drawn", 0)
    repeats = counts.get("repeat", 0)
    told = "1 repeat" if repeats == 1 else f"{repeats} repeats"
    return f"{fresh}{of} proposed, {told}, {counts.get('given', 0)} known before"


@dataclass(frozen=True)
class Searched:
    """What the log says of one search.

    Attributes:
        dataset: the name of what it searches on.
        proposals: in their order.
        ended: why; empty while it goes on.
    """

    dataset: str
    proposals: Sequence[LoggedProposal]
    ended: str

    @property
    def counts(self) -> Counter[Origin]:
        """How many proposals there are of each origin."""
        return Counter(proposal.origin for proposal in self.proposals)

    @property
    def numbers(self) -> dict[str, int]:
        """By trial_id, in their order, the number of the proposal that first came to it."""
        found: dict[str, int] = {}
        for proposal in self.proposals:
            found.setdefault(proposal.trial_id, proposal.number)
        return found


def in_order(trial_ids: Iterable[str], searches: Iterable[Searched]) -> list[str]:
    """Trials in the order that says how a search went, which does not depend on how long each of them took.

    Args:
        trial_ids: in the order in which they finished.
        searches: theirs.

    Returns:
        What no search has proposed, as it was, and then the others in the order of the proposals.
    """
    numbers: dict[str, int] = {}
    for search in searches:
        numbers |= search.numbers
    return sorted(trial_ids, key=lambda trial_id: numbers.get(trial_id, -1))


class ProposalWriter(LineWriter):
    """Appends proposals to a log; each is on the disk when `append` returns."""

    def append(self, line: LoggedProposal | LoggedEnd) -> None:
        """Write one line and wait until the disk has it.

        Raises:
            StudyError: it cannot be written.
        """
        self.write(json.dumps(line.model_dump(mode="json")).encode())
