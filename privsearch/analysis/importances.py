"""The growth of a task's front, the axes that decide its outcomes, and the values that reach the front."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch.analysis.axis_values import axis_values
from privsearch.analysis.frames import records
from privsearch.analysis.pareto import comparable, feasible, front_ranks, losses, outcome_space, total_violation
from privsearch.analysis.ped_anova import BinnedAxis, divergences, region_densities, top
from privsearch.analysis.tasks import Task
from privsearch.errors import MetricError

FRONT: Final = "front"
"""Stands for reaching the front among the objectives that axes are important for."""

FEWEST_CONFIGURATIONS: Final = 10
"""Of fewer, half would be the good ones."""

MOST_VALUES: Final = 8
"""A numeric axis with more values is cut into quarters."""

CHANCE: Final = 0.95
"""The share of cases in which an axis without any effect stays below the chance level."""


def hypervolume_history(task: Task, order: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the hypervolume after each trial.

    What did not complete, has a dead network, lacks a number or violates a constraint adds nothing. Where nothing
    bounds an objective, its worst value is the one at the end, so that all hypervolumes are of the same space.

    Args:
        task: the trials.
        order: their ids, in the order in which they count; ids of other trials are passed over, and trials without an
            id here left out. By default the task's own order.

    Returns:
        A row a trial: `number` (from 1), `trial_id`, `hypervolume`.
    """
    rows = comparable(task.rows, task.objectives)
    space = outcome_space(rows, task.objectives, task.constraints)
    fit = rows[feasible(rows, task.constraints)]
    losses_by_id = dict(zip(fit["trial_id"], losses(fit, task.objectives), strict=True))
    task_ids = set(task.rows["trial_id"])
    ids = [trial for trial in (task.rows["trial_id"] if order is None else order) if trial in task_ids]
    front, volumes = np.empty((0, len(task.objectives))), [0.0]
    for trial in ids:
        loss = losses_by_id.get(trial)
        if loss is None or (front <= loss).all(axis=1).any():
            volumes.append(volumes[-1])
        else:
            front = np.vstack([front[(front < loss).any(axis=1)], loss])
            volumes.append(space.share(front))
    return pd.DataFrame({"number": range(1, len(ids) + 1), "trial_id": ids, "hypervolume": volumes[1:]})


def importances(task: Task, resamples: int = 200, seed: int = 0) -> pd.DataFrame:
    """Measure how much each axis decides which configurations are good, in each objective and in reaching the front.

    Good are the best tenth, and at least five. An axis is important where its values are spread otherwise among the
    good than among all (PED-ANOVA, which says nothing about what comes of two axes only together). Its importance is
    its share of what all axes come to, as Optuna and its dashboard show it.

    For reaching the front, the good are those of the first non-domination ranks: the front, then what would be the
    front without it, and so on, until there are enough; what violates a constraint comes after all else. That is the
    order in which Optuna's own evaluator takes them. Ranks need no scale that would weigh one objective against
    another, as a distance to the front does. Where only a part of the last rank is needed, all of it is good, while
    Optuna chooses among them by the volume that they cover.

    The interval is a bootstrap over configurations. A resample, which has some configurations twice, shows more
    difference than there is, as do few configurations. The interval is therefore the wider, at either end, of the basic
    one and of the percentiles moved by as much as their median is off. In simulations of 50, 150 and 500 configurations
    it held what 20,000 of them come to in 0.86, 0.93 and 0.98 of cases; of 150, moved percentiles alone did in 0.74.

    The chance level is what an axis without any effect stays below in 95 % of cases: that percentile of the importance
    where the good ones are drawn at random. An importance below it is no evidence that the axis matters.

    Args:
        task: the configurations that are compared.
        resamples: the number of bootstrap resamples, and of random draws of the good configurations.
        seed: the seed of the resamples and of the draws.

    Returns:
        A row for each objective, then for "front", and each axis, the most important first: `objective`, `axis`,
        `importance`, `low` and `high` (95 %), `chance`, all shares from 0 to 1, and `n`, the configurations that the
        axis has an effect on. Where all configurations are equally good, the four shares are missing.

    Raises:
        MetricError: there are too few configurations, or fewer than two axes vary.

    Source: Watanabe, Bansal and Hutter 2023 (PED-ANOVA), through Optuna.
    """
    rows = comparable(task.rows, task.objectives)
    categories = axis_categories(rows)
    names = list(categories)
    _check_enough(len(rows), names)
    axes = [BinnedAxis(values.cat.codes.to_numpy(int), len(values.cat.categories)) for values in categories.values()]
    everything = np.arange(len(rows))
    densities, rng = region_densities(axes, everything), np.random.default_rng(seed)
    drawn = rng.integers(len(rows), size=(resamples, len(rows)))
    drawn_densities = region_densities(axes, drawn)
    random_order = rng.permuted(np.tile(everything, (resamples, 1)), axis=1)
    # By how many are good, of which alone it depends.
    by_chance: dict[int, Float[Array, "resamples axes"]] = {}
    parts = []
    for objective, choose in _choices(rows, task):
        good = choose(everything)
        observed, size = divergences(axes, everything, good, densities), int(good.sum())
        resampled = divergences(axes, drawn, choose(drawn), drawn_densities)
        if size not in by_chance:
            by_chance[size] = divergences(axes, everything, good[random_order], densities)
        informative = not good.all() and observed.any()
        shares = _shares(observed, resampled, by_chance[size]) if informative else _UNKNOWN
        counts = [int(np.count_nonzero(axis.categories >= 0)) for axis in axes]
        part = pd.DataFrame({"objective": objective, "axis": names, **shares._asdict(), "n": counts})
        parts.append(part.sort_values("importance", ascending=False, kind="stable"))
    return pd.concat(parts, ignore_index=True)


def ordered_axes(table: pd.DataFrame) -> list[str]:
    """Return the axes of a table of `importances`, the most important for reaching the front first."""
    return table.loc[table["objective"] == FRONT, "axis"].tolist()


def value_shares(task: Task) -> pd.DataFrame:
    """Count how often each value of an axis is on the front, and among all that compete.

    Of the configurations that an axis has no effect on, none counts for it. A numeric axis with many values is cut
    into quarters.

    Returns:
        A row a value: `axis`, `value` (in words; `null` is full precision, or the whole split), `on_front` (how many
        configurations with it are on the front), `front_share` (of those on the front), `configurations` (how many
        have it), `share` (of all). The shares are missing where the axis has no effect on any.
    """
    candidates = task.candidates
    parts = []
    for axis, words in axis_categories(candidates).items():
        everywhere = words.value_counts(sort=False)
        on_front = words[candidates["on_front"]].value_counts(sort=False)
        shares = {"on_front": on_front, "front_share": on_front / on_front.sum() if on_front.any() else np.nan}
        shares |= {"configurations": everywhere, "share": everywhere / everywhere.sum()}
        parts.append(pd.DataFrame({"axis": axis, "value": everywhere.index.astype(str), **shares}))
    columns = ["axis", "value", "on_front", "front_share", "configurations", "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def axis_categories(rows: pd.DataFrame) -> "dict[str, pd.Series[Any]]":
    """Return, for each axis that varies, the category of every row in words, missing if the axis has no effect on it.

    A value is a category, or, of more than `MOST_VALUES` numbers, a quarter of the rows. The numbers of a grid are no
    range: between them a smooth density is nearly 0, and a quotient of two such densities anything. Taken as numbers,
    axes without any effect came out with more than half of all importance.
    """
    categories = {}
    for axis, values in axis_values(rows).items():
        if len(values) > MOST_VALUES and not isinstance(values[-1], str):
            numbers = rows[axis].astype(float)
            parts = pd.qcut(numbers, 4, duplicates="drop", precision=2)
            # Pandas has the first part begin a little below the least number: a learning rate below 0.
            names = [
                f"{_value_words(max(p.left, numbers.min()))} to {_value_words(p.right)}" for p in parts.cat.categories
            ]
            categories[axis] = parts.cat.rename_categories(names)
        elif len(values) > 1:
            words = {
                value: "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                for value in values
            }
            row_words = [words.get(row[axis]) for row in records(rows[[axis]])]
            categories[axis] = pd.Series(pd.Categorical(row_words, list(words.values()), ordered=True), rows.index)
    return categories


def _value_words(value: Any) -> str:
    if value is None:
        return "null"
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else str(value)


def _check_enough(count: int, axes: Sequence[str]) -> None:
    if count < FEWEST_CONFIGURATIONS:
        raise MetricError(
            f"importances need at least {FEWEST_CONFIGURATIONS} completed configurations with every objective, but "
            f"there are {count}; sweep more values, or search longer"
        )
    if len(axes) < 2:
        raise MetricError(
            f"importances compare axes, of which at least two must vary, but {' and '.join(axes) or 'none'} does; "
            "sweep another one"
        )


Choice = Callable[[Int[Array, "*r m"]], Bool[Array, "*r m"]]


def _choices(rows: pd.DataFrame, task: Task) -> Iterator[tuple[str, Choice]]:
    """Yield, for each objective and for reaching the front, a function that marks the good of each row of places."""
    outcomes, violation = losses(rows, task.objectives), total_violation(rows, task.constraints)
    for column, values in zip(task.objectives, outcomes.T, strict=True):
        yield column, partial(_top_of, values)
    yield (
        FRONT,
        lambda chosen: top(np.apply_along_axis(lambda row: front_ranks(outcomes[row], violation[row]), -1, chosen)),
    )


def _top_of(values: Float[Array, " n"], chosen: Int[Array, "*r m"]) -> Bool[Array, "*r m"]:
    return top(values[chosen])


class _Shares(NamedTuple):
    importance: Float[Array, " axes"] | float
    low: Float[Array, " axes"] | float
    high: Float[Array, " axes"] | float
    chance: Float[Array, " axes"] | float


_UNKNOWN: Final = _Shares(np.nan, np.nan, np.nan, np.nan)


def _shares(
    observed: Float[Array, " axes"],
    resampled: Float[Array, "resamples axes"],
    by_chance: Float[Array, "resamples axes"],
) -> _Shares:
    importance, total = observed / observed.sum(), resampled.sum(axis=1, keepdims=True)
    shares = np.divide(resampled, total, out=np.zeros_like(resampled), where=total > 0)
    low, middle, high = np.quantile(shares, [0.025, 0.5, 0.975], axis=0)
    low, high = np.minimum(low - middle, importance - high), np.maximum(high - middle, importance - low)
    # On the scale of what was observed, as chance has no total of its own that would mean anything.
    chance = np.quantile(by_chance, CHANCE, axis=0) / observed.sum()
    return _Shares(importance, np.clip(importance + low, 0, 1), np.clip(importance + high, 0, 1), chance)
