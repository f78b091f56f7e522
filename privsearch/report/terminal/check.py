"""What was found in a study, as a table that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rich.table import Column, Table

from privsearch._util.text import printable
from privsearch.report.wording.formats import console_table


class State(StrEnum):
    """What a finding comes to."""

    SOUND = "sound"
    NOTE = "note"
    REPAIR = "to repair"


@dataclass(frozen=True)
class Finding:
    """What was found in one part of a study.

    Attributes:
        part: which, such as a file.
        state: what it comes to; what is to repair makes a study unsound.
        found: in words.
        remedy: what to do about it.
    """

    part: str
    state: State
    found: str
    remedy: str = ""


def check_table(findings: Iterable[Finding]) -> Table:
    """One row a finding."""
    table = console_table(Column("part", overflow="fold"), Column("state", no_wrap=True), "found", "what to do")
    for finding in findings:
        table.add_row(printable(finding.part), finding.state, printable(finding.found), finding.remedy)
    return table
