"""The columns of the results table: how their headers are written, which may be objectives, and their ranges."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import inf, sqrt
from typing import Any, Final, Literal, TypeVar

from privsearch.spec.attacks import WORST
from privsearch.spec.axes import BUILT_IN_MODELS
from privsearch.spec.energy import COST_TABLES

Numbers = TypeVar("Numbers", bound=Any)
"""A number, an array or a series of them."""

ACCURACY: Final = "test_accuracy"
"""The column of the accuracy that configurations are compared by."""

DECIMALS: Final = 12
"""The decimal places to which numbers are compared: beyond these, sums differ by the order of their terms."""

_TPRS: Final = {"tpr_at_fpr_1e-1": 0.1, "tpr_at_fpr_1e-2": 0.01, "tpr_at_fpr_1e-3": 0.001}

AUDIT_FRACTIONS: Final = ("auc", "balanced_accuracy", *_TPRS)
"""The numbers of an attack that lie between 0 and 1, as the last parts of their columns' names."""

WITH_PLACEBO: Final = (*AUDIT_FRACTIONS, "advantage")
"""The numbers of an attack that have a placebo, a matched number and an excess under a protocol with a placebo."""

PLACEBO_NUMBERS: Final = tuple(
    f"{kind}_{number}" for number in WITH_PLACEBO for kind in ("placebo", "matched", "excess")
)
"""The numbers of an attack that only a protocol with a placebo has."""

EPSILON: Final = "epsilon_low"
"""The number of an attack that a protocol with a placebo does not have, as membership is not random there."""

AUDIT_MEANS: Final = (*WITH_PLACEBO, *PLACEBO_NUMBERS)
"""The numbers of an attack that are averaged over the targets."""

ACCURACIES: Final = ("test_accuracy", "train_accuracy", "balanced_accuracy")
"""The columns of accuracies."""

_ENERGY: Final = "energy"
_ONCE: Final = "_once"
FLAT_ENERGY: Final = f"{_ENERGY}.flat"
"""The column of energy that is judged by where no objective is one."""

ENERGIES: Final = tuple(f"{_ENERGY}.{table}{end}" for table in COST_TABLES for end in ("", _ONCE))
"""The energies of an example, in nanojoules, by each table of costs, with `_once` if the layers before the first
spiking neurons are computed once for a static input and not at every step."""

_OPERATIONS: Final = ("macs", f"macs{_ONCE}", "acs", "dense_ops", "membrane_updates")
FIRING_RATE: Final = "firing_rate"
COSTS: Final = (*_OPERATIONS, FIRING_RATE, *ENERGIES)
"""The numbers of what an example costs: operations, spikes and energy, means over targets."""

_UNBOUNDED: Final = (EPSILON, "epsilon_ceiling", "seconds")
_EXCESSES: Final = tuple(f"excess_{number}" for number in WITH_PLACEBO)
_GUESSES: Final = {"auc": 0.5, "balanced_accuracy": 0.5, **_TPRS, "advantage": 0.0}
_SIGNED: Final = ("auc", "auc_low", "auc_high", "excess_auc")
_SD: Final = "_sd"
_OF_ENERGY: Final = tuple(f"{_ENERGY}.{table}" for table in COST_TABLES)


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
        """Read a header; one of an energy, such as `energy.flat_sd`, is no number of an attack called energy."""
        if header.startswith(_OF_ENERGY):
            return cls(None, header)
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
        """The same number where no example was trained on."""
        return Column(self.attack, f"placebo_{self.number}")

    @cached_property
    def matched(self) -> "Column":
        """The same number with as many real members as the placebo has."""
        return Column(self.attack, f"matched_{self.number}")

    @cached_property
    def excess(self) -> "Column":
        """The excess of the number over its placebo, at the placebo's sample size."""
        return Column(self.attack, f"excess_{self.number}")

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
    def is_accuracy(self) -> bool:
        """Membership among the accuracies of networks, which have a mean over the targets."""
        return self.attack is None and self.number in ACCURACIES

    @cached_property
    def is_excess(self) -> bool:
        """Membership among the excesses of attacks' numbers over their placebos, which are differences."""
        return self.number in _EXCESSES

    @cached_property
    def is_mean(self) -> bool:
        """Membership among the means over targets, each of which has such a number."""
        return self.number in ((*ACCURACIES, *COSTS) if self.attack is None else AUDIT_MEANS)

    @property
    def is_cost(self) -> bool:
        """Membership among the means of what an example costs."""
        return self.attack is None and self.number in COSTS

    @property
    def is_amount(self) -> bool:
        """Membership among the costs that nothing bounds, and their spreads and intervals: operations and energies."""
        number = self.number.removesuffix(_SD).removesuffix("_low").removesuffix("_high")
        return self.attack is None and number in (*_OPERATIONS, *ENERGIES)

    @property
    def is_energy(self) -> bool:
        """Membership among the means of energy, in nanojoules."""
        return self.attack is None and self.number in ENERGIES

    @cached_property
    def guess(self) -> float | None:
        """The value that guessing gives, of a number that says how well an attack tells members; None for others."""
        if self.attack is None:
            return None
        if self.number in _EXCESSES:
            return 0.0
        return 0.5 if self.number in _SIGNED else _GUESSES.get(self.number)

    @property
    def is_signed(self) -> bool:
        """True for an AUC, an end of its interval, and its excess: a value below guessing leaks as one above."""
        return self.attack is not None and self.number in _SIGNED

    def as_leakage(self, values: Numbers) -> Numbers:
        """Return how much values of this column leak: what is to be low, where a number is to be low.

        An AUC below 0.5 is no privacy: whoever turns the scores gets the AUC that lies as far above. So of an AUC, of
        the ends of its interval, and of its excess, the distance from guessing counts. The other numbers have their
        direction chosen already; below guessing they are noise, and count as guessing. Numbers of no attack are as
        they are.

        Args:
            values: a number, or an array of any shape.
        """
        if self.guess is None:
            return values
        beyond = values - self.guess
        # The mean of a number and its absolute value is the number, or 0 if it is negative.
        leakage: Numbers = self.guess + (abs(beyond) if self.number in _SIGNED else (beyond + abs(beyond)) / 2)
        return leakage

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest possible value, the latter infinite if nothing bounds it.

        A standard deviation of numbers that lie between two bounds is greatest if one of two targets is at either:
        their distance over the square root of 2.
        """
        if self.number.endswith(_SD):
            low, high = Column(self.attack, self.number.removesuffix(_SD)).bounds
            return 0.0, (high - low) / sqrt(2)
        if self.is_amount or self.number in _UNBOUNDED:
            return 0.0, inf
        return (-1.0, 1.0) if self.number.endswith("advantage") or "excess_" in self.number else (0.0, 1.0)

    @property
    def better(self) -> Literal["maximize", "minimize"] | None:
        """The direction in which a number is better as nearly everybody means it; None if there is none."""
        if self.attack is None and self.number in ACCURACIES:
            return "maximize"
        # A network may fire much or little: what that costs is in the other columns.
        is_little = self.guess is not None or self.is_amount or self.number in _UNBOUNDED
        return "minimize" if is_little else None

    def judged_bounds(self, *, is_low: bool) -> tuple[float, float]:
        """Return the bounds of what counts of a value, where the number `is_low` if all goes well, or is not."""
        low, high = self.bounds
        return (self.least_leakage if is_low else low), high

    @property
    def least_leakage(self) -> float:
        """The least that the column can be where it is to be low: what guessing gives, or the lower bound."""
        return self.bounds[0] if self.guess is None else self.guess

    @property
    def leakage_range(self) -> float:
        """The most that the column can be above what guessing gives: what a perfect attack gains; infinite for a bound.

        An excess over a placebo can be as large as the number that it is an excess of.
        """
        if self.number.startswith("excess_"):
            return Column(self.attack, self.number.removeprefix("excess_")).leakage_range
        return self.bounds[1] - self.least_leakage


def may_have(attack: str, number: str) -> bool:
    """Tell whether an attack can have a number: the strongest has no placebo, which holds what it was chosen on."""
    return attack != WORST or number not in PLACEBO_NUMBERS


def shared_costs(models: Collection[str]) -> tuple[str, ...]:
    """Return the costs that networks of all of these models have: of a registered one nothing is known."""
    if not set(models) <= set(BUILT_IN_MODELS):
        return ()
    return tuple(cost for cost in COSTS if cost != FIRING_RATE or set(models) == {"snn"})


def result_columns(
    attacks: Iterable[str], *, placebo: bool, epsilon: bool, spread: bool, costs: Sequence[str] = COSTS
) -> tuple[str, ...]:
    """Return the headers of the numbers that an objective or a constraint may be about.

    These are accuracies, costs, the numbers of all attacks, the spreads and the time. Counts of examples and noise
    floors are not among them, since data and protocol alone decide those.

    Args:
        attacks: their names, `worst` among them.
        placebo: every protocol has a placebo.
        epsilon: none has one, so that an attack's success bounds epsilon.
        spread: there are several targets, and so standard deviations.
        costs: those of `COSTS` that every trial has.
    """
    numbers = [number for number in AUDIT_MEANS if placebo or number not in PLACEBO_NUMBERS]
    means = [Column(None, number) for number in (*ACCURACIES, *costs)]
    attacks = tuple(attacks)
    means += [Column(attack, number) for attack in attacks for number in numbers if may_have(attack, number)]
    ends = [end for column in means if column.is_auc for end in (column.low, column.high)]
    spreads = [column.sd for column in means if spread]
    bounds = [Column(attack, EPSILON) for attack in attacks if epsilon]
    return tuple(map(str, (*means, *bounds, *ends, *spreads, Column(None, "seconds"))))
