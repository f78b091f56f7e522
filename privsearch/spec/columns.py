"""The numeric columns of the results table that objectives and constraints may name, and the range of each."""

from collections.abc import Iterable
from math import inf, sqrt
from typing import Final

DECIMALS: Final = 12
"""The decimal places to which numbers are compared: beyond these, sums differ by the order of their terms."""

AUDIT_FRACTIONS: Final = (
    *("auc", "balanced_accuracy"),
    *("tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3"),
)
"""The numbers of an attack that lie between 0 and 1, as the last parts of their columns' names."""

PLACEBO_NUMBERS: Final = ("placebo_auc", "matched_auc", "excess_auc")
"""The numbers of an attack that the protocol `paper` alone has."""

AUDIT_MEANS: Final = (*AUDIT_FRACTIONS, "advantage", "epsilon_low", *PLACEBO_NUMBERS)
"""The numbers of an attack that are averaged over the targets."""

_ACCURACIES: Final = ("test_accuracy", "train_accuracy")
_ENDS: Final = ("auc_low", "auc_high")
_DIFFERENCES: Final = ("advantage", "excess_auc")
_UNBOUNDED: Final = ("epsilon_low", "seconds")


def result_columns(attacks: Iterable[str], *, placebo: bool, spread: bool) -> tuple[str, ...]:
    """Return the numeric columns of a trial's results: accuracies, the attacks' numbers, their spreads, the time.

    Counts and noise floors are not among them: data and protocol alone decide these.

    Args:
        attacks: the attacks' names, `worst` among them.
        placebo: True if the protocol has a placebo.
        spread: True if there are several targets, and so standard deviations.
    """
    numbers = [number for number in AUDIT_MEANS if placebo or number not in PLACEBO_NUMBERS]
    means = [*_ACCURACIES, *(f"{attack}.{number}" for attack in attacks for number in numbers)]
    ends = [f"{column.removesuffix('auc')}{end}" for column in means if column.endswith(".auc") for end in _ENDS]
    return (*means, *ends, *(f"{column}_sd" for column in means if spread), "seconds")


def is_mean(column: str) -> bool:
    """Return whether a column holds means over a trial's targets, each of which has a number of its own."""
    return column in _ACCURACIES or column.rpartition(".")[2] in AUDIT_MEANS


def column_range(column: str) -> tuple[float, float]:
    """Return the least and the greatest value that a column can have, the latter infinite if nothing bounds it.

    A standard deviation of numbers between two bounds is greatest for two targets, one at each bound: it is then the
    distance of the bounds over the square root of 2.
    """
    if column.endswith("_sd"):
        low, high = column_range(column.removesuffix("_sd"))
        return 0.0, (high - low) / sqrt(2)
    number = column.rpartition(".")[2]
    if number in _UNBOUNDED:
        return 0.0, inf
    return (-1.0, 1.0) if number in _DIFFERENCES else (0.0, 1.0)
