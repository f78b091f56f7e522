"""Examples drawn in groups: those that must stay together are all drawn, or none of them."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray as Array

_ATTEMPTS: Final = 100
"""The orders in which groups are tried until the size is met."""


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
