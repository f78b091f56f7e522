"""What a sweep says of trials that mean nothing, and of those that were recorded under something else."""

import csv
import json
from importlib.metadata import version
from pathlib import Path

import optuna
import pytest
from command_line import record_lines, run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from versions import OtherVersions

pytestmark = pytest.mark.usefixtures("blank_fronts")

SWEEP = """\
name: odd
datasets: [iris]
protocol: {kind: paper, replicates: 1, placebo_cuts: 10}
grids:
  alive: {model: [ann]}
recipe: {epochs: 1, batch_size: 64}
"""
DEAD = "  dead: {model: [snn], act_bit_width: [4], threshold: [100.0]}\n"
LEARNING_RATES = "  diverging: {model: [snn], learning_rate: [1.0e+6]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def swept(folder: Path, grids: str = "", *words: str) -> tuple[int, str]:
    (folder / "odd.yaml").write_text(SWEEP.replace("recipe:", f"{grids}recipe:"))
    result = run("sweep", "odd.yaml", "--runner", "inline", *words)
    return result.exit_code, " ".join(result.output.split())


def results(folder: Path) -> list[dict[str, str]]:
    with (folder / "studies" / "odd" / "results.csv").open() as file:
        return list(csv.DictReader(file))


def test_dead_networks_are_told_and_on_no_front(folder: Path) -> None:
    """They finish with accuracies, a mark and no attack number; Optuna's index does not take them for complete."""
    code, output = swept(folder, DEAD)
    assert code == 0
    assert "1 on the front of 2 configurations" in output
    assert "1 of 2 completed configurations is dead" in output
    assert "dead: 1 configuration, in which a network gives all examples the same outputs" in output
    alive, dead = results(folder)
    assert (alive["dead_networks"], dead["dead_networks"]) == ("0", "2")
    assert (dead["status"], dead["svm.auc"], float(dead["test_accuracy"])) == ("completed", "", pytest.approx(1 / 3))
    storage = JournalStorage(JournalFileBackend(str(folder / "studies" / "odd" / "optuna.journal")))
    states = [trial.state for trial in optuna.load_study(study_name="iris", storage=storage).trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL]
    code, output = swept(folder, DEAD)
    assert "trials: 0 finished, 2 recorded already, 0 failed" in output


def test_divergence_is_a_failure_that_says_where(folder: Path) -> None:
    """However well the network classifies; the others are on the front."""
    code, output = swept(folder, LEARNING_RATES)
    assert code == 1
    assert "DivergedError: network 1 of 2: the mean training loss of the last epoch" in output
    assert "1 on the front of 2 configurations, 1 of them failed" in output


def test_other_versions_are_told_and_retrained_only_if_asked(folder: Path, other_versions: OtherVersions) -> None:
    """By the plan, when the sweep begins, and below a front that mixes them; nothing is trained twice by itself."""
    swept(folder)
    other_versions(torch="9.9")
    changes = f"torch {version('torch')} -> 9.9"
    assert f"recorded in another environment: 1 ({changes})" in " ".join(run("plan", "odd.yaml").output.split())
    planned = json.loads(run("plan", "odd.yaml", "--json", "--reuse", "same-versions").output)
    assert (planned["recorded_under_other_versions"], planned["to_do"]) == ({changes: 1}, 1)
    code, output = swept(folder, "  more: {model: [snn]}\n")
    assert code == 0
    assert f"note: recorded in another environment: 1 ({changes}); those of other versions are reused" in output
    assert f"Computed in different environments: torch {version('torch')} / 9.9." in output
    assert len(record_lines(folder / "studies" / "odd")) == 2
    code, output = swept(folder, "  more: {model: [snn]}\n", "--reuse", "same-versions")
    assert (code, len(record_lines(folder / "studies" / "odd"))) == (0, 3)
    assert "those of other versions are run again" in output
    assert "different environments" not in output
    assert all(", torch 9.9," in row["environment"] for row in results(folder))


@pytest.mark.parametrize("command", ["sweep", "attack"])
def test_an_attack_on_another_training_costs_no_recorded_one(folder: Path, command: str) -> None:
    """Where signals are of other versions than the record has, all that is recorded is found on them again."""
    swept(folder)
    record = folder / "studies" / "odd" / "trials.jsonl"
    lines = "".join(f"{line}\n" for line in record_lines(folder / "studies" / "odd"))
    record.write_text(lines.replace(f", torch {version('torch')},", ", torch 1.0,"))
    if command == "sweep":
        code, _ = swept(folder, "", "--set", "attacks=[svm, loss]")
    else:
        code = run("attack", "studies/odd", "--attack", "loss", "--runner", "inline").exit_code
    (row,) = results(folder)
    assert (code, bool(row["svm.auc"]), bool(row["loss.auc"])) == (0, True, True)
    assert ", torch 1.0," not in row["environment"]


def test_a_changed_dataset_is_told(folder: Path) -> None:
    """Its trials are run for the new data; those of the earlier ones are kept, and in no table."""
    rows = [f"{i},{i * i % 7},{'ab'[i % 2]}\n" for i in range(60)]
    (folder / "mine.csv").write_text("u,v,y\n" + "".join(rows))
    mine = ("--set", "datasets=[{name: mine, path: mine.csv, label: y}]")
    swept(folder, "", *mine)
    (before,) = results(folder)
    (folder / "mine.csv").write_text("u,v,y\n" + "".join(rows[:50]))
    code, output = swept(folder, "", *mine)
    assert code == 0
    assert "note: mine: its data have changed, or a later privsearch was here; kept, but not used: 1" in output
    (after,) = results(folder)
    assert before["trial_id"] != after["trial_id"]
    assert len(record_lines(folder / "studies" / "odd")) == 2
