"""What there is to say about a contest: worked out once, then printed, drawn and written."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from privsearch.analysis import hypervolume_history, importances, value_shares
from privsearch.errors import MetricError
from privsearch.front import Contest


@dataclass(frozen=True, eq=False)
class Explanation:
    """What mattered in a contest.

    Attributes:
        contest: what competed.
        importances: of each axis (`privsearch.analysis.importances`); no rows where they cannot be had.
        refused: why not; empty where they can.
        values: of each axis, on the front and everywhere (`privsearch.analysis.value_shares`).
        history: the hypervolume after each trial (`privsearch.analysis.hypervolume_history`).
    """

    contest: Contest
    importances: pd.DataFrame
    refused: str
    values: pd.DataFrame
    history: pd.DataFrame


def explain(contest: Contest, order: Sequence[str]) -> Explanation:
    """Work out what mattered.

    Args:
        contest: what competed.
        order: the ids of trials in the order in which they finished, those of other contests among them.
    """
    try:
        found, refused = importances(contest), ""
    except MetricError as reason:
        found, refused = pd.DataFrame(), str(reason)
    return Explanation(contest, found, refused, value_shares(contest), hypervolume_history(contest, order))


def growth_words(history: pd.DataFrame) -> str:
    """How the hypervolume grew, in a sentence: when most of it was there, and how long ago the last of it came."""
    volumes = history["hypervolume"]
    if volumes.empty or not volumes.iloc[-1]:
        return "Hypervolume 0: no configuration adds to it."
    final = volumes.iloc[-1]
    reached = [f"{share:g} of it after {_number(history, share * final)}" for share in (0.95, 0.99)]
    last = _number(history, final)
    return f"Hypervolume {final:.4f} after {len(volumes)} trials: {', '.join(reached)}, all after {last}."


def _number(history: pd.DataFrame, volume: float) -> int:
    """How many trials it took to come to a hypervolume."""
    return int(history.loc[history["hypervolume"] >= volume, "number"].iloc[0])
