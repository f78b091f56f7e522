"""What can be compared, its Pareto front, how sure that is, and its hypervolume."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

# Private, yet the only functions of Optuna that return these: its public ones draw a figure, or need a study.
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _is_pareto_front

from privsearch.bootstrap import expanded_tail
from privsearch.frame import results_frame, targets_frame, varying_axes
from privsearch.metrics import Interval
from privsearch.notebook import html_table
from privsearch.result import TrialResult
from privsearch.spec import SweepSpec
from privsearch.spec.sweep import Objectives

DECIMALS: Final = 12
"""Means that differ beyond these are equal: the same outcomes, added up in another order."""
MOST_BEST: Final = 64
"""Configurations that all others are held against, to drop those that are beaten on every target."""


@dataclass(frozen=True, eq=False)
class FrontUncertainty:
    """How sure a front is.

    Attributes:
        probability: that a configuration is on the front, by trial_id; missing where it is not known.
        hypervolume: its 95 % interval; None where it is not known.
    """

    probability: "pd.Series[float]"
    hypervolume: Interval | None


@dataclass(frozen=True, eq=False)
class Contest:
    """The trials that compete for one front: those of one dataset under one protocol.

    Attributes:
        name: of files and of Optuna's study: the dataset's, with the protocol where the sweep has several.
        title: the dataset and the protocol in words.
        rows: of the results table.
        targets: of the table with one row a target.
        objectives: result columns, and which way is better.
    """

    name: str
    title: str
    rows: pd.DataFrame
    targets: pd.DataFrame
    objectives: Objectives

    def __repr__(self) -> str:
        count = len(pareto_front(self.rows, self.objectives))
        return f"Contest({self.title}: {count} on the front of {len(self.rows)} configurations)"

    def _repr_html_(self) -> str:
        rows = pareto_front(self.rows, self.objectives)
        spreads = [f"{column}_sd" for column in self.objectives if f"{column}_sd" in rows]
        columns = ["trial_id", "model", *varying_axes(self.rows), *self.objectives, *spreads]
        return html_table(rows[list(dict.fromkeys(columns))], repr(self))

    @property
    def front(self) -> pd.DataFrame:
        """The candidates whose means are on the front, the best in the first objective first."""
        return self.candidates[self.candidates["on_front"]].drop(columns="on_front").reset_index(drop=True)

    @cached_property
    def uncertainty(self) -> FrontUncertainty:
        """How sure this front is."""
        return front_uncertainty(self.rows, self.targets, self.objectives)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """The rows with every objective, the best in the first one first, with two more columns.

        `on_front` tells whether the means are on the front, `front_probability` how sure that is.
        """
        rows = comparable(self.rows, self.objectives)
        first, direction = next(iter(self.objectives.items()))
        return rows.assign(
            on_front=rows.index.isin(pareto_front(rows, self.objectives).index),
            front_probability=rows["trial_id"].map(self.uncertainty.probability).astype(float),
        ).sort_values(first, ascending=direction == "minimize", kind="stable")


def contests(results: Iterable[TrialResult], sweep: SweepSpec) -> Iterator[Contest]:
    """Sort results into what can be compared, in the order in which the datasets and protocols first come."""
    groups: dict[tuple[str, str], list[TrialResult]] = {}
    for result in results:
        groups.setdefault((result.spec.dataset_name, result.spec.protocol.kind), []).append(result)
    for (dataset, protocol), own in groups.items():
        yield Contest(
            name=f"{dataset}_{protocol}" if len(sweep.protocol) > 1 else dataset,
            title=f"{dataset}, protocol {protocol}",
            rows=results_frame(own),
            targets=targets_frame(own),
            objectives=sweep.objectives_under(protocol),
        )


def comparable(frame: pd.DataFrame, objectives: Objectives) -> pd.DataFrame:
    """The rows that a front can be drawn from: completed, with no dead network and a number for every objective.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets or protocols, whose numbers say nothing about each other.
    """
    origins = frame[["dataset", "protocol"]].drop_duplicates()
    if len(origins) > 1:
        found = ", ".join(origins["dataset"] + " under " + origins["protocol"])
        raise ValueError(
            f"a front is that of one dataset under one protocol, but got rows of {found}; select the rows of one"
        )
    # A column stands in the table only once some trial has a number for it.
    missing = {column: np.nan for column in objectives if column not in frame}
    alive = frame["dead_networks"].fillna(0) == 0
    return frame[(frame["status"] == "completed") & alive].assign(**missing).dropna(subset=list(objectives))


def pareto_front(frame: pd.DataFrame, objectives: Objectives) -> pd.DataFrame:
    """The rows that no other row beats in every objective, the best in the first objective first.

    Rows with equal numbers do not beat each other: all of them are on the front, or none.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: result columns, and which way is better.

    Raises:
        ValueError: there are rows of several datasets or protocols.
    """
    rows = comparable(frame, objectives)
    front = rows[_is_pareto_front(_losses(rows, objectives), assume_unique_lexsorted=False)]
    first, direction = next(iter(objectives.items()))
    return front.sort_values(first, ascending=direction == "minimize", kind="stable")


def reference_point(objectives: Objectives) -> tuple[float, ...]:
    """The worst value of each objective, all of them fractions: 0 where more is better, 1 where less is."""
    return tuple(0.0 if direction == "maximize" else 1.0 for direction in objectives.values())


def hypervolume(frame: pd.DataFrame, objectives: Objectives) -> float:
    """The share of all possible outcomes that some row beats or equals: 0 for no rows, 1 for a perfect one.

    Args:
        frame: rows of the results table, all of one dataset under one protocol.
        objectives: result columns, all of them fractions, and which way is better.

    Raises:
        ValueError: there are rows of several datasets or protocols.

    Source: Zitzler and Thiele 1998, the size of the space covered, against `reference_point(objectives)`.
    """
    return _volume(_losses(comparable(frame, objectives), objectives), objectives)


def front_uncertainty(
    rows: pd.DataFrame, targets: pd.DataFrame, objectives: Objectives, resamples: int = 2000, seed: int = 0
) -> FrontUncertainty:
    """How far the choice of networks moves the front, by a bootstrap over the targets.

    Targets are drawn with replacement, the same ones for every configuration, as these share subsets and seeds target
    by target. A configuration's probability is the share of resamples in which its means are on the front. A resample
    of few targets is rough: of 3, there are 10 different ones. In simulations with 3 to 16 targets, of the
    configurations with a probability of 0.1 to 0.5 some 0.3 to 0.4 were on the true front, of those with 0.5 to 0.9
    some 0.7 to 0.8.

    The front of means is too good, as it picks those that were lucky, and the resampled fronts are too good once more.
    The interval of the hypervolume is therefore the basic one, which takes off from the hypervolume what the resamples
    add to it, widened as few targets demand; where hundreds of configurations compete it may lie below the hypervolume.
    In simulations of 10 and 40 configurations it held the true hypervolume in 0.91 to 0.93 of cases with 8 targets and
    in 0.75 to 0.79 with 3; the percentiles themselves, of up to 300, did in 0.86 down to 0.07 and in 0.43 down to 0.

    Args:
        rows: of the results table, all of one dataset under one protocol.
        targets: the targets of these trials (`privsearch.frame.targets_frame`).
        objectives: result columns, all of them fractions, and which way is better.
        resamples: how many fronts are drawn.
        seed: decides the resamples.

    Returns:
        Nothing is known of one target: every probability is missing, and there is no interval.

    Raises:
        ValueError: there are rows of several datasets or protocols.

    Source: Davison and Hinkley 1997, section 5.2, for the basic interval; Hesterberg 2015, for the widening.
    """
    candidates = comparable(rows, objectives)
    if candidates.empty or candidates["replicates"].min() == 1:
        return FrontUncertainty(pd.Series(np.nan, candidates["trial_id"], dtype=float), None)
    groups = list(_rivals(candidates, targets, objectives))
    places = np.concatenate([own for own, _ in groups])
    counts, volumes = np.zeros(len(candidates)), np.empty(resamples)
    means = _resampled_means([outcomes for _, outcomes in groups], resamples, np.random.default_rng(seed))
    for i, losses in enumerate(means):
        on_front = _is_pareto_front(losses, assume_unique_lexsorted=False)
        counts[places] += on_front
        volumes[i] = _volume(losses[on_front], objectives)
    value = _volume(_losses(candidates, objectives), objectives)
    tail = expanded_tail(0.95, int(candidates["replicates"].min()))
    low, high = 2 * value - np.quantile(volumes, [1 - tail, tail])
    return FrontUncertainty(
        pd.Series(counts / resamples, candidates["trial_id"]), Interval(value, float(low), float(high))
    )


def _rivals(
    candidates: pd.DataFrame, targets: pd.DataFrame, objectives: Objectives
) -> Iterator[tuple[Int[Array, " n"], Float[Array, "n targets objectives"]]]:
    """For each number of targets, the places of those candidates that could be on a front, and what they came to."""
    owners = pd.Index(candidates["trial_id"]).get_indexer(pd.Index(targets["trial_id"]))
    order = np.argsort(owners, kind="stable")[np.count_nonzero(owners < 0) :]
    losses, sizes = _losses(targets.iloc[order], objectives), np.bincount(owners[order], minlength=len(candidates))
    for size in np.unique(sizes):
        outcomes = losses[np.repeat(sizes == size, sizes)].reshape(-1, size, len(objectives))
        unbeaten = ~_beaten(outcomes)
        yield np.flatnonzero(sizes == size)[unbeaten], outcomes[unbeaten]


def _beaten(outcomes: Float[Array, "n targets objectives"]) -> Bool[Array, " n"]:
    """Which configurations another one beats on every target, so that their means are worse whatever is drawn.

    Not all: to compare all with all would take the square of their number, and the best on average beat nearly as many.
    """
    best = outcomes[_is_pareto_front(outcomes.mean(1), assume_unique_lexsorted=False)]
    beaten = np.zeros(len(outcomes), bool)
    for one in best[np.linspace(0, len(best) - 1, min(len(best), MOST_BEST)).astype(int)]:
        # In one objective by more than the rounding of the means.
        beaten |= (one <= outcomes).all((1, 2)) & (one + 1e-9 < outcomes).all(1).any(1)
    return beaten


def _resampled_means(
    groups: Sequence[Float[Array, "_ _ objectives"]], resamples: int, rng: np.random.Generator
) -> Iterator[Float[Array, "configurations objectives"]]:
    """Means over targets drawn with replacement, the same for all configurations that have as many: of a group."""
    for _ in range(resamples):
        means = []
        for outcomes in groups:
            size = outcomes.shape[1]
            means.append(np.tensordot(rng.multinomial(size, [1 / size] * size) / size, outcomes, (0, 1)))
        yield np.concatenate(means).round(DECIMALS)


def _losses(rows: pd.DataFrame, objectives: Objectives) -> Float[Array, "n objectives"]:
    """The objectives as numbers of which less is better."""
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in objectives.values()]
    return (rows[list(objectives)].to_numpy(float) * signs).round(DECIMALS)


def _volume(losses: Float[Array, "n objectives"], objectives: Objectives) -> float:
    # The worst loss is 0 where more is better and 1 where less is, as is the worst value.
    return float(compute_hypervolume(losses, np.array(reference_point(objectives))))
