from pathlib import Path
from typing import Any

import pytest

import privsearch
from privsearch.api import sweeps
from privsearch.api.study import Study
from privsearch.spec import SweepSpec

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
