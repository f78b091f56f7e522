"""The fair protocol from the command line: attacks without training, differences, the audit."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import INLINE, files, numbers, record_lines, run

import privsearch.sweep.cohort
from privsearch.api.study import Study

pytestmark = pytest.mark.usefixtures("blank_fronts")

FAIR_SWEEP = """\
name: fair
datasets: [iris]
protocol:
  - {kind: paper, replicates: 2, placebo_cuts: 2}
  - {kind: halves, networks: 4}
grids: {models: {model: [ann, snn]}}
recipe: {epochs: 2, batch_size: 32, num_steps: 3}
attacks: [svm, loss]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the fair sweep was run once."""
    where = tmp_path_factory.mktemp("fair")
    (where / "fair.yaml").write_text(FAIR_SWEEP)
    with chdir(where):
        assert run("sweep", "fair.yaml", *INLINE).exit_code == 0
    return where


@pytest.fixture
def study(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished study, in the directory that every command is run in."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("studies/fair")


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever trains, fails."""
    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", None)


def test_one_sweep_runs_both_protocols(study: Path) -> None:
    """Two trials under each, a front for each, and tables of targets, slices and exposed examples."""
    assert len(numbers(study)) == 4
    tables = {name: pd.read_csv(study / f"{name}.csv") for name in ("results", "targets", "slices", "exposed")}
    assert tables["results"]["protocol"].tolist() == ["paper", "paper", "halves", "halves"]
    assert len(tables["targets"]) == 2 * 2 + 2 * 4
    assert set(tables["slices"]["slice"]) == {"class 0", "class 1", "class 2", "correct", "wrong"}
    assert {path.name for path in (study / "fronts").glob("*.png")} == {"iris_paper.png", "iris_halves.png"}
    assert len(list((study / "signals").glob("*.npz"))) == 4


@pytest.mark.usefixtures("no_training")
def test_an_attack_on_a_finished_study_trains_nothing(study: Path) -> None:
    """LiRA and RMIA go to the trials that have what they need, entropy to all; what is there stays as it is."""
    before = numbers(study)
    result = run("attack", study, "--attack", "lira,rmia", "--attack", "entropy", *INLINE)
    assert result.exit_code == 0, result.output
    assert "trials: 4 finished, 0 recorded already, 0 failed" in result.stdout
    assert "note: 2 trials cannot take lira_shrunken: lira needs shadows with and without each example" in result.stdout
    results = Study(study).record().results
    for trial_id, numbers_before in before.items():
        after = results[trial_id]
        fair = after.spec.protocol.kind == "halves"
        names = [attack.name for attack in after.spec.attacks]
        assert names == ["svm", "loss", *(["lira_shrunken", "rmia"] if fair else []), "entropy"]
        now = numbers(study)[trial_id]
        for old, new in zip(numbers_before["replicates"], now["replicates"], strict=True):
            assert {name: new["attacks"][name] for name in ("svm", "loss")} == old["attacks"]
    assert "lira_shrunken.auc" in pd.read_csv(study / "results.csv")
    lines = record_lines(study)
    again = run("attack", study, "--attack", "lira", *INLINE)
    # The two under `paper` cannot take it, and are not said to have it.
    assert "trials: 0 finished, 2 recorded already" in again.stdout
    assert "2 trials cannot take lira_shrunken: " in again.stdout
    assert record_lines(study) == lines


@pytest.mark.usefixtures("no_training")
def test_a_sweep_with_a_new_attack_trains_nothing_either(study: Path) -> None:
    """The plan says so before."""
    longer = ("--set", "attacks=[svm, loss, entropy]")
    made = json.loads(run("plan", "fair.yaml", "--json", *longer).stdout)
    assert (made["to_do"], made["to_attack_only"], made["networks_to_train"]) == (4, 4, 0)
    assert "4 of those to do are trained already and only attacked" in run("plan", "fair.yaml", *longer).stdout
    assert run("sweep", "fair.yaml", *longer, *INLINE).exit_code == 0


@pytest.mark.usefixtures("no_training")
def test_a_sweep_that_asks_for_fewer_attacks_says_so(study: Path) -> None:
    """What was added is kept, and neither shown nor part of the strongest attack, until it is asked for again."""
    table = pd.read_csv(study / "results.csv").drop(columns="seconds")
    assert run("attack", study, "--attack", "lira,entropy", *INLINE).exit_code == 0
    assert "lira_shrunken.auc" in pd.read_csv(study / "results.csv")
    result = run("sweep", "fair.yaml", *INLINE)
    assert "kept, but no longer asked for: the attacks entropy, lira_shrunken" in result.stdout
    assert pd.read_csv(study / "results.csv").drop(columns="seconds").equals(table)
    again = run("sweep", "fair.yaml", "--set", "attacks=[svm, loss, lira, entropy]", *INLINE)
    assert "trials: 0 finished, 4 recorded already" in again.stdout


@pytest.mark.usefixtures("no_training")
def test_an_attack_that_cannot_be_run_leaves_the_study_as_it_was(study: Path) -> None:
    """Four networks give no variance for each example: refused before anything is written."""
    before = files(study)
    result = run("attack", study, "--attack", "{kind: lira, variance: per_example}", *INLINE)
    assert result.exit_code == 2
    assert "a variance for each example needs the protocol halves with 6 networks or more, not 4" in result.stderr
    assert {path: content for path, content in files(study).items() if path.name != ".lock"} == {
        path: content for path, content in before.items() if path.name != ".lock"
    }


@pytest.mark.usefixtures("no_training")
def test_signals_that_are_there_are_used_where_none_are_to_be_kept(study: Path) -> None:
    """What a plan counts as trained is not trained again."""
    words = ("fair.yaml", "--set", "attacks=[svm, loss, entropy]", "--keep-signals", "no")
    result = run("sweep", *words, *INLINE)
    assert result.exit_code == 0, result.output
    assert "trials: 4 finished" in result.stdout


def test_a_record_of_another_version_is_not_taken_for_an_empty_one(study: Path) -> None:
    """Lines that cannot be read are told, before anything is trained again or written over."""
    record = study / "trials.jsonl"
    # Without their checksums, as it were those of the other version.
    record.write_text("".join(line.replace("auc_by_half", "auc_by_third") + "\n" for line in record_lines(study)))
    table = (study / "results.csv").read_bytes()
    for words in (("plan", "fair.yaml"), ("sweep", "fair.yaml", *INLINE), ("front", study), ("audit", study)):
        result = run(*words)
        assert result.exit_code == 2
        assert "none of its 4 lines is one; run the sweep into another directory with --study" in result.stderr
    assert (study / "results.csv").read_bytes() == table


def test_an_attack_that_was_there_from_the_beginning_gives_the_same_numbers(study: Path) -> None:
    """Whether an attack was asked for before or after the training cannot be told from its numbers."""
    assert run("attack", study, "--attack", "lira", *INLINE).exit_code == 0
    asked_at_once = ("--set", "attacks=[svm, loss, lira]", "--study", "studies/at-once")
    assert run("sweep", "fair.yaml", *asked_at_once, *INLINE).exit_code == 0
    later, at_once = numbers(study), numbers(Path("studies/at-once"))
    assert later.keys() == at_once.keys()
    for trial_id in later:
        assert later[trial_id]["across"] == at_once[trial_id]["across"]
        assert later[trial_id]["replicates"] == at_once[trial_id]["replicates"]


def test_signals_that_are_not_kept_are_missed(study: Path) -> None:
    """The sweep says what is lost, leaves no signals, and an attack is refused with the way out."""
    result = run("sweep", "fair.yaml", "--keep-signals", "no", "--study", "studies/none", *INLINE)
    assert "signals are not kept; `privsearch attack` will need this sweep to be trained again" in result.stderr
    assert not Path("studies/none/signals").exists()
    refused = run("attack", "studies/none", "--attack", "entropy", *INLINE)
    assert refused.exit_code == 2
    assert "those of 4 of 4 are not; run the sweep with these attacks in its file" in refused.stderr
    assert (
        "not kept: an attack to come will train everything"
        in run("plan", "fair.yaml", "--set", "keep_signals=false").stdout
    )


def test_a_damaged_signal_file_is_trained_again(study: Path) -> None:
    """A sweep takes it for none, with the same numbers; an attack fails that trial alone, and says what to do."""
    damaged = sorted((study / "signals").glob("*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:100])
    result = run("attack", study, "--attack", "entropy", *INLINE)
    assert result.exit_code == 1
    assert "trials: 3 finished, 0 recorded already, 1 failed" in result.stdout
    assert "must be readable, but are not; run its sweep, which trains it again" in result.stdout
    assert run("sweep", "fair.yaml", "--set", "attacks=[svm, loss, entropy]", *INLINE).exit_code == 0
    with np.load(damaged) as file:
        assert file["num_train"] == 120


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("attack", "studies/fair", "--attack", "lirra"), "--attack 'lirra': must be one of svm, loss, "),
        (("attack", "studies/none", "--attack", "lira"), "studies/none: must be a study"),
        (("attack", "studies/fair"), "Missing option"),
        (("attack", "studies/fair", "--attack", ""), "must name at least one attack, such as lira,rmia"),
        (
            ("attack", "studies/fair", "--attack", "{kind: svm, signals: mean_mem, per_class: 3}"),
            "must be true (one SVM",
        ),
        (("diff", "studies/fair", "zzz"), "'zzz': must mean one trial"),
        (("diff", "studies/none", "a"), "studies/none: must be a study"),
        (("audit", "studies/none"), "studies/none: must be a study"),
    ],
)
@pytest.mark.usefixtures("study")
def test_bad_input_is_refused(words: tuple[str, ...], message: str) -> None:
    """With the reason, and exit status 2."""
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_diff_compares_two_configurations(study: Path) -> None:
    """Accuracy and leakage, each with an interval and a verdict, on the screen and in a file; within one protocol."""
    ids = pd.read_csv(study / "results.csv").set_index("protocol")["trial_id"]
    a, b = ids["halves"]
    result = run("diff", study, a[:10], b[:10], "--csv", "diff.csv")
    assert result.exit_code == 0, result.output
    found = pd.read_csv("diff.csv")
    assert found["quantity"].tolist() == ["test_accuracy", "worst.auc", "svm.auc", "loss.auc"]
    assert (found["n"] == 4).all()
    assert run("diff", study, a).stdout == run("diff", study, a, b).stdout, "the only one that can be compared"
    named = run("diff", study, "ANN", "SNN", "--protocol", "halves").stdout
    assert named == run("diff", study, a, b).stdout, "names do as well as ids"
    assert "add --protocol" in run("diff", study, "ANN").stderr
    mixed = run("diff", study, a, ids["paper"].iloc[0])
    assert mixed.exit_code == 2
    assert "protocol" in mixed.stderr


def test_audit_prints_and_writes_everything(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both protocols on the screen, tables within 80 columns; tables and figures in a folder of their own."""
    monkeypatch.setenv("COLUMNS", "80")
    before = files(study)
    result = run("audit", study)
    assert result.exit_code == 0, result.output
    shown = result.stdout.split("written: ")[0].splitlines()
    # What is no terminal has no width, and gets each verdict on one line.
    assert max(len(line) for line in shown if not line.startswith("iris, protocol ")) <= 80
    written = {path.name for path in (study / "audit").iterdir()}
    assert {"audit.csv", "audit.md", "leakage_iris.png", "leakage_iris.svg"} <= written
    after = files(study)
    assert {path: content for path, content in after.items() if path.parent.name != "audit"} == before


def test_outputs_of_networks_trained_elsewhere_are_audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of outputs becomes a study, whose audit is printed and written; what was left out is told, and why."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(60, 3)), rng.integers(3, size=60)
    logits[np.arange(60), labels] += 3
    np.savez("given.npz", logits=logits, is_member=rng.random(60) < 0.5, labels=labels, groups=["a", "b"] * 30)
    result = run("audit", "given.npz", "--attack", "loss,lira", "--model", "mine")
    assert result.exit_code == 0, result.output
    assert "Left out is lira_shrunken: it compares the network with others" in result.stdout
    assert "given, given: the strongest attack" in result.stdout
    assert "given, given: mine-v1, by loss, in each subgroup: " in result.stdout
    assert Path("studies/given/audit/audit.md").read_text().count("in each subgroup") == 1
    again = run("audit", "studies/given")
    assert "in each subgroup" in again.stdout


@pytest.mark.slow
def test_networks_trained_elsewhere_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function in a file of Python returns them with their rows; a file without it is told."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    np.savez("mine.npz", x=x, y=(x[:, 0] > 0).astype(int))
    Path("nets.py").write_text(
        "import torch\n\n"
        "def trained_networks(x, y):\n"
        "    network = torch.nn.Linear(3, 2)\n"
        "    network.weight.data = torch.tensor([[-1.0, 0, 0], [1.0, 0, 0]])\n"
        "    return [(network, range(20))]\n"
    )
    result = run("audit", "--networks", "nets.py", "--data", "mine.npz", "--attack", "loss")
    assert result.exit_code == 0, result.output
    assert "recorded: studies/mine" in result.stdout
    Path("other.py").write_text("networks = []\n")
    result = run("audit", "--networks", "other.py", "--data", "mine.npz")
    assert (result.exit_code, "must have a function trained_networks(x, y)" in result.stderr) == (2, True)
