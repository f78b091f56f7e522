"""The findings of an examination: the state of each part of a study, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of a part of a study."""

    SOUND = "sound"
    NOTE = "note"
    REPAIR = "to repair"


@dataclass(frozen=True)
class Finding:
    """A finding about one part of a study.

    Attributes:
        part: a file, or another part.
        state: its state; a part that is to be repaired makes the study unsound.
        found: the finding in words.
        remedy: what to do about it.
    """

    part: str
    state: State
    found: str
    remedy: str = ""
