from rich.console import Console

from privsearch.report.terminal.check import check_table
from privsearch.study.findings import Finding, State


def test_a_finding_is_a_row() -> None:
    """Its part, what it comes to, what was found, and what to do about it; a file's content cannot move the cursor."""
    console = Console(width=100)
    findings = [
        Finding("trials.jsonl, line 7", State.REPAIR, "it is no JSON", "--repair moves it aside"),
        Finding("trials", State.NOTE, "failed: 1 of 4\x1b[2J"),
    ]
    with console.capture() as capture:
        console.print(check_table(findings))
    header, _, *rows = capture.get().splitlines()
    assert header.split() == ["part", "state", "found", "what", "to", "do"]
    assert " ".join(rows[0].split()) == "trials.jsonl, line 7 to repair it is no JSON --repair moves it aside"
    assert " ".join(rows[1].split()) == r"trials note failed: 1 of 4\x1b[2J"
