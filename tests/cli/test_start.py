import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import run

import privsearch.spec
import privsearch.study

TABULAR = Path(__file__).parents[2] / "studies" / "tabular"
"""A complete study, but for what a checkout leaves out, so that `check` may find something to repair (status 1)."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a complete study, as some commands write beside what they print."""
    return Path(shutil.copytree(TABULAR, tmp_path_factory.mktemp("studies") / "tabular"))


HEAVY = """
import sys
from typer.testing import CliRunner
from privsearch.cli.commands import app
for words in {lines}:
    status = CliRunner().invoke(app, words).exit_code
    assert status == 0 or (status, words[0]) == (1, "check"), (status, words)
    heavy = {libraries} & sys.modules.keys()
    assert not heavy, (heavy, words)
"""


def run_without(libraries: set[str], lines: Sequence[Sequence[object]] = (), code: str = HEAVY) -> None:
    """Run one command line after another in a Python of its own, none of which may import any of the libraries."""
    program = code.format(lines=[list(map(str, words)) for words in lines], libraries=libraries)
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_prints_tables_waits_for_no_figures(study: Path) -> None:
    """Neither matplotlib nor plotly is imported by a command that draws nothing."""
    trial = (study / "results.csv").read_text().splitlines()[1].split(",")[0]
    lines = [("plan", study / "sweep.yaml"), ("diff", study, trial)]
    lines += [(command, study) for command in ("pick", "check", "tables", "compare")]
    run_without({"matplotlib", "plotly"}, lines)


def test_specs_studies_and_commands_are_there_before_the_heavy_libraries() -> None:
    """All their modules can be imported without pandas, torch and matplotlib."""
    packages = (privsearch.spec, privsearch.study)
    names = [
        f"{package.__name__}.{found.name}" for package in packages for found in pkgutil.iter_modules(package.__path__)
    ]
    modules = ", ".join(["sys", "privsearch.cli.commands", *names])
    run_without(
        {"pandas", "torch", "matplotlib"}, code=f"import {modules}; assert not {{libraries}} & sys.modules.keys()"
    )


def test_the_package_is_a_program() -> None:
    """`python -m privsearch` is the command line, exit statuses included."""
    for words, status in ((["--help"], 0), (["plan", "nowhere.yaml"], 2)):
        command = [sys.executable, "-m", "privsearch", *words]
        assert subprocess.run(command, check=False, capture_output=True).returncode == status


def test_what_is_drawn_already_waits_for_no_figures(tiny_sweep_file: Path, tmp_path: Path) -> None:
    """Where nothing is left to train or to draw, none of the heavy libraries is imported."""
    finished = tmp_path / "finished"  # by this version, for which nothing is left
    sweep = ("sweep", tiny_sweep_file, "--study", finished)
    assert run(*sweep, "--runner", "inline").exit_code == 0
    lines = [("front", finished), sweep]
    for words in lines:
        assert run(*words).exit_code == 0
    run_without({"ray", "torch", "sklearn", "matplotlib", "plotly"}, lines)


def test_what_closes_at_the_end_is_closed_and_the_status_stays(tmp_path: Path) -> None:
    """Python does not take apart what was imported, but calls what asked to be called."""
    plugin = tmp_path / "plugin.py"
    plugin.write_text("import atexit\n\natexit.register(print, 'closed')\n")
    for words, status in ((("schema", "--plugin", plugin), 0), (("plan", tmp_path, "--plugin", plugin), 2)):
        command = [sys.executable, "-m", "privsearch", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (status, "closed"), done.stderr
