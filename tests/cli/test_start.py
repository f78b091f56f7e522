import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import privsearch.spec
import privsearch.study

TABULAR = Path(__file__).parents[2] / "studies" / "tabular"
"""A complete study, but for what a checkout leaves out, so that `check` may find something to repair (status 1)."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a complete study, as some commands write beside what they print."""
    return Path(shutil.copytree(TABULAR, tmp_path_factory.mktemp("studies") / "tabular"))


def imported(code: str, libraries: Sequence[str], *words: object) -> tuple[int, list[str]]:
    """Run code in a Python of its own; return its exit status, and which of the libraries it imported."""
    ending = f"print('', *sorted(set({list(libraries)}) & sys.modules.keys()), sep='|', file=sys.stderr)"
    program = f"import atexit, sys\natexit.register(lambda: {ending})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stderr.splitlines()[-1].split("|")[1:]


@pytest.mark.parametrize("command", ["pick", "diff", "check", "tables", "compare", "plan"])
def test_what_prints_tables_waits_for_no_figures(study: Path, command: str) -> None:
    """Neither matplotlib nor plotly is imported by a command that draws nothing."""
    words: list[object] = [command, study / "sweep.yaml" if command == "plan" else study]
    if command == "diff":
        words.append(_first_trial(study))
    status, figures = imported("from privsearch.cli import main; main()", ["matplotlib", "plotly"], *words)
    assert status in ((0, 1) if command == "check" else (0,))
    assert figures == []


def _first_trial(study: Path) -> str:
    return (study / "results.csv").read_text().splitlines()[1].split(",")[0]


def test_specs_studies_and_commands_are_there_before_the_heavy_libraries() -> None:
    """All their modules can be imported without pandas, torch and matplotlib."""
    packages = (privsearch.spec, privsearch.study)
    names = [
        f"{package.__name__}.{found.name}" for package in packages for found in pkgutil.iter_modules(package.__path__)
    ]
    code = f"import {', '.join(['privsearch.cli.commands', *names])}"
    assert imported(code, ["pandas", "torch", "matplotlib"]) == (0, [])


def test_the_package_is_a_program() -> None:
    """`python -m privsearch` is the command line, exit statuses included."""
    for words, status in ((["--help"], 0), (["plan", "nowhere.yaml"], 2)):
        command = [sys.executable, "-m", "privsearch", *words]
        assert subprocess.run(command, check=False, capture_output=True).returncode == status


@pytest.mark.parametrize("command", ["front", "sweep"])
def test_what_is_drawn_already_waits_for_no_figures(study: Path, command: str) -> None:
    """Where nothing is left to train or to draw, none of the heavy libraries is imported."""
    words: list[object] = [study] if command == "front" else [study / "sweep.yaml", "--study", study]
    heavy = ["ray", "torch", "sklearn", "matplotlib", "plotly"]
    run = "from privsearch.cli import main; main()"
    assert imported(run, [], command, *words)[0] == 0
    assert imported(run, heavy, command, *words) == (0, [])
