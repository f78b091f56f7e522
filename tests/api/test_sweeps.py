from pathlib import Path
from typing import Any

import numpy as np
import pytest

import privsearch
from privsearch.api import sweeps
from privsearch.api.study import Study
from privsearch.spec import SweepSpec
from privsearch.study.result import Completed

pytestmark = pytest.mark.usefixtures("blank_fronts")


def test_a_sweep_is_planned_once(tiny_sweep: SweepSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second plan is made only if another process has written into the study since the first one."""
    plans: list[Study] = []
    make_plan = sweeps.make_plan

    def counted(sweep: SweepSpec, study: Study, **options: Any) -> Any:
        plans.append(study)
        plan = make_plan(sweep, study, **options)
        if busy and len(plans) == 1:
            study.begin(sweep, {}, {})
        return plan

    monkeypatch.setattr(sweeps, "make_plan", counted)
    one_trial = tiny_sweep.model_copy(update={"grids": {"one": {"model": ("ann",)}}})
    for busy, times in ((False, 1), (True, 2)):
        plans.clear()
        privsearch.run_sweep(one_trial, study=tmp_path / str(busy), runner="inline", progress=False)
        assert len(plans) == times


def test_an_audit_of_one_run_goes_all_the_way(tmp_path: Path) -> None:
    """One network for each configuration, beside eight of `halves`: a front of its own, and a bound on epsilon."""
    outcome = privsearch.run_sweep(
        {
            "name": "one_run",
            "datasets": ["iris"],
            "protocol": [{"kind": "one_run", "audited_fraction": 0.5}, {"kind": "halves", "networks": 4}],
            "grids": {"models": {"model": ["ann", "snn"]}},
            "recipe": {"epochs": 2, "num_steps": 3},
            "attacks": ["svm", "loss", "entropy"],
        },
        study=tmp_path / "study",
        runner="inline",
        progress=False,
    )
    frame = outcome.study.frame().set_index(["protocol", "model"])
    alone = frame.loc["one_run"]
    assert alone["replicates"].tolist() == [1, 1]
    assert alone["svm.auc"].isna().all()
    assert (alone["worst.epsilon_low"] <= alone["worst.epsilon_ceiling"]).all()
    assert set(outcome.study.front("iris", "one_run")["model"]) <= {"ann", "snn"}
    report = privsearch.audit_study(outcome.study)
    assert set(report.table["protocol"]) <= {"one_run", "halves"}
    assert report.table[report.table["protocol"] == "one_run"]["epsilon_ceiling"].notna().all()


def test_a_sweep_of_persons_goes_all_the_way(tmp_path: Path) -> None:
    """Under every protocol a person is a member with all of its rows, counts once, and is exposed once."""
    rng = np.random.default_rng(0)
    patients = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 7, size=60)))
    centre = rng.normal(size=(60, 3))[patients]
    x, y = centre + 0.3 * rng.normal(size=centre.shape), centre[:, 0] + 0.5 * rng.normal(size=len(centre)) > 0
    rows = [f"{a:.3f},{b:.3f},{c:.3f},P{p},{'ny'[k]}" for (a, b, c), p, k in zip(x, patients, y * 1, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,patient,y", *rows]))
    dataset = {"name": "t", "path": str(tmp_path / "t.csv"), "label": "y", "group": "patient", "duplicates": "group"}
    sweep = {
        "name": "persons",
        "datasets": [dataset],
        "protocol": [
            {"kind": "paper", "replicates": 2, "placebo_cuts": 2},
            {"kind": "halves", "networks": 6},
            {"kind": "one_run", "audited_fraction": 0.5, "canaries": True},
        ],
        "grids": {"models": {"model": ["ann"], "train_size": [None, 120]}},
        "recipe": {"epochs": 2, "batch_size": 16},
        "attacks": ["svm", "loss", "lira", "rmia", "label_only"],
    }
    how: dict[str, Any] = {"runner": "inline", "progress": False}
    study = privsearch.run_sweep(sweep, study=tmp_path / "study", **how).study
    # Attacked later, from the kept signals, that have who belongs together.
    privsearch.attack_study(study, ["confidence", "quantile_regression"], **how)
    results = study.results()
    assert len(results) == 6
    for result in results:
        assert isinstance(result, Completed), result
        assert {"loss", "label_only", "confidence"} <= result.across.keys()
        assert ("quantile_regression" in result.across) == (result.spec.protocol.kind != "paper")
        cohort = study.load().signals.load(result.trial_id)
        assert cohort is not None
        of = patients[cohort.signals.rows]
        for replicate, is_member in zip(result.replicates, cohort.signals.is_member, strict=False):
            counts = {(found.num_members, found.num_non_members) for found in replicate.attacks.values()}
            ((members, others),) = counts
            assert members + others <= len(set(of.tolist()))
            assert not set(of[is_member]) & set(of[~is_member])
        for across in result.across.values():
            exposed = [patients[example.row] for example in across.exposed]
            assert len(set(exposed)) == len(exposed)
    words = privsearch.audit_study(study)
    assert set(words.table["unit"]) == {"patient"}


def test_an_attack_that_reads_the_examples_waits_for_them(tmp_path: Path) -> None:
    """On the kept signals of a study made without it: refused alone where a table is missing, and run once it is back.

    The other trials are not attacked twice, and the numbers are those of a sweep that had it from the beginning.
    """
    table = tmp_path / "table.csv"
    rows = [f"{row % 7},{row * row % 11},{'yes' if row % 3 else 'no'}" for row in range(60)]
    table.write_text("\n".join(["a,b,label", *rows]))
    sweep = {
        "name": "reading",
        "datasets": ["iris", {"name": "table", "path": str(table), "label": "label"}],
        "protocol": {"kind": "halves", "networks": 4},
        "grids": {"models": {"model": ["ann"]}},
        "recipe": {"epochs": 2},
        "attacks": ["loss"],
    }
    how: dict[str, Any] = {"runner": "inline", "progress": False}
    study = privsearch.run_sweep(sweep, study=tmp_path / "study", **how).study
    table.rename(tmp_path / "away.csv")
    without = privsearch.attack_study(study, ["quantile_regression"], **how)
    assert (without.run.num_completed, sum(without.run.refused.values())) == (2, 1)
    by_dataset = without.study.frame().set_index("dataset")
    assert by_dataset["quantile_regression.auc"].notna().to_dict() == {"iris": True, "table": False}
    assert by_dataset["worst.auc"].notna().all()
    (tmp_path / "away.csv").rename(table)
    again = privsearch.attack_study(study, ["quantile_regression"], **how)
    assert (again.run.num_completed, dict(again.run.refused)) == (1, {}), "that of iris was recorded"
    at_once = {**sweep, "attacks": ["loss", "quantile_regression"]}
    expected = privsearch.run_sweep(at_once, study=tmp_path / "at_once", **how).study.frame()
    columns = ["dataset", "loss.auc", "quantile_regression.auc", "worst.auc"]
    assert again.study.frame()[columns].equals(expected[columns])
