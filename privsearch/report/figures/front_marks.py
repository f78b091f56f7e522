"""The marks of a task's configurations in a plot: by model, and by the likelihood of being on the front."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int
from numpy import ndarray as Array

from privsearch.analysis.columns import bar_kind
from privsearch.analysis.frames import records
from privsearch.analysis.labels import LIKELY, POSSIBLE, TAKEN_MEANING, configuration, quantity
from privsearch.analysis.selection import taken
from privsearch.analysis.tasks import Task
from privsearch.report.wording.fronts import constraints_words, counts

INFEASIBLE: Final = 3
"""The tier of configurations that violate a constraint."""

_MOST_CHARACTERS: Final = 40

BARS: Final = {"interval": "95 % interval of the mean", "sd": "± standard deviation over the targets"}
"""The meaning of each kind of error bar."""

_VIOLATES: Final = "violates a constraint"
_TIERS: Final = (
    *(f"on the front with probability ≥ {LIKELY:g}", f"with probability ≥ {POSSIBLE:g}"),
    *(f"with probability < {POSSIBLE:g}", _VIOLATES),
)
_TIERS_OF_ONE_TARGET: Final = ("on the front", "not on the front", "", _VIOLATES)
"""The meaning of a filled, hollow or faint point and of a cross, in a task with one target."""


def front_rows(task: Task) -> pd.DataFrame:
    """Return the candidates on the front of the means."""
    return task.candidates[task.candidates["on_front"]]


def marked_parts(task: Task) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Yield the candidates of each tier and model."""
    row_tiers = tiers(task.candidates)
    for tier in np.unique(row_tiers).tolist():
        for model, rows in task.candidates[row_tiers == tier].groupby("model"):
            yield str(model), tier, rows


def tiers(rows: pd.DataFrame) -> Int[Array, " n"]:
    """Return each row's tier: 0 if likely on the front, 1 if possibly, 2 if hardly, 3 if infeasible.

    With one target the likelihood is unknown: 0 stands for the front, 1 for all other feasible rows.
    """
    probability = rows["front_probability"]
    by_probability = np.select([probability >= LIKELY, probability >= POSSIBLE], [0, 1], 2)
    if_feasible = np.where(probability.isna(), ~rows["on_front"], by_probability)
    tier: Int[Array, " n"] = np.where(rows["feasible"], if_feasible, INFEASIBLE)
    return tier


def tier_words(task: Task, tier: int) -> str:
    """Return the meaning of a tier in words."""
    return (_TIERS if task.uncertainty.hypervolume else _TIERS_OF_ONE_TARGET)[tier]


def taken_row(task: Task) -> dict[str, Any] | None:
    """Return the row of the configuration that `privsearch pick` takes; None if it takes none."""
    return next(iter(records(task.candidates[task.candidates["trial_id"] == taken(task)])), None)


def taken_words(task: Task, row: Mapping[str, Any]) -> str:
    """Name what `privsearch pick` takes in the key of a plot, unless its name would be too long for that."""
    name = configuration(row, task.varying)
    return f"{TAKEN_MEANING}: {name}" if len(name) <= _MOST_CHARACTERS else TAKEN_MEANING


def front_names(task: Task, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield configurations in words, each with its probability of being on the front, if that is known."""
    varying = task.varying
    for row in rows:
        p = row["front_probability"]
        yield configuration(row, varying) + ("" if p is None else f" ({p:.2f})")


def front_title(task: Task) -> str:
    """Return the title of a plot: dataset, protocol, number of configurations, error bars, and constraints."""
    asked = [f"asked for: {constraints_words(task)}"] if task.constraints else []
    return "\n".join([fill(task.title, 60), *(fill(line, 90) for line in (counts(task.rows), *_bars(task), *asked))])


def _bars(task: Task) -> Iterator[str]:
    """Yield the meaning of the error bars, if there are some: once where all objectives have the same."""
    kinds = {column: bar_kind(task.candidates, column) for column in task.objectives}
    known = {column: kind for column, kind in kinds.items() if kind}
    if len(set(known.values())) == 1:
        yield f"bars: {BARS[next(iter(known.values()))]}"
    elif known:
        yield f"bars: {', '.join(f'{quantity(column)} {BARS[kind]}' for column, kind in known.items())}"
