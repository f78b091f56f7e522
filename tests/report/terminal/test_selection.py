import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import completed_of

from privsearch.analysis.selection import Selection, select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.report.terminal.selection import selection_lines, selection_summary
from privsearch.spec import Constraint, PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.result import Completed

MEANS = ((0.97, 0.70), (0.95, 0.58), (0.94, 0.585), (0.90, 0.52))
NOISE = ((-0.004, 0.001, 0.003), (0.003, -0.004, 0.001), (0.001, 0.003, -0.004), (0.002, 0.002, -0.004))


def made_results(targets: int = 3) -> list[Completed]:
    """Four configurations that tell by their bits."""
    return [
        completed_of(
            f"{bits:016x}",
            [accuracy + change for change in noise[:targets]],
            [auc - change for change in noise[:targets]],
            TrialSpec(dataset="iris", model="ann", weight_bit_width=bits, protocol=PaperProtocol(replicates=targets)),
        )
        for bits, (accuracy, auc), noise in zip((8, 6, 4, 2), MEANS, NOISE, strict=True)
    ]


def selection(min_accuracy: float | None = None, targets: int = 3) -> Selection:
    """The selection among them."""
    results = made_results(targets)
    sweep = {"name": "a", "datasets": ["iris"], "protocol": "paper", "grids": {"a": {"model": ["ann"]}}}
    sweep |= {"objectives": {"test_accuracy": "maximize", "svm.auc": "minimize"}}
    (task,) = tasks(results, SweepSpec.model_validate(sweep))
    return select_in_task(task, min_accuracy)


def said(made: Selection) -> str:
    return "\n".join(selection_lines(made, Path("my studies/a")))


def test_a_choice_in_words() -> None:
    """The verdict, the numbers with spread, interval and n, what it costs, what is as good, and what to run next."""
    words = said(selection(0.93))
    lines = words.splitlines()
    assert lines[0].startswith("iris, protocol paper: ANN w6 leaks 0.120 (0.0")
    assert ") less than the most accurate one, ANN w8, by svm AUC, and costs 0.020 (-0.008 to" in lines[0]
    assert lines[1] == "  take ANN w6 (trial 0000000000000006)"
    for part in (
        "test accuracy 0.9500 ± 0.0036, 95 % interval 0.9410 to 0.9590 (n = 3 targets; ±: standard deviation)\n",
        "svm AUC 0.5800 ± 0.0036, 95 % interval 0.5500 to 0.6100 (privacy is judged by it)\n",
        "corrected for having been chosen, by shrinkage towards the others: test accuracy 0.9",
        "excess AUC over the placebo +0.0200, 95 % interval 0.0200 to 0.0200\n",
        "against the most accurate, ANN w8 (trial 0000000000000008):\n    test accuracy -0.0200, 95 % interval -0.0",
        ", for all 3 comparisons: it leaks less (significant)\n",
        "not significantly different from it in test accuracy or svm AUC (1 of 2 others): ANN w4 (trial 00000",
        "  privsearch export 'my studies/a' 0000000000000006\n",
        "  privsearch diff 'my studies/a' 0000000000000008 --column svm.auc\n",
    ):
        assert part in words
    assert "warning" not in words


def test_a_choice_under_constraints_says_so() -> None:
    """Where nothing satisfies them, the nearest is named."""
    made = selection()
    least = replace(made.task, constraints={"test_accuracy": Constraint.model_validate(">= 0.96")})
    chosen = select_in_task(least)
    assert said(chosen).splitlines()[1] == "  take ANN w8 (trial 0000000000000008)"
    assert selection_summary(chosen)["constraints"] == {"test_accuracy": ">= 0.96"}
    nothing = replace(made.task, constraints={"test_accuracy": Constraint.model_validate("> 0.99")})
    assert "No configuration satisfies test accuracy > 0.99; the nearest to it: ANN w8, with test accuracy 0.970" in (
        said(select_in_task(nothing))
    )


WORDS: list[tuple[Callable[[], Selection], str]] = [
    (lambda: selection(0.93, targets=1), "but how sure that is is not known, as its targets show no spread"),
    (
        lambda: selection(0.98),
        "No configuration reaches an accuracy of 0.98; the most accurate one, ANN w8, has 0.9700 (95 % interval 0.9610 "
        "to 0.9790, n = 3 targets), which is short by 0.01.",
    ),
    (lambda: selection(0.98, targets=1), "(n = 1 target), which is short by 0.0"),
    (
        lambda: selection(0.968),
        "No configuration is shown to reach an accuracy of 0.968: the most accurate one, ANN w8, has 0.9700 (95 % "
        "interval 0.9610 to 0.9790, n = 3 targets), and its interval begins below it.",
    ),
    (lambda: selection(0.96), "no other configuration may be chosen"),
]


@pytest.mark.parametrize(("make", "words"), WORDS)
def test_what_else_is_said(make: Callable[[], Selection], words: str) -> None:
    """Doubts, and what is lacking."""
    assert words in said(make())


def test_plain_values_hold_the_same() -> None:
    """They survive JSON, and have all that a program decides by."""
    found: dict[str, Any] = json.loads(json.dumps(selection_summary(selection(0.93))))
    assert (found["dataset"], found["protocol"]) == ("iris", "paper")
    assert (found["trial_id"], found["configuration"], found["reason"]) == (f"{6:016}", "ANN w6", "leaks less")
    assert found["chosen"]["weight_bit_width"] == 6
    assert found["chosen"]["numbers"]["test_accuracy"]["mean"] == pytest.approx(0.95)
    assert found["test_accuracy_interval"] == pytest.approx([0.94104, 0.95896], abs=1e-4)
    assert found["accuracy_difference"]["difference"] == pytest.approx(-0.02)
    assert found["leakage_difference"]["low"] < -0.12 < found["leakage_difference"]["high"] < 0
    assert found["alternatives"] == ["0000000000000004"]
    assert found["verdict"] == said(selection(0.93)).splitlines()[0].removeprefix("iris, protocol paper: ")
    assert not found["accuracy_is_doubtful"]
