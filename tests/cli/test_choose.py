import json
import shlex
from pathlib import Path

import pytest
from command_line import INLINE, record_lines, run

from privsearch.api.study import Study

pytestmark = pytest.mark.usefixtures("blank_fronts")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of a small sweep that keeps its networks."""
    folder = tmp_path_factory.mktemp("choosing")
    (folder / "tiny.yaml").write_text(
        "name: tiny\ndatasets: [iris]\nprotocol: {kind: paper, replicates: 2, placebo_cuts: 2}\n"
        "grids: {g: {model: [ann, snn]}}\nrecipe: {epochs: 1, num_steps: 3}\n"
    )
    words = ("sweep", folder / "tiny.yaml", "--study", folder / "a study", "--keep-networks", "yes", *INLINE)
    assert run(*words).exit_code == 0
    return folder / "a study"


def test_a_sweep_keeps_networks_when_asked(study: Path) -> None:
    """One file a trial, which `check` looks at; the sweep that is recorded says so."""
    assert Study(study).networks.trial_ids() == set(Study(study).load().trials)
    assert Study(study).sweep().keep_networks
    assert "networks" in run("check", study).stdout


def test_a_plan_tells_the_size_and_what_is_too_late(study: Path, tmp_path: Path) -> None:
    """Trials that were trained without keeping their networks are not trained again for it."""
    words = ("plan", study.parent / "tiny.yaml", "--study", tmp_path / "none")
    assert "networks to keep" not in run(*words).stdout
    asked = (*words, "--set", "keep_networks=true")
    assert "networks to keep: 264 kB (keep_networks)\n" in run(*asked).stdout
    assert json.loads(run(*asked, "--json").stdout)["network_bytes"] == 2 * 4 * (4 * 8003 + 8 * 120)
    assert "trained already" not in run(*asked).stdout
    run("sweep", study.parent / "tiny.yaml", "--study", tmp_path / "later", *INLINE)
    later = ("--study", tmp_path / "later", "--set", "keep_networks=true")
    said = " ".join(run("plan", study.parent / "tiny.yaml", *later).stdout.split())
    assert "to do: 0, cached: 2" in said
    assert "trained already, without keeping their networks: 2 trials; they are not trained again for it" in said


def test_a_choice_leads_to_the_commands_that_follow(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are printed, they run: the study's name may need quotes."""
    result = run("pick", study, "--min-accuracy", "0")
    assert result.exit_code == 0
    commands = [shlex.split(line)[1:] for line in result.stdout.splitlines() if line.startswith("  privsearch ")]
    assert [words[0] for words in commands] == ["export", "diff"]
    for words in commands:
        assert run(*words).exit_code == 0
    exported = study / "exports" / f"{commands[0][2]}.yaml"
    plan = json.loads(run("plan", exported, "--json", "--trials").stdout)
    assert [trial["trial_id"] for trial in plan["listed"]] == [commands[0][2]]


def test_a_choice_as_json(study: Path) -> None:
    """What a program needs: which one, its numbers, and what it was compared with."""
    (choice,) = json.loads(run("pick", study, "--min-accuracy", "0", "--dataset", "iris", "--json").stdout)
    assert (choice["dataset"], choice["protocol"], choice["trial_id"]) == (
        "iris",
        "paper",
        choice["chosen"]["trial_id"],
    )
    assert choice["chosen"]["trial_id"] in Study(study).load().trials
    assert choice["chosen"]["n"] == 2
    assert choice["chosen"]["numbers"]["svm.excess_auc"].keys() == {"mean", "sd", "low", "high"}
    assert (choice["compared"], choice["rivals"]) == (1, 1)


def test_what_cannot_be_picked_has_an_exit_status(study: Path) -> None:
    """1 where nothing reaches the accuracy, 2 for what is no accuracy."""
    nothing = run("pick", study, "--min-accuracy", "1")
    assert nothing.exit_code == 1
    assert "No configuration reaches an accuracy of 1; the most accurate one, " in nothing.stdout
    assert "95 % interval 0." in nothing.stdout
    assert "n = 2 targets), which is short by 0." in nothing.stdout
    assert json.loads(run("pick", study, "--min-accuracy", "1", "--json").stdout)[0]["chosen"] is None
    percent = run("pick", study, "--min-accuracy", "95")
    assert percent.exit_code == 2
    assert percent.stderr == "error: --min-accuracy: must be a fraction from 0 to 1, but got 95; 95 % is 0.95\n"


def test_an_export_says_how_to_load_a_network(study: Path, tmp_path: Path) -> None:
    """Or how to come by one where none was kept; then training it again gives the same numbers."""
    trial_id = min(Study(study).load().trials)
    kept = run("export", study, trial_id, "--to", tmp_path)
    assert f"written: {tmp_path / trial_id}.pt (4 networks)\n" in kept.stdout
    assert f"network = privsearch.load_network('{tmp_path / trial_id}.pt', index=0)\n" in kept.stdout
    assert f"written: {tmp_path / 'README.md'}: the folder runs without privsearch (2 networks)\n" in kept.stdout
    assert "its logits were those of the network that was trained" in kept.stdout
    without = tmp_path / "without"
    run("sweep", study.parent / "tiny.yaml", "--study", without, *INLINE)
    before = record_lines(without)
    unkept = run("export", without, trial_id)
    assert unkept.exit_code == 0
    assert (
        f"no networks: those of trial {trial_id} were not kept in {without} (keep_networks); add --retrain to train one"
        in unkept.stdout
    )
    on_all = run("export", without, trial_id, "--retrain")
    assert "It was trained on all data: what it leaks was not measured" in on_all.stdout
    again = run("export", without, trial_id, "--train")
    assert "trained again: every number is the one recorded\n" in again.stdout
    assert "network 4  epoch   1  loss " in again.stderr
    assert record_lines(without) == before


def test_networks_that_cannot_be_kept_cost_no_numbers(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep says so at its end."""
    monkeypatch.setattr("privsearch.study.network_archive.MAX_BYTES", 1000)
    words = ("--study", tmp_path / "study", "--keep-networks", "yes", *INLINE)
    result = run("sweep", study.parent / "tiny.yaml", *words)
    assert result.exit_code == 0
    assert "trials: 2 finished" in result.stdout
    assert (
        "the networks of 2 trials could not be kept, so that only `export --train` can give them: the" in result.stdout
    )
