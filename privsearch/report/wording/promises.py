"""What DP-SGD promises, in words: cells of tables, and what a promise does not cover."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from privsearch.analysis.promises import PROMISE, has_promise, promised
from privsearch.report.wording.formats import MISSING
from privsearch.spec import WORST
from privsearch.spec.columns import EPSILON, Column
from privsearch.study.result import Completed

MEASURED: Final = str(Column(WORST, EPSILON))
"""The column of the bound on epsilon that the strongest attack shows."""

PROMISE_HELP: Final = "by DP-SGD, for each network by itself and for each example; see docs/privacy.md"


def promise_words(rows: pd.DataFrame) -> list[str]:
    """Return what the epsilon of DP-SGD means and what it does not cover; nothing where nothing is promised.

    Args:
        rows: rows of a table that may have the columns of `privsearch.analysis.promises.promised`.
    """
    if not has_promise(rows):
        return []
    deltas = sorted(rows["dp_delta"].dropna().unique().tolist()) if "dp_delta" in rows else []
    delta = f" (delta {', '.join(f'{delta:g}' for delta in deltas)})" if deltas else ""
    return [
        f"epsilon promised: the accountant's{delta}, of each network by itself, for one example added or removed. It "
        "does not cover the choice among configurations, other networks and numbers of this study, what is fitted to "
        "the training split before (the scaling of tables, the range of encodings), nor those who know the seed.",
        "A bound that is measured above what is promised would show a training that is not what it claims to be.",
    ]


def fitted_words(datasets: Sequence[str]) -> str:
    """Return a note, to be read before a sweep, on datasets of which something follows from all examples.

    Args:
        datasets: their names, at least one.
    """
    return (
        f"{', '.join(datasets)}: inputs are standardised by the training split, which dp does not cover; give a table "
        "of your own public ranges, scaling: {kind: fixed, low: ..., high: ...} (docs/privacy.md)"
    )


def trial_words(result: Completed) -> list[str]:
    """Return the sentences on what is promised of a trial's networks, and on what that does not cover."""
    numbers = promised(result)
    if not numbers:
        return []
    sentence = (
        f"DP-SGD promises each network an epsilon of {numbers[PROMISE]:.4g}, by noise of at least "
        f"{numbers['dp_noise_multiplier']:.4g} times the clipping norm."
    )
    return [sentence, *promise_words(pd.DataFrame([numbers]))]


def promise_cells(row: Mapping[str, Any], measured: str = MEASURED) -> list[str]:
    """Return what is promised of a configuration, and the bound that the audit measures, as cells of a table.

    Args:
        row: a row of such a table.
        measured: the column of the measured bound.
    """
    return [_number(row.get(PROMISE)), _number(row.get(measured))]


def _number(epsilon: float | None) -> str:
    return MISSING if epsilon is None else f"{epsilon:.3g}"
