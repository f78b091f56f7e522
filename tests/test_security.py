import csv
import json
import os
import re
from pathlib import Path
from typing import Final

import pytest
from bad_input import Case, write
from builders import make_completed, make_failed
from command_line import files, run
from pydantic import ValidationError

import privsearch
from privsearch.api.study import Study
from privsearch.study.result import parse_result

SOURCES: Final = Path(privsearch.__file__).parent

EXECUTING: Final = re.compile(
    r"pickle\.loads?\(|Unpickler|(?<!\.)\beval\(|\bexec\(|yaml\.load\(|torch\.load|joblib|os\.system|subprocess\.(run|Popen)"
    r"|__import__|import_module\(|exec_module\(|allow_pickle=True"
)
KNOWN: Final = {
    # its own modules, when one of its names is used
    "__init__.py": {"import_module("},
    # a module of numpy's, when it is used
    "_util/postponed.py": {"exec_module("},
    # what the user names with --plugin
    "api/plugins.py": {"import_module(", "exec_module("},
    # CIFAR's files: makes arrays, and calls nothing
    "data/image_readers.py": {"Unpickler"},
    # git, with fixed words
    "study/environment.py": {"subprocess.run"},
    # the worker's own child, and what that gets from its parent
    "sweep/runners/process.py": {"subprocess.Popen"},
    "sweep/runners/process_main.py": {"pickle.loads("},
    # the driver's own child, and what that gets from its parent
    "sweep/runners/ray_tune/session_process.py": {"subprocess.Popen"},
    "sweep/runners/ray_tune/pickling.py": {"pickle.loads("},
    # our own server of a page, beside a sweep
    "report/page/background.py": {"subprocess.Popen"},
    # our own process that draws a live page
    "report/page/drawing.py": {"subprocess.Popen"},
    # a browser of the user's, which prints our page
    "report/page/pdf.py": {"subprocess.run"},
    # a module of torch's, when it is used
    "models/quantization.py": {"import_module("},
    # what writes and runs graphs, by fixed names
    "models/onnx_graph.py": {"import_module("},
    # the program of an export, from our own template
    "sweep/standalone/agreement.py": {"exec_module("},
    # networks, with weights_only=True
    "study/network_archive.py": {"torch.load"},
    # checkpoints of networks, likewise
    "models/checkpoint.py": {"torch.load"},
}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of three trials, in the directory that every command is run in."""
    monkeypatch.chdir(tmp_path)
    write(Case("nothing"), tmp_path)
    return Study(tmp_path / "study")


def test_what_could_execute_is_known() -> None:
    """No file of the package unpickles, evaluates, imports by name or starts a program but these few."""
    found = {
        str(path.relative_to(SOURCES)): {match[0] for match in EXECUTING.finditer(path.read_text(encoding="utf-8"))}
        for path in SOURCES.rglob("*.py")
    }
    assert {name: calls for name, calls in found.items() if calls} == KNOWN


@pytest.mark.parametrize(
    "name", ["fronts", "results.csv", "trials.jsonl", "signals", "plots/deep.png", ".sweep.yaml.part"]
)
def test_nothing_is_written_through_a_link(study: Study, tmp_path: Path, name: str) -> None:
    """A link that leads out of a study is refused by whatever would write into it, and what it leads to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    link = study.path / name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(outside / "precious")
    for words in (("front", "study"), ("audit", "study"), ("sweep", "sweep.yaml", "--study", "study")):
        result = run(*words)
        assert result.exit_code == 2
        assert "a study must hold no link that leads out of it, but this one leads to" in result.stderr
    assert files(outside) == {outside / "precious": b"mine"}


def test_a_link_within_a_study_is_fine(study: Study) -> None:
    """So is one to a study as a whole."""
    (study.path / "latest.csv").symlink_to("results.csv")
    Path("link").symlink_to(study.path)
    assert run("front", "link").exit_code == 0


def test_no_index_is_read_back(study: Study) -> None:
    """An Optuna journal of a stranger, and every other file that is made from the record, is replaced unread."""
    (study.path / "optuna.journal").write_bytes(b"\x80\x04cposix\nsystem\n")
    (study.path / "results.csv").write_bytes(b"\xff")
    assert run("front", "study").exit_code == 0
    assert json.loads((study.path / "optuna.journal").read_text().splitlines()[0])


@pytest.mark.parametrize("field", ["trial_id", "error"])
@pytest.mark.parametrize("value", ["../../x", "a/b", "", ".", "=1+1", "<script>", "a\x1b[31m", "x" * 300])
def test_a_record_names_nothing_by_path_markup_or_formula(field: str, value: str) -> None:
    """An id, or the name of an error, that would mean something to a file system, browser or spreadsheet is damage."""
    line = json.loads(make_failed().model_dump_json()) | {field: value}
    with pytest.raises(ValidationError):
        parse_result(json.dumps(line))


def test_a_record_s_attacks_are_those_of_every_target() -> None:
    """A line that names an attack in one place and not in the other is damage, not a table with holes."""
    line = json.loads(make_completed().model_dump_json())
    line["across"]["=cmd|' /C calc'!A0"] = line["across"]["svm"]
    with pytest.raises(ValidationError):
        parse_result(json.dumps(line))
    line = json.loads(make_completed().model_dump_json())
    line["replicates"][0]["attacks"] = {}
    with pytest.raises(ValidationError):
        parse_result(json.dumps(line))


def test_a_recorded_message_cannot_write_to_the_terminal(study: Study) -> None:
    """What a stranger's trial says it died of is shown, not obeyed, in messages and in tables."""
    said = json.loads(make_failed().model_dump_json()) | {"message": "\x1b]0;owned\x07\x1b[2J gone"}
    study.record_path.write_text(make_completed().model_dump_json() + "\n" + json.dumps(said) + "\n")
    result = run("diff", "study", "b")
    assert "\x1b" not in result.output
    assert r"\x1b]0;owned\x07\x1b[2J gone" in result.stderr
    assert run("front", "study").exit_code == 0
    assert b"\x1b" not in (study.path / "results.csv").read_bytes()


def test_no_cell_of_a_table_is_a_formula(study: Study) -> None:
    """Text in the CSV files begins with a letter or a digit, so that no spreadsheet computes it."""
    assert run("front", "study").exit_code == 0
    for path in study.path.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                assert all(not cell or cell[0].isalnum() or re.fullmatch(r"-[\d.e+-]+", cell) for cell in row)


def test_a_name_on_the_command_line_is_shown_as_it_is(tmp_path: Path) -> None:
    """A path with an escape sequence in it is told with that escaped."""
    result = run("front", os.fspath(tmp_path / "a\x1b[31mb"))
    assert (result.exit_code, "\x1b" in result.stderr) == (2, False)
