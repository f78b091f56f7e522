import json
import os
import subprocess
import time
from pathlib import Path

import pytest

import privsearch
from privsearch._util.machine import available_cores
from privsearch.study import environment
from privsearch.study.environment import (
    NUMERIC_PACKAGES,
    OTHER_PACKAGES,
    changes,
    changes_to_present,
    describe_environment,
    mixture,
    present_environment,
    same_versions,
)
from privsearch.study.fields import UNKNOWN_ENVIRONMENT

HERE = "privsearch 0.1.0 6de6acb8, torch 2.11.0, scikit-learn 1.9.1 on AMD EPYC 7763"
EARLIER = HERE.replace("2.11.0", "2.10.0")
ELSEWHERE = HERE.replace("AMD EPYC 7763", "NVIDIA H200 (GPU)")


def test_environment_is_plain_json() -> None:
    """A study can write its environment down and read it back."""
    described = describe_environment()
    assert json.loads(json.dumps(described)) == described


def test_environment_names_what_a_number_may_depend_on() -> None:
    """The versions of the packages that compute, the program's own, and the machine are there."""
    described = describe_environment()
    assert described["packages"].keys() == {*NUMERIC_PACKAGES, *OTHER_PACKAGES}
    assert described["packages"]["torch"].startswith("2.")
    assert described["privsearch"]["version"][0].isdigit()
    assert described["machine"]["cores"] == available_cores()
    assert described["machine"]["processor"]


def test_missing_package_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not installed, such as an optional one, is said to be missing."""
    monkeypatch.setattr(environment, "NUMERIC_PACKAGES", ("no-such-package",))
    assert describe_environment()["packages"]["no-such-package"] is None


def test_cores_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is confined to some cores counts only these."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert available_cores() == 1


@pytest.fixture
def source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that the package seems to be installed from."""
    monkeypatch.setattr(environment, "files", lambda package: tmp_path / package)
    return tmp_path


def test_commit_says_whether_the_tree_was_changed(source_tree: Path) -> None:
    """A clean package is named by its commit; a changed one is marked, each change with a mark of its own."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    package, page = source_tree / "privsearch", source_tree / "page"
    package.mkdir()
    (package / "tracked.py").write_text("one")
    page.write_text("one")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", str(source_tree), *who, *words], check=True)

    def commit() -> str:
        return str(describe_environment()["privsearch"]["commit"])

    clean = commit()
    assert len(clean) == 40
    page.write_text("two")
    assert commit() == clean, "no number depends on what is not in the package"
    seen = {clean}
    for name in ("tracked.py", "new.py"):
        for content in ("two", "three"):
            (package / name).write_text(content)
            assert commit().startswith(f"{clean}+changes.")
            seen.add(commit())
    assert len(seen) == 5
    (package / "new.py").unlink()
    (package / "tracked.py").write_text("one")
    assert commit() == clean


def test_installed_package_has_no_commit(source_tree: Path) -> None:
    """Outside of a source tree there is no commit to name."""
    assert describe_environment()["privsearch"]["commit"] is None


def test_missing_git_costs_nothing_but_the_commit(source_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep runs on machines without git."""
    (source_tree / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert describe_environment()["privsearch"]["commit"] is None


def test_environment_of_a_result_is_one_line() -> None:
    """The versions of what a number may depend on, and the processor; neither when nor how it was started."""
    line = present_environment()
    described = describe_environment()
    assert line.startswith(f"privsearch {described['privsearch']['version']}")
    assert f", torch {described['packages']['torch']}, " in line
    assert line.endswith(f" on {described['machine']['processor']}")
    assert "ray" not in line


def test_source_trees_with_changes_are_told_apart(source_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the program's version stands the commit, shortened, and whether there is more than that."""
    monkeypatch.setattr(environment, "_commit", lambda: "0123456789" * 4 + "+changes")
    present_environment.cache_clear()
    try:
        assert present_environment().partition(",")[0].endswith(" 01234567+changes")
    finally:
        present_environment.cache_clear()


def test_changes_name_what_differs_and_nothing_else() -> None:
    """Versions by their package, processors by their names; what is not known is said to be so."""
    assert changes(HERE, HERE) == ""
    assert changes(EARLIER, HERE) == "torch 2.10.0 -> 2.11.0"
    assert changes(EARLIER, ELSEWHERE) == "torch 2.10.0 -> 2.11.0, AMD EPYC 7763 -> NVIDIA H200 (GPU)"
    assert changes(HERE.replace(", scikit-learn 1.9.1", ""), HERE) == "scikit-learn none -> 1.9.1"
    assert changes(UNKNOWN_ENVIRONMENT, HERE) == "unknown versions"
    assert same_versions(HERE, ELSEWHERE)
    assert not same_versions(EARLIER, HERE)
    assert not same_versions(UNKNOWN_ENVIRONMENT, HERE)


def test_a_package_that_computes_no_number_of_a_trial_is_no_difference() -> None:
    """Environments were recorded with snnTorch, on which exported networks alone run."""
    older = HERE.replace(", torch", ", snntorch 0.9.4, torch")
    assert changes(older, HERE) == mixture([older, HERE]) == ""
    assert same_versions(older, HERE)
    assert "snntorch" not in present_environment()
    assert "snntorch" in describe_environment()["packages"]


def test_a_missing_commit_is_not_known() -> None:
    """An installed package, in a container say, may well be of the commit that a source tree is at."""
    installed, changed = HERE.replace(" 6de6acb8", ""), HERE.replace("6de6acb8", "6de6acb8+changes.0a1b2c3d")
    assert same_versions(installed, HERE)
    assert same_versions(HERE, installed)
    assert not same_versions(changed, HERE)
    assert changes(installed, HERE) == mixture([installed, HERE]) == ""
    assert changes(HERE, changed) == "commit 6de6acb8 -> 6de6acb8+changes.0a1b2c3d"
    assert mixture([installed, HERE, changed]) == "commit 6de6acb8 / 6de6acb8+changes.0a1b2c3d"


def test_a_mixture_names_what_its_environments_differ_in() -> None:
    """Each difference once, with all its values; results without an environment cannot be told from the others."""
    assert mixture([HERE, HERE]) == mixture([]) == mixture([UNKNOWN_ENVIRONMENT]) == ""
    assert mixture([EARLIER, HERE, HERE]) == "torch 2.10.0 / 2.11.0"
    assert mixture([HERE, UNKNOWN_ENVIRONMENT]) == "versions that are not known"


def test_a_mixture_of_many_takes_no_longer_for_each() -> None:
    """A stranger's study may hold ten thousand environments."""
    many = [HERE.replace("2.11.0", f"2.11.{number}") for number in range(10_000)]
    began = time.perf_counter()
    assert mixture(many).count("/") == len(many) - 1
    assert time.perf_counter() - began < 2


def test_a_gpu_is_taken_for_that_of_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver does not know which they have, so another processor is told of only where none is used."""
    monkeypatch.setattr(environment, "present_environment", lambda: HERE)
    assert changes_to_present(ELSEWHERE, gpu=True) == ""
    assert changes_to_present(ELSEWHERE, gpu=False) == "NVIDIA H200 (GPU) -> AMD EPYC 7763"
    assert changes_to_present(HERE.replace("7763", "7742"), gpu=True) == "AMD EPYC 7742 -> AMD EPYC 7763"


def test_the_commit_is_that_of_the_checkout() -> None:
    """Wherever in the package this module lies, the checkout that holds the package is found."""
    root = Path(privsearch.__file__).resolve().parent.parent
    asked = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], check=False, capture_output=True, text=True)
    if asked.returncode:
        pytest.skip("the package is not in a checkout")
    assert str(describe_environment()["privsearch"]["commit"]).startswith(asked.stdout.strip())
