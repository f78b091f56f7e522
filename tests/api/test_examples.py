import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import privsearch
from privsearch.errors import SpecError
from privsearch.spec.builtin import builtin_sweeps
from privsearch.spec.schema import FILE_NAME
from privsearch.spec.sweep_file import read_sweep


def test_all_examples_are_written_with_their_comments(tmp_path: Path) -> None:
    """Each is the built-in one, below a line by which an editor finds the schema beside it."""
    written = privsearch.init_sweeps(folder=tmp_path / "new" / "sweeps")
    assert {path.stem for path in written[:-1]} == builtin_sweeps().keys()
    for path in written[:-1]:
        first, rest = path.read_text().split("\n", 1)
        assert first == f"# yaml-language-server: $schema={FILE_NAME}"
        assert rest == builtin_sweeps()[path.stem].read_text()
        assert rest.startswith("# ")
        assert read_sweep(path) == read_sweep(builtin_sweeps()[path.stem])
    assert written[-1] == tmp_path / "new" / "sweeps" / FILE_NAME
    Draft202012Validator.check_schema(json.loads(written[-1].read_text()))


def test_one_example_may_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, into `sweeps` of the current folder by default, so that the commands of the docs work there."""
    monkeypatch.chdir(tmp_path)
    assert privsearch.init_sweeps("quickstart") == [Path("sweeps/quickstart.yaml"), Path("sweeps") / FILE_NAME]
    assert sorted(path.name for path in Path("sweeps").iterdir()) == ["quickstart.yaml", FILE_NAME]


def test_nothing_of_a_user_is_overwritten(tmp_path: Path) -> None:
    """What was changed stays, and nothing else is written then; a second time changes nothing."""
    quickstart, *_, schema = privsearch.init_sweeps("quickstart", folder=tmp_path)
    schema.write_text("of an earlier version")
    for content in (quickstart.read_text(), builtin_sweeps()["quickstart"].read_text()):
        quickstart.write_text(content)
        privsearch.init_sweeps("quickstart", folder=tmp_path)
        assert quickstart.read_text() == content
    assert json.loads(schema.read_text())["type"] == "object"
    quickstart.write_text("name: mine\n")
    with pytest.raises(SpecError, match=r"quickstart\.yaml: must not be there yet"):
        privsearch.init_sweeps(folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quickstart.yaml", FILE_NAME]
    assert quickstart.read_text() == "name: mine\n"


def test_a_builtin_sweep_is_a_sweep_by_its_name(tmp_path: Path) -> None:
    """`plan_sweep("quickstart")` is the file's plan, wherever one is."""
    by_name = privsearch.plan_sweep("quickstart", study=tmp_path, probe=False)
    by_path = privsearch.plan_sweep(builtin_sweeps()["quickstart"], study=tmp_path, probe=False)
    assert by_name.summary() == by_path.summary()
