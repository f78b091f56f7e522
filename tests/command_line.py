"""The command line, run in the tests' own process, and what it leaves on the disk."""

from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner, Result

from privsearch._util.checksums import without_checksum
from privsearch.api.study import Study
from privsearch.cli.commands import app
from privsearch.study.result import Completed

INLINE: Final = ("--runner", "inline")


def run(*words: object) -> Result:
    """Run the command line in this process; an exception that escapes it fails the test."""
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def files(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder, with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def record_lines(study: Path) -> list[str]:
    """The lines of a study's record, without their checksums; none if it has not begun."""
    return sound_lines(study / "trials.jsonl")


def sound_lines(path: Path) -> list[str]:
    """The lines of a record or a log, without their checksums, so that they can be changed and written back."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [without_checksum(line).decode() for line in lines]


def numbers(study: Path) -> dict[str, Any]:
    """By trial_id, everything that must come out the same again."""
    results = Study(study).record().results.values()
    return {result.trial_id: result.numbers() for result in results if isinstance(result, Completed)}
