"""The uncertainty of a Pareto front and of its hypervolume."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.bootstrap import expanded_tail
from privsearch.analysis.pareto import (
    UNCONSTRAINED,
    comparable,
    hypervolume,
    losses_of,
    outcome_space,
    satisfied,
    shortfalls,
    shortfalls_of,
    unbeaten,
)
from privsearch.spec.columns import DECIMALS, Column
from privsearch.spec.constraints import Constraints
from privsearch.spec.objectives import Objectives

_FEW: Final = 64
"""Up to so many configurations all are compared with all, which is quicker then than one draw after the other."""

_MOST_PAIRS: Final = 1_000_000
"""Pairs of configurations, over several draws, that are compared at once: some ten megabytes."""

MOST_BEST: Final = 64
"""Configurations that all others are held against, to drop those that are beaten on every target."""


@dataclass(frozen=True, eq=False)
class FrontUncertainty:
    """The uncertainty of a front.

    Attributes:
        probability: the probability that a configuration is on the front, by trial_id; NaN if not known.
        hypervolume: the 95 % interval of the hypervolume; None if not known.
    """

    probability: "pd.Series[float]"
    hypervolume: Interval | None


def front_uncertainty(
    rows: pd.DataFrame,
    targets: pd.DataFrame,
    objectives: Objectives,
    constraints: Constraints = UNCONSTRAINED,
    resamples: int = 2000,
    seed: int = 0,
) -> FrontUncertainty:
    """Estimate how far the choice of networks moves the front, by a bootstrap over the targets.

    Targets are drawn with replacement, the same ones for every configuration, as these share subsets and seeds target
    by target. A configuration's probability is the share of resamples in which its means satisfy the constraints and
    are on the front. A resample of few targets is rough: of 3, there are 10 different ones. In simulations with 3 to 16
    targets, of the configurations with a probability of 0.1 to 0.5 some 0.3 to 0.4 were on the true front, of those
    with 0.5 to 0.9 some 0.7 to 0.8. A column that is no mean over targets, such as the seconds of a trial or a standard
    deviation, is taken as it is.

    The front of means is too good, as it picks those that were lucky, and the resampled fronts are too good once more.
    The interval of the hypervolume is therefore the basic one, which takes off from the hypervolume what the resamples
    add to it, widened as few targets demand; where hundreds of configurations compete it may lie below the hypervolume.
    In simulations of 10 and 40 configurations it held the true hypervolume in 0.91 to 0.93 of cases with 8 targets and
    in 0.75 to 0.79 with 3; the percentiles themselves, of up to 300, did in 0.86 down to 0.07 and in 0.43 down to 0.
    These simulations had two objectives and no constraints. Where all configurations leak alike, so that the front is
    nothing but luck, too little is taken off: of 10 and 60 such ones, with 3 targets, the interval held the true
    hypervolume in 0.60 and 0.67 of 15 cases.

    Args:
        rows: of the results table, all of one dataset under one protocol.
        targets: the targets of these trials (`privsearch.analysis.frames.targets_frame`).
        objectives: two or three result columns, and which way is better.
        constraints: what must hold of result columns.
        resamples: the number of fronts that are drawn.
        seed: the seed of the resamples.

    Returns:
        Nothing is known of one target: every probability is missing, and there is no interval.

    Raises:
        ValueError: there are rows of several datasets or protocols.

    Source: Davison and Hinkley 1997, section 5.2, for the basic interval; Hesterberg 2015, for the widening.
    """
    candidates = comparable(rows, objectives)
    if candidates.empty or candidates["replicates"].min() == 1:
        return FrontUncertainty(pd.Series(np.nan, candidates["trial_id"], dtype=float), None)
    space, groups = (
        outcome_space(candidates, objectives, constraints),
        list(_rivals(candidates, targets, objectives, constraints)),
    )
    places = np.concatenate([group_places for group_places, _ in groups])
    drawn, times = _distinct_draws(
        [outcomes.shape[1] for _, outcomes in groups], resamples, np.random.default_rng(seed)
    )
    outcomes = [of_group for _, of_group in groups]
    counts, volumes, done = np.zeros(len(candidates)), np.empty(len(times)), 0
    for part in _parts(drawn, len(places)):
        means = _weighted_means(part, outcomes)
        values = means.reshape(-1, means.shape[2])
        fit = satisfied(shortfalls_of(values[:, len(objectives) :], constraints), constraints).reshape(means.shape[:2])
        drawn_losses = losses_of(values[:, : len(objectives)], objectives).reshape(*means.shape[:2], len(objectives))
        on_front = _unbeaten_in_each(drawn_losses, fit)
        counts[places] += times[done : done + len(means)] @ on_front
        for i, (of_draw, there) in enumerate(zip(drawn_losses, on_front, strict=True), start=done):
            volumes[i] = space.share(of_draw[there])
        done += len(means)
    value = hypervolume(candidates, objectives, constraints)
    tail = expanded_tail(0.95, int(candidates["replicates"].min()))
    low, high = np.clip(2 * value - np.quantile(np.repeat(volumes, times), [1 - tail, tail]), 0, 1)
    return FrontUncertainty(
        pd.Series(counts / resamples, candidates["trial_id"]), Interval(value, float(low), float(high))
    )


def _rivals(
    candidates: pd.DataFrame, targets: pd.DataFrame, objectives: Objectives, constraints: Constraints
) -> Iterator[tuple[Int[Array, " n"], Float[Array, "n targets outcomes"]]]:
    """Yield, for each number of targets, the places and the outcomes of the candidates that could be on a front.

    The outcomes of a target are its values of the objectives and of what is constrained: their means are judged, as the
    leakage of a mean is not the mean of leakages.
    """
    owners = pd.Index(candidates["trial_id"]).get_indexer(pd.Index(targets["trial_id"]))
    order = np.argsort(owners, kind="stable")[np.count_nonzero(owners < 0) :]
    rows, sizes = targets.iloc[order], np.bincount(owners[order], minlength=len(candidates))
    columns = [c for c in (*objectives, *constraints) if not Column.parse(c).is_mean and c in candidates]
    rows = rows.assign(**{column: candidates[column].to_numpy(float)[owners[order]] for column in columns})
    named = [*objectives, *constraints]
    numbers = rows.reindex(columns=named).to_numpy(float, na_value=np.nan)
    # What has no number for a constraint satisfies it in no resample.
    measured = ~np.isnan(shortfalls(candidates, constraints)).any(axis=1)
    for size in np.unique(sizes):
        places = np.flatnonzero(sizes == size)
        outcomes = numbers[np.repeat(sizes == size, sizes)].reshape(-1, size, numbers.shape[1])[measured[places]]
        kept = ~_beaten(outcomes, objectives, constraints)
        yield places[measured[places]][kept], outcomes[kept]


def _beaten(
    outcomes: Float[Array, "n targets outcomes"], objectives: Objectives, constraints: Constraints
) -> Bool[Array, " n"]:
    """Mark configurations that another one beats on every target, so that their means are worse whatever is drawn.

    The other one satisfies the constraints on every target. Not all: to compare all with all would take the square of
    their number, and the best on average beat nearly as many.
    """
    values = outcomes[:, :, : len(objectives)]
    target_losses = losses_of(values.reshape(-1, len(objectives)), objectives).reshape(values.shape)
    # The leakage of a mean is at most the mean of leakages, and at least that of guessing.
    least = np.where(_is_turned(values, objectives), _least_losses(objectives), target_losses)
    constrained = outcomes[:, :, len(objectives) :]
    lacking = shortfalls_of(constrained.reshape(values.shape[0] * values.shape[1], len(constraints)), constraints)
    fit = satisfied(lacking, constraints).reshape(constrained.shape[:2]).all(axis=1)
    best = target_losses[fit][unbeaten(target_losses[fit].mean(1))]
    beaten = np.zeros(len(target_losses), bool)
    for one in best[np.linspace(0, len(best) - 1, min(len(best), MOST_BEST)).astype(int)]:
        # In one objective by more than the rounding of the means.
        beaten |= (one <= least).all((1, 2)) & (one + 1e-9 < least).all(1).any(1)
    return beaten


def _is_turned(values: Float[Array, "n targets objectives"], objectives: Objectives) -> Bool[Array, "n 1 objectives"]:
    """Mark the objectives of a configuration of which a target is better than guessing."""
    guesses = [
        -np.inf if (guess := Column.parse(column).guess) is None or direction == "maximize" else guess
        for column, direction in objectives.items()
    ]
    turned: Array = np.any(values < np.array(guesses), axis=1, keepdims=True)
    return turned


def _least_losses(objectives: Objectives) -> Float[Array, " objectives"]:
    return np.array([-np.inf if d == "maximize" else Column.parse(c).least_leakage for c, d in objectives.items()])


def _distinct_draws(
    sizes: Sequence[int], resamples: int, rng: np.random.Generator
) -> tuple[list[Int[Array, "draws _"]], Int[Array, " draws"]]:
    """Draw targets with replacement, the same ones for all configurations of a group.

    Of few targets there are few different draws (10 of 3, 126 of 5), and each is held against the front only once.

    Args:
        sizes: the number of targets of each group.
        resamples: the number of draws.
        rng: draws.

    Returns:
        For each group the different draws, as the number of times that each target came, and how often each draw came.
    """
    flat = np.array(
        [np.concatenate([rng.multinomial(size, [1 / size] * size) for size in sizes]) for _ in range(resamples)]
    )
    different, times = np.unique(flat, axis=0, return_counts=True)
    return np.split(different, np.cumsum(sizes)[:-1], axis=1), times


def _parts(drawn: Sequence[Int[Array, "draws _"]], configurations: int) -> Iterator[list[Int[Array, "some _"]]]:
    """Yield the draws in parts, each small enough that all configurations can be held against all others at once."""
    size = max(1, _MOST_PAIRS // max(configurations, 1) ** 2)
    for start in range(0, len(drawn[0]), size):
        yield [draws[start : start + size] for draws in drawn]


def _unbeaten_in_each(
    drawn_losses: Float[Array, "draws n objectives"], fit: Bool[Array, "draws n"]
) -> Bool[Array, "draws n"]:
    """Mark, for each draw, the losses of those that fit which no other one that fits beats.

    One beats another if it is at least as good in every objective and better in one.
    """
    if drawn_losses.shape[1] > _FEW:  # to compare all with all takes the square of their number
        there = np.zeros_like(fit)
        for of_draw, fit_in_draw, mark in zip(drawn_losses, fit, there, strict=True):
            mark[fit_in_draw] = unbeaten(of_draw[fit_in_draw])
        return there
    one, other = drawn_losses[:, :, None], drawn_losses[:, None]
    beats = (one <= other).all(axis=3) & (one < other).any(axis=3) & fit[:, :, None]
    marked: Array = fit & ~beats.any(axis=1)
    return marked


def _weighted_means(
    drawn: Sequence[Int[Array, "draws _"]], groups: Sequence[Float[Array, "_ _ outcomes"]]
) -> Float[Array, "draws configurations outcomes"]:
    """Return the means over the targets of each draw."""
    means = [
        np.tensordot(times / times.shape[1], outcomes, (1, 1)) for times, outcomes in zip(drawn, groups, strict=True)
    ]
    return np.concatenate(means, axis=1).round(DECIMALS)
