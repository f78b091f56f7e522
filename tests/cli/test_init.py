"""The commands that one begins with, and the program's own options."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import run
from jsonschema import Draft202012Validator

import privsearch
from privsearch.cli.app import PANELS, app
from privsearch.cli.commands import app as whole


def test_init_writes_what_plan_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder; the sweep is the same by its file and by its name."""
    monkeypatch.chdir(tmp_path)
    done = run("init")
    assert done.exit_code == 0
    assert "written: sweeps/quickstart.yaml\n" in done.stdout
    by_file, by_name = (
        run("plan", sweep, "--no-probe", "--json") for sweep in ("sweeps/quickstart.yaml", "quickstart")
    )
    assert (by_file.exit_code, by_file.stdout) == (0, by_name.stdout)
    assert json.loads(by_name.stdout)["trials"] == 72


def test_the_version_is_told() -> None:
    """By the command and by the package, as it was installed."""
    assert run("--version").stdout == f"privsearch {version('privsearch')}\n"
    assert privsearch.__version__ == version("privsearch")


def test_the_schema_is_printed() -> None:
    """As JSON alone, so that it can go into a file."""
    done = run("schema")
    assert done.exit_code == 0
    Draft202012Validator.check_schema(json.loads(done.stdout))


def test_help_lists_commands_by_what_they_are_for() -> None:
    """Each command is in one panel, in the order in which one comes to need it."""
    told = run("--help").stdout
    panels = re.findall(r"^╭─ (.*?) ─+╮$", told, re.MULTILINE)
    assert panels == ["Options", *PANELS]
    listed = re.findall(r"^│ ([a-z]+)  ", told, re.MULTILINE)
    assert listed == [name for names in PANELS.values() for name in names]
    assert whole is app


def test_the_shell_completes_commands() -> None:
    """What bash asks for is answered."""
    code = "import sys; sys.argv[:] = ['privsearch']; from privsearch.cli import main; main()"
    asked = {"_PRIVSEARCH_COMPLETE": "complete_bash", "COMP_WORDS": "privsearch re", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["report"]
