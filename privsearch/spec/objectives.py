"""The objectives of a sweep, and the rules that their columns and those of constraints keep."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from privsearch._util.text import cut, remedy
from privsearch.spec.attacks import WORST
from privsearch.spec.columns import ACCURACIES, COSTS, EPSILON, FLAT_ENERGY, WITH_PLACEBO, Column
from privsearch.spec.constraints import Constraint

Direction = Literal["maximize", "minimize"]

_WHOLE: Final = (*ACCURACIES, *COSTS, "seconds")

Objectives = Mapping[str, Direction]
"""The direction in which result columns are better, by the columns' names."""


def as_objective(column: str, direction: Direction, value: float) -> float:
    """Return what counts of a column's value where it is an objective: if it is to be low, what it leaks."""
    return Column.parse(column).as_leakage(value) if direction == "minimize" else value


def not_a_column(given: str, columns: Sequence[str]) -> str:
    """Return the sentence about a name that is none of the result `columns`."""
    attacks = list(dict.fromkeys(attack for column in columns if (attack := Column.parse(column).attack) is not None))
    numbers = [number for number in (*WITH_PLACEBO, EPSILON) if str(Column(WORST, number)) in columns]
    with_placebo = [attack for attack in attacks if str(Column(attack, "auc").placebo) in columns]
    prefixes = ""
    if with_placebo:
        prefixes = f", each but that of {WORST} also with placebo_, matched_ or excess_ before it, such as .excess_auc"
    why = ""
    if Column.parse(given).number == EPSILON and with_placebo:
        why = "; no attack bounds epsilon under the protocol paper, where membership is not random"
    if given in COSTS:
        why = (
            "; an ANN has no firing rate" if FLAT_ENERGY in columns else "; a registered model's operations are unknown"
        )
    whole = ", ".join(column for column in columns if column in _WHOLE)
    return (
        f"must be a result column under every protocol of this sweep ({whole}, or one of {', '.join(attacks)} with "
        f".{', .'.join(numbers)} behind it{prefixes}), but got "
        f"{cut(given)}{why}; "
        f"{remedy(given, columns)}"
    )


def impossible_bound(column: str, constraint: Constraint) -> str | None:
    """Return the sentence about a constraint that no trial can satisfy; None if a trial can."""
    low, high = Column.parse(column).judged_bounds(is_low=constraint.is_upper)
    if constraint.can_hold(low, high):
        return None
    percent = 1 < constraint.bound <= 100
    hint = f"; {constraint.bound:g} % is {constraint.bound / 100:g}" if percent else "; correct the bound"
    guessing = "; guessing gives the least, and less is leakage with its sign turned" if low == 0.5 else ""
    return f"must be possible for numbers of {low:g} to {high:g}, but got {str(constraint)!r}{guessing}{hint}"
