import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privsearch.analysis.importances import hypervolume_history, importances, value_shares
from privsearch.analysis.pareto import comparable, feasible, losses, outcome_space
from privsearch.analysis.tasks import Task
from privsearch.errors import MetricError
from privsearch.spec import AXES, Constraint, Objectives

TWO: Objectives = {"test_accuracy": "maximize", "svm.auc": "minimize"}
THREE: Objectives = TWO | {"seconds": "minimize"}


def task(rows: pd.DataFrame, objectives: Objectives = TWO, **constraints: str) -> Task:
    """Of configurations with no more than their axes and their numbers, of one target each."""
    known = {"status": "completed", "dataset": "iris", "protocol": "paper", "replicates": 1}
    known |= dict.fromkeys(("dead_networks", "networks_at_chance"))
    ids = [f"{number:016x}" for number in range(len(rows))]
    full = rows.assign(**{column: value for column, value in known.items() if column not in rows}, trial_id=ids)
    full = full.assign(**{axis: None for axis in AXES if axis not in rows})
    bounds = {column: Constraint.model_validate(bound) for column, bound in constraints.items()}
    return Task("iris", "iris", full, full[["trial_id"]], objectives, bounds)


def random_configurations(count: int, seed: int = 0) -> pd.DataFrame:
    """The accuracy is the model's and the number of epochs', the AUC the threshold's where there is one."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"model": rng.choice(["ann", "snn"], count), "epochs": rng.choice([5, 10, 20], count)})
    threshold = rng.uniform(0.5, 1.5, count).round(2)
    quantised = rng.random(count) < 0.6
    return rows.assign(
        weight_bit_width=pd.array(rng.choice([2, 4, 8], count), dtype="Int64"),
        threshold=pd.array(np.where(quantised, threshold, np.nan), dtype="Float64"),
        num_steps=pd.array(np.where(rows["model"] == "snn", rng.choice([5, 25], count), np.nan), dtype="Int64"),
        test_accuracy=0.6 + 0.1 * (rows["model"] == "snn") + 0.01 * rows["epochs"] + rng.normal(0, 0.02, count),
        **{"svm.auc": 0.6 - 0.1 * quantised * (threshold > 1.25) + rng.normal(0, 0.01, count)},
        seconds=rng.uniform(1, 2, count),
    )


LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])


@settings(max_examples=30)
@given(st.lists(st.tuples(LEVELS, LEVELS, LEVELS), min_size=1, max_size=10), st.sampled_from([TWO, THREE]))
def test_history_is_the_hypervolume_of_every_beginning(rows: list[tuple[float, ...]], objectives: Objectives) -> None:
    """Trial by trial, under a constraint, against the reference point of all; it never falls."""
    found = task(pd.DataFrame(rows, columns=list(THREE)), objectives, test_accuracy=">= 0.25")
    history = hypervolume_history(found)
    rows_found = comparable(found.rows, objectives)
    space = outcome_space(rows_found, objectives, found.constraints)
    fit = rows_found[feasible(rows_found, found.constraints)]
    beginnings = [fit[fit.index.isin(found.rows.index[: n + 1])] for n in range(len(rows))]
    expected = [space.share(losses(beginning, objectives)) for beginning in beginnings]
    assert expected[-1] == pytest.approx(found.hypervolume)
    assert history["hypervolume"].tolist() == pytest.approx(expected)
    assert history["number"].tolist() == list(range(1, len(rows) + 1))
    assert history["hypervolume"].is_monotonic_increasing


def test_history_can_be_in_another_order() -> None:
    """That of given trials; those of other tasks are passed over, and the end is the same."""
    found = task(random_configurations(30))
    order = ["f" * 16, *reversed(found.rows["trial_id"])]
    history = hypervolume_history(found, order)
    assert history["trial_id"].tolist() == order[1:]
    assert history["hypervolume"].iloc[-1] == pytest.approx(found.hypervolume)
    assert hypervolume_history(found)["hypervolume"].iloc[-1] == pytest.approx(found.hypervolume)


@pytest.fixture(scope="module")
def explained() -> pd.DataFrame:
    """The importances of 400 random configurations, by objective and axis."""
    return importances(task(random_configurations(400), THREE), resamples=60).set_index(["objective", "axis"])


def test_importances_find_what_decides(explained: pd.DataFrame) -> None:
    """Each objective's own axes are above the chance level, and nothing decides how long it takes."""
    above = explained.index[explained["importance"] > explained["chance"]]
    assert {("test_accuracy", "model"), ("test_accuracy", "epochs"), ("svm.auc", "threshold")} <= set(above)
    assert explained.loc["svm.auc"]["importance"].idxmax() == "threshold"
    assert explained.loc["test_accuracy"].index[:2].isin(["model", "epochs"]).all()
    assert set(explained.index.get_level_values(0)) == {*THREE, "front"}
    assert explained.loc[("front", "model"), "importance"] > explained.loc[("front", "model"), "chance"]


def test_importances_are_shares_with_their_intervals(explained: pd.DataFrame) -> None:
    """They add up to 1 for each objective, lie in their intervals, and tell how many configurations they are of."""
    assert explained["importance"].groupby(level=0).sum().tolist() == pytest.approx([1] * 4)
    assert (explained["low"] <= explained["importance"]).all()
    assert (explained["importance"] <= explained["high"]).all()
    assert (explained["low"] >= 0).all()
    assert (explained["high"] <= 1).all()
    counts = explained.loc["front"]["n"]
    assert counts["model"] == 400
    assert counts["num_steps"] < counts["threshold"] < 400


def test_an_axis_without_effect_is_seldom_above_the_chance_level() -> None:
    """In about one of twenty cases, though each axis has another number of values, and some are conditional."""
    rng, above, cases = np.random.default_rng(3), 0, 0
    for seed in range(8):
        rows = random_configurations(60, seed).assign(test_accuracy=rng.random(60))
        found = importances(task(rows), resamples=20)
        own = found[found["objective"] == "test_accuracy"]
        above, cases = above + int((own["importance"] > own["chance"]).sum()), cases + len(own)
    assert cases == 40
    assert above <= 7


def test_importances_are_the_same_again() -> None:
    """The seed alone decides the resamples."""
    found = task(random_configurations(40))
    first, again, other = (importances(found, resamples=20, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["chance"].equals(other["chance"])


def test_constraints_decide_what_reaching_the_front_means() -> None:
    """Where only an ANN may be used, the model decides who comes first, though it is worse."""
    rows = random_configurations(200)
    free, bound = (
        importances(task(rows, **constraints), resamples=20).set_index(["objective", "axis"])
        for constraints in ({}, {"test_accuracy": "<= 0.7"})
    )
    assert bound.loc[("front", "epochs"), "importance"] != free.loc[("front", "epochs"), "importance"]
    pd.testing.assert_frame_equal(free.loc[["svm.auc"]], bound.loc[["svm.auc"]])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (random_configurations(9), "at least 10 completed configurations with every objective, but there are 9"),
        (random_configurations(20).assign(status="failed"), "but there are 0"),
        (random_configurations(20)[["model", *TWO]], "at least two must vary, but model does"),
        (random_configurations(20)[list(TWO)].assign(model="ann"), "at least two must vary, but none does"),
    ],
)
def test_importances_that_would_say_nothing_are_refused(rows: pd.DataFrame, reason: str) -> None:
    """With the reason, and what to do."""
    with pytest.raises(MetricError, match=reason):
        importances(task(rows))


def test_where_all_are_equally_good_nothing_is_important() -> None:
    """The shares are missing then, for that objective alone."""
    rows = random_configurations(30).assign(**{"svm.auc": 0.5})
    found = importances(task(rows), resamples=10).set_index("objective")
    shares = found[["importance", "low", "high", "chance"]]
    assert shares.loc["svm.auc"].isna().all(axis=None)
    assert shares.drop("svm.auc").notna().all(axis=None)


def test_values_are_counted_on_the_front_and_everywhere() -> None:
    """Where the axis has an effect; null is a value of a bit width, and many numbers are cut into quarters."""
    rows = pd.DataFrame(
        {
            "model": ["ann", "snn", "snn", "ann"] * 5,
            "weight_bit_width": pd.array([None, 4, 4, None] * 5, dtype="Int64"),
            "num_steps": pd.array([None, 5, 25, None] * 5, dtype="Int64"),
            "beta": pd.array([value / 20 for value in range(20)], dtype="Float64"),
            "test_accuracy": [0.9, 0.5, 0.8, 0.1] * 5,
            "svm.auc": [0.7, 0.6, 0.5, 0.9] * 5,
        }
    )
    found: dict[Any, Any] = value_shares(task(rows)).set_index(["axis", "value"]).to_dict("index")
    assert found["model", "snn"] == {"on_front": 5, "front_share": 0.5, "configurations": 10, "share": 0.5}
    assert found["weight_bit_width", "null"]["on_front"] == 5
    assert found["num_steps", "25"] == {"on_front": 5, "front_share": 1.0, "configurations": 5, "share": 0.5}
    assert next(value for axis, value in found if axis == "beta") == "0 to 0.24"
    quarters = [row for (axis, _), row in found.items() if axis == "beta"]
    assert [row["configurations"] for row in quarters] == [5] * 4
    assert sum(row["on_front"] for row in quarters) == 10
    nothing = value_shares(task(rows, test_accuracy="> 1"))
    assert nothing["front_share"].isna().all()
    assert value_shares(task(rows[list(TWO)])).empty
