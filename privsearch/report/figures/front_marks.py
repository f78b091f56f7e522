"""How the configurations of a contest are marked in a plot: by model, and by how likely they are on the front."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Int
from numpy import ndarray as Array

from privsearch.analysis.columns import noise_floor_of
from privsearch.analysis.frames import varying_axes
from privsearch.analysis.labels import LIKELY, POSSIBLE, configuration
from privsearch.analysis.tasks import Contest
from privsearch.report.wording.fronts import constraints_words, counts

INFEASIBLE: Final = 3
"""The tier of what violates a constraint."""

_VIOLATES: Final = "violates a constraint"
_TIERS: Final = (
    *(f"on the front with probability ≥ {LIKELY:g}", f"with probability ≥ {POSSIBLE:g}"),
    *(f"with probability < {POSSIBLE:g}", _VIOLATES),
)
_TIERS_OF_ONE_TARGET: Final = ("on the front", "not on the front", "", _VIOLATES)
"""What it says that a point is filled, hollow, faint or a cross."""


def front_rows(contest: Contest) -> pd.DataFrame:
    """The candidates on the front of the means."""
    return contest.candidates[contest.candidates["on_front"]]


def marked_parts(contest: Contest) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """The candidates of each tier and model."""
    found = tiers(contest.candidates)
    for tier in np.unique(found).tolist():
        for model, rows in contest.candidates[found == tier].groupby("model"):
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


def tier_words(contest: Contest, tier: int) -> str:
    """What it says that a point is of this tier."""
    return (_TIERS if contest.uncertainty.hypervolume else _TIERS_OF_ONE_TARGET)[tier]


def front_names(contest: Contest, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Configurations in words, each with the probability that it is on the front, where that is known."""
    varying = varying_axes(contest.rows)
    for row in rows:
        p = row["front_probability"]
        yield configuration(row, varying) + ("" if p is None else f" ({p:.2f})")


def noise_floors(contest: Contest) -> dict[str, float]:
    """The objectives that are AUCs, each with the widest noise floor of the contest's trials."""
    return {column: noise_floor_of(contest.rows, column) for column in contest.objectives if column.endswith(".auc")}


def front_title(contest: Contest) -> str:
    """Dataset, protocol, how many configurations, and what had to hold."""
    asked = f"\n{fill(f'asked for: {constraints_words(contest)}', 90)}" if contest.constraints else ""
    return f"{fill(contest.title, 60)}\n{counts(contest.rows)}; bars: ± sd{asked}"
