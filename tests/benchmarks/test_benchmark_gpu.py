import json
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import bare_trials
import pytest
import torch

from benchmarks.gpu import __main__ as gpu
from benchmarks.gpu import fetch, installed
from benchmarks.gpu.settings import DRY, LIMITS
from benchmarks.rows.training_steps import ON_MNIST

PROJECT: Final = tomllib.loads((fetch.ROOT / "pyproject.toml").read_text())["project"]
TESTS: Final = Path(__file__).parents[1]
NOT_THERE: Final = {
    *(requirement.partition(">=")[0].partition("[")[0] for requirement in PROJECT["dependencies"]),
    *("psutil", "pytest-xdist", "jsonschema", "dp-accounting", "scikit-learn-intelex", "mlflow-skinny"),
}
PEERS_THERE: Final = {row.name for row in ON_MNIST if "spikingjelly" not in row.packages or find_spec("spikingjelly")}
SPREADS: Final = ("ours", "theirs", "theirs_at_defaults", "ratio", "ratio_at_defaults")


@pytest.fixture(autouse=True)
def no_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is needed is in the environment of the tests; there are no images."""
    monkeypatch.setattr(installed, "WHEELS", tmp_path / "no wheels")
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path / "no images"))


def measured(out: Path, *words: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    """What the command returns, and what it has written."""
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu", "--out", str(out), *words])
    status = gpu.main()
    return status, json.loads(out.read_text())


@pytest.mark.slow
def test_a_dry_run_measures_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a processor, in tiny sizes: each part is done, its numbers are positive, and both sides of a row agree.

    What is neither fetched nor on the machine with the GPU is not there.
    """
    refused = bare_trials.modules_of(NOT_THERE - {*fetch.TRIAL_NEEDS, *fetch.KIT_NEEDS})
    assert {"ray", "ruamel", "optuna", "fsspec"} <= set(refused)
    # Every Python that finds this file on its path runs it first.
    hook = f"import sys; sys.path.append({str(TESTS)!r}); import bare_trials as b; sys.path.pop()\n"
    (tmp_path / "sitecustomize.py").write_text(f"{hook}sys.meta_path.insert(0, b.Refused({refused!r}))\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    status, found = measured(tmp_path / "dry.json", "--dry-run", monkeypatch=monkeypatch)
    parts = found["parts"]
    assert {name: (part["status"], part["error"]) for name, part in parts.items()} == dict.fromkeys(
        LIMITS, ("done", "")
    )
    assert status == 0
    assert found["device"] == "cpu, dry run"
    assert all(part["seconds"] > 0 for part in parts.values())
    results = {name: part["result"] for name, part in parts.items()}

    assert results["environment"]["gpu"] is None
    assert results["environment"]["images"] == {"mnist": False, "cifar10": False}
    assert results["environment"]["packages"]["torch"] == torch.__version__.partition("+")[0]

    tests = results["gpu_tests"]
    assert tests["passed"] + tests["skipped"] >= 17
    assert tests["failed"] == 0, tests["failures"]

    assert results["steps"].keys() == {row.name for row in ON_MNIST}
    for name in PEERS_THERE:
        row = results["steps"][name]
        assert row["error"] == ""
        assert row["agrees"], row["agreement"]
        for spread in SPREADS:
            low, middle, high = (
                next(value for key, value in row[spread].items() if key.startswith(end))
                for end in ("min", "median", "max")
            )
            assert 0 < low <= middle <= high
            assert row[spread]["n"] == DRY.rounds
        assert row["ours"]["peak_bytes"] > 0

    trial, sharing = results["trial"], results["sharing"]
    assert trial["data"].startswith("random images")
    assert len(trial["epoch_ended_s"]) == 2 * DRY.trial_epochs  # a target and a shadow
    for numbers in (trial, *sharing["alone"]["trials"], *sharing["together"]["trials"]):
        assert 0 < numbers["epoch_ended_s"][-1] < numbers["seconds"]
        assert numbers["peak_bytes"] > 0
        assert 0 < numbers["svm_auc"] < 1
        assert numbers["train_size"] == DRY.train_size
    assert len(sharing["together"]["trials"]) == DRY.shared_trials
    assert sharing["throughput"] > 0
    assert sharing["training_throughput"] > 0
    assert sharing["same_numbers"]

    for profiled in results["profiling"].values():
        assert profiled["top"][0]["us_per_step"] >= profiled["top"][-1]["us_per_step"] >= 0
        assert profiled["busy_s_per_step"] > 0
        assert "Self CPU" in profiled["table"]


def test_a_part_that_fails_or_takes_too_long_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status and what it wrote are kept, the command fails, and the others have their results."""
    monkeypatch.setattr(gpu, "LIMITS", {"no_such_part": 60, "trial": 0.01, "environment": 60})
    status, found = measured(tmp_path / "new" / "some.json", "--dry-run", monkeypatch=monkeypatch)
    failed, late, done = found["parts"].values()
    assert status == 1
    assert (failed["status"], failed["result"]) == ("failed", None)
    assert "No module named 'benchmarks.gpu.no_such_part'" in failed["error"]
    assert (late["status"], late["result"]) == ("timed out", None)
    assert done["status"] == "done"
    assert done["result"]["packages"]["torch"]


def test_where_there_is_no_gpu_it_is_said_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers of a processor are never taken for those of a GPU."""
    monkeypatch.setattr(gpu, "_has_gpu", lambda _: False)
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu", "--out", str(tmp_path / "out.json")])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "there must be a GPU that torch can use" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_an_unknown_part_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the names of those that there are."""
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu", "--out", str(tmp_path / "out.json"), "--only", "steps,step"])
    with pytest.raises(SystemExit):
        gpu.main()
    assert f"must be one of {', '.join(LIMITS)}, but got step" in capsys.readouterr().err


def test_wheels_are_for_a_machine_without_privsearch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is installed they are left alone; elsewhere one that does not fit is told in a sentence."""
    (tmp_path / "pandas-3.1.1-cp312-cp312-other.whl").write_bytes(b"")
    monkeypatch.setattr(installed, "WHEELS", tmp_path)
    with installed.installed() as paths:
        assert paths == []
    monkeypatch.setattr(installed, "distributions", lambda name: ())
    with pytest.raises(SystemExit, match="the wheels must be installed, but could not be"), installed.installed():
        pytest.fail("nothing is measured without them")


def test_the_lists_of_packages_name_locked_ones() -> None:
    """No package is both fetched and left out, and uv.lock has a version of each."""
    lock = (fetch.ROOT / "uv.lock").read_text()
    names = {*fetch.TRIAL_NEEDS, *fetch.KIT_NEEDS, *fetch.ON_THE_MACHINE, *fetch.UNUSED}
    assert not [name for name in names if f'\nname = "{name}"\n' not in lock]
    assert not set(fetch.KIT_NEEDS) & {*fetch.ON_THE_MACHINE, *fetch.UNUSED}
    assert set(fetch.SOURCE_ONLY) <= set(fetch.KIT_NEEDS)
