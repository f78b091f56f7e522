"""Persons: examples that are one unit of membership, drawn as a whole, however many each has."""

from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, Int64
from numpy import ndarray as Array

from privsearch.data.raw import RawDataset, listed
from privsearch.errors import DataError

_ROUNDING: Final = 1e-9
"""The distance from 0 or 1 up to which a sum of probabilities is taken as it."""


def draw_persons(
    persons: Int[Array, " n"], share: float, rng: np.random.Generator, labels: Int[Array, " n"] | None = None
) -> Bool[Array, " n"]:
    """Draw a share of the persons, each with all of its examples and each as likely, whatever the number of these.

    Persons are ordered by their rarest class and, within it, by their number of examples, and of neighbours about a
    share is drawn (ordered pivotal sampling). So the drawn examples are about a share too, with the classes in about
    their proportions, while no person's chance depends on its number of examples: else that number alone would tell
    members. At least one person is drawn, and one is not if there are two.

    Args:
        persons: `(n,)`, alike for the examples of one person.
        share: above 0, less than 1.
        rng: the source of the draw.
        labels: `(n,)`, the class of each example: a class that two persons have is then among those drawn and among the
            others, if need be by exchanging persons. None for no regard to classes.

    Returns:
        `(n,)`, True for the examples of persons that are drawn.

    Source: Deville and Tillé 1998; its order, Chauvet 2012.
    """
    _, person_of, sizes = np.unique(persons, return_inverse=True, return_counts=True)
    holds = _classes_of(person_of, len(sizes), labels)
    stratum = _rarest_class(holds)
    # Back and forth, so that neighbours of two classes are of like sizes, too.
    order = np.lexsort([rng.random(len(sizes)), sizes * (-1) ** stratum, stratum])
    least = 1 / len(sizes)
    drawn = _pivotal(np.full(len(sizes), np.clip(share, least, max(least, 1 - least))), order, rng)
    if labels is not None:
        _spread_classes(drawn, holds, sizes, rng)
    return drawn[person_of]


def first_persons(
    persons: Int[Array, " n"], labels: Int[Array, " n"], size: int, rng: np.random.Generator
) -> Bool[Array, " n"]:
    """Draw persons until their examples are about `size`; those of a smaller size are among those of a larger one.

    Args:
        persons: `(n,)`, alike for the examples of one person.
        labels: `(n,)`, the class of each example; every class is among those drawn.
        size: the number of examples that is approached.
        rng: the source of the draw.

    Returns:
        `(n,)`, True for the examples of persons that are drawn.
    """
    _, person_of, sizes = np.unique(persons, return_inverse=True, return_counts=True)
    holds = _classes_of(person_of, len(sizes), labels)
    stratum, place = _rarest_class(holds), rng.random(len(sizes))
    for number, count in enumerate(np.bincount(stratum)):
        mine = np.flatnonzero(stratum == number)
        # The persons of each class are spread over the whole order, at random.
        place[mine] = (rng.permutation(count) + place[mine]) / max(count, 1)
    order, seen = np.argsort(place), np.zeros(holds.shape[1], dtype=bool)
    first = []
    for person in order.tolist():
        if (holds[person] & ~seen).any():
            first.append(person)
            seen |= holds[person]
    order = np.concatenate([first, order[~np.isin(order, first)]]).astype(np.int64)
    count = max(len(first), 1 + int(np.abs(np.cumsum(sizes[order]) - size).argmin()))
    drawn = np.zeros(len(sizes), dtype=bool)
    drawn[order[:count]] = True
    return drawn[person_of]


def with_persons(raw: RawDataset) -> RawDataset:
    """Return a dataset whose persons are numbered in the order of their first examples; as it is if it has none.

    The numbers alone enter the fingerprint, so that the same data with other names of persons are the same data. If
    every person has one example, each example stands for itself, as in data without persons.

    Raises:
        DataError: a class is of one person alone, so that it cannot be on both sides of a split.
    """
    if not raw.unit or raw.groups is None:
        return raw
    numbers = numbered(raw.groups)
    count = int(numbers.max()) + 1
    if count == len(numbers):
        told = (
            f"No two rows have the same {raw.unit!r}: with group: {raw.unit} each row is a person, and nothing is "
            "other than without it. If it numbers the rows, name the column of the persons."
        )
        return replace(raw, groups=None, unit="", warnings=(*raw.warnings, told))
    of_class = _classes_of(numbers, count, raw.y).sum(0)
    if alone := [name for name, persons in zip(raw.class_names, of_class, strict=True) if persons < 2]:
        raise DataError(
            f"{raw.name}: with group: {raw.unit} every class must be in rows of two persons, one for each side of a "
            f"split, but {listed(alone)} are in those of one only (persons with identical rows count as one under "
            "duplicates: group). Remove these classes, or add rows of others."
        )
    return replace(raw, groups=numbers)


def numbered(numbers: Int[Array, " n"]) -> Int64[Array, " n"]:
    """Return other numbers for the same groups: from 0, in the order in which these first occur."""
    _, first, of = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[of].astype(np.int64)


def connected(one: Int[Array, " n"], other: Int[Array, " n"]) -> Int64[Array, " n"]:
    """Return a number for each example, alike for those that are connected by equal numbers in either array."""
    # Here, as it takes a tenth of a second to import, and few data have persons.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = numbered(one), numbered(other)
    total = int(left.max()) + 1 + int(right.max()) + 1
    links = coo_array((np.ones(len(left)), (left, right + left.max() + 1)), shape=(total, total))
    part_of = connected_components(links, directed=False)[1]
    return numbered(part_of[left])


def strata(persons: Int[Array, " n"], labels: Int[Array, " n"]) -> Int[Array, " persons"]:
    """Return the rarest class that each person has, in the order of the persons' numbers.

    Args:
        persons: `(n,)`, the persons' numbers, from 0, each of which occurs.
        labels: `(n,)`, the class of each example.
    """
    rarest: Array = np.unique(labels)[_rarest_class(_classes_of(persons, int(persons.max()) + 1, labels))]
    return rarest


def _classes_of(
    person_of: Int[Array, " n"], count: int, labels: Int[Array, " n"] | None
) -> Bool[Array, "persons classes"]:
    """Tell which person has examples of which class; without classes, all have one."""
    class_of = np.zeros(len(person_of), dtype=np.int64) if labels is None else np.unique(labels, return_inverse=True)[1]
    holds = np.zeros((count, int(class_of.max()) + 1), dtype=bool)
    holds[person_of, class_of] = True
    return holds


def _rarest_class(holds: Bool[Array, "persons classes"]) -> Int[Array, " persons"]:
    """Return, of the classes that a person has, that which the fewest persons have."""
    rarest: Array = np.where(holds, holds.sum(0), len(holds) + 1).argmin(1)
    return rarest


def _pivotal(chances: Float[Array, " m"], order: Int[Array, " m"], rng: np.random.Generator) -> Bool[Array, " m"]:
    """Draw with these chances: of neighbours in the order one takes up what the other's chance leaves, time and again.

    As many are drawn as the chances sum to, or, if that is no whole number, one of the two next to it.
    """
    drawn = np.zeros(len(chances), dtype=bool)
    holder, chance = int(order[0]), float(chances[order[0]])
    coins = rng.random(len(order))
    for other, coin in zip(order[1:].tolist(), coins[1:].tolist(), strict=True):
        both = chance + float(chances[other])
        if both < 1 - _ROUNDING:  # one is out, the other has both chances
            holder = other if coin * both >= chance else holder
            chance = both
        else:  # one is drawn, the other has what is left
            goes_on = coin * (2 - both) < 1 - chance if both < 2 - _ROUNDING else False
            drawn[other if goes_on else holder] = True
            holder = holder if goes_on else other
            chance = both - 1
    drawn[holder] |= bool(coins[0] < chance + _ROUNDING) and chance > _ROUNDING
    return drawn


def _spread_classes(
    drawn: Bool[Array, " persons"],
    holds: Bool[Array, "persons classes"],
    sizes: Int[Array, " persons"],
    rng: np.random.Generator,
) -> None:
    """Exchange persons, in place, for each class that would be on one side only, the rarest first.

    No exchange takes a class from a side that has it. It is of persons with about as many examples, if there are any.
    """
    shared = holds[:, holds.sum(0) > 1]

    def can_leave(side: bool) -> Bool[Array, " persons"]:
        on_side = drawn == side
        able: Array = on_side & ~(shared & (shared[on_side].sum(0) == 1)).any(1)
        return able

    for number in np.argsort(shared.sum(0), kind="stable").tolist():
        for side in (True, False):
            able = np.flatnonzero(shared[:, number] & can_leave(not side))
            if (drawn[shared[:, number]] == side).any() or not len(able):
                continue
            moved = int(rng.choice(able))
            drawn[moved] = side
            back = np.flatnonzero(can_leave(side))
            back = back[back != moved]
            if len(back):
                distance = np.abs(sizes[back] - sizes[moved])
                # Any of the nearest: the first one would be drawn more seldom than its likes, or more often.
                drawn[rng.choice(back[distance == distance.min()])] = not side
