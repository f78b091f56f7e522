from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import INLINE, files, run
from dashboard_server import dashboard_of

from privsearch.analysis.tasks import Task, tasks
from privsearch.api.study import load_study
from privsearch.report.optuna_index import index_results
from privsearch.spec import Constraint


def attributes(thing: Any) -> dict[str, str]:
    """The attributes of a study or a trial, as the dashboard has them."""
    return {attribute["key"]: attribute["value"] for attribute in thing["user_attrs"]}


def ids(trials: list[Any]) -> set[str]:
    """The trials' ids in the study."""
    return {attributes(trial)["trial_id"] for trial in trials}


@pytest.mark.slow
def test_the_dashboard_shows_a_study_as_it_is(tiny_sweep_file: Path, tmp_path: Path) -> None:
    """Its trials and their numbers, objectives by name and direction, and the front; nothing on the disk changes."""
    folder = tmp_path / "study"
    assert run("sweep", tiny_sweep_file, "--study", folder, *INLINE).exit_code == 0
    study, before = load_study(folder), files(folder)
    (task,) = tasks(study.results(), study.sweep())
    with dashboard_of(study.outputs.index) as dashboard:
        shown = dashboard.study("iris")
        assert files(folder) == before
    assert shown["directions"] == ["maximize", "minimize"]
    assert shown["objective_names"] == ["test_accuracy", "svm.excess_auc"]
    assert attributes(shown)["epochs"] == "1"
    assert {trial["state"] for trial in shown["trials"]} == {"Complete"}
    values = {attributes(trial)["trial_id"]: trial["values"] for trial in shown["trials"]}
    rows = task.rows.set_index("trial_id")
    assert values.keys() == set(rows.index)
    for trial, numbers in values.items():
        accuracy, excess = rows.loc[trial, ["test_accuracy", "svm.excess_auc"]]
        assert numbers == pytest.approx([accuracy, abs(excess)])  # what is to be low counts by what it leaks
    assert {parameter["name"] for trial in shown["trials"] for parameter in trial["params"]} == {
        "model",
        "act_bit_width",
    }
    assert ids(shown["best_trials"]) == set(task.candidates.query("on_front")["trial_id"])


def test_the_dashboard_tells_what_violates_a_constraint(small: Task, tmp_path: Path) -> None:
    """Of three objectives. Its own front pays no regard to constraints: of what is feasible in it, all is on ours."""
    constraints = {column: Constraint.model_validate(bound) for column, bound in (("svm.auc", "<= 0.6"), ("x", "> 0"))}
    objectives = small.objectives | {"seconds": "minimize"}
    task = replace(small, objectives=objectives, constraints={"svm.auc": constraints["svm.auc"]})
    unknown = replace(task, name="unknown", constraints=constraints)
    index_results(tmp_path / "optuna.journal", [task, unknown])
    with dashboard_of(tmp_path / "optuna.journal") as dashboard:
        shown, none = dashboard.study(task.name), dashboard.study("unknown")
    feasible = [trial for trial in shown["trials"] if all(lacking <= 0 for lacking in trial["constraints"])]
    complete = [trial for trial in feasible if trial["state"] == "Complete"]
    assert ids(complete) == set(task.candidates.query("feasible")["trial_id"])
    assert len(complete) < len(task.candidates)
    front = set(task.candidates.query("on_front")["trial_id"])
    assert ids([trial for trial in shown["best_trials"] if trial in feasible]) <= front
    assert all(max(trial["constraints"]) > 0 for trial in none["trials"] if trial["state"] == "Complete")
