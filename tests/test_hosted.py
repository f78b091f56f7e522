"""What a hosted repository and an index read: workflows, forms, metadata, checked by the tools made for it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

ROOT: Final = Path(__file__).parent.parent
GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def found_nothing(*words: str | Path) -> None:
    program = Path(sys.executable).parent / words[0]
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "question.yml")]),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
    ],
)
def test_what_is_hosted_has_its_schema(schema: str, files: list[Path]) -> None:
    """Workflows and forms are valid."""
    assert files
    found_nothing("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


def test_the_workflows_give_no_rights_away() -> None:
    """No finding of zizmor's: no token that is kept, no right that is not needed, no text of others in a command."""
    found_nothing("zizmor", "--offline", "--no-progress", "--quiet", GITHUB)


def test_the_workflows_run_what_ci_runs() -> None:
    """The quick checks are those of .ci/run, on the versions of Python that the package names."""
    jobs = read(GITHUB / "workflows" / "ci.yml")["jobs"]
    quick = (ROOT / ".ci" / "run").read_text().partition('step "lint"')[2].partition('step "tests')[0]
    checks = [step["run"] for step in jobs["checks"]["steps"] if "run" in step]
    assert checks[1:] == re.findall(r"^uv run .*$", quick, re.MULTILINE)
    named = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    page = (ROOT / "docs" / "install.md").read_text()
    assert all(re.search(rf"^\| {re.escape(version)} \| (yes|in part)", page, re.MULTILINE) for version in named)


def test_publishing_holds_no_token() -> None:
    """The index trusts the workflow; the job that may publish builds nothing, and runs after what checked the wheel."""
    text = (GITHUB / "workflows" / "publish.yml").read_text()
    jobs = YAML(typ="safe").load(text)["jobs"]
    assert "secrets." not in text
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["needs"] == "build"
    assert [step for step in jobs["publish"]["steps"] if "run" in step] == []
    assert jobs["build"]["permissions"] == {"contents": "read"}


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff has what its format asks for, and the version, the licence and the authors of pyproject.toml."""
    cited = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    assert (cited["version"], cited["license"]) == (PROJECT["version"], PROJECT["license"])
    assert cited["authors"] == PROJECT["authors"]


def test_private_names_have_an_upper_bound() -> None:
    """Whatever the package takes from torch and Ray beside what these promise, the next major version may drop."""
    bounds = {re.split(r"[\[<>=;]", line)[0]: line for line in PROJECT["dependencies"]}
    for name in ("torch", "ray", "optuna"):
        assert re.search(r",<\d+$", bounds[name]), bounds[name]
    private = re.compile(r"from optuna\S*\._|import optuna\S*\._|optuna\.\S*\._")
    for path in (ROOT / "privsearch").rglob("*.py"):
        assert not private.search(path.read_text()), path
