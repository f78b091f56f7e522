"""The findings of a check of a study, as a table that says what to do."""

from collections.abc import Iterable

from rich.table import Column, Table

from privsearch._util.text import printable
from privsearch.report.wording.formats import console_table
from privsearch.study.findings import Finding


def check_table(findings: Iterable[Finding]) -> Table:
    """Return a table with one row a finding."""
    table = console_table(Column("part", overflow="fold"), Column("state", no_wrap=True), "found", "what to do")
    for finding in findings:
        table.add_row(printable(finding.part), finding.state, printable(finding.found), finding.remedy)
    return table
