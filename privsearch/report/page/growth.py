"""The growth of each front's hypervolume, trial by trial."""

from collections.abc import Sequence
from typing import TypedDict

from privsearch.analysis.explanation import growth_words, order_words
from privsearch.analysis.importances import hypervolume_history
from privsearch.analysis.tasks import Task
from privsearch.report.page.columns import Columns, columns_of


class Growth(TypedDict):
    """The section of a task's hypervolume.

    Attributes:
        title: the title of the task.
        words: a sentence on the trial that reached most of the hypervolume.
        along: the order in which trials are counted, in words.
        num_trials: the number of trials.
        rows: the trials at which the hypervolume grew: `number` (from 1), `trial_id`, `hypervolume`.
    """

    title: str
    words: str
    along: str
    num_trials: int
    rows: Columns


def growth_section(task: Task, order: Sequence[str], *, searched: bool) -> Growth:
    """Return the section of one task's hypervolume.

    Args:
        task: the task.
        order: the ids of trials in the order of counting; may contain trials of other tasks.
        searched: True if this is the order in which a search proposed the trials.
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
