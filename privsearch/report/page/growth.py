"""How the hypervolume of each front grew, trial by trial."""

from collections.abc import Sequence
from typing import TypedDict

from privsearch.analysis.explanation import growth_words, order_words
from privsearch.analysis.importances import hypervolume_history
from privsearch.analysis.tasks import Contest
from privsearch.report.page.columns import Columns, columns_of


class Growth(TypedDict):
    """What the section shows of one contest.

    Attributes:
        title: the contest's.
        words: when most of it was there.
        along: what the trials are counted by, in words.
        num_trials: how many there are.
        rows: the trials that it grew with: `number` (from 1), `trial_id`, `hypervolume`.
    """

    title: str
    words: str
    along: str
    num_trials: int
    rows: Columns


def growth_section(contest: Contest, order: Sequence[str], *, searched: bool) -> Growth:
    """The growth of one contest.

    Args:
        contest: what competes.
        order: the ids of trials in the order in which they count, those of other contests among them.
        searched: whether that is the order in which they were proposed.
    """
    history = hypervolume_history(contest, order)
    grown = history[history["hypervolume"].diff().fillna(history["hypervolume"]) > 0]
    return {
        "title": contest.title,
        "words": growth_words(history),
        "along": order_words(searched=searched),
        "num_trials": len(history),
        "rows": columns_of(grown, ("number", "trial_id", "hypervolume")),
    }
