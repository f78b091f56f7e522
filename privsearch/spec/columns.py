"""The numeric columns of the results table that an objective or a constraint may be about, and where they can lie."""

from collections.abc import Iterable
from math import inf, sqrt
from typing import Final

DECIMALS: Final = 12
"""Numbers that differ beyond these are equal: the same outcomes, added up in another order."""

AUDIT_FRACTIONS: Final = (
    *("auc", "balanced_accuracy"),
    *("tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3"),
)
"""The numbers of an attack that lie between 0 and 1, the last parts of their columns."""

PLACEBO_NUMBERS: Final = ("placebo_auc", "matched_auc", "excess_auc")
"""The numbers of an attack that the protocol `paper` alone has."""

AUDIT_MEANS: Final = (*AUDIT_FRACTIONS, "advantage", "epsilon_low", *PLACEBO_NUMBERS)
"""The numbers of an attack that are averaged over the targets."""

_ACCURACIES: Final = ("test_accuracy", "train_accuracy")
_ENDS: Final = ("auc_low", "auc_high")
_DIFFERENCES: Final = ("advantage", "excess_auc")
_UNBOUNDED: Final = ("epsilon_low", "seconds")


def result_columns(attacks: Iterable[str], *, placebo: bool, spread: bool) -> tuple[str, ...]:
    """The numeric columns of what came out of a trial: accuracies, all that attacks found, the spreads, the time.

    Not among them are counts and noise floors, which data and protocol decide alone.

    Args:
        attacks: by their names, `worst` among them.
        placebo: whether the protocol has one.
        spread: whether there are several targets, and so standard deviations.
    """
    numbers = [number for number in AUDIT_MEANS if placebo or number not in PLACEBO_NUMBERS]
    means = [*_ACCURACIES, *(f"{attack}.{number}" for attack in attacks for number in numbers)]
    ends = [f"{column.removesuffix('auc')}{end}" for column in means if column.endswith(".auc") for end in _ENDS]
    return (*means, *ends, *(f"{column}_sd" for column in means if spread), "seconds")


def is_mean(column: str) -> bool:
    """Whether a trial's number is the mean over its targets, each of which has one."""
    return column in _ACCURACIES or column.rpartition(".")[2] in AUDIT_MEANS


def column_range(column: str) -> tuple[float, float]:
    """The least and the greatest value that the column can have, the latter infinite where nothing bounds it.

    A standard deviation of numbers that lie between two bounds is greatest where one of two targets is at either: their
    distance over the square root of 2.
    """
    if column.endswith("_sd"):
        low, high = column_range(column.removesuffix("_sd"))
        return 0.0, (high - low) / sqrt(2)
    number = column.rpartition(".")[2]
    if number in _UNBOUNDED:
        return 0.0, inf
    return (-1.0, 1.0) if number in _DIFFERENCES else (0.0, 1.0)
