from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import completed_of, make_failed

from privsearch.analysis.selection import knee_distances, private_column, select, select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.api.study import Study
from privsearch.errors import SpecError, StudyError
from privsearch.spec import HalvesProtocol, PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.record import RecordWriter
from privsearch.study.result import TrialResult

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "paper", "grids": {"a": {"model": ["ann"]}}}
AXES: tuple[dict[str, Any], ...] = (
    {"model": "ann"},
    {"model": "ann", "weight_bit_width": 4},
    {"model": "snn"},
    {"model": "snn", "weight_bit_width": 4},
    {"model": "snn", "weight_bit_width": 2},
)
NOISE = np.array([-0.004, 0.001, 0.003])


def results_of(*means: tuple[float, float], noise: float = 1.0, **fields: Any) -> list[TrialResult]:
    """Trials of three targets with these mean accuracies and AUCs; each has chance of its own."""
    found: list[TrialResult] = []
    for number, (accuracy, auc) in enumerate(means):
        own = noise * np.roll(NOISE, number)
        spec = TrialSpec(**{"dataset": "iris", "protocol": PaperProtocol(replicates=3), **AXES[number], **fields})
        found.append(completed_of(f"{number:016x}", (accuracy + own).tolist(), (auc - own).tolist(), spec))
    return found


def chosen(results: list[TrialResult], min_accuracy: float | None = None, **fields: Any) -> Any:
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | fields))
    return select_in_task(task, results, min_accuracy)


def study_of(path: Path, results: list[TrialResult], **fields: Any) -> Study:
    """A study with these results."""
    study = Study(path / "study")
    study.begin(
        SweepSpec.model_validate(SWEEP | fields), {result.trial_id: result.spec.dataset_name for result in results}, {}
    )
    with RecordWriter(study.record_path) as record:
        for result in results:
            record.append(result)
    return study


TRADEOFF = ((0.97, 0.70), (0.95, 0.58), (0.93, 0.57), (0.90, 0.52))


def test_the_most_private_above_an_accuracy_is_chosen() -> None:
    """By its mean; whatever is below, however private, is not."""
    selection = chosen(results_of(*TRADEOFF), 0.94)
    assert (selection.rule, selection.private, selection.rivals) == ("bound", "svm.auc", 1)
    assert (selection.chosen["trial_id"], selection.most_accurate["trial_id"]) == (f"{1:016x}", f"{0:016x}")
    assert selection.chosen["on_front"]
    assert 0 <= selection.chosen["front_probability"] <= 1


def test_an_accuracy_that_is_just_met_is_met() -> None:
    """A mean counts as the number that it is, not as what rounding made of it."""
    results = results_of((0.8999999999999999, 0.6), noise=0.0)
    assert chosen(results, 0.9).chosen is not None


def test_of_equally_private_ones_the_more_accurate_is_chosen() -> None:
    """Though both are above the bound."""
    assert chosen(results_of((0.92, 0.55), (0.95, 0.55)), 0.9).chosen["trial_id"] == f"{1:016x}"


def test_what_it_costs_is_told() -> None:
    """Against the most accurate one, in accuracy and in privacy, with paired intervals."""
    selection = chosen(results_of(*TRADEOFF), 0.94)
    accuracy, auc = selection.costs
    assert (accuracy.quantity, auc.quantity) == ("test_accuracy", "svm.auc")
    assert accuracy.difference == pytest.approx(-0.02)
    assert auc.difference == pytest.approx(-0.12)
    assert accuracy.low < -0.02 < accuracy.high < 0
    assert auc.verdict == "B leaks less (significant)"
    assert chosen(results_of(*TRADEOFF), 0.96).costs == ()


def test_those_without_a_significant_difference_are_named() -> None:
    """Of those above the accuracy, by privacy alone."""
    selection = chosen(results_of((0.97, 0.70), (0.96, 0.581), (0.95, 0.58), (0.80, 0.58)), 0.9)
    assert selection.chosen["trial_id"] == f"{2:016x}"
    assert selection.rivals == 2
    assert [row["trial_id"] for row in selection.alike] == [f"{1:016x}"]


def test_with_one_target_nothing_can_be_told() -> None:
    """So that all others may be as private."""
    results = [
        completed_of(f"{n:016x}", [a], [u], TrialSpec(dataset="iris", protocol=PaperProtocol(replicates=1), **axes))
        for n, (axes, a, u) in enumerate(zip(AXES, (0.9, 0.95), (0.5, 0.7), strict=False))
    ]
    selection = chosen(results, 0.8)
    assert (selection.accuracy, selection.is_doubtful, len(selection.alike)) == (None, True, 1)
    assert [cost.low for cost in selection.costs] == [None, None]


@pytest.mark.parametrize(("bound", "doubtful"), [(0.93, False), (0.949, True), (None, False)])
def test_an_accuracy_may_be_above_the_bound_by_chance(bound: float | None, doubtful: bool) -> None:
    """Where its interval, of 0.95 +- 0.009, reaches below."""
    assert chosen(results_of((0.95, 0.6)), bound).is_doubtful is doubtful


def test_targets_without_spread_leave_a_doubt() -> None:
    """Three times the same accuracy is no proof of any."""
    selection = chosen(results_of((0.95, 0.6), noise=0.0), 0.9)
    assert (selection.accuracy, selection.is_doubtful) == (None, True)


def test_an_accuracy_beyond_all_leaves_the_nearest() -> None:
    """And nothing is chosen."""
    selection = chosen(results_of(*TRADEOFF), 0.99)
    assert selection.chosen is None
    assert selection.most_accurate["test_accuracy"] == pytest.approx(0.97)


def test_nothing_can_be_chosen_of_nothing() -> None:
    """Where all trials have failed."""
    for bound in (None, 0.5):
        selection = chosen([make_failed()], bound)
        assert (selection.chosen, selection.most_accurate) == (None, None)


def test_the_knee_is_farthest_from_the_line_between_the_ends() -> None:
    """Of four on the front, the second loses a fifth of the accuracy's range for two thirds of the AUC's."""
    selection = chosen(results_of(*TRADEOFF))
    assert (selection.rule, selection.chosen["trial_id"], selection.rivals) == ("knee", f"{1:016x}", 3)
    assert selection.distance == pytest.approx((1 - 2 / 7 - 6 / 18) / np.sqrt(2))


@pytest.mark.parametrize(
    ("means", "rule", "number"),
    [
        (((0.95, 0.5), (0.9, 0.6)), "single", 0),
        (((0.95, 0.5), (0.95, 0.5)), "single", 0),
        (((0.95, 0.6), (0.9, 0.5)), "no_knee", 1),
        (((0.96, 0.7), (0.94, 0.6), (0.92, 0.5)), "no_knee", 2),
        (((0.96, 0.7), (0.94, 0.69), (0.90, 0.5)), "no_knee", 2),
    ],
    ids=["one", "two that are equal", "two", "a straight line", "bulging away"],
)
def test_a_front_may_have_no_knee(means: tuple[tuple[float, float], ...], rule: str, number: int) -> None:
    """Then its most private end is taken, and that is said."""
    selection = chosen(results_of(*means))
    assert (selection.rule, selection.chosen["trial_id"], selection.distance) == (rule, f"{number:016x}", None)


def test_the_rest_of_the_front_is_told_from_the_knee_by_accuracy_too() -> None:
    """What is as private, but less accurate for certain, is another selection."""
    selection = chosen(results_of((0.97, 0.70), (0.96, 0.59), (0.80, 0.589)))
    assert selection.chosen["trial_id"] == f"{1:016x}"
    assert selection.alike == ()


def test_distances_do_not_depend_on_units() -> None:
    """Each objective is scaled to its range on the front; one without a range has no say."""
    losses = np.array([[0.0, 1.0], [0.2, 0.3], [1.0, 0.0]])
    assert knee_distances(losses) == pytest.approx([0, 0.5 / np.sqrt(2), 0])
    assert knee_distances(losses * [1000, 1e-3] + [5, -7]) == pytest.approx(knee_distances(losses))
    three = np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0], [0.2, 0.2, 0.2]])
    assert knee_distances(three) == pytest.approx([0, 0, 0, 1.4 / np.sqrt(3)])
    flat = np.array([[0.0, 3.0], [1.0, 3.0]])
    assert knee_distances(flat) == pytest.approx([1 / np.sqrt(2), 0])


def test_private_is_the_first_number_of_an_attack_that_is_minimised() -> None:
    """Whatever it is called, and wherever it stands; without one there is nothing to go by."""
    assert private_column({"seconds": "minimize", "svm.auc": "minimize"}) == "svm.auc"
    assert private_column({"test_accuracy": "maximize", "worst.auc": "minimize"}) == "worst.auc"
    with pytest.raises(
        StudyError, match=r"one objective must be an attack's number .* but those of this study are a, b; run"
    ):
        private_column({"a": "maximize", "b": "maximize"})


def test_under_halves_private_means_the_strongest_attack() -> None:
    """As the front has it."""
    protocol = HalvesProtocol(networks=4)
    results = [
        completed_of(
            f"{n:016x}", [a, a, a, a + 0.01], [u, u, u, u + 0.01], TrialSpec(dataset="iris", protocol=protocol, **axes)
        )
        for n, (axes, (a, u)) in enumerate(zip(AXES, TRADEOFF, strict=False))
    ]
    assert chosen(results, 0.94, protocol="halves").private == "worst.auc"


def test_every_dataset_and_protocol_has_a_choice(tmp_path: Path) -> None:
    """In the order of the study; or one dataset alone."""
    results = results_of((0.9, 0.6))
    other = completed_of("f" * 16, [0.8, 0.9], [0.6, 0.7], TrialSpec(dataset="digits", model="ann"))
    study = study_of(tmp_path, [*results, other], datasets=["iris", "digits"])
    assert [selection.task.name for selection in select(study.load())] == ["iris", "digits"]
    assert [selection.task.name for selection in select(study.load(), dataset="digits")] == ["digits"]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"min_accuracy": 95.0}, SpecError, "must be a fraction from 0 to 1, but got 95; 95 % is 0.95"),
        ({"min_accuracy": -0.1}, SpecError, "must be a fraction from 0 to 1, but got -0.1$"),
        ({"min_accuracy": float("nan")}, SpecError, "must be a fraction from 0 to 1, but got nan$"),
        ({"dataset": "irs"}, StudyError, r"results in this study \(iris\), but got 'irs'; nearest valid: iris"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, arguments: Any, error: type[Exception], said: str) -> None:
    """With the right way to ask."""
    with pytest.raises(error, match=said):
        select(study_of(tmp_path, results_of((0.9, 0.6))).load(), **arguments)


def test_a_study_without_results_is_told(tmp_path: Path) -> None:
    """There is nothing to choose from."""
    with pytest.raises(StudyError, match="must have a finished trial to choose from"):
        select(study_of(tmp_path, []).load())


def test_what_breaks_a_constraint_is_no_candidate() -> None:
    """Neither above the accuracy, nor as the most accurate, nor on the front."""
    results = results_of(*TRADEOFF)
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP))
    feasible = ~task.candidates["trial_id"].isin([f"{0:016x}", f"{1:016x}"])
    task.__dict__["candidates"] = task.candidates.assign(feasible=feasible)
    for bound in (0.92, None):
        selection = select_in_task(task, results, bound)
        assert selection.chosen is not None
        assert selection.most_accurate is not None
        assert selection.most_accurate["trial_id"] == f"{2:016x}"
        assert selection.chosen["trial_id"] == f"{3 if bound is None else 2:016x}"
    task.__dict__["candidates"] = task.candidates.assign(feasible=False)
    assert select_in_task(task, results, 0.5).chosen is None
