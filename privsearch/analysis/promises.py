"""What DP-SGD promises of a trial's networks, as columns of tables."""

from typing import Final

import pandas as pd

from privsearch.study.result import Completed

PROMISE: Final = "dp_epsilon"
"""The column of the accountant's epsilon."""

FAMILY: Final = "without_dp"
"""The column of a configuration's name without what its `dp` adds."""


def promised(result: Completed) -> dict[str, float]:
    """Return the columns of what is promised of a trial's targets: nothing if their trainings were not private.

    `dp_epsilon` is the largest epsilon of any of them, `dp_delta` its delta, and `dp_noise_multiplier` the least noise.
    Networks of one trial differ a little where their training sets do.
    """
    guarantees = [replicate.target.dp for replicate in result.replicates]
    there = [guarantee for guarantee in guarantees if guarantee is not None]
    if not there or len(there) < len(guarantees):
        return {}
    return {
        PROMISE: max(guarantee.epsilon for guarantee in there),
        "dp_delta": max(guarantee.delta for guarantee in there),
        "dp_noise_multiplier": min(guarantee.noise_multiplier for guarantee in there),
    }


def has_promise(rows: pd.DataFrame) -> bool:
    """Tell whether something is promised of some trial of a table."""
    return PROMISE in rows and bool(rows[PROMISE].notna().any())
