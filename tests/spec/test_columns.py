import math

import numpy as np
import pytest
from builders import make_completed

from privsearch.analysis.frames import results_frame, targets_frame
from privsearch.spec import HalvesProtocol, PaperProtocol, Protocol, SvmAttack, ThresholdAttack
from privsearch.spec.columns import column_range, is_mean, result_columns


@pytest.mark.parametrize("protocol", [PaperProtocol(replicates=1), PaperProtocol(replicates=3), HalvesProtocol()])
def test_the_result_columns_are_those_of_the_table(protocol: Protocol) -> None:
    """Every one of them stands in the table with a number, or is a rate that needs more examples."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    result = make_completed(protocol=protocol, attacks=attacks)
    columns = result_columns(("svm", "loss", "worst"), placebo=protocol.kind == "paper", spread=protocol.targets > 1)
    frame, targets = results_frame([result]), targets_frame([result])
    rare = [column for column in columns if "1e-2" in column or "1e-3" in column]
    known = [column for column in columns if column not in rare]
    assert frame[known].notna().all(axis=None)
    for column in known:
        low, high = column_range(column)
        assert low <= frame[column].item() <= high
    means = [column for column in known if is_mean(column)]
    np.testing.assert_allclose(targets[means].mean(), frame[means].iloc[0].astype(float))
    numbers = frame.select_dtypes("number").dropna(axis=1).columns
    left = {column for column in numbers if "." in column} - set(columns)
    assert {column.rpartition(".")[2] for column in left} == {"num_members", "num_non_members", "noise_floor"}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("test_accuracy", (0, 1)),
        ("svm.tpr_at_fpr_1e-2", (0, 1)),
        ("svm.excess_auc", (-1, 1)),
        ("worst.advantage", (-1, 1)),
        ("lira.epsilon_low", (0, math.inf)),
        ("seconds", (0, math.inf)),
        ("lira.epsilon_low_sd", (0, math.inf)),
        ("svm.excess_auc_sd", (0, math.sqrt(2))),
    ],
)
def test_every_kind_of_column_has_its_range(column: str, expected: tuple[float, float]) -> None:
    """Fractions, differences of fractions, what nothing bounds, and spreads of each."""
    assert column_range(column) == pytest.approx(expected)


def test_no_two_numbers_are_further_apart_than_the_range_of_spreads() -> None:
    """The sample standard deviation of two fractions at either end is the greatest there is."""
    greatest = max(np.std(np.arange(n) % 2, ddof=1) for n in range(2, 9))
    assert column_range("test_accuracy_sd")[1] == pytest.approx(greatest)
