"""PED-ANOVA on counts: how much an axis's values differ between the good configurations and all, as Optuna has it.

Optuna's own evaluator walks through every trial each time that it is asked, which is too slow for resamples. Here each
axis is cut into categories once, and every resample is a count of them; a test holds the importances to Optuna's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

TOP_SHARE: Final = 0.1
FEWEST_TOP: Final = 5
"""The good configurations are this share of all, but at least so many, as Optuna advises."""

_PRIOR_WEIGHT: Final = 1.0
_FEWEST: Final = 2
"""Optuna's: how many configurations an even distribution weighs as, and how many there must be to compare."""


@dataclass(frozen=True, eq=False)
class BinnedAxis:
    """An axis in categories.

    Attributes:
        categories: of each configuration, `(n,)`, from 0; -1 if the axis has no effect on it.
        size: how many there are.
    """

    categories: Int[Array, " n"]
    size: int

    def counts(self, chosen: Int[Array, " _"]) -> Int[Array, " size"]:
        """Count the configurations at some places in each category."""
        return np.bincount(self.categories[chosen] + 1, minlength=self.size + 1)[1:]

    def density(self, counts: Int[Array, " size"]) -> Float[Array, " size"]:
        """Return the smoothed share of each category."""
        return _density(tuple(counts.tolist()))


@lru_cache(maxsize=100_000)
def _density(counts: tuple[int, ...]) -> Float[Array, " size"]:
    """Return the smoothed share of each category; the resamples of few configurations count the same again and again.

    Args:
        counts: how many configurations each category has.

    Source: the Parzen estimator of Optuna 5.0's PED-ANOVA, on counts.
    """
    numbers = np.array(counts)
    # A kernel for each category that is there, which leaves a little of its weight to the others, and an even one.
    leak = _PRIOR_WEIGHT / (np.count_nonzero(numbers) + 1)
    kernels = (numbers + leak * numbers.sum()) / (1 + leak * len(counts))
    density: Float[Array, " size"] = (kernels + _PRIOR_WEIGHT / len(counts)) / (numbers.sum() + _PRIOR_WEIGHT) + 1e-12
    density.flags.writeable = False  # shared by all who ask for these counts
    return density


def num_top(count: int) -> int:
    """Return the number of good ones among so many configurations."""
    return math.ceil(max(TOP_SHARE, FEWEST_TOP / count) * count)


def top(losses: Float[Array, " n"]) -> Bool[Array, " n"]:
    """Mark the good ones: those with the least losses, and all that equal the last of these."""
    cutoff = num_top(len(losses)) - 1
    good: Bool[Array, " n"] = losses <= np.partition(losses, cutoff)[cutoff]
    return good


def region_densities(axes: Sequence[BinnedAxis], region: Int[Array, " _"]) -> list[Float[Array, " _"] | None]:
    """Return the density of each axis over the configurations at these places; None if too few have the axis."""
    counts = [axis.counts(region) for axis in axes]
    return [
        axis.density(axis_counts) if axis_counts.sum() >= _FEWEST else None
        for axis, axis_counts in zip(axes, counts, strict=True)
    ]


def divergences(
    axes: Sequence[BinnedAxis],
    region: Int[Array, " m"],
    good: Bool[Array, " m"],
    densities: Sequence[Float[Array, " _"] | None],
) -> Float[Array, " axes"]:
    """Compute the importance of each axis: the Pearson divergence of its density among the good from that among all.

    An axis without effect on some configurations is weighed by how often it has one among the good and among all.

    Args:
        axes: all with the same configurations.
        region: the places of the configurations that are looked at; one may come several times.
        good: which of these are the good ones.
        densities: of the region (`region_densities`).

    Source: Watanabe, Bansal and Hutter 2023 (arXiv 2304.10255); for conditional axes, theorem 4.2 of conditional
        PED-ANOVA (arXiv 2601.20800), as in Optuna 5.0.
    """
    importance, share = np.zeros(len(axes)), np.count_nonzero(good) / len(region)
    for i, (axis, all_density) in enumerate(zip(axes, densities, strict=True)):
        counts = axis.counts(region[good])
        if all_density is None or not counts.any():
            continue
        among_good = counts.sum() / np.count_nonzero(good)
        among_all = np.count_nonzero(axis.categories[region] >= 0) / len(region)
        divergence = all_density @ (axis.density(counts) / all_density - 1) ** 2
        importance[i] = among_good**2 / among_all * divergence * share**2
    return importance
