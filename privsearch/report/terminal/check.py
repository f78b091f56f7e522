"""The findings of a check of a study, as a table that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rich.table import Column, Table

from privsearch._util.text import printable
from privsearch.report.wording.formats import console_table


class State(StrEnum):
    """The severity of a finding."""

    SOUND = "sound"
    NOTE = "note"
    REPAIR = "to repair"


@dataclass(frozen=True)
class Finding:
    """A finding about one part of a study.

    Attributes:
        part: the part of the study, such as a file.
        state: the severity; a finding that needs repair makes the study unsound.
        found: the finding in words.
        remedy: the action to take, in words.
    """

    part: str
    state: State
    found: str
    remedy: str = ""


def check_table(findings: Iterable[Finding]) -> Table:
    """Return a table with one row a finding."""
    table = console_table(Column("part", overflow="fold"), Column("state", no_wrap=True), "found", "what to do")
    for finding in findings:
        table.add_row(printable(finding.part), finding.state, printable(finding.found), finding.remedy)
    return table
