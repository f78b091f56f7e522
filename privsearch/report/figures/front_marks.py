"""How the configurations of a task are marked in a plot: by model, and by how likely they are on the front."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int
from numpy import ndarray as Array

from privsearch.analysis.columns import widest_noise_floor
from privsearch.analysis.frames import varying_axes
from privsearch.analysis.labels import LIKELY, POSSIBLE, configuration
from privsearch.analysis.tasks import Task
from privsearch.report.wording.fronts import constraints_words, counts
from privsearch.spec.columns import Column

INFEASIBLE: Final = 3
"""The tier of what violates a constraint."""

_VIOLATES: Final = "violates a constraint"
_TIERS: Final = (
    *(f"on the front with probability ≥ {LIKELY:g}", f"with probability ≥ {POSSIBLE:g}"),
    *(f"with probability < {POSSIBLE:g}", _VIOLATES),
)
_TIERS_OF_ONE_TARGET: Final = ("on the front", "not on the front", "", _VIOLATES)
"""What it says that a point is filled, hollow, faint or a cross."""


def front_rows(task: Task) -> pd.DataFrame:
    """The candidates on the front of the means."""
    return task.candidates[task.candidates["on_front"]]


def marked_parts(task: Task) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """The candidates of each tier and model."""
    found = tiers(task.candidates)
    for tier in np.unique(found).tolist():
        for model, rows in task.candidates[found == tier].groupby("model"):
            yield str(model), tier, rows


def tiers(rows: pd.DataFrame) -> Int[Array, " n"]:
    """0 for what is likely to be on the front, 1 for what may be, 2 for what hardly is, 3 for the infeasible.

    Of one target, nothing is known of the likelihood: 0 for the front, 1 for the rest that is feasible.
    """
    probability = rows["front_probability"]
    known = np.select([probability >= LIKELY, probability >= POSSIBLE], [0, 1], 2)
    told = np.where(probability.isna(), ~rows["on_front"], known)
    found: Int[Array, " n"] = np.where(rows["feasible"], told, INFEASIBLE)
    return found


def tier_words(task: Task, tier: int) -> str:
    """What it says that a point is of this tier."""
    return (_TIERS if task.uncertainty.hypervolume else _TIERS_OF_ONE_TARGET)[tier]


def front_names(task: Task, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Configurations in words, each with the probability that it is on the front, where that is known."""
    varying = varying_axes(task.rows)
    for row in rows:
        p = row["front_probability"]
        yield configuration(row, varying) + ("" if p is None else f" ({p:.2f})")


def noise_floors(task: Task) -> dict[str, float]:
    """The objectives that are AUCs, each with the widest noise floor of the task's trials."""
    aucs = [column for column in map(Column.parse, task.objectives) if column.is_auc]
    return {str(auc): widest_noise_floor(task.rows, auc) for auc in aucs}


def front_title(task: Task) -> str:
    """Dataset, protocol, how many configurations, and what had to hold."""
    asked = f"\n{fill(f'asked for: {constraints_words(task)}', 90)}" if task.constraints else ""
    return f"{fill(task.title, 60)}\n{counts(task.rows)}; bars: ± sd{asked}"
