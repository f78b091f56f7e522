import json
import os
import subprocess
from pathlib import Path

import pytest

from privsearch import environment
from privsearch.environment import NUMERIC_PACKAGES, available_cores, describe_environment


def test_environment_is_plain_json() -> None:
    """A study can write its environment down and read it back."""
    described = describe_environment()
    assert json.loads(json.dumps(described)) == described


def test_environment_names_what_a_number_may_depend_on() -> None:
    """The versions of the packages that compute, the program's own, and the machine are there."""
    described = describe_environment()
    assert described["packages"].keys() == set(NUMERIC_PACKAGES)
    assert described["packages"]["torch"].startswith("2.")
    assert described["privsearch"]["version"][0].isdigit()
    assert described["machine"]["cores"] == available_cores()
    assert described["machine"]["processor"]


def test_missing_package_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not installed, such as an optional one, is said to be missing."""
    monkeypatch.setattr(environment, "NUMERIC_PACKAGES", ("no-such-package",))
    assert describe_environment()["packages"] == {"no-such-package": None}


def test_cores_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is confined to some cores counts only these."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert available_cores() == 1


@pytest.fixture
def source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that the package seems to be installed from."""
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "privsearch" / "environment.py"))
    return tmp_path


def test_commit_says_whether_the_tree_was_changed(source_tree: Path) -> None:
    """A clean source tree is named by its commit, a changed one is marked."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    (source_tree / "file").write_text("one")
    for words in (("init", "-q"), ("add", "file"), ("commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", str(source_tree), *who, *words], check=True)
    clean = describe_environment()["privsearch"]["commit"]
    assert len(clean) == 40
    (source_tree / "file").write_text("two")
    assert describe_environment()["privsearch"]["commit"] == f"{clean}+changes"


def test_installed_package_has_no_commit(source_tree: Path) -> None:
    """Outside of a source tree there is no commit to name."""
    assert describe_environment()["privsearch"]["commit"] is None


def test_missing_git_costs_nothing_but_the_commit(source_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep runs on machines without git."""
    (source_tree / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["privsearch"]["commit"] is None
