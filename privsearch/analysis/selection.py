"""The configuration to take of each task, by the rule of `privsearch.analysis.decision`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from privsearch._util.html import html_table
from privsearch._util.interval import Interval
from privsearch._util.text import cut, remedy
from privsearch.analysis.candidates import PairedDifference, Row, TaskCandidates, accuracy_interval
from privsearch.analysis.decision import Reason, decide
from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import SpecError, StudyError
from privsearch.spec.columns import ACCURACY, FLAT_ENERGY, Column
from privsearch.spec.objectives import Objectives
from privsearch.study.content import StudyContent


@dataclass(frozen=True, eq=False)
class Selection:
    """The configuration to take of one task, and the numbers that the choice rests on.

    Attributes:
        task: of one dataset under one protocol.
        private: the column that stands for leakage (`private_column`).
        min_accuracy: the least test accuracy asked for, a fraction; None if none was.
        max_energy: the most energy of an example asked for, nanojoules; None if none was.
        energy: the column of the energy that is asked about (`energy_column`).
        least_energy: where nothing was chosen and an energy was asked for, the row with the least; None for none.
        chosen: the row of the configuration to take; None where none reaches the accuracy, or none can be compared.
        reason: why it was chosen; None where nothing was.
        accuracy: its test accuracy with the 95 % interval over the targets; None if these show no spread: there is
            one of them, or all have the same accuracy, as they may on a small test split.
        shrunken: its mean test accuracy and its leakage drawn towards those of the other configurations, by column, as
            an answer to its having been chosen; without those that cannot be estimated.
        most_accurate: the row of the most accurate configuration that may be chosen; where none reaches the accuracy
            asked for, of all that keep the constraints; None if there is none.
        in_place_of: the row of the configuration in whose place it was taken, for its fewer bits; None for none.
        differences: its differences from the most accurate one, in accuracy and leakage; empty if it is that one.
        leaking_less: how many of those that may be chosen leak significantly less than the most accurate one.
        compared: how many configurations the most accurate one is compared with.
        resolution: how far the simultaneous interval of a comparison with the most accurate one typically reaches to
            either side, in the units of `private`: smaller differences do not show. The median; None without a test.
        rivals: how many others may be chosen.
        alike: those of them that differ significantly from the chosen one in neither accuracy nor leakage; None if the
            targets lack the numbers for it.
        attacks: those that `worst` is the strongest of in the comparison with the most accurate one; none for another
            column.
    """

    task: Task
    private: str
    min_accuracy: float | None
    max_energy: float | None = None
    energy: str = FLAT_ENERGY
    least_energy: Row | None = None
    chosen: Row | None = None
    reason: Reason | None = None
    accuracy: Interval | None = None
    shrunken: Mapping[str, float] = field(default_factory=dict)
    most_accurate: Row | None = None
    in_place_of: Row | None = None
    differences: tuple[PairedDifference, ...] = ()
    leaking_less: int = 0
    compared: int = 0
    resolution: float | None = None
    rivals: int = 0
    alike: tuple[Row, ...] | None = ()
    attacks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        chosen = "nothing" if self.chosen is None else f"trial {self.chosen['trial_id']}, as {self.reason}"
        return f"Selection({self.task.title}: {chosen})"

    def _repr_html_(self) -> str:
        rows = {"chosen": self.chosen, "most accurate": self.most_accurate}
        columns = list(dict.fromkeys(("trial_id", "model", ACCURACY, *self.task.objectives)))
        shown = [{"": name} | {column: row[column] for column in columns} for name, row in rows.items() if row]
        return html_table(pd.DataFrame(shown, columns=["", *columns]), repr(self))

    @property
    def is_doubtful(self) -> bool:
        """Doubt about the accuracy: a least one was asked for, and the targets show no spread to judge it by."""
        return self.min_accuracy is not None and self.chosen is not None and self.accuracy is None


def select(
    content: StudyContent,
    *,
    dataset: str | None = None,
    min_accuracy: float | None = None,
    max_energy: float | None = None,
) -> list[Selection]:
    """Choose a configuration for every dataset and protocol of a study.

    Args:
        content: the content of the study.
        dataset: the name of one of its datasets, to leave the others out.
        min_accuracy: a fraction: choose among the configurations whose test accuracy is at least this with its whole
            95 % interval, the one that leaks least.
        max_energy: nanojoules: choose among those of which an example takes at most this, with the whole interval.

    Raises:
        SpecError: `min_accuracy` is no fraction, or `max_energy` not above 0.
        StudyError: the study has no such dataset or no result yet, nothing in it is to be low, or no energy is known.
    """
    if max_energy is not None and not 0 < max_energy < math.inf:
        raise SpecError(f"--max-energy: must be a number of nanojoules above 0, but got {max_energy:g}")
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        hint = f"; {min_accuracy:g} % is {min_accuracy / 100:g}" if 1 < min_accuracy <= 100 else ""
        raise SpecError(f"--min-accuracy: must be a fraction from 0 to 1, but got {min_accuracy:g}{hint}")
    results = content.results
    names = list(dict.fromkeys(result.spec.dataset_name for result in results))
    if not names:
        raise StudyError(
            f"{content.path}: must have a finished trial to choose from, but has none; run its sweep first"
        )
    if dataset is not None and dataset not in names:
        raise StudyError(
            f"--dataset: must be one with results in this study ({', '.join(names)}), but got {cut(dataset)}; "
            f"{remedy(dataset, names)}"
        )
    asked = [result for result in results if dataset in (None, result.spec.dataset_name)]
    return [select_in_task(task, min_accuracy, max_energy) for task in tasks(asked, content.sweep, content.rounds)]


def select_in_task(task: Task, min_accuracy: float | None = None, max_energy: float | None = None) -> Selection:
    """Choose among the configurations of one task that keep its constraints.

    Args:
        task: of one dataset under one protocol.
        min_accuracy: as of `select`; without one, `selection_of` may have the answer at hand.
        max_energy: likewise.

    Raises:
        StudyError: nothing in the task is to be low, or no energy is known.
    """
    private, energy = private_column(task.objectives), energy_column(task.objectives)
    pool = TaskCandidates(task, private)
    least_energy = None if max_energy is None else pool.least_row(energy)
    if max_energy is not None and len(pool) and least_energy is None:
        raise StudyError(
            f"--max-energy: needs the energies of {task.title}, but their operations were not counted: they were "
            "recorded by an earlier privsearch, or are of registered models; run the sweep into another --study"
        )
    eligible = pool.feasible & pool.reaches(min_accuracy) & pool.within(energy, max_energy)
    asked = Selection(task, private, min_accuracy, max_energy, energy)
    if not eligible.any():
        return replace(asked, most_accurate=pool.most_accurate_row(), least_energy=least_energy)
    decision = decide(pool.for_decision(eligible), least_leakage=min_accuracy is not None)
    chosen = decision.chosen
    others = np.flatnonzero(eligible & (np.arange(len(pool)) != chosen)).tolist()
    # What the chosen one was shown to leak less than is not like it, in whichever family it is compared.
    unlike = {decision.most_accurate} if decision.reason == "leaks less" else set()
    return replace(
        asked,
        chosen=pool.rows[chosen],
        reason=decision.reason,
        accuracy=accuracy_interval(pool.accuracies_of(chosen)),
        shrunken=pool.shrunken(chosen),
        most_accurate=pool.rows[decision.most_accurate],
        in_place_of=None if decision.in_place_of is None else pool.rows[decision.in_place_of],
        differences=pool.differences(chosen, decision.most_accurate),
        leaking_less=int(decision.leaking_less.sum()),
        compared=len(pool) - 1,
        resolution=pool.resolution(decision.most_accurate),
        rivals=len(others),
        alike=pool.alike(chosen, others, unlike),
        attacks=pool.attacks(chosen, decision.most_accurate),
    )


def selection_of(task: Task) -> Selection | None:
    """Return the selection of a task without a least accuracy, worked out once.

    Returns:
        None if nothing in the task that is to be low is an attack's number.
    """
    if "selection" not in task.memory:
        try:
            task.memory["selection"] = select_in_task(task)
        except StudyError:
            task.memory["selection"] = None
    found: Selection | None = task.memory["selection"]
    return found


def taken(task: Task) -> str | None:
    """Return the trial_id of what `privsearch pick` takes of a task; None if it takes nothing."""
    selection = selection_of(task)
    return None if selection is None or selection.chosen is None else selection.chosen["trial_id"]


def energy_column(objectives: Objectives) -> str:
    """Return the column that stands for energy: the first objective that is one, or the flat energy."""
    return next((column for column in objectives if Column.parse(column).is_energy), FLAT_ENERGY)


def private_column(objectives: Objectives) -> str:
    """Return the column that stands for privacy: the first number of an attack that is minimised.

    Raises:
        StudyError: none is.
    """
    for column, direction in objectives.items():
        if direction == "minimize" and Column.parse(column).attack is not None:
            return column
    raise StudyError(
        "one objective must be an attack's number that is minimised, which privacy is then judged by, but those of "
        f"this study are {', '.join(objectives)}; run its sweep with another objective, such as "
        "--set 'objectives={test_accuracy: maximize, worst.auc: minimize}', which trains nothing again"
    )
