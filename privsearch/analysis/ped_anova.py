"""PED-ANOVA on counts: how much an axis's values differ between the good configurations and all, as Optuna has it.

Optuna's own evaluator walks through every trial each time that it is asked, which is too slow for resamples. Here each
axis is cut into categories once, and all resamples are counted together; a test holds the importances to Optuna's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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

    def counts(self, region: Int[Array, "*r m"], chosen: Bool[Array, "*r m"] | bool = True) -> Int[Array, "*r size"]:
        """Count, in each category, the configurations at the places of each region that are `chosen` there."""
        # 0 is no category: that of configurations that are not counted.
        categories = np.where(chosen, self.categories[region] + 1, 0)
        rows = categories.reshape(-1, categories.shape[-1])
        starts = (self.size + 1) * np.arange(len(rows))[:, None]
        counts = np.bincount((rows + starts).ravel(), minlength=(self.size + 1) * len(rows))
        return counts.reshape(*categories.shape[:-1], self.size + 1)[..., 1:]

    def density(self, counts: Int[Array, "*r size"]) -> Float[Array, "*r size"]:
        """Return the smoothed share of each category.

        Source: the Parzen estimator of Optuna 5.0's PED-ANOVA, on counts.
        """
        total = counts.sum(axis=-1, keepdims=True)
        # A kernel for each category that is there, which leaves a little of its weight to the others, and an even one.
        leak = _PRIOR_WEIGHT / (np.count_nonzero(counts, axis=-1, keepdims=True) + 1)
        kernels = (counts + leak * total) / (1 + leak * self.size)
        density: Float[Array, "*r size"] = (kernels + _PRIOR_WEIGHT / self.size) / (total + _PRIOR_WEIGHT) + 1e-12
        return density


def num_top(count: int) -> int:
    """Return the number of good ones among so many configurations."""
    return math.ceil(max(TOP_SHARE, FEWEST_TOP / count) * count)


def top(losses: Float[Array, "*r n"]) -> Bool[Array, "*r n"]:
    """Mark the good ones of each row: those with the least losses, and all that equal the last of these."""
    cutoff = num_top(losses.shape[-1]) - 1
    good: Bool[Array, "*r n"] = losses <= np.partition(losses, cutoff)[..., cutoff, None]
    return good


def region_densities(axes: Sequence[BinnedAxis], region: Int[Array, "*r m"]) -> list[Float[Array, "*r _"]]:
    """Return the density of each axis over the configurations at the places of each region; NaN if too few have it."""
    of_axes = [(axis, axis.counts(region)) for axis in axes]
    return [
        np.where(counts.sum(axis=-1, keepdims=True) >= _FEWEST, axis.density(counts), np.nan)
        for axis, counts in of_axes
    ]


def divergences(
    axes: Sequence[BinnedAxis],
    region: Int[Array, "*r m"],
    good: Bool[Array, "*r m"],
    densities: Sequence[Float[Array, "*r _"]],
) -> Float[Array, "*r axes"]:
    """Compute the importance of each axis: the Pearson divergence of its density among the good from that among all.

    An axis without effect on some configurations is weighed by how often it has one among the good and among all.

    Args:
        axes: all with the same configurations.
        region: the places of the configurations that are looked at; one may come several times. Each of many regions
            is a row; one alone stands for all rows of `good`.
        good: which of these are the good ones.
        densities: of the region (`region_densities`).

    Source: Watanabe, Bansal and Hutter 2023 (arXiv 2304.10255); for conditional axes, theorem 4.2 of conditional
        PED-ANOVA (arXiv 2601.20800), as in Optuna 5.0.
    """
    size, num_good = region.shape[-1], np.count_nonzero(good, axis=-1)
    importance = []
    for axis, all_density in zip(axes, densities, strict=True):
        counts = axis.counts(region, good)
        among_good = counts.sum(axis=-1) / num_good
        among_all = np.count_nonzero(axis.categories[region] >= 0, axis=-1) / size
        divergence = np.vecdot(all_density, (axis.density(counts) / all_density - 1) ** 2)
        with np.errstate(invalid="ignore"):  # 0 / 0, where nothing has the axis
            weighed = among_good**2 / among_all * divergence * (num_good / size) ** 2
        importance.append(np.where(counts.any(axis=-1) & ~np.isnan(divergence), weighed, 0.0))
    return np.stack(importance, axis=-1)
