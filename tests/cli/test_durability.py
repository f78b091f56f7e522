from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import INLINE, numbers, run
from small_disk import files_of_at_most

pytestmark = pytest.mark.usefixtures("blank_fronts")

SWEEP = ("sweep", "tiny.yaml", *INLINE, "--keep-signals", "no")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sweep_onto_a_full_disk_goes_on_where_it_was(folder: Path) -> None:
    """It ends with exit status 2, the file, and what to do; the same command runs only what is not recorded."""
    assert run(*SWEEP, "--set", "grids.precision.act_bit_width=[null]").exit_code == 0
    record = folder / "studies" / "tiny" / "trials.jsonl"
    # As large as three and a half results, of which two are there.
    with files_of_at_most(record.stat().st_size * 7 // 4):
        full = run(*SWEEP)
    assert full.exit_code == 2
    assert "error: studies/tiny/trials.jsonl: must be writable, but: File too large; free space" in full.stderr
    assert "Traceback" not in full.output
    kept = numbers(record.parent)
    assert len(kept) == 3
    done = run(*SWEEP)
    assert done.exit_code == 0
    assert "trials: 1 finished, 3 recorded already, 0 failed" in done.stdout
    assert kept.items() <= numbers(record.parent).items()


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "the study is below a file": (
        lambda study: study.parent.touch(),
        "studies/tiny: must be a directory, but studies is a file; choose another with --study",
    ),
    "the lock is a directory": (
        lambda study: (study / ".lock").mkdir(parents=True),
        "studies/tiny: must be writable, but: Is a directory",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_place_that_cannot_be_written_is_told(folder: Path, case: str) -> None:
    """Before anything is trained, and without a traceback."""
    make, message = WRONG[case]
    make(folder / "studies" / "tiny")
    result = run(*SWEEP)
    assert result.exit_code == 2
    assert message in result.stderr
