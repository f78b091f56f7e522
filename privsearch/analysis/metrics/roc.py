"""The ROC curves of an attack."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.study.roc_curves import Curve

MOST_POINTS: Final = 200
"""The most points of one target's curve; with more than three targets, they share three times as many."""


def roc_curves(
    targets: Sequence[tuple[Float[Array, " n"], Bool[Array, " n"]]],
) -> list[Curve]:
    """Compute the ROC curves of one attack.

    Args:
        targets: the scores and the membership of each target's examples.
    """
    points = MOST_POINTS if len(targets) <= 3 else max(40, 3 * MOST_POINTS // len(targets))
    return [roc_curve(scores, is_member, points) for scores, is_member in targets]


def roc_curve(scores: Float[Array, " n"], is_member: Bool[Array, " n"], most: int = MOST_POINTS) -> Curve:
    """Compute the ROC curve at every threshold, thinned to `most` points, evenly on a logarithmic axis.

    The first point (nobody accused) and the last (everybody) are kept, and every step at the lowest rates that fits.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    members = np.concatenate([[0], np.cumsum(is_member[order])[last_of_ties]])
    others = np.concatenate([[0], np.cumsum(~is_member[order])[last_of_ties]])
    kept = _thinned(others, most)
    return Curve(members[kept].tolist(), others[kept].tolist())


def _thinned(others: Int[Array, " n"], most: int) -> Int[Array, " k"]:
    """Return the indices of the points to keep: the lowest and the highest at each of some false positive rates."""
    rates = np.unique(others)
    if 2 * len(rates) > most:
        rates = np.unique(np.geomspace(1, max(int(others[-1]), 1), most // 2 - 1).astype(int))
    rates = np.unique([0, *rates])
    # A rate that ties jump over has the point before it.
    first, last = np.searchsorted(others, rates), np.searchsorted(others, rates, side="right") - 1
    return np.unique([0, *first[others[first] == rates], *last])
