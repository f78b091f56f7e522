"""The first section of the page: what to take of each task, what privacy is judged by, and the notation."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, TypedDict

from privsearch.analysis.labels import NOTATION, quantity
from privsearch.analysis.selection import private_column, selection_of
from privsearch.analysis.tasks import Task
from privsearch.errors import StudyError
from privsearch.report.wording.verdict import deciding, verdict_sentence
from privsearch.spec import WORST
from privsearch.spec.columns import Column

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


def verdict(tasks: Sequence[Task]) -> Verdict:
    """Return the verdict on each dataset, as `verdict_lines` gives it at the end of a sweep.

    Args:
        tasks: the tasks of the study.
    """
    judged_by: dict[str, list[str]] = {}
    for task in tasks:
        with suppress(StudyError):  # objectives without a number of an attack
            protocols = judged_by.setdefault(private_column(task.objectives), [])
            protocols += [kind for kind in _protocols([task]) if kind not in protocols]
    found = [(task, verdict_sentence(selection)) for task in deciding(tasks) if (selection := selection_of(task))]
    if not found:
        judged = _NOT_JUDGED if tasks else _NO_RESULT
    else:
        judged = " ".join([_judged_words(judged_by), *_deciding_words(tasks)])
    shown: list[TaskVerdict] = [{"title": task.title, "sentence": sentence} for task, sentence in found]
    return {"tasks": shown, "judged": judged, "notation": NOTATION}


def _protocols(tasks: Sequence[Task]) -> list[str]:
    return list(dict.fromkeys(kind for task in tasks for kind in task.rows["protocol"]))


def _deciding_words(tasks: Sequence[Task]) -> Iterator[str]:
    """Yield which protocol has the word, where datasets were audited under several."""
    shown = _protocols(deciding(tasks))
    if others := [kind for kind in _protocols(tasks) if kind not in shown]:
        yield (
            f"The verdict is that under {' and '.join(shown)}, where attacks find membership alone; under "
            f"{' and '.join(others)} they also recognise examples."
        )


def _judged_words(judged_by: dict[str, list[str]]) -> str:
    """Return what privacy is judged by, with the meaning of each column."""
    parts = []
    for name, protocols in judged_by.items():
        column = Column.parse(name)
        meaning = _EXCESS if column.number.startswith("excess_") else _WORST if column.attack == WORST else ""
        parts.append(f"the {quantity(name)} under {' and '.join(protocols)}{meaning}")
    return f"As in privsearch pick, privacy is judged by {' and by '.join(parts)}."
