from dataclasses import replace

import pytest
from builders import make_completed

from privsearch.analysis.tasks import tasks
from privsearch.cli.summary import changed_choices, choices, next_lines, unsatisfied
from privsearch.spec import Constraint, SweepSpec


@pytest.mark.parametrize("path", ["studies/quick", f"/somewhere/{'far/' * 12}quick"])
def test_what_to_do_next_fits_and_can_be_pasted(path: str) -> None:
    """Each command with what it is for: on one line where all fit into 80 columns, else on lines of their own."""
    lines = next_lines(path, 0.93)
    words = [word for line in lines[1:] for word in line.split()]
    assert lines[0] == "next:"
    assert {"report", "pick", "audit"} <= set(words)
    assert max(len(part) for line in lines for part in line.split("\n")) <= 80
    assert len(lines) == (4 if path == "studies/quick" else 7)
    assert " ".join(lines).count(path) == 3


def test_a_sweep_in_which_nothing_is_feasible_ends_with_the_nearest() -> None:
    """What was asked for, where nothing satisfies it, and which configuration comes nearest; else not a word."""
    asked = {"name": "a", "datasets": ["iris"], "grids": {"a": {"model": ["ann", "snn"]}}}
    results = [make_completed("1" * 16, accuracy=0.8), make_completed("2" * 16, accuracy=0.9, weight_bit_width=4)]
    (found,) = tasks(results, SweepSpec.model_validate(asked))
    assert unsatisfied([found]) == []
    least = replace(found, constraints={"test_accuracy": Constraint.model_validate(">= 0.9")})
    assert unsatisfied([least]) == []
    more = replace(found, constraints={"test_accuracy": Constraint.model_validate("> 0.9")})
    (line,) = unsatisfied([found, more])
    assert line.startswith(
        "no configuration of iris, protocol paper satisfies test accuracy > 0.9; the nearest to it: "
    )
    assert line.endswith("ANN w4, with test accuracy 0.900 ± 0.014")


def test_what_more_attacks_have_changed_is_told() -> None:
    """By the title of the task, with what was taken before; else not a word."""
    asked = {"name": "a", "datasets": ["iris"], "grids": {"a": {"model": ["ann", "snn"]}}}
    results = [make_completed("1" * 16, accuracy=0.8), make_completed("2" * 16, accuracy=0.9, weight_bit_width=4)]
    taken = choices(tasks(results, SweepSpec.model_validate(asked)))
    assert taken == {"iris, protocol paper": "ANN w4"}
    assert changed_choices(taken, taken) == changed_choices({}, taken) == []
    assert changed_choices({"iris, protocol paper": "ANN fp32"}, taken) == [
        "changed by these attacks:",
        "  iris, protocol paper: before, ANN fp32 was taken; now it is ANN w4",
    ]
