import math

import numpy as np
import pandas as pd
import pytest
from builders import make_completed, make_failed
from hypothesis import given
from hypothesis import strategies as st

from privsearch.analysis.frames import results_frame
from privsearch.analysis.pareto import (
    Space,
    feasible,
    front_ranks,
    hypervolume,
    pareto_front,
    reference_point,
    total_violation,
    unbeaten,
)
from privsearch.spec import Constraint, Direction, HalvesProtocol

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
NUMBERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])
DIRECTIONS = st.sampled_from(["maximize", "minimize"])


def table(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    """A results table of one dataset and protocol with no more than a front needs."""
    frame = pd.DataFrame(rows, columns=["status", *OBJECTIVES])
    return frame.assign(dataset="iris", protocol="paper", dead_networks=None, networks_at_chance=None)


def test_error_of_several_tasks_names_them() -> None:
    """A front of two datasets or two protocols is refused, as their numbers cannot be compared."""
    results = [make_completed(), make_completed(protocol=HalvesProtocol(networks=4)), make_failed(dataset="digits")]
    with pytest.raises(ValueError, match="rows of iris under paper, iris under halves, digits under paper; select"):
        pareto_front(results_frame(results), OBJECTIVES)


@given(st.lists(st.tuples(st.sampled_from(["completed", "failed"]), NUMBERS, NUMBERS)), DIRECTIONS, DIRECTIONS)
def test_front_is_what_no_row_dominates(
    rows: list[tuple[str, float, float]], first: Direction, second: Direction
) -> None:
    """The front is every completed row with both numbers that no other such row dominates, ties included.

    An AUC that is to be low counts by its distance from 0.5.
    """
    signs = [1 if direction == "maximize" else -1 for direction in (first, second)]
    gains = {
        i: (signs[0] * a, b if second == "maximize" else -abs(b - 0.5))
        for i, (status, a, b) in enumerate(rows)
        if status == "completed" and not math.isnan(a + b)
    }
    expected = {
        i for i, (a, b) in gains.items() if not any(c >= a and d >= b and (c, d) != (a, b) for c, d in gains.values())
    }
    found = pareto_front(table(rows), {"test_accuracy": first, "svm.auc": second})
    assert set(found.index) == expected
    assert [gains[i][0] for i in found.index] == sorted((gains[i][0] for i in expected), reverse=True)


def test_a_dead_network_is_on_no_front() -> None:
    """Not even on one of accuracies, which it has; where nobody looked for dead networks, none is taken for one."""
    dead = make_completed("1" * 16, accuracy=0.9).model_copy(update={"dead": (0,)})
    alive = make_completed("2" * 16, accuracy=0.5).model_copy(update={"dead": ()})
    unseen = make_completed("3" * 16, accuracy=0.5)
    front = pareto_front(results_frame([dead, alive, unseen]), {"test_accuracy": "maximize", "svm.auc": "minimize"})
    assert front["trial_id"].str[0].tolist() == ["2", "3"]


def test_front_without_any_number_is_empty() -> None:
    """Where every trial failed, no attack has a column, and the front has no rows."""
    assert pareto_front(results_frame([make_failed()]), OBJECTIVES).empty


@pytest.mark.parametrize(
    ("points", "directions", "expected"),
    [
        ([], ("maximize", "minimize"), 0.0),
        ([(1.0, 0.5)], ("maximize", "minimize"), 1.0),
        ([(0.8, 0.65)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.8, 0.35)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.8, 0.65), (0.7, 0.7), (0.8, 0.65)], ("maximize", "minimize"), 0.8 * 0.7),
        ([(0.9, 0.8), (0.5, 0.6)], ("maximize", "minimize"), 0.9 * 0.4 + 0.5 * 0.8 - 0.5 * 0.4),
        ([(0.25, 0.75)], ("minimize", "minimize"), 0.75 * 0.5),
        ([(0.25, 0.5)], ("maximize", "maximize"), 0.25 * 0.5),
    ],
)
def test_hypervolume_is_the_area_computed_by_hand(
    points: list[tuple[float, float]], directions: tuple[Direction, Direction], expected: float
) -> None:
    """The area between the front and the worst outcome, whatever the directions; AUCs to be low are 0.5 at best."""
    objectives = dict(zip(OBJECTIVES, directions, strict=True))
    frame = table([("completed", *point) for point in points] + [("failed", math.nan, math.nan)])
    assert hypervolume(frame, objectives) == pytest.approx(expected)


def test_reference_point_is_the_worst_outcome() -> None:
    """That of the column's range, and, where nothing bounds it, a tenth beyond the worst on the front."""
    rows = table([("completed", 0.5, 0.5), ("completed", 0.5, 0.5), ("failed", 0.5, 0.5)])
    assert reference_point(rows, OBJECTIVES) == (0.0, 1.0)
    rows = rows.assign(**{"seconds": [2.0, 3.0, 9.0], "svm.excess_auc": [0.1, 0.0, 0.0]})
    assert reference_point(rows, {"seconds": "minimize", "svm.excess_auc": "minimize"}) == (pytest.approx(3.3), 1.0)
    assert reference_point(rows, {"seconds": "maximize", "svm.excess_auc": "maximize"}) == (0.0, -1.0)


@pytest.mark.parametrize("auc", [0.7, 0.6])
def test_what_is_beaten_moves_no_hypervolume(auc: float) -> None:
    """A front of one trial covers something, and as much beside a slower one that leaks as much or more."""
    objectives: dict[str, Direction] = {"svm.auc": "minimize", "seconds": "minimize"}
    alone = table([("completed", 0.9, 0.6)]).assign(seconds=[2.0])
    both = table([("completed", 0.9, 0.6), ("completed", 0.9, auc)]).assign(seconds=[2.0, 50.0])
    assert hypervolume(alone, objectives) == hypervolume(both, objectives) == pytest.approx(0.8 * (0.2 / 2.2))
    constraints = {"svm.auc": Constraint(relation="<=", bound=0.65)}
    barred = table([("completed", 0.9, 0.6), ("completed", 0.9, 0.66)]).assign(seconds=[2.0, 1.0])
    assert hypervolume(barred, objectives, constraints) == hypervolume(alone, objectives)


def test_means_that_differ_by_a_rounding_alone_are_equal() -> None:
    """The order in which targets are added up decides no front."""
    means = [(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3]
    assert means[0] > means[1]
    rows = table([("completed", means[0], 0.7), ("completed", means[1], 0.6), ("completed", 0.1, 0.6)])
    assert list(pareto_front(rows, OBJECTIVES).index) == [1]


def test_hypervolume_is_a_share_whatever_the_ranges() -> None:
    """Differences are scaled by their range, what nothing bounds by the front; three objectives span a box."""
    objectives: dict[str, Direction] = {
        "test_accuracy": "maximize",
        "svm.excess_auc": "minimize",
        "seconds": "minimize",
    }
    rows = table([("completed", 0.8, 0.5)] * 2).assign(**{"svm.excess_auc": [0.0, 0.5], "seconds": [1.0, 4.0]})
    assert hypervolume(rows, objectives) == pytest.approx(0.8 * 0.1 / 1.1)
    faster = rows.assign(seconds=[4.0, 1.0])
    assert hypervolume(faster, objectives) == pytest.approx(0.8 * (1 * 0.4 + 0.5 * 3.0) / 4.4)
    perfect = rows.assign(**{"test_accuracy": 1.0, "svm.excess_auc": 0.0, "seconds": 0.0})
    assert hypervolume(perfect, objectives) == 1.0
    assert hypervolume(rows.head(0), objectives) == 0.0


ROWS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.3, 0.1 * 3, 0.6, math.nan])] * 4), max_size=12)


@given(ROWS, st.sampled_from([">= 0.3", "> 0.3", "<= 0.3", "< 0.3"]))
def test_what_violates_a_constraint_is_as_if_it_were_not_there(rows: list[tuple[float, ...]], bound: str) -> None:
    """The front and the hypervolume of three objectives are those of the rows for which the constraint holds."""
    columns = ["test_accuracy", "svm.auc", "train_accuracy", "svm.advantage"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        dataset="iris", protocol="paper", dead_networks=None, networks_at_chance=None, status="completed"
    )
    objectives: dict[str, Direction] = dict.fromkeys(columns[:3], "minimize")
    constraint = Constraint.model_validate(bound)
    kept = frame[np.array([constraint.holds(value) for value in frame["svm.advantage"]], bool)]
    front = pareto_front(frame, objectives, {"svm.advantage": constraint})
    assert list(front.index) == list(pareto_front(kept, objectives).index)
    volume = hypervolume(frame, objectives, {"svm.advantage": constraint})
    assert volume == pytest.approx(hypervolume(kept, objectives))
    violation = total_violation(frame, {"svm.advantage": constraint})
    assert (violation == 0).tolist() == feasible(frame, {"svm.advantage": constraint}).tolist()
    assert set(front.index) <= set(frame.index[violation == 0])


def test_violations_add_up_in_shares_of_the_ranges() -> None:
    """Of seconds, which nothing bounds, in shares of the bound."""
    rows = pd.DataFrame({"test_accuracy": [0.8, 0.9], "svm.excess_auc": [0.1, 0.0], "seconds": [15.0, 3.0]})
    bounds = {"test_accuracy": ">= 0.9", "svm.excess_auc": "<= 0", "seconds": "<= 10"}
    constraints = {column: Constraint.model_validate(bound) for column, bound in bounds.items()}
    assert total_violation(rows, constraints).tolist() == pytest.approx([0.1 + 0.05 + 0.5, 0.0])
    assert total_violation(rows[["seconds"]], constraints).tolist() == [math.inf, math.inf]


_LOSSES = st.lists(
    st.tuples(*[st.integers(0, 4)] * 3, st.sampled_from([0, 0, 0, 1, 2, np.inf])), min_size=1, max_size=12
)


@given(_LOSSES)
def test_fronts_ranks_and_volumes_are_as_defined(rows: list[tuple[float, ...]]) -> None:
    """By comparing all with all, equal ones included: fronts peeled off one by one, then violations by their size."""
    table = np.array(rows, float)
    outcomes, violation = table[:, :3], table[:, 3]
    beats = (outcomes[:, None] <= outcomes).all(2) & (outcomes[:, None] < outcomes).any(2)
    assert unbeaten(outcomes).tolist() == (~beats.any(0)).tolist()
    expected = np.full(len(rows), -1)
    left = violation == 0
    while left.any():
        expected[left & ~beats[left].any(0)] = expected.max() + 1
        left &= expected < 0
    for size in sorted(set(violation[violation > 0])):
        expected[violation == size] = expected.max() + 1
    assert front_ranks(outcomes, violation).tolist() == expected.tolist()
    corners = np.stack(np.meshgrid(*[np.arange(5)] * 3), -1).reshape(-1, 3)
    covered = (outcomes[:, None] <= corners).all(2).any(0).mean()
    assert Space(np.zeros(3), np.full(3, 5.0)).share(outcomes) == pytest.approx(covered)
