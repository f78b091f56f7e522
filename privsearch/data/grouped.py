"""Examples drawn in groups: those that must stay together are all drawn, or none of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray as Array

from privsearch.data.persons import draw_persons, first_persons

_ATTEMPTS: Final = 100
"""The orders in which groups are tried until the size is met."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of some examples: those of one group are on one side of every split.

    Attributes:
        numbers: `(n,)`, the number of each example's group.
        are_persons: True if a group is a person, and so one unit of membership; False for identical examples, each of
            which is one.
    """

    numbers: Int[Array, " n"]
    are_persons: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, chosen: Array | slice) -> "Groups":
        """Return the groups of the examples that an index array, a mask or a slice picks."""
        return Groups(self.numbers[chosen], self.are_persons)

    def draw(self, size: int, rng: np.random.Generator, *, labels: Int[Array, " n"] | None = None) -> Bool[Array, " n"]:
        """Draw whole groups at random: of identical examples at most `size` examples, of persons about as many.

        Args:
            size: at least 1, less than n.
            rng: the source of the draw.
            labels: `(n,)`, the class of each example; then classes are drawn in their proportions, and are on either
                side of the draw where they can be. None for no classes.

        Returns:
            `(n,)`, True for the examples drawn.
        """
        if self.are_persons:
            return draw_persons(self.numbers, size / len(self), rng, labels)
        return draw_in_groups(self.numbers, size, rng, parts=labels)

    def half(self, size: int, rng: np.random.Generator) -> Bool[Array, " n"]:
        """Draw half of the persons, each with a chance of 0.5, or of identical examples at most `size` examples.

        Args:
            size: half of n, rounded up or down.
            rng: the source of the draw.
        """
        return draw_persons(self.numbers, 0.5, rng) if self.are_persons else draw_in_groups(self.numbers, size, rng)

    def first(self, labels: Int[Array, " n"], size: int, rng: np.random.Generator) -> Bool[Array, " n"]:
        """Draw persons with about `size` examples: those of a smaller size are among those of a larger one.

        Args:
            labels: `(n,)`, the class of each example.
            size: the number of examples.
            rng: the source of the draw.
        """
        return first_persons(self.numbers, labels, size, rng)


def draw_in_groups(
    groups: Int[Array, " n"], size: int, rng: np.random.Generator, *, parts: Int[Array, " n"] | None = None
) -> Bool[Array, " n"]:
    """Draw whole groups at random, `size` examples together, or as many fewer as the sizes of the groups demand.

    Args:
        groups: `(n,)`, the number of each example's group.
        size: at least 1, less than n.
        rng: the source of the draw.
        parts: `(n,)`, the class of each example, one for a whole group: then classes are drawn in their proportions,
            and a class of two groups or more is neither left out nor drawn as a whole. None for no classes.

    Returns:
        `(n,)`, True for the examples drawn.
    """
    _, first, group_of, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    part_of = np.zeros(len(sizes), dtype=np.int64) if parts is None else np.unique(parts, return_inverse=True)[1][first]
    best = np.zeros(len(sizes), dtype=np.bool_)
    for _ in range(_ATTEMPTS):
        drawn = _drawn(sizes, part_of, size, rng.permutation(len(sizes)), spread=parts is not None)
        if not best.any() or sizes[best].sum() < sizes[drawn].sum() <= size:
            best = drawn
        if sizes[best].sum() == size:
            break
    return best[group_of]


def _drawn(
    sizes: Int[Array, " groups"],
    part_of: Int[Array, " groups"],
    size: int,
    order: Int[Array, " groups"],
    *,
    spread: bool,
) -> Bool[Array, " groups"]:
    """Take groups in an order, as long as they fit: first into the share of their class, then into what is left."""
    drawn = np.zeros(len(sizes), dtype=np.bool_)
    share = np.bincount(part_of, weights=sizes) * size / sizes.sum()
    undrawn, least_undrawn = np.bincount(part_of), 1 if spread else 0
    room = size

    def draw(group: int) -> None:
        nonlocal room
        drawn[group], room = True, room - sizes[group]
        share[part_of[group]] -= sizes[group]
        undrawn[part_of[group]] -= 1

    for group in order.tolist():
        part = part_of[group]
        if sizes[group] <= share[part] and undrawn[part] > least_undrawn:
            draw(group)
    for part in np.unique(part_of) if spread else ():
        mine = order[part_of[order] == part]
        if len(mine) > 1 and not drawn[mine].any():
            draw(int(mine[np.argmin(sizes[mine])]))
    for group in order.tolist():
        if not drawn[group] and sizes[group] <= room and undrawn[part_of[group]] > least_undrawn:
            draw(group)
    return drawn
