import math

import numpy as np
import pytest
from builders import make_completed
from counted_networks import spiking

from privsearch.analysis.frames import results_frame, targets_frame
from privsearch.spec import HalvesProtocol, PaperProtocol, Protocol, SvmAttack, ThresholdAttack
from privsearch.spec.columns import Column, result_columns


@pytest.mark.parametrize("protocol", [PaperProtocol(replicates=1), PaperProtocol(replicates=3), HalvesProtocol()])
def test_the_result_columns_are_those_of_the_table(protocol: Protocol) -> None:
    """Every one of them stands in the table with a number, or is a rate that needs more examples."""
    attacks = (SvmAttack(), ThresholdAttack(kind="loss"))
    plain = make_completed(protocol=protocol, attacks=attacks)
    target = plain.replicates[0].target.model_copy(update={"balanced_accuracy": 0.7, "operations": spiking()})
    measured = tuple(replicate.model_copy(update={"target": target}) for replicate in plain.replicates)
    result = plain.model_copy(update={"replicates": measured})
    has_placebo, names = protocol.has_placebo, ("svm", "loss", "worst")
    columns = result_columns(names, placebo=has_placebo, epsilon=not has_placebo, spread=protocol.targets > 1)
    frame, targets = results_frame([result]), targets_frame([result])
    rare = [column for column in columns if "1e-2" in column or "1e-3" in column]
    known = [column for column in columns if column not in rare]
    assert frame[known].notna().all(axis=None)
    for column in known:
        low, high = Column.parse(column).bounds
        assert low <= frame[column].item() <= high
    means = [column for column in known if Column.parse(column).is_mean]
    np.testing.assert_allclose(targets[means].mean(), frame[means].iloc[0].astype(float))
    numbers = frame.select_dtypes("number").dropna(axis=1).columns
    left = {column for column in numbers if Column.parse(column).attack} - set(columns)
    others = {Column.parse(column).number for column in left if "excess_" not in column}
    assert others == {"num_members", "num_non_members", "noise_floor"} | (
        {"epsilon_ceiling"} - ({"epsilon_ceiling"} if has_placebo else set())
    )


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("test_accuracy", (0, 1)),
        ("svm.tpr_at_fpr_1e-2", (0, 1)),
        ("svm.excess_auc", (-1, 1)),
        ("worst.advantage", (-1, 1)),
        ("lira.epsilon_low", (0, math.inf)),
        ("seconds", (0, math.inf)),
        ("svm.placebo_advantage", (-1, 1)),
        ("svm.excess_auc_sd", (0, math.sqrt(2))),
        ("energy.memory_once", (0, math.inf)),
        ("macs_sd", (0, math.inf)),
        ("energy.flat_high", (0, math.inf)),
        ("firing_rate", (0, 1)),
    ],
)
def test_every_kind_of_column_has_its_range(column: str, expected: tuple[float, float]) -> None:
    """Fractions, differences of fractions, what nothing bounds, and spreads of each."""
    assert Column.parse(column).bounds == pytest.approx(expected)


def test_no_two_numbers_are_further_apart_than_the_range_of_spreads() -> None:
    """The sample standard deviation of two fractions at either end is the greatest there is."""
    greatest = max(np.std(np.arange(n) % 2, ddof=1) for n in range(2, 9))
    assert Column.parse("test_accuracy_sd").bounds[1] == pytest.approx(greatest)


@pytest.mark.parametrize("header", ["test_accuracy", "svm.auc", "margin-v2.excess_auc_sd", "lira.tpr_at_fpr_1e-2"])
def test_a_column_is_read_and_written_as_the_same_header(header: str) -> None:
    """What is parsed comes out again, letter by letter."""
    assert str(Column.parse(header)) == header


def test_a_column_names_those_that_go_with_it() -> None:
    """The spread, the ends of the interval, and the other numbers of the same attack."""
    auc = Column("svm", "auc")
    assert [str(column) for column in (auc.sd, auc.low, auc.high)] == ["svm.auc_sd", "svm.auc_low", "svm.auc_high"]
    assert [str(column) for column in (auc.placebo, auc.excess)] == ["svm.placebo_auc", "svm.excess_auc"]
    assert str(auc.noise_floor) == "svm.noise_floor"
    assert str(Column(None, "test_accuracy").sd) == "test_accuracy_sd"


@pytest.mark.parametrize(
    ("column", "value", "leakage"),
    [
        ("loss.auc", 0.212, 0.788),
        ("loss.auc", 0.7, 0.7),
        ("loss.auc_high", 0.3, 0.7),
        ("svm.excess_auc", -0.1, 0.1),
        ("svm.advantage", -0.1, 0.0),
        ("svm.balanced_accuracy", 0.4, 0.5),
        ("svm.tpr_at_fpr_1e-2", 0.004, 0.01),
        ("svm.excess_advantage", -0.2, 0.0),
        ("svm.placebo_auc", 0.2, 0.2),
        ("svm.auc_sd", 0.2, 0.2),
        ("test_accuracy", 0.2, 0.2),
        ("seconds", 3.0, 3.0),
    ],
)
def test_what_is_worse_than_guessing_is_no_privacy(column: str, value: float, leakage: float) -> None:
    """An AUC leaks by its distance from 0.5; what has chosen its direction is noise below guessing; else no change."""
    assert Column.parse(column).as_leakage(value) == pytest.approx(leakage)
    np.testing.assert_allclose(Column.parse(column).as_leakage(np.array([value, value])), leakage)
    assert Column.parse(column).least_leakage <= leakage


def test_the_auc_of_an_attack_is_told_from_other_aucs() -> None:
    """Its placebo, its excess and its spread are no AUC of the attack on members."""
    assert Column.parse("svm.auc").is_auc
    assert not any(Column.parse(header).is_auc for header in ("svm.placebo_auc", "svm.auc_sd", "auc", "test_accuracy"))
