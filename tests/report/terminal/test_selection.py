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
    (task,) = tasks(results, SweepSpec.model_validate(sweep))
    return select_in_task(task, results, min_accuracy)


def said(made: Selection) -> str:
    return "\n".join(selection_lines(made, Path("my studies/a")))


def test_a_choice_in_words() -> None:
    """What, its numbers with spread, interval and n, what it costs, what is as good, and what to run next."""
    words = said(selection(0.93))
    lines = words.splitlines()
    assert lines[0] == "iris, protocol paper: the lowest svm AUC with a test accuracy of at least 0.93"
    assert lines[1] == "  ANN w6 (trial 0000000000000006)"
    for part in (
        "test accuracy 0.9500 ± 0.0036, 95 % interval 0.9410 to 0.9590 (n = 3 targets; ±: sd over them)\n",
        "svm AUC 0.5800 ± 0.0036, 95 % interval 0.5500 to 0.6100 (what private means here)\n",
        "excess AUC over the placebo +0.0200, 95 % interval 0.0200 to 0.0200\n",
        "  on the front; probability of being on it: ",
        "against the most accurate, ANN w8 (trial 0000000000000008):\n    test accuracy -0.0200, 95 % interval -0.0",
        "svm AUC -0.1200, 95 % interval ",
        ": it leaks less (significant)\n",
        "no significant difference from it in svm AUC: 1 of the 2 others above that accuracy: ANN w4 (trial 000",
        "  privsearch export 'my studies/a' 0000000000000006\n",
        "  privsearch diff 'my studies/a' 0000000000000006 --column svm.auc\n",
    ):
        assert part in words
    assert "warning" not in words


def test_a_choice_under_constraints_says_so() -> None:
    """What had to hold stands beside the rule; where nothing satisfies it, the nearest is named."""
    made = selection()
    least = replace(made.task, constraints={"test_accuracy": Constraint.model_validate(">= 0.96")})
    chosen = select_in_task(least, made_results())
    assert said(chosen).splitlines()[0] == "iris, protocol paper: the knee of the front, with test accuracy >= 0.96"
    assert said(chosen).splitlines()[1] == "  ANN w8 (trial 0000000000000008)"
    assert selection_summary(chosen)["constraints"] == {"test_accuracy": ">= 0.96"}
    nothing = replace(made.task, constraints={"test_accuracy": Constraint.model_validate("> 0.99")})
    assert "no configuration satisfies test accuracy > 0.99; the nearest to it: ANN w8, with test accuracy 0.970" in (
        said(select_in_task(nothing, made_results()))
    )


WORDS: list[tuple[Callable[[], Selection], str]] = [
    (lambda: selection(0.949), "warning: its mean accuracy is at least 0.949, but its interval reaches below that"),
    (lambda: selection(0.93, targets=1), "but how sure that is is not known, as its targets show no spread"),
    (lambda: selection(0.93, targets=1), "probability of being on it: not known, with one target"),
    (lambda: selection(0.98), "the best, ANN w8 (trial 0000000000000008), is 0.9700 ± 0.0036"),
    (lambda: selection(0.98), "short by 0.0100; ask for less, or sweep other configurations"),
    (lambda: selection(0.96), "it is the most accurate one as well"),
    (lambda: selection(0.96), "no other configuration is above that accuracy"),
    (selection, "the knee of the front: farthest from the line between its ends, each objective scaled"),
    (selection, "(Das 1999); distance 0.2"),
    (selection, "no significant difference from it in svm AUC and test accuracy: 0 of the 2 others on the front"),
]


@pytest.mark.parametrize(("make", "words"), WORDS)
def test_what_else_is_said(make: Callable[[], Selection], words: str) -> None:
    """Doubts, what is lacking, and why it was this one."""
    assert words in said(make())


def test_plain_values_hold_the_same() -> None:
    """They survive JSON."""
    found: dict[str, Any] = json.loads(json.dumps(selection_summary(selection(0.93))))
    assert found["chosen"]["weight_bit_width"] == 6
    assert found["chosen"]["numbers"]["test_accuracy"]["mean"] == pytest.approx(0.95)
    assert found["test_accuracy_interval"] == pytest.approx([0.94104, 0.95896], abs=1e-4)
    assert [cost["quantity"] for cost in found["against_most_accurate"]] == ["test_accuracy", "svm.auc"]
    assert found["not_different"] == ["0000000000000004"]
    assert not found["accuracy_is_doubtful"]
