"""Differences in leakage at equal accuracy, along the frontiers of two families of trials.

Whoever looks among many configurations for one that is as accurate as another finds, by chance, one that suits him.
Here the partner is not looked for: A is trained for several numbers of epochs, and so is B, and each has its family,
the trials that differ from it in these axes alone. The frontier of a family says what an accuracy costs: the members
that no other one beats, being at least as accurate and leaking less, or leaking as little and being more accurate,
joined by straight lines; below the least accurate of these, what that one leaks, since it is more accurate. It goes
from the lowest to the highest mean test accuracy of the family. So a network that was trained for too long, and has
lost accuracy, is no part of it.

What is compared is the mean of either frontier over all accuracies that both reach. A frontier's points are means over
the targets; target k's part in its mean is that of the first order (the infinitesimal jackknife): its leakage at the
same weights, less the slope of the line times what its accuracy lies above the mean. These parts are paired over the
targets and tested like any other difference, so that the noise of the accuracies is in the interval. That of which
members make the frontier, and of where it ends, is not.

In simulations of two families of one distribution (4 members, 4, 8 or 16 targets, leakage rising with accuracy or not
at all, pairs correlated or not), the interval of 0.95 held a difference of 0 in 0.94 to 0.98 of cases. The least of
many noisy numbers is too low, and a line between few points lies above a curve that bends upwards: 8 members looked
better than 3 or 4 of the same kind by 0.002. So give both the same numbers of epochs.

Sources: frontiers as attainment surfaces, Fonseca and Fleming 1996, On the performance assessment and comparison of
stochastic multiobjective optimizers; the infinitesimal jackknife, Jaeckel 1972, and Efron 1982, The jackknife, the
bootstrap and other resampling plans, chapter 6.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from numpy import ndarray as Array

from privsearch.analysis.differences import (
    Comparison,
    Numbers,
    Role,
    common_attacks,
    leakage_column,
    least_first,
    tested_frame,
)
from privsearch.analysis.learning import networks_at_chance
from privsearch.analysis.margins import NO_MARGINS, Margins
from privsearch.errors import StudyError
from privsearch.spec import AXES, WORST
from privsearch.spec.columns import ACCURACY, Column
from privsearch.study.result import Completed, TrialResult

FAMILY_AXES: Final = ("epochs", "width")
"""The axes in which the members of a family differ."""

_FIXED: Final = ("dataset", "seed", *(axis for axis in AXES if axis not in FAMILY_AXES))


@dataclass(frozen=True, eq=False)
class Family:
    """The trials that differ from one in `FAMILY_AXES` alone, and have learnt.

    Attributes:
        of: the trial that they are named after.
        members: in the order of their axes, that trial among them if it has learnt.
        accuracies: `(m, n)`, the test accuracy of each member's targets; of those that all members have, as after a
            race some may have more.
    """

    of: Completed
    members: tuple[Completed, ...]
    accuracies: Float[Array, "m n"]

    @property
    def low(self) -> float:
        """The lowest mean accuracy, where the frontier begins."""
        return float(self.accuracies.mean(axis=1).min())

    @property
    def high(self) -> float:
        """The highest mean accuracy, where the frontier ends."""
        return float(self.accuracies.mean(axis=1).max())


def family_of(trial: Completed, results: Sequence[TrialResult]) -> Family:
    """Collect the family of a trial.

    Args:
        trial: one of the results.
        results: the trials of one study.

    Raises:
        StudyError: the family has fewer than two members.
    """
    alike = [
        other
        for other in results
        if isinstance(other, Completed)
        and other.spec.protocol.raced_alike(trial.spec.protocol)
        and all(getattr(other.spec, n) == getattr(trial.spec, n) for n in _FIXED)
    ]
    members = sorted((m for m in alike if m.across and not networks_at_chance(m)), key=_place)
    if len(members) < 2:
        counted = "it is the only one" if len(alike) < 2 else f"of {len(alike)}, {len(members)} has learnt"
        raise StudyError(
            f"{trial.trial_id}: must have completed trials beside it that differ in {' or '.join(FAMILY_AXES)} alone, "
            f"so that their accuracies make a frontier, but {counted}; give the axis several values in its grid, such "
            f"as epochs: {_epochs_around(trial)}, and sweep again"
        )
    accuracies = [[replicate.target.test_accuracy for replicate in member.replicates] for member in members]
    shared = min(map(len, accuracies))
    return Family(trial, tuple(members), np.array([of_member[:shared] for of_member in accuracies], dtype=float))


def equal_accuracy_frame(
    a: Completed,
    others: Sequence[Completed],
    results: Sequence[TrialResult],
    column: str | None = None,
    margins: Margins = NO_MARGINS,
) -> pd.DataFrame:
    """Compare what A and each of `others`, called B, leak at equal test accuracy, along their families' frontiers.

    Args:
        a: a trial.
        others: trials of the same dataset, protocol and seed, none of A's family.
        results: the trials of the study, among which the families are.
        column: the number that stands for leakage; by default `leakage_column`.
        margins: the difference that counts as none, for the test of equivalence.

    Returns:
        The rows of each B, the B that leaks least first, with the columns of
        `privsearch.analysis.differences.differences_frame`. `role` tells them apart:

        - "compared": the mean of the column over the accuracies that both frontiers reach. One of `worst` is that of
          the strongest among the attacks that all members of both families ran.
        - "lowest accuracy", "highest accuracy": the same at the ends of these accuracies, without a verdict.
        - "one attack": where the column is one of `worst`, the mean of each of these attacks, along the frontier that
          it sees.

        `accuracy_low` and `accuracy_high` are the ends; `members_a` and `members_b` the trials of the families.

    Raises:
        StudyError: a family has fewer than two members, B is of A's family, two frontiers share no range of accuracies,
            the column is no number of an attack, accuracy has a margin, or the other one cannot be one.
    """
    column = column or leakage_column(a.spec)
    if Column.parse(column).attack is None:
        raise StudyError(
            f"at equal accuracy the column must be an attack's number, such as worst.auc, but got {column!r}"
        )
    if margins.accuracy is not None:
        raise StudyError(
            f"at equal accuracy there is no difference in accuracy to test, but got a margin of {margins.accuracy:g} "
            "for it; leave out --accuracy-within"
        )
    margins.check(column)
    families = [family_of(trial, results) for trial in (a, *others)]
    shared = min(family.accuracies.shape[1] for family in families)
    of_a, *of_others = (replace(family, accuracies=family.accuracies[:, :shared]) for family in families)
    numbers = Numbers([member for family in (of_a, *of_others) for member in family.members], column)
    comparisons = [row for of_b in of_others for row in _comparisons(of_a, of_b, column, numbers)]
    return least_first(tested_frame(a.spec, comparisons, margins), "compared")


def mean_along_frontier(
    accuracy: Float[Array, "m n"], leakage: Float[Array, "m n"], low: float, high: float
) -> Float[Array, " n"]:
    """Compute each target's part in the mean leakage along the frontier of m members, over a range of accuracies.

    The mean of the parts is the mean of the frontier, which joins the members' means.

    Args:
        accuracy: `(m, n)`, of each member's n targets.
        leakage: `(m, n)`.
        low: the lowest accuracy of the range, at least that of the least accurate member.
        high: the highest, at most that of the most accurate; if it is `low`, the leakage at this accuracy.
    """
    x, y = accuracy.mean(axis=1), leakage.mean(axis=1)
    if np.isnan(y).any():
        return np.full(leakage.shape[1], np.nan)
    weights, slopes = np.zeros(len(x)), np.zeros(len(x))
    for share, members, weight, slope in _pieces(x, y, _frontier(x, y), low, high):
        weights[members] += share * weight
        slopes[members] += share * slope * weight
    parts: Float[Array, " n"] = weights @ leakage - slopes @ (accuracy - x[:, None])
    return parts


def _frontier(x: Float[Array, " m"], y: Float[Array, " m"]) -> Int[Array, " f"]:
    """Return the members that no other one beats, in ascending order of accuracy x, and so of leakage y."""
    order = np.lexsort((y, -x))
    least = np.minimum.accumulate(y[order])
    kept = np.concatenate(([True], y[order][1:] < least[:-1]))
    return order[kept][::-1]


def _pieces(
    x: Float[Array, " m"], y: Float[Array, " m"], front: Int[Array, " f"], low: float, high: float
) -> Iterator[tuple[float, list[int], Float[Array, " _"], float]]:
    """Yield the straight pieces of a frontier between two accuracies.

    Yields:
        The piece's share of the range, the members at its ends, their weights on average over it, and its slope.
    """
    inner = [corner for corner in x[front] if low < corner < high]
    ends = [low, *inner, high]
    for start, end in pairwise(ends):
        share, middle = (end - start) / (high - low) if high > low else 1.0, (start + end) / 2
        after = int(np.searchsorted(x[front], middle))
        if after == 0:
            yield share, [front[0]], np.ones(1), 0.0
            continue
        left, right = front[after - 1], front[after]
        part = (middle - x[left]) / (x[right] - x[left])
        yield share, [left, right], np.array([1 - part, part]), (y[right] - y[left]) / (x[right] - x[left])


def _comparisons(a: Family, b: Family, column: str, numbers: Numbers) -> Iterator[Comparison]:
    """Yield the rows of one B."""
    if any(member is other for member in a.members for other in b.members):
        raise StudyError(
            f"{a.of.trial_id} and {b.of.trial_id}: must differ in more than {' and '.join(FAMILY_AXES)}, but are of "
            "one family; leave out --at-equal-accuracy to compare them as they are"
        )
    low, high, shared = max(a.low, b.low), min(a.high, b.high), a.accuracies.shape[1]
    if not low < high:
        raise StudyError(_apart(a, b))
    common = common_attacks([*a.members, *b.members])
    more = {
        "accuracy_low": low,
        "accuracy_high": high,
        "members_a": ", ".join(member.trial_id for member in a.members),
        "members_b": ", ".join(member.trial_id for member in b.members),
        "only_a": ", ".join(_others(a, common)),
        "only_b": ", ".join(_others(b, common)),
    }

    def compare(role: Role, quantity: str, start: float, end: float, silent: str = "") -> Comparison:
        of_a, of_b = (
            mean_along_frontier(
                family.accuracies,
                np.stack([numbers.of(member, quantity, frozenset(common))[:shared] for member in family.members]),
                start,
                end,
            )
            for family in (a, b)
        )
        return Comparison(b.of.trial_id, role, quantity, of_a, of_b, silent, more)

    yield compare("compared", column, low, high)
    yield compare("lowest accuracy", column, low, low, "shown, not tested")
    yield compare("highest accuracy", column, high, high, "shown, not tested")
    if Column.parse(column).attack == WORST:
        number = Column.parse(column).number
        yield from (compare("one attack", str(Column(name, number)), low, high) for name in common)


def _others(family: Family, common: Sequence[str]) -> list[str]:
    """Return the attacks of a family that are not among the common ones."""
    return list(dict.fromkeys(name for member in family.members for name in member.across if name not in common))


def _apart(a: Family, b: Family) -> str:
    less, more = (a, b) if a.high <= b.low else (b, a)
    remedy = "train the former for more epochs, or the latter for fewer"
    if less.high > more.low:  # one of them is a point within the other
        remedy = "train both for fewer and for more epochs"
    return (
        f"{a.of.trial_id} and {b.of.trial_id}: the frontiers must share a range of {ACCURACY}, but that of "
        f"{less.of.trial_id} goes from {less.low:.3f} to {less.high:.3f} and that of {more.of.trial_id} from "
        f"{more.low:.3f} to {more.high:.3f}; {remedy} (such as epochs: "
        f"{_epochs_around(more.members[0])}), and sweep again"
    )


def _epochs_around(trial: Completed) -> list[int]:
    epochs = trial.spec.epochs
    return sorted({max(1, epochs // 4), max(1, epochs // 2), epochs, 2 * epochs})


def _place(trial: Completed) -> tuple[float, ...]:
    return tuple(getattr(trial.spec, axis) for axis in FAMILY_AXES)
