"""What is checked before a commit is what continuous integration checks."""

import re
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent


def test_the_hooks_of_a_commit_are_the_quick_checks_of_ci() -> None:
    """Each command of .ci/run before the tests is a hook, on all files, and no hook is anything else."""
    quick_checks = (ROOT / ".ci" / "run").read_text().partition('step "lint"')[2].partition('step "tests')[0]
    commands = re.findall(r"^uv run .*$", quick_checks, re.MULTILINE)
    (repository,) = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")["repos"]
    hooks = repository["hooks"]
    assert [hook["entry"] for hook in hooks] == commands
    assert len(commands) == 4
    for hook in hooks:
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("system", False, True)


def test_ci_runs_the_tests_by_the_command_of_the_readme() -> None:
    """The README gives the command once, on a line of its own."""
    assert re.findall(r"^uv run pytest.*$", (ROOT / "README.md").read_text(), re.MULTILINE) == ["uv run pytest -n auto"]
