import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import completed_of, make_failed
from counted_networks import conventional, counted

from privsearch.analysis.differences import differences_frame
from privsearch.analysis.selection import private_column, select, select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.api.study import Study
from privsearch.errors import SpecError, StudyError
from privsearch.report.wording.verdict import verdict_sentence
from privsearch.spec import HalvesProtocol, PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed, TrialResult

OBJECTIVES = {"test_accuracy": "maximize", "svm.auc": "minimize"}
SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "paper", "grids": {"a": {"model": ["ann"]}}}
SWEEP |= {"objectives": OBJECTIVES}
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
    return select_in_task(task, min_accuracy)


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
    """Where the difference holds; whatever is below, however private, is not."""
    selection = chosen(results_of(*TRADEOFF), 0.94)
    assert (selection.reason, selection.private, selection.rivals) == ("leaks less", "svm.auc", 1)
    assert (selection.chosen["trial_id"], selection.most_accurate["trial_id"]) == (f"{1:016x}", f"{0:016x}")
    assert (selection.leaking_less, selection.compared) == (1, 3)


def test_an_accuracy_must_be_reached_by_the_whole_interval() -> None:
    """A mean of 0.95 is no accuracy of at least 0.945 where its interval reaches down to 0.941."""
    assert chosen(results_of((0.95, 0.6)), 0.941).chosen is not None
    missed = chosen(results_of((0.95, 0.6)), 0.945)
    assert missed.chosen is None
    assert missed.most_accurate["test_accuracy"] == pytest.approx(0.95)


def test_an_accuracy_that_is_just_met_is_met() -> None:
    """A mean counts as the number that it is, not as what rounding made of it."""
    results = results_of((0.8999999999999999, 0.6), noise=0.0)
    assert chosen(results, 0.9).chosen is not None


def test_what_it_costs_is_told() -> None:
    """Against the most accurate one, in accuracy and in privacy, with simultaneous paired intervals."""
    selection = chosen(results_of(*TRADEOFF), 0.94)
    accuracy, auc = selection.differences
    assert (accuracy.quantity, auc.quantity) == ("test_accuracy", "svm.auc")
    assert accuracy.difference == pytest.approx(-0.02)
    assert auc.difference == pytest.approx(-0.12)
    assert auc.low < -0.12 < auc.high < 0
    # Of three others one has the same noise as the most accurate, and so no test.
    assert (auc.family, auc.n, auc.verdict) == (2, 3, "B leaks less (significant)")
    assert chosen(results_of(*TRADEOFF), 0.96).differences == ()


def test_a_choice_and_the_differences_table_say_the_same() -> None:
    """`pick` and `diff` of the most accurate one have the same numbers and verdicts."""
    results = results_of(*TRADEOFF)
    selection = chosen(results)
    best, *others = sorted(results, key=lambda result: result.trial_id)
    table = differences_frame(best, others, "svm.auc")
    rows = table[table["trial_id"] == selection.chosen["trial_id"]]
    for difference in selection.differences:
        (row,) = rows[rows["quantity"] == difference.quantity].to_dict("records")
        assert vars(difference) == {name: row[name] for name in vars(difference)}
    leaking_less = table[(table["role"] == "compared") & (table["verdict"] == "B leaks less (significant)")]
    assert selection.leaking_less == len(leaking_less)


def test_those_without_a_significant_difference_are_named() -> None:
    """Of those above the accuracy: neither in accuracy nor in leakage."""
    selection = chosen(results_of((0.97, 0.70), (0.96, 0.581), (0.959, 0.58), (0.80, 0.58)), 0.9)
    assert selection.chosen["trial_id"] == f"{1:016x}"
    assert selection.rivals == 2
    assert [row["trial_id"] for row in selection.alike] == [f"{2:016x}"]


def test_with_one_target_nothing_can_be_told() -> None:
    """So that the most accurate is taken, and whether the others are as private is not known."""
    results = [
        completed_of(f"{n:016x}", [a], [u], TrialSpec(dataset="iris", protocol=PaperProtocol(replicates=1), **axes))
        for n, (axes, a, u) in enumerate(zip(AXES, (0.9, 0.95), (0.5, 0.7), strict=False))
    ]
    selection = chosen(results, 0.8)
    assert (selection.accuracy, selection.is_doubtful, selection.alike) == (None, True, None)
    assert (selection.chosen["trial_id"], selection.reason) == (f"{1:016x}", "not tested")


def test_targets_without_spread_leave_a_doubt() -> None:
    """Three times the same accuracy is no proof of any."""
    selection = chosen(results_of((0.95, 0.6), noise=0.0), 0.9)
    assert (selection.accuracy, selection.is_doubtful) == (None, True)


def test_an_accuracy_beyond_all_leaves_the_nearest() -> None:
    """And nothing is chosen."""
    selection = chosen(results_of(*TRADEOFF), 0.99)
    assert (selection.chosen, selection.reason) == (None, None)
    assert selection.most_accurate["test_accuracy"] == pytest.approx(0.97)


def test_nothing_can_be_chosen_of_nothing() -> None:
    """Where all trials have failed."""
    for bound in (None, 0.5):
        selection = chosen([make_failed()], bound)
        assert (selection.chosen, selection.most_accurate) == (None, None)


def test_without_an_accuracy_what_is_gained_is_weighed_against_its_cost() -> None:
    """0.12 of AUC for 0.02 of accuracy, then no more for what differs by noise; 0.02 of AUC for 0.4 is too dear."""
    assert chosen(results_of(*TRADEOFF)).chosen["trial_id"] == f"{1:016x}"
    dear = chosen(results_of((0.97, 0.54), (0.57, 0.52)))
    assert (dear.chosen["trial_id"], dear.reason, dear.leaking_less) == (
        f"{0:016x}",
        "costs more than it gains",
        1,
    )


def test_of_weights_with_fewer_bits_that_do_as_well_the_fewest_are_taken() -> None:
    """The same network at 4 and at 2 bits; a network of another kind is not cheaper for its bits."""
    fields = [{"model": "ann", "weight_bit_width": width} for width in (None, 4, 2)] + [{"model": "snn"}]
    means = [(0.95, 0.55), (0.9495, 0.5505), (0.9490, 0.551), (0.9499, 0.55)]
    results: list[TrialResult] = [
        completed_of(
            f"{number:016x}",
            (accuracy + np.roll(NOISE, number)).tolist(),
            (auc - np.roll(NOISE, number)).tolist(),
            TrialSpec(dataset="iris", protocol=PaperProtocol(replicates=3), **axes),
        )
        for number, (axes, (accuracy, auc)) in enumerate(zip(fields, means, strict=True))
    ]
    selection = chosen(results)
    assert selection.reason == "nothing leaks less"
    assert (selection.chosen["trial_id"], selection.in_place_of["trial_id"]) == (f"{2:016x}", f"{0:016x}")


def test_the_numbers_of_the_chosen_one_are_not_flattered() -> None:
    """Beside its means stand those drawn towards the other configurations; of fewer than four there are none."""
    selection = chosen(results_of((0.95, 0.56), (0.94, 0.561), (0.945, 0.559), (0.943, 0.56)))
    assert selection.shrunken.keys() == {"test_accuracy", "svm.auc"}
    assert 0.9445 <= selection.shrunken["test_accuracy"] <= selection.chosen["test_accuracy"]
    assert chosen(results_of((0.95, 0.56), (0.94, 0.561))).shrunken == {}


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
    assert chosen(results, 0.94, protocol="halves", objectives=None).private == "worst.auc"


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
    """Neither above the accuracy, nor as the most accurate."""
    results = results_of(*TRADEOFF)
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP))
    feasible = ~task.competitors["trial_id"].isin([f"{0:016x}", f"{1:016x}"])
    task.__dict__["competitors"] = task.competitors.assign(feasible=feasible)
    for bound in (0.92, None):
        selection = select_in_task(task, bound)
        assert selection.chosen is not None
        assert selection.most_accurate is not None
        assert selection.most_accurate["trial_id"] == f"{2:016x}"
        assert selection.chosen["trial_id"] == f"{3 if bound is None else 2:016x}"
    task.__dict__["competitors"] = task.competitors.assign(feasible=False)
    assert select_in_task(task, 0.5).chosen is None


FRUGAL: dict[str, Any] = {"grids": {"a": {"model": ["ann", "snn"]}}}


def frugal_results() -> list[TrialResult]:
    """The most accurate ones take the most energy, and each target some energy of its own."""
    found: list[TrialResult] = []
    for number, result in enumerate(results_of(*TRADEOFF)):
        assert isinstance(result, Completed)
        found.append(counted(result, *(conventional(active=8.0 - 2 * number + own) for own in (0.1, 0.2, 0.3))))
    return found


@pytest.mark.parametrize(("most", "expected"), [(0.265, 0), (0.245, 1), (0.2265, 2), (0.21, 3)])
def test_energy_is_kept_to_with_its_whole_interval(most: float, expected: int) -> None:
    """Of what keeps to it, the most accurate is the one to beat."""
    (task,) = tasks(frugal_results(), SweepSpec.model_validate(SWEEP | FRUGAL))
    selection = select_in_task(task, max_energy=most)
    assert selection.most_accurate is not None
    assert selection.most_accurate["trial_id"] == f"{expected:016x}"
    high = selection.most_accurate["energy.flat_high"]
    assert high <= most
    # A limit between the mean and the end of the interval is not kept to.
    between = select_in_task(task, max_energy=(high + selection.most_accurate["energy.flat"]) / 2)
    left = between.most_accurate if between.chosen else None
    assert left is None or left["trial_id"] != selection.most_accurate["trial_id"]


def test_the_energy_is_the_objective_or_the_flat_one() -> None:
    """So that a limit is in the unit of what is shown."""
    objectives = OBJECTIVES | {"energy.memory": "minimize"}
    (task,) = tasks(frugal_results(), SweepSpec.model_validate(SWEEP | FRUGAL | {"objectives": objectives}))
    assert select_in_task(task, max_energy=1e9).energy == "energy.memory"
    (task,) = tasks(frugal_results(), SweepSpec.model_validate(SWEEP | FRUGAL))
    assert select_in_task(task, max_energy=1e9).energy == "energy.flat"


def test_too_little_energy_for_all_is_told_with_the_least(tmp_path: Path) -> None:
    """And energy that is not known is refused, as is a limit that is none."""
    (task,) = tasks(frugal_results(), SweepSpec.model_validate(SWEEP | FRUGAL))
    selection = select_in_task(task, max_energy=0.01)
    assert selection.chosen is None
    assert selection.least_energy is not None
    assert selection.least_energy["trial_id"] == f"{3:016x}"
    sentence = verdict_sentence(selection)
    assert sentence.startswith(
        "No configuration is shown to have a flat energy of at most 0.01 nJ; the least is that of "
    )
    (old,) = tasks(results_of(*TRADEOFF), SweepSpec.model_validate(SWEEP))
    with pytest.raises(StudyError, match="their operations were not counted"):
        select_in_task(old, max_energy=1.0)
    content = study_of(tmp_path, frugal_results()).load()
    for most in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(SpecError, match="--max-energy: must be a number of nanojoules above 0"):
            select(content, max_energy=most)
    assert [one.max_energy for one in select(content, max_energy=5.0)] == [5.0]
