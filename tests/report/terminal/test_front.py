import io
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration
from privsearch.analysis.tasks import Task
from privsearch.report.terminal import front as module
from privsearch.report.terminal.front import front_key, front_table
from privsearch.report.wording.fronts import counts, nearest_words
from privsearch.spec import Constraint


def printed(task: Task, width: int = 100) -> list[str]:
    """The table as a log file has it."""
    log = io.StringIO()
    Console(file=log, width=width).print(front_table(task, width))
    return [line.rstrip() for line in log.getvalue().splitlines()]


def body(task: Task) -> list[str]:
    """The rows of the table, an empty one where they are parted."""
    lines = printed(task)
    rule = next(number for number, line in enumerate(lines) if line.startswith("─"))
    end = next(number for number, line in enumerate(lines) if " on the front of " in line)
    return [" ".join(line.split()) for line in lines[rule + 1 : end]]


def test_front_comes_first_and_then_what_may_be_on_it(small: Task) -> None:
    """The table has the front, best first, and apart from it the possible, each on one line where there is room."""
    probability = small.uncertainty.probability
    assert body(small) == [
        "ANN fp32 00000000 1.00 0.970 ± 0.010 0.700 [.670, .730] +0.020 [.020, .020]",
        "ANN w4 00000000 1.00 0.950 ± 0.020 0.580 [.550, .610] +0.020 [.020, .020]",
        "SNN w4 atan 00000000 1.00 0.950 ± 0.020 0.580 [.550, .610] +0.020 [.020, .020]",
        "ANN a4 * 00000000 1.00 0.920 ± 0.020 ~0.520 [.490, .550] +0.020 [.020, .020]",
        "",
        f"SNN fp32 spike_rate_escape 00000000 {probability.iloc[5]:.2f} 0.940 ± 0.010 0.590 [.560, .620] "
        "+0.020 [.020, .020]",
    ]
    assert probability.iloc[5] == pytest.approx(4 / 27, abs=0.03)
    assert max(map(len, printed(small))) <= 100


def test_what_pick_takes_is_marked(small: Task, task_of: Any, small_rows: list[Any]) -> None:
    """On the front or below it, and the key says what the mark means; where nothing is taken, nothing is said."""
    assert [row[:8] for row in body(small) if " * " in row] == ["ANN a4 *"]
    assert "marked" not in " ".join(printed(small))
    assert front_key([small])[0] == "* what privsearch pick takes."
    # Of two that are alike, the one with fewer bits, which is a little worse in either objective.
    ann = {"model": "ann", "weight_bit_width": 8}
    alike = task_of(
        [
            (ann, [0.95, 0.94, 0.96], [0.6, 0.61, 0.59]),
            (ann | {"weight_bit_width": 4}, [0.949, 0.941, 0.957], [0.601, 0.609, 0.592]),
        ]
    )
    alike.uncertainty.probability[:] = [1.0, 0.0]
    assert [row[:8] for row in body(alike)] == ["ANN w8 0", "", "ANN w4 *"]
    assert "Below the front, marked *: what privsearch pick takes." in " ".join(printed(alike))
    accuracies = task_of(small_rows, objectives={"test_accuracy": "maximize", "train_accuracy": "minimize"})
    assert not any("*" in line for line in [*printed(accuracies), *front_key([accuracies])])


def test_the_likeliest_others_are_shown(small: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more may be on the front than there is room for, the likeliest are shown and the rest are counted."""
    probability = small.uncertainty.probability
    probability.iloc[4] = 0.9
    monkeypatch.setattr(module, "_MOST_CONTENDERS", 1)
    shown = body(small)
    assert [row[:27] for row in shown[shown.index("") + 1 :]] == ["SNN fp32 atan 00000000 0.90"]
    assert "with a prob of at least 0.1; the 1 likeliest of 2." in " ".join(" ".join(printed(small)).split())


def test_one_target_has_no_probability(single: Task) -> None:
    """Where nothing is known of other networks, the table has no probabilities and the hypervolume no interval."""
    text = " ".join(printed(single))
    assert "prob" not in text
    assert "corrected for optimism" not in text
    assert body(single)[0] == "ANN fp32 * 00000000 0.970 0.700 [.670, .730] +0.020"


def test_protocol_without_a_placebo_has_no_column_for_it(task_of: Any, small_rows: list[Any]) -> None:
    """Under halves, an AUC stands alone with its spread or interval."""
    rows = [(axes, [*accuracies, *accuracies[:1]], [*aucs, *aucs[:1]]) for axes, accuracies, aucs in small_rows[:6]]
    task = task_of(rows, "halves")
    text = " ".join(printed(task))
    assert "protocol halves: Pareto front" in text
    assert "worst" in text
    assert "placebo" not in text.lower()
    assert "excess" not in text.lower()
    assert body(task)[0].startswith("ANN fp32 00000000 1.00 0.968 ± ")


def test_caption_says_what_the_front_was_found_among(small: Task) -> None:
    """The caption has the counts, and the hypervolume with its reference point and its interval."""
    caption = " ".join(" ".join(printed(small)).split())
    assert "4 on the front of 7 configurations, 1 of them failed, 3 targets each" in caption
    area, known = 0.92 * 0.96 + 0.03 * 0.84 + 0.02 * 0.60, small.uncertainty.hypervolume
    assert known is not None
    assert f"Hypervolume {area:.4f} against the reference point (test_accuracy 0, svm.auc 1); 95 % interval" in caption
    assert f"corrected for optimism: {known.low:.4f} to {known.high:.4f}." in caption


def test_one_key_explains_all_fronts(small: Task, task_of: Any, small_rows: list[Any]) -> None:
    """Marks, columns and words are explained once, and constant axes where they are the same."""
    key = front_key([small, small])
    assert len(key) == len(set(key))
    text = " ".join(key)
    assert "~ not shown to be above guessing: the 95 % interval contains 0.5." in text
    assert "fp32: full precision" in text
    assert "Constant axes: threshold 0.5, spiking_layers all, num_steps 25, beta 0.95, epochs 20" in text
    assert not any(word in " ".join(printed(small)) for word in ("fp32: full", "Constant axes", "contains 0.5"))
    other = task_of([(axes | {"epochs": 3}, *numbers) for axes, *numbers in small_rows])
    assert sum(line.startswith("Constant axes of ") for line in front_key([small, other])) == 2
    assert front_key([task_of(small_rows[6:])]) == []


def test_columns_of_an_excess_add_up(task_of: Any, small_rows: list[Any]) -> None:
    """Where the excess is the objective, the matched AUC less the placebo's is the excess, in every row."""
    objectives = {"test_accuracy": "maximize", "svm.excess_auc": "minimize"}
    rows = [row.split() for row in body(task_of(small_rows, objectives=objectives)) if row]
    for row in rows:
        matched, placebo, excess = float(row[-9]), float(row[-6]), float(row[-3].strip("~!"))
        assert (row[-8], row[-5]) == ("±", "±"), "every number has its spread"
        assert matched - placebo == pytest.approx(excess, abs=1e-9)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_front_is_readable_on_narrow_and_wide_terminals(small: Task, width: int) -> None:
    """No line is too long, and every configuration has its name, its id and all numbers."""
    lines = printed(small, width)
    assert max(map(len, lines)) <= width
    text = " ".join(lines)
    for words in ("ANN fp32", "SNN w4 atan", "00000000", "0.970", "± 0.010", "[.670, .730]", "+0.020"):
        assert words in text


def test_counts_tell_of_failures_and_targets(small: Task) -> None:
    """Failed configurations are counted among all."""
    assert counts(small.rows) == "7 configurations, 1 of them failed, 3 targets each"
    assert counts(small.rows.head(1)) == "1 configuration, 3 targets each"


def test_no_two_configurations_have_the_same_words(small: Task) -> None:
    """The varying axes of a task tell all of its configurations apart."""
    varying = varying_axes(small.rows)
    assert varying == ("model", "weight_bit_width", "act_bit_width", "surrogate_gradient")
    words = [configuration(row, varying) for row in records(small.rows)]
    assert len(set(words)) == len(words)


def test_front_of_accuracies_has_no_attack(task_of: Any, small_rows: list[Any]) -> None:
    """Placebo and mark appear only beside an AUC."""
    objectives = {"test_accuracy": "maximize", "train_accuracy": "minimize"}
    text = " ".join(printed(task_of(small_rows, objectives=objectives)))
    assert "train" in text
    assert not any(word in text for word in ("placebo", "excess", "~"))


def test_task_without_a_completed_trial_has_an_empty_table(task_of: Any, small_rows: list[Any]) -> None:
    """Where everything failed, the table says so instead of breaking."""
    text = " ".join(printed(task_of(small_rows[6:])))
    assert "0 on the front of 1 configuration, 1 of them failed" in text


def test_objective_without_a_number_is_named_with_the_reason(task_of: Any, small_rows: list[Any]) -> None:
    """Where a rate needs more non-members than there are, the caption says so."""
    objectives = {"svm.auc": "minimize", "svm.tpr_at_fpr_1e-2": "minimize"}
    text = " ".join(" ".join(printed(task_of(small_rows, objectives=objectives))).split())
    assert "0 on the front of 7 configurations, 1 of them failed" in text
    lack = "6 of 6 completed configurations have no svm TPR at FPR 1e-2, and so cannot be on the front"
    assert f"{lack}: it needs 200 non-members, has 30." in text


def test_missing_number_of_unknown_reason_is_counted(small: Task) -> None:
    """Where only some configurations lack an objective, and nothing tells why, they are counted."""
    rows = small.rows.copy()
    rows.loc[rows["model"] == "snn", "svm.auc"] = float("nan")
    text = " ".join(" ".join(printed(replace(small, rows=rows))).split())
    assert "3 of 6 completed configurations have no svm AUC, and so cannot be on the front." in text
    assert "3 on the front" in text


def test_a_dead_network_is_told_below_the_front(small: Task) -> None:
    """Which it is not on; its attacks' numbers are not said to be missing besides."""
    rows = small.rows.copy()
    rows.loc[0, ["svm.auc", "dead_networks"]] = [np.nan, 2]
    text = " ".join(" ".join(printed(replace(small, rows=rows))).split())
    assert "1 of 6 completed configurations is dead: a network gives all examples the same outputs" in text
    assert "have no svm AUC" not in text
    assert body(small)[0].startswith("ANN fp32 ")
    assert not any(row.startswith("ANN fp32 ") for row in body(replace(small, rows=rows)))


def test_different_environments_are_told_below_the_front(small: Task) -> None:
    """In the words of what they differ in; where all are alike there is no such line."""
    assert "different environments" not in " ".join(printed(small))
    rows = small.rows.copy()
    rows.loc[0, "environment"] = f"{rows['environment'][0]}; {rows['environment'][0].replace(', torch ', ', torch 1.')}"
    torch = version("torch")
    text = " ".join(printed(replace(small, rows=rows)))
    assert f"Computed in different environments: torch {torch} / 1.{torch}." in text


def test_a_constraint_is_told_with_what_satisfies_it(small: Task) -> None:
    """How many do; where none does, which is the nearest to it, and that there is no hypervolume."""
    some = replace(small, constraints={"test_accuracy": Constraint.model_validate(">= 0.95")})
    text = " ".join(" ".join(printed(some)).split())
    assert "3 on the front" in text
    assert "Asked for: test accuracy >= 0.95; 3 of 6 configurations with every objective satisfy it." in text
    assert "nearest" not in text
    none = replace(small, constraints={"svm.auc": Constraint.model_validate("< 0.52")})
    text = " ".join(" ".join(printed(none)).split())
    assert (
        "0 of 6 configurations with every objective satisfy it. The nearest to it: ANN a4, with svm AUC 0.520" in text
    )
    assert "Hypervolume 0.0000 against the reference point (test_accuracy 0, svm.auc 1)." in text
    assert nearest_words(none).startswith("ANN a4, with svm AUC 0.520")
    assert not nearest_words(some)


def test_three_objectives_fit_on_a_terminal(small: Task) -> None:
    """Each has its column; the reference point of one without bounds is the worst that was found."""
    objectives = {"test_accuracy": "maximize", "svm.excess_auc": "minimize", "seconds": "minimize"}
    assert max(map(len, printed(replace(small, objectives=objectives), 80))) <= 80
    lines = printed(replace(small, objectives=objectives))
    text = " ".join(" ".join(lines).split())
    assert "against the reference point (test_accuracy 0, svm.excess_auc 1, seconds 1.65)" in text
    wide = " ".join(" ".join(printed(replace(small, objectives=objectives), 140)).split())
    assert "ANN fp32 * 00000000 1.00 0.970 ± 0.010 0.520 ± 0.000 0.500 ± 0.000 +0.020 [.020, .020] 1.500" in wide
