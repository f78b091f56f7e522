"""The first section of the page: what to take of each task, what privacy is judged by, and the notation."""

from collections.abc import Sequence
from typing import Final, TypedDict

from privsearch.analysis.labels import NOTATION, quantity
from privsearch.analysis.selection import select_in_task
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.report.wording.verdict import verdict_sentence
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.study.result import TrialResult

_NO_RESULT: Final = "No trial has finished yet, so there is no verdict."
_NOT_JUDGED: Final = (
    "There is no verdict: privacy is judged by an attack's number that is to be low, and no objective of this study is "
    "one."
)
_WORST: Final = " (worst: the strongest attack)"
_EXCESS: Final = (
    " (excess: what real members add to the placebo, the same attack on examples that no network was trained on)"
)


class TaskVerdict(TypedDict):
    """The verdict on one task: its title, and a sentence."""

    title: str
    sentence: str


class Verdict(TypedDict):
    """The section of the verdict.

    Attributes:
        tasks: the verdicts.
        judged: a sentence on what privacy is judged by under each protocol, or on why there is no verdict.
        notation: the meaning of the words in the names of configurations.
    """

    tasks: list[TaskVerdict]
    judged: str
    notation: str


def verdict(tasks: Sequence[Task], results: Sequence[TrialResult]) -> Verdict:
    """Return the verdicts on the tasks of a study, each as `privsearch pick` gives it.

    Args:
        tasks: the tasks of the study.
        results: its trials.
    """
    found: list[TaskVerdict] = []
    judged_by: dict[str, list[str]] = {}
    for task in tasks:
        try:
            selection = select_in_task(task, results)
        except StudyError:  # objectives without a number of an attack
            continue
        found.append({"title": task.title, "sentence": verdict_sentence(selection)})
        protocols = judged_by.setdefault(selection.private, [])
        protocols += [kind for kind in task.rows["protocol"].unique() if kind not in protocols]
    sentence = _judged_words(judged_by) if found else _NOT_JUDGED if tasks else _NO_RESULT
    return {"tasks": found, "judged": sentence, "notation": NOTATION}


def _judged_words(judged_by: dict[str, list[str]]) -> str:
    """Return what privacy is judged by, with the meaning of each column."""
    parts = []
    for name, protocols in judged_by.items():
        column = Column.parse(name)
        meaning = _EXCESS if column.number.startswith("excess_") else _WORST if column.attack == WORST else ""
        parts.append(f"the {quantity(name)} under {' and '.join(protocols)}{meaning}")
    return f"As in privsearch pick, privacy is judged by {' and by '.join(parts)}."
