"""A sweep over what spiking networks answer with, from the plan to the export."""

import json
from pathlib import Path

import pandas as pd
import pytest
from command_line import INLINE, numbers, record_lines, run

import privsearch.sweep.cohort
from privsearch import load_network
from privsearch.api.study import Study

SWEEP = """\
name: read
datasets: [iris]
protocol: {kind: halves, networks: 4}
grids:
  read: {model: [ann, snn], readout: [final, mean]}
recipe: {epochs: 3, batch_size: 64, num_steps: 3}
attacks: [loss, label_only, {kind: loss, signals: mean_mem}]
keep_networks: true
"""

pytestmark = pytest.mark.usefixtures("blank_fronts")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The finished sweep, in the directory that commands are run in."""
    monkeypatch.chdir(tmp_path)
    Path("read.yaml").write_text(SWEEP)
    planned = json.loads(run("plan", "read.yaml", "--json", "--trials").stdout)
    assert [(t["model"], t["readout"]) for t in planned["listed"]] == [("ann", None), ("snn", "final"), ("snn", "mean")]
    assert run("sweep", "read.yaml", *INLINE).exit_code == 0
    return Path("studies/read")


def ids(study: Path) -> dict[str, str]:
    """The trials' ids by their readout."""
    table = pd.read_csv(study / "results.csv")
    return dict(zip(table["readout"].fillna("ann"), table["trial_id"], strict=True))


def test_a_readout_is_an_axis_like_others(study: Path) -> None:
    """In tables, names of configurations, differences and exports; and no attack is there twice."""
    table = pd.read_csv(study / "results.csv").set_index("trial_id")
    trials = ids(study)
    assert sorted(trials) == ["ann", "final", "mean"]
    assert table["loss.auc"].notna().all()
    assert table.loc[table["loss_mean_mem.auc"].notna()].index.tolist() == [trials["final"]]
    assert "SNN readout mean" in run("front", study).stdout + run("audit", study).stdout
    assert "SNN readout mean" in run("diff", study, trials["final"], trials["mean"]).stdout
    assert "readout" in run("explain", study).stdout
    exported = run("export", study, trials["mean"], "--to", "taken")
    assert exported.exit_code == 0, exported.output
    planned = json.loads(run("plan", f"taken/{trials['mean']}.yaml", "--json", "--trials").stdout)
    assert [t["trial_id"] for t in planned["listed"]] == [trials["mean"]]
    assert load_network(f"taken/{trials['mean']}.pt", 0)[-1].activation.averages  # type: ignore[index, union-attr]
    again = run("export", study, trials["mean"], "--train", "--to", "again")
    assert again.exit_code == 0, again.output


def test_the_other_membrane_is_attacked_where_there_is_one(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later attack by name runs on what does not answer with it, once; asked for again, nothing is left to do."""
    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", None)
    before, trials = numbers(study), ids(study)
    attack = ("attack", study, "--attack", "{kind: loss, signals: final_mem}", *INLINE)
    assert "trials: 1 finished, 2 recorded already" in run(*attack).stdout
    results = Study(study).record().results
    assert {readout: [a.name for a in results[trial_id].spec.attacks] for readout, trial_id in trials.items()} == {
        "ann": ["loss", "label_only"],
        "final": ["loss", "label_only", "loss_mean_mem"],
        "mean": ["loss", "label_only", "loss_final_mem"],
    }
    for trial_id, was in before.items():
        now = numbers(study)[trial_id]
        for old, new in zip(was["replicates"], now["replicates"], strict=True):
            assert {name: new["attacks"][name] for name in old["attacks"]} == old["attacks"]
    lines = record_lines(study)
    assert "trials: 0 finished, 3 recorded already" in run(*attack).stdout
    assert "trials: 0 finished, 3 recorded already" in run("sweep", "read.yaml", *INLINE).stdout
    assert record_lines(study) == lines
