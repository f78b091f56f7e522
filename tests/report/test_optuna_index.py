import logging
import math
import sys
from dataclasses import replace
from pathlib import Path

import optuna
import pandas as pd
import pytest
from builders import completed_of, make_failed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import StudyError
from privsearch.report import optuna_index
from privsearch.report.optuna_index import index_results, indexed_trials
from privsearch.spec import AXES, Constraint, HalvesProtocol, Objectives, PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.result import Completed

SNN = {"model": "snn", "surrogate_gradient": "atan", "spiking_layers": "all", "beta": 0.95}


def completed(name: str, accuracies: list[float], aucs: list[float], **axes: object) -> Completed:
    spec = {"dataset": "iris", "protocol": PaperProtocol(replicates=2), **axes}
    return completed_of(name, accuracies, aucs, TrialSpec.model_validate(spec))


@pytest.fixture
def found() -> list[Task]:
    """Five trials on iris under paper, the last of them failed, and one under halves."""
    two = {"protocol": PaperProtocol(replicates=2)}
    results = [
        completed("a", [0.9, 0.8], [0.7, 0.6], model="ann"),
        completed("b", [0.8, 0.8], [0.6, 0.6], model="ann", act_bit_width=4, threshold=0.5),
        completed("c", [0.7, 0.7], [0.9, 0.9], num_steps=10, act_bit_width=4, threshold=1.0, **SNN),
        completed("d", [0.6, 0.6], [0.5, 0.5], num_steps=25, **SNN),
        make_failed("e", num_steps=25, **(SNN | {"surrogate_gradient": "triangular"} | two)),
        completed("f", [0.5] * 4, [0.5] * 4, model="ann", protocol=HalvesProtocol(networks=4)),
    ]
    protocols = ["paper", "halves"]
    asked = {"name": "a", "datasets": ["iris"], "protocol": protocols, "grids": {"a": {"model": ["ann"]}}}
    sweep = SweepSpec.model_validate(asked)
    return [
        replace(task, objectives={"test_accuracy": "maximize", "svm.auc": "minimize"}) if "paper" in task.name else task
        for task in tasks(results, sweep)
    ]


def studies(path: Path) -> dict[str, optuna.Study]:
    """The studies that Optuna finds in an index."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    names = optuna.get_all_study_names(storage)
    return {name: optuna.load_study(study_name=name, storage=storage) for name in names}


def content(path: Path) -> pd.DataFrame:
    """All that an index holds, but when it was written."""
    frames = [study.trials_dataframe().assign(study=name) for name, study in studies(path).items()]
    return pd.concat(frames).drop(columns=["datetime_start", "datetime_complete", "duration"])


def test_index_has_a_named_study_for_each_task(found: list[Task], tmp_path: Path) -> None:
    """Each task is a study of its name, with the objectives as directions and metric names."""
    index_results(tmp_path / "optuna.journal", found)
    named = studies(tmp_path / "optuna.journal")
    assert list(named) == ["iris_paper", "iris_halves"]
    for study, task in zip(named.values(), found, strict=True):
        assert [direction.name.lower() for direction in study.directions] == list(task.objectives.values())
        assert study.metric_names == list(task.objectives)


def test_index_and_front_agree(found: list[Task], tmp_path: Path) -> None:
    """The best trials that Optuna finds in the index are the rows of the front."""
    index_results(tmp_path / "optuna.journal", found)
    best = studies(tmp_path / "optuna.journal")["iris_paper"].best_trials
    front = found[0].candidates.query("on_front")
    assert {trial.user_attrs["trial_id"] for trial in best} == set(front["trial_id"]) == {"a", "b", "d"}


def test_parameters_are_the_varying_axes_that_have_an_effect(found: list[Task], tmp_path: Path) -> None:
    """Null is dropped where the axis has no effect and kept as full precision; what is constant is no parameter."""
    index_results(tmp_path / "optuna.journal", found)
    study = studies(tmp_path / "optuna.journal")["iris_paper"]
    ann, quantised, spiking = study.trials[:3]
    assert ann.params == {"model": "ann", "act_bit_width": None}
    assert quantised.params == {"model": "ann", "act_bit_width": 4, "threshold": 0.5}
    assert spiking.params == {
        "model": "snn",
        "act_bit_width": 4,
        "threshold": 1.0,
        "surrogate_gradient": "atan",
        "num_steps": 10,
    }
    assert study.user_attrs["epochs"] == 20
    assert study.user_attrs["weight_bit_width"] is None
    assert study.user_attrs["beta"] == 0.95


def test_distributions_keep_the_order_of_numbers(found: list[Task], tmp_path: Path) -> None:
    """Numbers have integer or float distributions, names and nulls have categories."""
    index_results(tmp_path / "optuna.journal", found)
    trials = studies(tmp_path / "optuna.journal")["iris_paper"].trials
    assert {name: kind for trial in trials for name, kind in trial.distributions.items()} == {
        "model": CategoricalDistribution(["ann", "snn"]),
        "act_bit_width": CategoricalDistribution([None, 4]),
        "threshold": FloatDistribution(0.5, 1.0),
        "surrogate_gradient": CategoricalDistribution(["atan", "triangular"]),
        "num_steps": IntDistribution(10, 25),
    }


def test_values_are_means_and_attributes_the_rest(found: list[Task], tmp_path: Path) -> None:
    """A trial's values are its means; its spreads, placebo, time and identity are attributes."""
    index_results(tmp_path / "optuna.journal", found)
    study = studies(tmp_path / "optuna.journal")["iris_paper"]
    first = study.trials_dataframe().iloc[0]
    assert first[["values_test_accuracy", "values_svm.auc"]].tolist() == pytest.approx([0.85, 0.65])
    trial = study.trials[0]
    assert trial.user_attrs["test_accuracy_sd"] == pytest.approx(math.sqrt(0.005))
    assert trial.user_attrs["svm.placebo_auc"] == pytest.approx(0.5)
    assert (trial.user_attrs["trial_id"], trial.user_attrs["seconds"]) == ("a", 1.5)
    assert "error" not in trial.user_attrs


def test_failed_and_unmeasured_trials_fail_in_the_index(found: list[Task], tmp_path: Path) -> None:
    """A trial that failed, or has no number for an objective, is FAIL, and a failed one says why."""
    found[0].rows.loc[3, "svm.auc"] = math.nan
    index_results(tmp_path / "optuna.journal", found)
    trials = studies(tmp_path / "optuna.journal")["iris_paper"].trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3 + [TrialState.FAIL] * 2
    assert trials[4].user_attrs["error"] == "DivergedError: the training loss must be finite"


def test_importances_can_be_computed_from_the_index(found: list[Task], tmp_path: Path) -> None:
    """Optuna weighs every parameter of the index, conditional ones included."""
    index_results(tmp_path / "optuna.journal", found)
    importances = get_param_importances(studies(tmp_path / "optuna.journal")["iris_paper"])
    assert set(importances) == {"model", "act_bit_width", "threshold", "surrogate_gradient", "num_steps"}


def test_rebuilding_the_index_changes_nothing(found: list[Task], tmp_path: Path) -> None:
    """An index built twice holds the same trials once, and no other file stays behind."""
    path = tmp_path / "optuna.journal"
    index_results(path, found)
    once = content(path)
    index_results(path, found)
    pd.testing.assert_frame_equal(content(path), once)
    assert list(tmp_path.iterdir()) == [path]


def test_crash_while_indexing_leaves_the_old_index(
    found: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index is replaced as a whole or not at all."""
    path = tmp_path / "optuna.journal"
    index_results(path, found)
    before = path.read_bytes()
    monkeypatch.setattr(optuna_index, "_trial", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        index_results(path, found[:1])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_optuna_is_quiet_and_stays_as_it_was(
    found: list[Task], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is logged while indexing, and Optuna's verbosity is what it was before."""
    monkeypatch.setattr(logging.getLogger("optuna"), "propagate", True)
    verbosity = optuna.logging.get_verbosity()
    index_results(tmp_path / "optuna.journal", found)
    assert not caplog.records
    assert optuna.logging.get_verbosity() == verbosity == optuna.logging.INFO


def test_an_index_tells_its_trials(found: list[Task], tmp_path: Path) -> None:
    """All of them, failed ones too; one that is missing or torn says so, and is not made by asking."""
    path = tmp_path / "optuna.journal"
    with pytest.raises(StudyError, match=r"optuna\.journal: must be an index .*, but is missing or damaged"):
        indexed_trials(path)
    assert not path.exists()
    index_results(path, found)
    assert indexed_trials(path) == set("abcdef")
    for damage in (path.read_bytes()[:-9], b"[1]\n3\n", b'{"user_attrs": 1}', b"\xff", b"[" * 200_000):
        path.write_bytes(damage)
        with pytest.raises(StudyError, match="is missing or damaged"):
            indexed_trials(path)


LEVELS = st.sampled_from([0.0, 0.25, 0.1 * 3, 0.3, 0.75, 1.0, math.nan])
BOUNDS = st.sampled_from([None, ">= 0.3", "> 0.3", "<= 0.3", "< 0.3"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(*[LEVELS] * 4), min_size=1, max_size=8),
    count=st.integers(2, 3),
    first=BOUNDS,
    second=BOUNDS,
)
def test_best_trials_are_the_front(
    rows: list[tuple[float, ...]], count: int, first: str | None, second: str | None, tmp_path: Path
) -> None:
    """Whatever the numbers, of two and of three objectives, under constraints on these and on other columns."""
    columns = ["test_accuracy", "svm.auc", "seconds", "svm.advantage"]
    directions: Objectives = {"test_accuracy": "maximize", "svm.auc": "minimize", "seconds": "minimize"}
    bounds = {"test_accuracy": first, "svm.advantage": second}
    constraints = {column: Constraint.model_validate(bound) for column, bound in bounds.items() if bound}
    known = {"status": "completed", "dataset": "iris", "protocol": "paper", "replicates": 1}
    known |= dict.fromkeys(("dead_networks", "networks_at_chance"))
    ids = [f"{number:016x}" for number in range(len(rows))]
    frame = pd.DataFrame(rows, columns=columns).assign(**known, **dict.fromkeys(AXES), trial_id=ids)
    frame = frame.assign(model="ann", epochs=range(len(rows)))
    objectives = {column: directions[column] for column in columns[:count]}
    task = Task("iris", "iris", frame, frame[["trial_id"]], objectives, constraints)
    index_results(tmp_path / "optuna.journal", [task])
    best = studies(tmp_path / "optuna.journal")["iris"].best_trials
    expected = task.candidates.loc[task.candidates["on_front"], "trial_id"]
    assert sorted(trial.user_attrs["trial_id"] for trial in best) == sorted(expected)


def test_a_dead_network_is_no_best_trial(found: list[Task], tmp_path: Path) -> None:
    """It is FAIL in the index, as it is on no front."""
    found[0].rows.loc[0, "dead_networks"] = 1
    index_results(tmp_path / "optuna.journal", found)
    study = studies(tmp_path / "optuna.journal")["iris_paper"]
    assert study.trials[0].state == TrialState.FAIL
    assert {trial.user_attrs["trial_id"] for trial in study.best_trials} == {"b", "d"}


def test_violations_are_told_by_the_columns_names(found: list[Task], tmp_path: Path) -> None:
    """In the column's unit; a missing number violates by more than any other, and no trial by infinity."""
    bounds = {"test_accuracy": ">= 0.8", "svm.tpr_at_fpr_1e-2": "<= 0.5"}
    constraints = {column: Constraint.model_validate(bound) for column, bound in bounds.items()}
    index_results(tmp_path / "optuna.journal", [replace(found[0], constraints=constraints)])
    trials = studies(tmp_path / "optuna.journal")["iris_paper"].trials
    assert trials[0].constraints["test_accuracy"] == pytest.approx(-0.05)
    assert trials[2].constraints["test_accuracy"] == pytest.approx(0.1)
    assert trials[0].constraints["svm.tpr_at_fpr_1e-2"] == sys.float_info.max
    assert not trials[4].constraints
