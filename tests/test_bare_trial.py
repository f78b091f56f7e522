"""What runs one trial needs neither Ray nor most of what privsearch is installed with, and an older torch does."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import bare_trials
import pytest
import torch
from packaging.requirements import Requirement

from benchmarks.gpu.fetch import TRIAL_NEEDS, pins

ROOT: Final = Path(__file__).parent.parent
DEPENDENCIES: Final = {
    requirement.name: requirement
    for requirement in map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
}
MOST_SECONDS: Final = 400
"""What setting up an environment may take: half a gigabyte of torch comes through the network, once for a machine."""


def trials_of(python: Path | str, names: Sequence[str], *refused: str, **variables: str) -> dict[str, Any]:
    """The numbers of tiny trials in a process of their own, by the trials' names."""
    command = [python, ROOT / "tests" / "bare_trials.py", ",".join(names), *refused]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in nested ones, with its place."""
    if not isinstance(value, dict | list) or not value:
        yield where, value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(inner, f"{where}/{key}")


def test_a_trial_needs_few_packages() -> None:
    """Without Ray, Optuna, pyarrow and all others that it is said not to need, its numbers are the same to the bit."""
    names = ("ANN fp32", "SNN fp32")
    modules = bare_trials.modules_of(set(DEPENDENCIES) - set(TRIAL_NEEDS))
    assert {"ray", "optuna", "pyarrow", "torchvision", "matplotlib", "typer"} <= set(modules)
    assert trials_of(sys.executable, names, *modules) == bare_trials.numbers(names)


@pytest.mark.gpu
@pytest.mark.parametrize("name", bare_trials.AXES)
def test_a_trial_on_a_gpu_repeats_itself(name: str) -> None:
    """Every number is the same again, and the GPU has computed it."""
    torch.cuda.init()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.max_memory_allocated()
    first, again = (bare_trials.numbers([name], gpu=True) for _ in range(2))
    assert first == again
    assert torch.cuda.max_memory_allocated() > before


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A Python with the lowest torch that pyproject.toml allows and what else a trial needs, and its variables."""
    if not shutil.which("uv"):
        pytest.skip("needs uv")
    folder = tmp_path_factory.mktemp("older")
    (lowest,) = (one.version for one in DEPENDENCIES["torch"].specifier if one.operator == ">=")
    python = folder / "bin" / "python"
    # CUDA's libraries, gigabytes of which no line runs here, are those of this environment, but for one that it lacks.
    (site,) = {Path(path) for path in sys.path if (Path(path) / "torch" / "__init__.py").exists()}
    variables = {"LD_LIBRARY_PATH": ":".join(map(str, site.glob("nvidia/*/lib")))}
    install = ["uv", "pip", "install", "--quiet", "--no-compile-bytecode", "--no-deps", "--python", str(python)]
    try:
        needed = pins(TRIAL_NEEDS, ("torch",), f"{sys.version_info.major}.{sys.version_info.minor}")
        for command in (
            ["uv", "venv", "--quiet", "--python", sys.executable, str(folder), "--clear"],
            [*install, f"torch=={lowest}.*", "nvidia-curand<11", *needed],
            [*install, "--editable", str(ROOT)],
            ["env", *(f"{name}={value}" for name, value in variables.items()), str(python), "-c", "import torch"],
        ):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=MOST_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"torch {lowest} cannot be had here: {error}\n{str(error.stderr)[-2_000:]}")
    yield python, variables
    shutil.rmtree(folder)  # a gigabyte, where the cache is on another disk


@pytest.mark.slow
def test_the_lowest_torch_gives_the_same_numbers(older: tuple[Path, dict[str, str]]) -> None:
    """Without Ray and torchvision: SNNs and ANNs, quantised or not, but for the rounding of another torch's sums."""
    python, variables = older
    asked = "import importlib.util as u, torch; print(torch.__version__, *map(u.find_spec, ('ray', 'torchvision')))"
    told = subprocess.run(
        [python, "-c", asked], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    version, *absent = told.stdout.split()
    (lowest,) = (one.version for one in DEPENDENCIES["torch"].specifier if one.operator == ">=")
    assert version.startswith(f"{lowest}.")
    assert absent == ["None", "None"]
    names = tuple(bare_trials.AXES)
    found, expected = (dict(leaves(of)) for of in (trials_of(python, names, **variables), bare_trials.numbers(names)))
    assert found.keys() == expected.keys()
    for place, value in expected.items():
        if isinstance(value, float):
            tolerance = 1e-4 if place.endswith("/loss") else 0.02
            assert found[place] == pytest.approx(value, rel=tolerance, abs=tolerance), place
        else:
            assert found[place] == value, place
