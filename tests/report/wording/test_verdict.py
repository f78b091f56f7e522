from typing import Any

import numpy as np
import pytest
from builders import completed_of, make_completed, make_failed

from privsearch.analysis.selection import Selection, select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.report.wording.verdict import verdict_lines, verdict_sentence
from privsearch.spec import HalvesProtocol, PaperProtocol, SvmAttack, SweepSpec, ThresholdAttack, TrialSpec
from privsearch.study.result import TrialResult

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "paper", "grids": {"a": {"model": ["ann"]}}}
NOISE = np.array([-0.004, 0.001, 0.003, 0.002, -0.002])
MODELS: tuple[dict[str, Any], ...] = (
    {"model": "ann"},
    {"model": "snn"},
    {"model": "ann", "weight_bit_width": 4},
    {"model": "snn", "weight_bit_width": 4},
)


def results_of(*means: tuple[float, float], targets: int = 5) -> list[TrialResult]:
    """A full-precision ANN, an SNN, and both at 4 bits, with these mean accuracies and AUCs."""
    return [
        completed_of(
            f"{number:016x}",
            (accuracy + np.roll(NOISE, number)[:targets]).tolist(),
            (auc - np.roll(NOISE, number)[:targets]).tolist(),
            TrialSpec(dataset="iris", protocol=PaperProtocol(replicates=targets), **MODELS[number]),
        )
        for number, (accuracy, auc) in enumerate(means)
    ]


def selection(*means: tuple[float, float], targets: int = 5, min_accuracy: float | None = None) -> Selection:
    """The selection among them."""
    results = results_of(*means, targets=targets)
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": OBJECTIVES}))
    return select_in_task(task, min_accuracy)


OBJECTIVES = {"test_accuracy": "maximize", "svm.auc": "minimize"}
SAME = ((0.95, 0.6), (0.94, 0.599))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            {"means": SAME},
            "No configuration leaks measurably less than the most accurate one, ANN (with 5 targets, a difference in "
            "svm AUC must be about 0.004 to be significant).",
        ),
        (
            {"means": SAME, "min_accuracy": 0.9},
            "No configuration that is shown to have an accuracy of at least 0.9 leaks measurably less than the most "
            "accurate one, ANN (with 5 targets, a difference in svm AUC must be about 0.004 to be significant).",
        ),
        (
            {"means": ((0.95, 0.56), (0.55, 0.53))},
            "ANN is the most accurate; 1 other leaks measurably less, but at a greater cost in accuracy than the gain "
            "in privacy.",
        ),
        (
            {"means": SAME, "targets": 1},
            "ANN is the most accurate; whether another leaks less cannot be tested, with one target.",
        ),
        ({"means": ((0.95, 0.6),)}, "ANN is the only configuration that can be compared."),
        (
            {"means": SAME, "min_accuracy": 0.943},
            "ANN is the only configuration that is shown to have an accuracy of at least 0.943.",
        ),
    ],
)
def test_verdict_on_the_most_accurate(made: dict[str, Any], said: str) -> None:
    """It stays where nothing leaks measurably less, costs less than it gains, or can be tested."""
    means = made.pop("means")
    assert verdict_sentence(selection(*means, **made)) == said


def test_verdict_on_one_that_leaks_less_has_both_differences() -> None:
    """With their intervals, which hold the sizes of the differences."""
    words = verdict_sentence(selection((0.95, 0.6), (0.94, 0.55)))
    assert words.startswith("SNN leaks 0.050 (0.0")
    assert " less than the most accurate one, ANN, by svm AUC, and costs 0.010 (0.00" in words
    assert words.endswith(") of accuracy.")


def test_cost_that_is_not_significant_is_told() -> None:
    """Its interval begins below 0."""
    words = verdict_sentence(selection((0.95, 0.6), (0.949, 0.55)))
    assert " and costs 0.001 (-0.00" in words
    assert words.endswith(") of accuracy, which is not significant.")


def test_fewer_bits_in_its_place_are_told() -> None:
    """Who reads of one configuration and is to take another must know why."""
    words = verdict_sentence(selection((0.95, 0.6), (0.94, 0.6), (0.9495, 0.6)))
    assert words.startswith(
        "No configuration leaks measurably less than the most accurate one, ANN fp32 (with 5 targets"
    )
    assert words.endswith("to be significant); ANN w4 does as well with fewer bits.")


def test_two_targets_that_show_nothing_say_so() -> None:
    """Where the intervals are wider than all that an attack could gain, no number is given."""
    results = [
        completed_of(
            f"{k:016x}",
            [a, a + 0.02],
            [u, u + d],
            TrialSpec(dataset="iris", protocol=PaperProtocol(replicates=2), **axes),
        )
        for k, (axes, a, u, d) in enumerate(
            zip(MODELS, (0.95, 0.94, 0.93), (0.6, 0.59, 0.58), (0.2, -0.1, 0.05), strict=False)
        )
    ]
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": OBJECTIVES}))
    assert "(with 2 targets, no difference in svm AUC can be significant)" in verdict_sentence(select_in_task(task))


def test_every_dataset_has_a_verdict() -> None:
    """One line each; where no number of an attack is an objective there is none."""
    results = results_of(*SAME)
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": OBJECTIVES}))
    assert list(verdict_lines([task])) == [f"iris, protocol paper: {verdict_sentence(selection(*SAME))}"]
    other = {"test_accuracy": "maximize", "seconds": "minimize"}
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": other}))
    assert list(verdict_lines([task])) == []


def test_protocol_without_a_placebo_has_the_word() -> None:
    """A dataset has one verdict where it was audited by both; each of the two has one where it is alone."""
    halves = HalvesProtocol(networks=4)
    results = [make_completed("a" * 16), make_completed("b" * 16, protocol=halves)]
    asked = SweepSpec.model_validate(SWEEP | {"protocol": ["paper", "halves"]})
    paper, fair = tasks(results, asked)
    (line,) = verdict_lines([paper, fair])
    assert line == "iris, protocol halves: ANN is the only configuration that can be compared."
    assert list(verdict_lines([paper])) == ["iris, protocol paper: ANN is the only configuration that can be compared."]


def test_a_verdict_by_the_strongest_attack_names_the_attacks() -> None:
    """Those that the compared ones have in common, as another attack may be stronger; of one alone nothing is said."""
    both = (SvmAttack(), ThresholdAttack(kind="loss"))
    for attacks, ending in ((both, " Worst is the strongest of svm and loss."), (both[:1], "be significant).")):
        results = [
            completed_of(
                f"{number:016x}",
                (accuracy + np.roll(NOISE, number)[:4]).tolist(),
                (0.6 + np.roll(NOISE, number)[:4]).tolist(),
                TrialSpec(dataset="iris", protocol=HalvesProtocol(networks=4), attacks=attacks, **MODELS[number]),
            )
            for number, accuracy in enumerate((0.95, 0.94))
        ]
        (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"protocol": "halves", "attacks": ["svm", "loss"]}))
        found = select_in_task(task)
        assert found.attacks == tuple(attack.name for attack in attacks)
        assert verdict_sentence(found).endswith(ending)


def test_nothing_to_compare_is_told() -> None:
    """Where all trials have failed."""
    results: list[TrialResult] = [make_failed()]
    (task,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": OBJECTIVES}))
    assert verdict_sentence(select_in_task(task)) == (
        "No configuration can be compared: failed, dead, not learnt, or without these numbers."
    )
