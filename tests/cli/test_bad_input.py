import os
import re
from pathlib import Path
from typing import Any, Final

import pytest
from bad_input import CASES, GOOD, Case, write
from command_line import files, run

MESSAGES: Final = Path(__file__).parents[1] / "bad_input_messages.txt"


def messages() -> dict[str, str]:
    """What the file of messages has for each case, by what is wrong with it."""
    parts = MESSAGES.read_text(encoding="utf-8").split("## ")[1:]
    return {what: said for what, _, said in (part.partition("\n") for part in parts)}


def said(case: Case, folder: Path) -> tuple[int, str]:
    """The exit status and the message, without what differs from run to run."""
    write(case, folder)
    result = run(*case.words)
    assert result.stdout == ""
    return result.exit_code, re.sub(r"\b(?!(.)\1{15})[0-9a-f]{16}\b", "<id>", result.stderr.replace(str(folder), "."))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_mistake_is_told_in_these_words(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly this is said, with exit status 2: what must hold, what was given, where, and what to do."""
    monkeypatch.chdir(tmp_path)
    assert said(case, tmp_path) == (2, messages()[case.what])


def test_every_message_has_its_case() -> None:
    """The file holds no message that nothing gives, and no two cases share a name."""
    assert list(messages()) == [case.what for case in CASES]
    assert len(CASES) >= 100


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("sweep", "sweep.yaml", "--workers", "0"), "--workers"),
        (("sweep", "sweep.yaml", "--workers", "many"), "--workers"),
        (("sweep", "sweep.yaml", "--runner", "slurm"), "--runner"),
        (("sweep", "sweep.yaml", "--runer", "inline"), "--runer"),
        (("swep", "sweep.yaml"), "Did you mean 'sweep'?"),
        (("plan",), "SWEEP"),
    ],
)
def test_a_command_line_that_is_none_touches_nothing(
    words: tuple[str, ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What typer itself refuses has exit status 2 too, and names what it refuses."""
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert (result.exit_code, files(tmp_path)) == (2, {})
    assert named in result.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[iris]", "[{name: mine, path: mine.csv, label: kind}]"), "mine.csv: the path of a dataset must be text"),
        (("recipe:", "storage: kept\nrecipe:"), "storage: must be a path, a URI"),
    ],
)
def test_a_path_that_is_no_text_is_refused(
    change: tuple[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be written into the study; nothing is."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mine.csv").write_text("a,kind\n" + "1,x\n2,y\n" * 9)
    (folder / "sweep.yaml").write_text(GOOD.replace(*change))
    before = files(folder)
    result = run("sweep", folder / "sweep.yaml", "--runner", "inline")
    assert (result.exit_code, files(folder)) == (2, before)
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "owner", "method"),
    [
        (("plan", "sweep.yaml", "--study", "study"), Path, "is_file"),
        (("plan", "sweep.yaml", "--study", "study/signals"), Path, "iterdir"),
        (("plan", "sweep.yaml", "--study", "study"), os, "scandir"),
        (("front", "study"), Path, "is_file"),
        (("check", "study"), os, "scandir"),
    ],
)
def test_a_directory_closed_to_the_user_is_told(
    words: tuple[str, ...], owner: Any, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of it the system refuses to show."""
    monkeypatch.chdir(tmp_path)
    write(CASES[0], tmp_path)
    (tmp_path / "sweep.yaml").write_text(GOOD)
    (tmp_path / "study" / "signals").mkdir()
    shown = getattr(owner, method)

    def refuse(path: Path) -> Any:
        if "study" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return shown(path)

    monkeypatch.setattr(owner, method, refuse)
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: study")
    assert "must be readable, but: Permission denied" in result.stderr


def test_a_file_closed_to_the_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No permission is a message like any other."""
    monkeypatch.chdir(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert run("plan", "sweep.yaml").stderr == (
        "error: sweep.yaml: the sweep file must be readable, but: Permission denied; check its path and rights\n"
    )


@pytest.mark.parametrize(
    "error", [MemoryError(), ImportError("libtorch_cpu.so: failed to map segment from shared object")]
)
def test_a_lack_of_memory_is_told(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, with what to do about it, whatever library ran out of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text(GOOD)

    def run_out(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("privsearch.api.sweeps.plan_sweep", run_out)
    result = run("plan", "sweep.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: memory must suffice for the command, but ran out: ")
    assert "allow more (`ulimit -v`" in result.stderr
