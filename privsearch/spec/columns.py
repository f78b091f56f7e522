"""The columns of the results table: how their headers are written, which may be objectives, and their ranges."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
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
_DIFFERENCES: Final = ("advantage", "excess_auc")
_UNBOUNDED: Final = ("epsilon_low", "seconds")
_SD: Final = "_sd"


@dataclass(frozen=True)
class Column:
    """A column: a number of one attack, such as `svm.auc`, or of the whole trial, such as `test_accuracy`.

    Its text is the header that the column has in tables and in CSV files.

    Attributes:
        attack: the attack's name, or None for a number of the whole trial.
        number: the name of the number, such as `auc`, `auc_sd` or `seconds`.
    """

    attack: str | None
    number: str

    @classmethod
    @cache  # as a table of many trials asks for the same few headers, row after row
    def parse(cls, header: str) -> "Column":
        """Read a header."""
        attack, dot, number = header.rpartition(".")
        return cls(attack if dot else None, number)

    def __str__(self) -> str:
        return self.number if self.attack is None else f"{self.attack}.{self.number}"

    @cached_property
    def sd(self) -> "Column":
        """The sample standard deviation over the targets."""
        return Column(self.attack, f"{self.number}{_SD}")

    @cached_property
    def low(self) -> "Column":
        """The lower end of the 95 % interval."""
        return Column(self.attack, f"{self.number}_low")

    @cached_property
    def high(self) -> "Column":
        """The upper end of the 95 % interval."""
        return Column(self.attack, f"{self.number}_high")

    @cached_property
    def placebo(self) -> "Column":
        """The attack's AUC where no example was trained on."""
        return Column(self.attack, "placebo_auc")

    @cached_property
    def excess(self) -> "Column":
        """The excess of the attack's AUC over its placebo."""
        return Column(self.attack, "excess_auc")

    @cached_property
    def noise_floor(self) -> "Column":
        """The half-width of the interval around 0.5 that guessing gives on one target."""
        return Column(self.attack, "noise_floor")

    @cached_property
    def num_members(self) -> "Column":
        """The number of members that the attack scores."""
        return Column(self.attack, "num_members")

    @cached_property
    def num_non_members(self) -> "Column":
        """The number of non-members that the attack scores."""
        return Column(self.attack, "num_non_members")

    @cached_property
    def is_auc(self) -> bool:
        """Membership among the AUCs of attacks."""
        return self.attack is not None and self.number == "auc"

    @cached_property
    def is_mean(self) -> bool:
        """Membership among the means over targets, each of which has such a number."""
        return self.number in (_ACCURACIES if self.attack is None else AUDIT_MEANS)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest possible value, the latter infinite if nothing bounds it.

        A standard deviation of numbers that lie between two bounds is greatest if one of two targets is at either:
        their distance over the square root of 2.
        """
        if self.number.endswith(_SD):
            low, high = Column(self.attack, self.number.removesuffix(_SD)).bounds
            return 0.0, (high - low) / sqrt(2)
        if self.number in _UNBOUNDED:
            return 0.0, inf
        return (-1.0, 1.0) if self.number in _DIFFERENCES else (0.0, 1.0)


def result_columns(attacks: Iterable[str], *, placebo: bool, spread: bool) -> tuple[str, ...]:
    """Return the headers of the numbers that an objective or a constraint may be about.

    These are accuracies, the numbers of all attacks, the spreads and the time. Counts and noise floors are not among
    them, since data and protocol alone decide those.

    Args:
        attacks: their names, `worst` among them.
        placebo: the protocol has a placebo.
        spread: there are several targets, and so standard deviations.
    """
    numbers = [number for number in AUDIT_MEANS if placebo or number not in PLACEBO_NUMBERS]
    means = [Column(None, number) for number in _ACCURACIES]
    means += [Column(attack, number) for attack in attacks for number in numbers]
    ends = [end for column in means if column.is_auc for end in (column.low, column.high)]
    spreads = [column.sd for column in means if spread]
    return tuple(map(str, (*means, *ends, *spreads, Column(None, "seconds"))))
