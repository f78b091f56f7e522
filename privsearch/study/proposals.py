"""The proposals of a study's searches on disk: one line of JSON each, appended and synced before its trial is run.

Once a search has ended, a line says why.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter

from privsearch._util.disk import LineWriter
from privsearch._util.lines import DamagedLine, lines_of
from privsearch.spec.axes import AXES, axis_adapter
from privsearch.spec.bounds import Count, Seconds
from privsearch.study.fields import Text, Word

Origin = Literal["given", "sampled", "drawn", "repeat"]
"""Where a proposal comes from: a known result that was told to the sampler, the sampler, a draw at random after too
many repeats, or the sampler once more."""

FRESH_ORIGINS: Final[tuple[Origin, ...]] = ("sampled", "drawn")
"""The origins of proposals that count against the budget."""


def _axes(given: dict[str, Any]) -> dict[str, Any]:
    """Check that all that was chosen are axes of a trial, each with a value that it can have."""
    for axis, value in given.items():
        if axis not in AXES:
            raise ValueError(f"{axis} is no axis of a trial")
        axis_adapter(axis).validate_python(value)
    return given


class LoggedProposal(BaseModel):
    """A proposal as a line of the log.

    Attributes:
        search: the id of the search that made it.
        number: its place among the proposals of that search, from 0.
        trial_id: the id of the trial that it asks for.
        origin: its origin.
        source: the study that its result was copied from, if its origin is `given`.
        seconds: the time that the search had run by then, all of its runs together.
        axes: the value of every axis that the search chose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    search: Word
    number: Count
    trial_id: Word
    origin: Origin
    source: Text = ""
    seconds: Seconds = 0.0
    axes: Annotated[dict[Word, bool | int | float | str | tuple[float, float] | None], AfterValidator(_axes)]

    @property
    def fresh(self) -> bool:
        """True if the proposal counts against the budget."""
        return self.origin in FRESH_ORIGINS


class LoggedEnd(BaseModel):
    """The end of a search as a line of the log: it proposes nothing more, and all that it proposed has been run.

    Attributes:
        search: the id of the search.
        ended: the reason in words.
        proposals: the number of its proposals by then; if there are more now, the search has gone on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: Word
    ended: Text
    proposals: Count


_LINE: Final[TypeAdapter[LoggedProposal | LoggedEnd]] = TypeAdapter(LoggedProposal | LoggedEnd)


@dataclass(frozen=True)
class ProposalLog:
    """The content of the log.

    Attributes:
        proposals: the proposals in the order in which they were made.
        ends: the ends of searches in their order.
        damaged: the lines that could not be read, such as one that a killed process left torn.
    """

    proposals: tuple[LoggedProposal, ...] = ()
    ends: tuple[LoggedEnd, ...] = ()
    damaged: tuple[DamagedLine, ...] = ()

    def of(self, search: str) -> Sequence[LoggedProposal]:
        """Return the proposals of one search."""
        return [proposal for proposal in self.proposals if proposal.search == search]

    def end_of(self, search: str) -> str:
        """Return the reason why a search ended; empty if it has not ended, or has gone on since."""
        count = len(self.of(search))
        reasons = [end.ended for end in self.ends if (end.search, end.proposals) == (search, count)]
        return reasons[-1] if reasons else ""


def read_proposals(path: Path) -> ProposalLog:
    """Read a log; a missing file is an empty log.

    Raises:
        StudyError: something is there that is no file that can be read.
    """
    proposals: list[LoggedProposal] = []
    ends: list[LoggedEnd] = []
    damaged = []
    for line in lines_of(path):
        try:
            read = _LINE.validate_json(line.unchanged)
        except ValueError as error:
            damaged.append(line.damaged(error))
        else:
            (proposals if isinstance(read, LoggedProposal) else ends).append(read)  # type: ignore[arg-type]
    return ProposalLog(tuple(proposals), tuple(ends), tuple(damaged))


def counts_words(counts: Mapping[Origin, int], budget: int | None) -> str:
    """Put the number of proposals of a search in words.

    Args:
        counts: the number of proposals by origin.
        budget: the number of new configurations that the search may propose, or None.
    """
    of = f" of {budget}" if budget else ""
    fresh = sum(counts.get(origin, 0) for origin in FRESH_ORIGINS)
    repeats = counts.get("repeat", 0)
    repeated = "1 repeat" if repeats == 1 else f"{repeats} repeats"
    return f"{fresh}{of} proposed, {repeated}, {counts.get('given', 0)} known before"


@dataclass(frozen=True)
class Searched:
    """One search as the log has it.

    Attributes:
        dataset: the name of the dataset that it searches on.
        proposals: its proposals in their order.
        ended: the reason why it ended; empty while it goes on.
    """

    dataset: str
    proposals: Sequence[LoggedProposal]
    ended: str

    @property
    def counts(self) -> Counter[Origin]:
        """The number of proposals by origin."""
        return Counter(proposal.origin for proposal in self.proposals)

    @property
    def numbers(self) -> dict[str, int]:
        """By trial_id, in order, the number of the first proposal of that trial."""
        numbers: dict[str, int] = {}
        for proposal in self.proposals:
            numbers.setdefault(proposal.trial_id, proposal.number)
        return numbers


def in_order(trial_ids: Iterable[str], searches: Iterable[Searched]) -> list[str]:
    """Order trials so that the order shows how a search went, and not how long each trial took.

    Args:
        trial_ids: the ids of the trials in the order in which they finished.
        searches: the searches that may have proposed them.

    Returns:
        The trials that no search has proposed, in the order given, then the others in the order of the proposals.
    """
    numbers: dict[str, int] = {}
    for search in searches:
        numbers |= search.numbers
    return sorted(trial_ids, key=lambda trial_id: numbers.get(trial_id, -1))


class ProposalWriter(LineWriter):
    """A writer that appends to a log; each line is on the disk when `append` returns."""

    def append(self, line: LoggedProposal | LoggedEnd) -> None:
        """Write one line and wait until the disk has it.

        Raises:
            StudyError: it cannot be written.
        """
        self.write(json.dumps(line.model_dump(mode="json")).encode())
