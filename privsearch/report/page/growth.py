"""How the hypervolume of each front grew, trial by trial."""

from collections.abc import Sequence
from typing import TypedDict

from privsearch.analysis.explanation import growth_words, order_words
from privsearch.analysis.importances import hypervolume_history
from privsearch.analysis.tasks import Task
from privsearch.report.page.columns import Columns, columns_of


class Growth(TypedDict):
    """What the section shows of one task.

    Attributes:
        title: the task's.
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


def growth_section(task: Task, order: Sequence[str], *, searched: bool) -> Growth:
    """The growth of one task.

    Args:
        task: what competes.
        order: the ids of trials in the order in which they count, those of other tasks among them.
        searched: whether that is the order in which they were proposed.
    """
    history = hypervolume_history(task, order)
    grown = history[history["hypervolume"].diff().fillna(history["hypervolume"]) > 0]
    return {
        "title": task.title,
        "words": growth_words(history),
        "along": order_words(searched=searched),
        "num_trials": len(history),
        "rows": columns_of(grown, ("number", "trial_id", "hypervolume")),
    }
