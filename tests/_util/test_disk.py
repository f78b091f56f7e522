from io import FileIO
from pathlib import Path

import pytest
from small_disk import files_of_at_most, run_on_a_small_disk

from privsearch._util.disk import append_line, replace_file, writing
from privsearch.errors import StudyError

FULL = """
import subprocess
from io import FileIO
from pathlib import Path
from privsearch._util.disk import append_line, replace_file
from privsearch.errors import StudyError

lines, old, filler = Path("lines"), Path("old"), Path("filler")
replace_file(old, "as it was")
with FileIO(lines, "a+") as file:
    append_line(file, b"first")
    with FileIO(filler, "w") as full:
        try:
            while True:
                full.write(bytes(4096))
        except OSError as error:
            print(error.strerror)
    try:
        append_line(file, bytes(9000))
    except OSError as error:
        print(error.strerror, lines.read_bytes())
    try:
        replace_file(old, "new" * 3000)
    except StudyError as error:
        print(error)
    filler.unlink()
    append_line(file, b"second")
print(lines.read_bytes(), old.read_text(), sorted(path.name for path in Path().iterdir()))
subprocess.run(["mount", "-o", "remount,ro", "."], check=True)
try:
    replace_file(old, "new")
except StudyError as error:
    print(error)
"""


def test_a_full_disk_costs_nothing_that_was_written(tmp_path: Path) -> None:
    """Each file is as it was before the write that found no space, the message says what to do, and it goes on."""
    said = run_on_a_small_disk(FULL, tmp_path).splitlines()
    assert said[:2] == ["No space left on device", r"No space left on device b'first\n'"]
    assert said[2].startswith("old: must be writable, but: No space left on device; free space, or raise the quota, ")
    assert said[2].endswith("then run the same command again: what is recorded is kept")
    assert said[3] == r"b'first\nsecond\n' as it was ['lines', 'old']"
    assert said[4].startswith("old: must be writable, but: Read-only file system (.old.")
    assert said[4].endswith("; make it writable, or work on a copy of the study in another directory")


def test_a_line_that_does_not_fit_leaves_no_part_of_it(tmp_path: Path) -> None:
    """The lines before it stay, and those after it can be read."""
    path = tmp_path / "lines"
    with FileIO(path, "a+") as file:
        append_line(file, b"first")
        with files_of_at_most(10), pytest.raises(OSError, match="File too large"):
            append_line(file, b"too long")
        assert path.read_bytes() == b"first\n"
        append_line(file, b"second")
    assert path.read_bytes() == b"first\nsecond\n"


def test_a_line_never_follows_a_torn_one(tmp_path: Path) -> None:
    """What a killed process left is ended first."""
    path = tmp_path / "lines"
    path.write_bytes(b"to")
    with FileIO(path, "a+") as file:
        append_line(file, b"whole")
    assert path.read_bytes() == b"to\nwhole\n"


def test_a_device_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """Also where the file cannot even be cut back."""
    path = tmp_path / "trials.jsonl"
    path.symlink_to("/dev/full")
    told = pytest.raises(StudyError, match=r"trials\.jsonl: must be writable, but: No space left")
    with FileIO(path, "a+") as file, told, writing(path):
        append_line(file, b"line")


def test_a_replaced_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """A write that fails leaves the old content and nothing else."""
    path = tmp_path / "file"
    replace_file(path, "old")
    with (
        files_of_at_most(5),
        pytest.raises(StudyError, match="file: must be writable, but: File too large; free space"),
    ):
        replace_file(path, "new content")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"
    path.unlink()
    path.mkdir()
    with pytest.raises(StudyError, match=r"file: must be writable, but: Is a directory .*; move away what"):
        replace_file(path, "new")
