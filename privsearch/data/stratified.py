"""Examples drawn stratified, that is with the classes in their proportions."""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray as Array

from privsearch.data.grouped import Groups
from privsearch.errors import DataError


def draw_stratified(y: Int[Array, " n"], size: int, rng: np.random.Generator) -> Bool[Array, " n"]:
    """Draw `size` examples, at least one of every class, unlike scikit-learn's split, which may omit a rare class.

    Args:
        y: `(n,)`, the class of each example.
        size: at least the number of classes, at most n.
        rng: the source of the draw.

    Returns:
        `(n,)`, True for the examples drawn.
    """
    chosen = np.zeros(len(y), dtype=np.bool_)
    classes, counts = np.unique(y, return_counts=True)
    for label, class_size in zip(classes, _class_sizes(counts, size), strict=True):
        chosen[rng.permutation(np.flatnonzero(y == label))[:class_size]] = True
    return chosen


def draw_training_split(
    y: Int[Array, " n"], num_train: int, rng: np.random.Generator, groups: Groups | None = None
) -> Bool[Array, " n"]:
    """Cut examples into a training split and a test split, stratified; a class of two or more occurs in both.

    Args:
        y: `(n,)`, the class of each example.
        num_train: the number of examples in the training split, less than n.
        rng: the source of the draw.
        groups: the groups of examples that must be on one side; None if each stands for itself.

    Returns:
        `(n,)`, True for the examples of the training split; of persons it has about as many as asked for.

    Raises:
        DataError: the sizes of groups of identical examples do not allow a split of that size.
    """
    num_test = len(y) - num_train
    if groups is not None:
        in_training = groups.draw(num_train, rng, labels=y)
        if in_training.sum() != num_train and not groups.are_persons:
            raise DataError(
                f"a training split must have {num_train} of {len(y)} examples, but the identical ones, kept together "
                "by duplicates: group, make other sums; write duplicates: drop"
            )
        return in_training
    # The smaller part is drawn: at most half of each class is asked for, so that the other part gets some of it too.
    if num_train < num_test:
        return draw_stratified(y, num_train, rng)
    return ~draw_stratified(y, num_test, rng)


def _class_sizes(counts: Int[Array, " classes"], size: int) -> Int[Array, " classes"]:
    """Divide `size` in proportion to `counts`: the largest remainders are rounded up, and no share is below 1."""
    total = counts.sum()
    sizes: Int[Array, " classes"] = np.maximum(counts * size // total, 1)
    while sizes.sum() != size:
        shortfall = counts * size - sizes * total
        if sizes.sum() < size:
            sizes[np.argmax(shortfall)] += 1
        else:
            sizes[np.argmin(np.where(sizes > 1, shortfall, total * size))] -= 1
    return sizes
