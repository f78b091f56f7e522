import logging
import math
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from privsearch import front
from privsearch.frame import results_frame
from privsearch.front import hypervolume, index_results, pareto_front, reference_point
from privsearch.result import AttackResult, Completed, Failed, Replicate, TrainedNetwork
from privsearch.spec import Direction, PaperProtocol, TrialSpec

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
NUMBERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])
DIRECTIONS = st.sampled_from(["maximize", "minimize"])


def table(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    """A results table of one dataset with no more than a front needs."""
    frame = pd.DataFrame(rows, columns=["status", *OBJECTIVES])
    return frame.assign(dataset="iris")


def completed(name: str, accuracies: list[float], aucs: list[float], **axes: Any) -> Completed:
    """A trial with numbers, one of each for every replicate."""
    spec = TrialSpec(dataset=axes.pop("dataset", "iris"), protocol=PaperProtocol(replicates=len(aucs)), **axes)
    replicates = []
    for accuracy, auc in zip(accuracies, aucs, strict=True):
        network = TrainedNetwork(train_accuracy=accuracy, test_accuracy=accuracy, history=())
        attack = AttackResult(auc=auc, placebo_auc=0.51, matched_auc=auc, num_members=100, num_non_members=50)
        replicates.append(Replicate(target=network, shadow=network, attacks={"svm": attack}))
    return Completed(
        trial_id=name, spec=spec, replicates=tuple(replicates), seconds=1.5, host="here", finished_at="2026-01-01"
    )


def failed(name: str, **axes: Any) -> Failed:
    """A trial without numbers."""
    return Failed(
        trial_id=name,
        spec=TrialSpec(dataset="iris", **axes),
        error="DivergedError",
        message="the training loss is not finite",
        traceback="",
        seconds=0.5,
        host="here",
        finished_at="2026-01-01",
    )


SNN = {"model": "snn", "surrogate_gradient": "atan", "spiking_layers": "all", "beta": 0.95}


@pytest.fixture
def results() -> pd.DataFrame:
    """Five trials on iris, the last of them failed, and one on digits."""
    return results_frame(
        [
            completed("a", [0.9, 0.8], [0.7, 0.6], model="ann"),
            completed("b", [0.8, 0.8], [0.6, 0.6], model="ann", act_bit_width=4, threshold=0.5),
            completed("c", [0.7, 0.7], [0.9, 0.9], num_steps=10, act_bit_width=4, threshold=1.0, **SNN),
            completed("d", [0.6, 0.6], [0.5, 0.5], num_steps=25, **SNN),
            failed("e", num_steps=25, **(SNN | {"surrogate_gradient": "triangular"})),
            completed("f", [0.5, 0.5], [0.5, 0.5], model="ann", dataset="digits"),
        ]
    )


def studies(path: Path) -> dict[str, optuna.Study]:
    """The studies that Optuna finds in an index."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    names = optuna.get_all_study_names(storage)
    return {name: optuna.load_study(study_name=name, storage=storage) for name in names}


def content(path: Path) -> pd.DataFrame:
    """All that an index holds, but when it was written."""
    frames = [study.trials_dataframe().assign(study=name) for name, study in studies(path).items()]
    return pd.concat(frames).drop(columns=["datetime_start", "datetime_complete", "duration"])


def test_error_of_several_datasets_names_them(results: pd.DataFrame) -> None:
    """A front of two datasets is refused, as their numbers cannot be compared."""
    with pytest.raises(ValueError, match="rows of iris, digits"):
        pareto_front(results, OBJECTIVES)


@given(st.lists(st.tuples(st.sampled_from(["completed", "failed"]), NUMBERS, NUMBERS)), DIRECTIONS, DIRECTIONS)
def test_front_is_what_no_row_dominates(
    rows: list[tuple[str, float, float]], first: Direction, second: Direction
) -> None:
    """The front is every completed row with both numbers that no other such row dominates, ties included."""
    signs = [1 if direction == "maximize" else -1 for direction in (first, second)]
    gains = {
        i: (signs[0] * a, signs[1] * b)
        for i, (status, a, b) in enumerate(rows)
        if status == "completed" and not math.isnan(a + b)
    }
    expected = {
        i for i, (a, b) in gains.items() if not any(c >= a and d >= b and (c, d) != (a, b) for c, d in gains.values())
    }
    found = pareto_front(table(rows), {"test_accuracy": first, "svm.auc": second})
    assert set(found.index) == expected
    assert [gains[i][0] for i in found.index] == sorted((gains[i][0] for i in expected), reverse=True)


def test_front_without_any_number_is_empty() -> None:
    """Where every trial failed, no attack has a column, and the front has no rows."""
    assert pareto_front(results_frame([failed("e", model="ann")]), OBJECTIVES).empty


@pytest.mark.parametrize(
    ("points", "directions", "expected"),
    [
        ([], ("maximize", "minimize"), 0.0),
        ([(1.0, 0.0)], ("maximize", "minimize"), 1.0),
        ([(0.8, 0.3)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.8, 0.3), (0.7, 0.4), (0.8, 0.3)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.9, 0.6), (0.5, 0.2)], ("maximize", "minimize"), 0.9 * 0.4 + 0.5 * 0.8 - 0.5 * 0.4),
        ([(0.25, 0.5)], ("minimize", "minimize"), 0.75 * 0.5),
        ([(0.25, 0.5)], ("maximize", "maximize"), 0.25 * 0.5),
    ],
)
def test_hypervolume_is_the_area_computed_by_hand(
    points: list[tuple[float, float]], directions: tuple[Direction, Direction], expected: float
) -> None:
    """The hypervolume is the area between the front and the worst outcome, whatever the directions."""
    objectives = dict(zip(OBJECTIVES, directions, strict=True))
    frame = table([("completed", *point) for point in points] + [("failed", math.nan, math.nan)])
    assert hypervolume(frame, objectives) == pytest.approx(expected)


def test_reference_point_is_the_worst_outcome() -> None:
    """The reference point is 0 for what is maximised and 1 for what is minimised."""
    assert reference_point(OBJECTIVES) == (0.0, 1.0)


def test_index_has_a_named_study_for_each_dataset(results: pd.DataFrame, tmp_path: Path) -> None:
    """Each dataset is a study of its name, with the objectives as directions and metric names."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    found = studies(tmp_path / "optuna.journal")
    assert list(found) == ["iris", "digits"]
    for study in found.values():
        assert [direction.name.lower() for direction in study.directions] == list(OBJECTIVES.values())
        assert study.metric_names == list(OBJECTIVES)


def test_index_and_front_agree(results: pd.DataFrame, tmp_path: Path) -> None:
    """The best trials that Optuna finds in the index are the rows of the front."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    best = studies(tmp_path / "optuna.journal")["iris"].best_trials
    front_rows = pareto_front(results[results["dataset"] == "iris"], OBJECTIVES)
    assert {trial.user_attrs["trial_id"] for trial in best} == set(front_rows["trial_id"]) == {"a", "b", "d"}


def test_parameters_are_the_varying_axes_that_have_an_effect(results: pd.DataFrame, tmp_path: Path) -> None:
    """Null is dropped where the axis has no effect and kept as full precision; what is constant is no parameter."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    study = studies(tmp_path / "optuna.journal")["iris"]
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


def test_distributions_keep_the_order_of_numbers(results: pd.DataFrame, tmp_path: Path) -> None:
    """Numbers have integer or float distributions, names and nulls have categories."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    trials = studies(tmp_path / "optuna.journal")["iris"].trials
    assert {name: kind for trial in trials for name, kind in trial.distributions.items()} == {
        "model": CategoricalDistribution(["ann", "snn"]),
        "act_bit_width": CategoricalDistribution([None, 4]),
        "threshold": FloatDistribution(0.5, 1.0),
        "surrogate_gradient": CategoricalDistribution(["atan", "triangular"]),
        "num_steps": IntDistribution(10, 25),
    }


def test_values_are_means_and_attributes_the_rest(results: pd.DataFrame, tmp_path: Path) -> None:
    """A trial's values are its means; its spreads, placebo, time and identity are attributes."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    study = studies(tmp_path / "optuna.journal")["iris"]
    first = study.trials_dataframe().iloc[0]
    assert first[["values_test_accuracy", "values_svm.auc"]].tolist() == pytest.approx([0.85, 0.65])
    trial = study.trials[0]
    assert trial.user_attrs["test_accuracy_sd"] == pytest.approx(math.sqrt(0.005))
    assert trial.user_attrs["svm.placebo_auc"] == pytest.approx(0.51)
    assert (trial.user_attrs["trial_id"], trial.user_attrs["seconds"]) == ("a", 1.5)
    assert "error" not in trial.user_attrs


def test_failed_and_unmeasured_trials_fail_in_the_index(results: pd.DataFrame, tmp_path: Path) -> None:
    """A trial that failed, or has no number for an objective, is FAIL, and a failed one says why."""
    results.loc[3, "svm.auc"] = math.nan
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    trials = studies(tmp_path / "optuna.journal")["iris"].trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3 + [TrialState.FAIL] * 2
    assert trials[4].user_attrs["error"] == "DivergedError: the training loss is not finite"


def test_importances_can_be_computed_from_the_index(results: pd.DataFrame, tmp_path: Path) -> None:
    """Optuna weighs every parameter of the index, conditional ones included."""
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    importances = get_param_importances(studies(tmp_path / "optuna.journal")["iris"])
    assert set(importances) == {"model", "act_bit_width", "threshold", "surrogate_gradient", "num_steps"}


def test_rebuilding_the_index_changes_nothing(results: pd.DataFrame, tmp_path: Path) -> None:
    """An index built twice holds the same trials once, and no other file stays behind."""
    path = tmp_path / "optuna.journal"
    index_results(path, results, OBJECTIVES)
    once = content(path)
    index_results(path, results, OBJECTIVES)
    pd.testing.assert_frame_equal(content(path), once)
    assert list(tmp_path.iterdir()) == [path]


def test_crash_while_indexing_leaves_the_old_index(
    results: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index is replaced as a whole or not at all."""
    path = tmp_path / "optuna.journal"
    index_results(path, results, OBJECTIVES)
    before = path.read_bytes()
    monkeypatch.setattr(front, "_trial", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        index_results(path, results.head(2), OBJECTIVES)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_optuna_is_quiet_and_stays_as_it_was(
    results: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is logged while indexing, and Optuna's verbosity is what it was before."""
    monkeypatch.setattr(logging.getLogger("optuna"), "propagate", True)
    verbosity = optuna.logging.get_verbosity()
    index_results(tmp_path / "optuna.journal", results, OBJECTIVES)
    assert not caplog.records
    assert optuna.logging.get_verbosity() == verbosity == optuna.logging.INFO
