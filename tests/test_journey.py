"""What a newcomer does, in an empty folder and by the command line alone, whatever versions are installed.

It needs pytest and privsearch, and no other tool of the tests: `.ci/lowest` runs it under the lowest versions that
pyproject.toml allows.
"""

from pathlib import Path
from typing import Final

import pytest
from command_line import INLINE, run

from privsearch.api.study import load_study

pytestmark = pytest.mark.slow

SMALL: Final = (
    "datasets=[iris]",
    "protocol={kind: halves, networks: 4}",
    "recipe={epochs: 2, batch_size: 32, num_steps: 3}",
    "attacks=[svm, loss, lira, rmia]",
)
GRIDS: Final = "grids={first: {model: [ann, snn], weight_bit_width: [null, 4]}}"
SPACE: Final = "{model: [snn], weight_bit_width: [2, 4, 8], threshold: [0.5, 1.0], act_bit_width: [4]}"


def settings(*more: str) -> list[str]:
    return [word for setting in (*SMALL, *more) for word in ("--set", setting)]


def done(*words: object) -> str:
    """What a command prints that ends well."""
    result = run(*words)
    assert result.exit_code == 0, (words, result.stdout, result.stderr)
    return result.stdout


def test_from_an_empty_folder_to_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of a sweep's life ends well, from its file to the configuration that is taken along."""
    monkeypatch.chdir(tmp_path)
    done("--help")
    assert "written: sweeps/quickstart.yaml" in done("init")
    assert '"trials": 72' in done("plan", "sweeps/quickstart.yaml", "--json", "--no-probe")
    small = settings(GRIDS, "search=null")
    told = done("sweep", "quickstart", *small, *INLINE, "--keep-networks", "yes")
    assert "4 finished, 0 recorded already, 0 failed" in " ".join(told.split())
    study = load_study("studies/quickstart")
    for words in (
        ("front",), ("audit",), ("explain",), ("plots",), ("report",), ("check",),
        ("attack", "--attack", "label_only,entropy", *INLINE),
        ("diff", "ANN fp32", "SNN fp32"),
    ):  # fmt: skip
        done(words[0], study.path, *words[1:])
    assert "iris" in done("pick", study.path)
    done("export", study.path, "SNN w4", "--dataset", "iris")
    for file in ("report.html", "results.csv", "fronts/iris.png", "plots", "exports"):
        assert (study.path / file).exists(), file
    done("trial", "quickstart", "ANN w4", *small, "--protocol", "halves")


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "gp", "random", "brute_force"])
def test_every_sampler_searches(sampler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search finds its trials, and says what mattered."""
    monkeypatch.chdir(tmp_path)
    kind = f"{{kind: {sampler}, startup_trials: 2}}" if sampler in ("tpe", "gp") else sampler
    small = settings(f"search={{trials: 4, parallel: 2, sampler: {kind}, space: {SPACE}}}", "objectives=null")
    done("sweep", "search", *small, "--set", "name=found", *INLINE)
    assert len(load_study("studies/found").record().results) == 4
    done("explain", "studies/found")


def test_the_extra_dp_trains_with_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DP-SGD, whose accountant is an extra."""
    pytest.importorskip("dp_accounting")
    monkeypatch.chdir(tmp_path)
    grid = "grids={private: {model: [ann], dp: [null, {epsilon: 8}]}}"
    assert "2 finished" in done("sweep", "quickstart", *settings(grid), "--set", "name=promised", *INLINE)
