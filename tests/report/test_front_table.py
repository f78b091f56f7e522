import io

import pandas as pd
import pytest
from rich.console import Console

from privsearch.front import records, varying_axes
from privsearch.report.front_table import counts, front_table
from privsearch.report.labels import configuration
from privsearch.spec import Direction

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}


def printed(frame: pd.DataFrame, objectives: dict[str, Direction] = OBJECTIVES) -> list[str]:
    """The table as a log file of 80 columns has it."""
    log = io.StringIO()
    Console(file=log, width=80).print(front_table(frame, objectives))
    return [line.rstrip() for line in log.getvalue().splitlines()]


def test_front_has_one_line_for_each_configuration(small: pd.DataFrame) -> None:
    """The table has the front, best first, each on one line of at most 80 characters, with all its numbers."""
    lines = printed(small)
    rule = next(number for number, line in enumerate(lines) if line.startswith("─"))
    assert [" ".join(line.split()) for line in lines[rule + 1 : rule + 5]] == [
        "ANN fp32 0.970 ± 0.010 0.610 ± 0.010 0.510 0.100 ± 0.010",
        "ANN w4 0.950 ± 0.020 0.580 ± 0.010 0.510 0.070 ± 0.010",
        "SNN w4 atan 0.950 ± 0.020 0.580 ± 0.010 0.510 0.070 ± 0.010",
        "ANN a4 0.920 ± 0.020 ~0.520 ± 0.020 0.510 0.010 ± 0.020",
    ]
    assert max(map(len, lines)) <= 80


def test_longest_usual_configuration_fits_on_a_line(small: pd.DataFrame) -> None:
    """The longest surrogate gradient's name leaves room for all the numbers in 80 characters."""
    assert any(line.startswith("SNN fp32 spike_rate_escape 0.940 ± 0.020") for line in printed(small.tail(2)))


def test_caption_says_what_the_front_was_found_among(small: pd.DataFrame) -> None:
    """The caption has the counts, the hypervolume with its reference point, the mark and what all share."""
    caption = " ".join(printed(small))
    assert "4 on the front of 7 configurations, 1 of them failed" in caption
    area = 0.92 * 0.48 + 0.03 * 0.42 + 0.02 * 0.39
    assert f"Hypervolume {area:.4f} against the reference point (test_accuracy 0, svm.auc 1)" in caption
    assert "~ within the noise floor, 0.5 ± 0.059: so is guessing on 95 % of targets" in caption
    assert "fp32: full precision" in caption
    assert "Constant axes: threshold 0.5, num_steps 25, epochs 20, batch_size 128" in caption


def test_counts_tell_of_failures_and_replicates(small: pd.DataFrame) -> None:
    """Failed configurations are counted among all, and differing replicates are given as a range."""
    assert counts(small) == "7 configurations, 1 of them failed, 1 to 3 replicates each"
    assert counts(small.head(1)) == "1 configuration, 3 replicates each"


def test_no_two_configurations_have_the_same_words(small: pd.DataFrame) -> None:
    """The varying axes of a dataset tell all of its configurations apart."""
    assert varying_axes(small) == ("model", "weight_bit_width", "act_bit_width", "surrogate_gradient")
    words = [configuration(row, varying_axes(small)) for row in records(small)]
    assert len(set(words)) == len(words)


def test_front_of_accuracies_has_no_attack(small: pd.DataFrame) -> None:
    """Placebo, noise floor and mark appear only beside an AUC."""
    text = " ".join(printed(small, {"test_accuracy": "maximize", "train_accuracy": "minimize"}))
    assert "train" in text
    assert not any(word in text for word in ("placebo", "noise", "~"))


def test_dataset_without_a_completed_trial_has_an_empty_table(small: pd.DataFrame) -> None:
    """Where everything failed, the table says so instead of breaking."""
    assert "0 on the front of 1 configuration, 1 of them failed" in " ".join(printed(small.tail(1)))


def test_rows_of_several_datasets_are_refused(small: pd.DataFrame) -> None:
    """A table shows the front of one dataset."""
    with pytest.raises(ValueError, match="select the rows of one"):
        front_table(pd.concat([small, small.assign(dataset="iris")]), OBJECTIVES)
