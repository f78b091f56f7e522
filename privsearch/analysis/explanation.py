"""The explanation of a task's outcomes, computed once, then printed, drawn and written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from privsearch._util.html import html_table
from privsearch.analysis.importances import hypervolume_history, importances, value_shares
from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import MetricError
from privsearch.study.content import StudyContent


@dataclass(frozen=True, eq=False)
class Explanation:
    """The importances, the values on the front and the growth of the front of one task.

    Attributes:
        task: the trials that compete for one front.
        importances: those of the axes (`privsearch.analysis.importances.importances`), or no rows.
        refused: the reason why there are no importances; empty if there are.
        values: those of each axis, on the front and everywhere (`privsearch.analysis.importances.value_shares`).
        history: the hypervolume after each trial (`privsearch.analysis.importances.hypervolume_history`).
        searched: the trials of `history` are in the order of their proposals, not in that in which they finished.
    """

    task: Task
    importances: pd.DataFrame
    refused: str
    values: pd.DataFrame
    history: pd.DataFrame
    searched: bool = False

    def __repr__(self) -> str:
        return f"Explanation({self.task.title}: {self.refused or growth_words(self.history)})"

    def _repr_html_(self) -> str:
        return html_table(self.importances, repr(self)) + html_table(self.values, "Values on the front")


def explain(task: Task, order: Sequence[str], *, searched: bool = False) -> Explanation:
    """Compute the explanation of one task.

    Args:
        task: the trials that compete for one front.
        order: the ids of trials in the order in which they count for the growth
            (`privsearch.study.proposals.in_order`), those of other tasks among them.
        searched: `order` is the order of the proposals.
    """
    try:
        table, refused = importances(task), ""
    except MetricError as reason:
        table, refused = pd.DataFrame(), str(reason)
    history = hypervolume_history(task, order)
    return Explanation(task, table, refused, value_shares(task), history, searched)


def explain_study(content: StudyContent, study_tasks: Iterable[Task] | None = None) -> list[Explanation]:
    """Work out what mattered in each task of a study.

    Args:
        content: its record and proposals say in which order its trials count.
        study_tasks: the tasks of the study, if they are at hand.
    """
    if study_tasks is None:
        study_tasks = tasks(content.results, content.sweep, content.rounds)
    return [explain(task, content.order, searched=bool(content.searches)) for task in study_tasks]


def growth_words(history: pd.DataFrame) -> str:
    """Describe the growth of the hypervolume in a sentence: after how many trials most of it, and all, was reached."""
    volumes = history["hypervolume"]
    if volumes.empty or not volumes.iloc[-1]:
        return "Hypervolume 0: no configuration adds to it."
    final = volumes.iloc[-1]
    reached = [f"{share:g} of it after {_number(history, share * final)}" for share in (0.95, 0.99)]
    last = _number(history, final)
    return f"Hypervolume {final:.4f} after {len(volumes)} trials: {', '.join(reached)}, all after {last}."


def order_words(*, searched: bool) -> str:
    """Name the order of the trials along an axis."""
    return "trials, as proposed" if searched else "finished trials"


def _number(history: pd.DataFrame, volume: float) -> int:
    """Return the number of trials after which a hypervolume is reached."""
    return int(history.loc[history["hypervolume"] >= volume, "number"].iloc[0])
