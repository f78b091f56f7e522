"""The tasks of a study: points, fronts, likelihoods, comparisons, and the leakage by attack."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

import numpy as np
import pandas as pd

from privsearch.analysis.columns import axis_title, bar_ends, bar_kind
from privsearch.analysis.differences import leakage_column
from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration, matched_and_placebo, quantity
from privsearch.analysis.learning import leakage_of_learnt, learning, learnt_rows
from privsearch.analysis.paired import half_width_factor, pair_correlation
from privsearch.analysis.promises import PROMISE, has_promise
from privsearch.analysis.selection import private_column, taken
from privsearch.analysis.tasks import Task
from privsearch.analysis.verdict_words import verdict_words
from privsearch.errors import StudyError
from privsearch.report.figures.front_marks import INFEASIBLE, tier_words, tiers
from privsearch.report.page.columns import NO_LEAKAGE, Columns, Heading, Leakage, columns_of, shortened
from privsearch.report.wording.blind import blind_lines
from privsearch.report.wording.energy import energy_key, equal_bits_words
from privsearch.report.wording.fronts import (
    asked_words,
    counts,
    hypervolume_words,
    missing_words,
    shared_axes,
)
from privsearch.report.wording.learning import learnt_less_words
from privsearch.report.wording.odd_outputs import odd_output_warnings
from privsearch.report.wording.promises import MEASURED, PROMISE_HELP, promise_words
from privsearch.spec import WORST, TrialSpec
from privsearch.spec.columns import ACCURACY, ENERGIES, FIRING_RATE, Column
from privsearch.study.result import Completed

_ALWAYS: Final = ("train_accuracy", "train_accuracy_sd", "test_accuracy", "test_accuracy_sd", "seconds")
_PROBABILITY_HELP: Final = (
    "probability of being on the front, by a bootstrap over the targets; rough where these are few"
)
_HELP: Final = {
    "matched_auc": "of as many real members as the placebo has",
    "placebo_auc": "of the same attack on examples that no network was trained on",
    "excess_auc": "over the placebo, at its sample size; 0 on average without a leak, if the splits are alike",
}
_PROPOSAL_HELP: Final = "its number among the proposals of its search, from 0, as in search.jsonl"


class Objective(TypedDict):
    """An objective of a task.

    Attributes:
        column: the objective's column of the rows.
        label: the objective in words.
        axis: the title of the objective's axis in a plot, with the unit.
        direction: `maximize` or `minimize`.
        guess: the value that guessing gives; None if the objective is no number of an attack.
        bar: the meaning of its error bars: `interval` (of the mean, 95 %), `sd`, or None if it has none.
        bars: the lower and the upper ends of the error bars of the candidates.
    """

    column: str
    label: str
    axis: str
    direction: str
    guess: float | None
    bar: str | None
    bars: list[list[float | None]]


class Paired(TypedDict):
    """A quantity that two configurations are compared in, target by target.

    Attributes:
        quantity: the column of the targets' table.
        label: the quantity in words.
        values: the numbers of the targets, for each row of the task.
        choices: the attacks that `worst` was chosen among, for each row of the task; None for another column.
        factors: the half-width of the 95 % interval in standard deviations of the differences, by the number of targets
            that two configurations have in common; nothing for one target.
        lower: the phrase for a configuration with a lower number.
        higher: the phrase for a configuration with a higher number.
    """

    quantity: str
    label: str
    values: list[list[float | None]]
    choices: list[str] | None
    factors: dict[str, float]
    lower: str
    higher: str


class TaskSection(TypedDict):
    """The section of a task: the completed trials of one dataset under one protocol.

    Attributes:
        name: the name of the task.
        title: the dataset and the protocol.
        counts: the numbers of configurations and targets, in words.
        objectives: the objectives, in their order.
        headings: the headings of the table of points.
        rows: the table of points, the best in the first objective first, then trials that cannot be on the front.
        axes: the axes that distinguish the configurations, by name.
        num_candidates: the number of rows with a number for every objective.
        taken: the trial_id of what `privsearch pick` takes; None if it takes none.
        tiers: the meanings of the tiers of the rows, in words.
        notes: notes on how to read the section, and on missing trials.
        paired: the quantities to compare two configurations in.
        leakage: the findings of the attacks.
    """

    name: str
    title: str
    counts: str
    objectives: list[Objective]
    headings: list[Heading]
    rows: Columns
    axes: dict[str, str]
    num_candidates: int
    taken: str | None
    tiers: list[str]
    notes: list[str]
    paired: list[Paired]
    leakage: Leakage


def task_section(task: Task, rows: pd.DataFrame, results: Mapping[str, Completed]) -> TaskSection:
    """Return the section of a task, without the findings of the attacks.

    Args:
        task: the task.
        rows: the table of `task_rows`.
        results: the completed trials of the study, by trial_id.
    """
    axes = [axis for axis in task.varying if axis in rows]
    sure = task.uncertainty.hypervolume is not None
    trials = [results[trial_id] for trial_id in rows["trial_id"]]
    columns = columns_of(rows, ("trial_id", "configuration", *axes, *_ALWAYS, *_number_columns(task), "tier"))
    columns |= columns_of(rows, tuple(_promised(task)))
    columns |= columns_of(rows, ("on_front", "front_probability", "proposal"))
    return {
        "name": task.name,
        "title": task.title,
        "counts": "; ".join([counts(task.rows), *asked_words(task)]),
        "objectives": [_objective(task, column) for column in task.objectives],
        "headings": list(_headings(task, sure=sure, searched="proposal" in rows)),
        "rows": columns | {"model": rows["model"].tolist()},
        "axes": {axis: axis.replace("_", " ") for axis in axes},
        "num_candidates": len(task.candidates),
        "taken": taken(task),
        "tiers": [tier_words(task, tier) for tier in range(INFEASIBLE + 1)],
        "notes": [*blind_lines(trials), *odd_output_warnings(trials), *_notes(task)],
        "paired": list(_paired(task, trials)),
        "leakage": NO_LEAKAGE.copy(),
    }


def task_rows(task: Task, numbers: Mapping[str, int]) -> pd.DataFrame:
    """Return the candidates with their tiers, then the other completed trials, all with their configuration in words.

    Args:
        task: the task.
        numbers: the number of the proposal of each trial that a search proposed, by trial_id.
    """
    candidates = task.candidates.assign(tier=tiers(task.candidates))
    completed = task.rows[task.rows["status"] == "completed"]
    others = leakage_of_learnt(completed[~completed["trial_id"].isin(candidates["trial_id"])])
    # As objects, since a column of missing values alone has no type of its own.
    rows = _adding_up(task, pd.concat([candidates.astype(object), others.astype(object)]))
    varying = task.varying
    proposals = [numbers.get(trial_id) for trial_id in rows["trial_id"]]
    if any(number is not None for number in proposals):
        rows = rows.assign(proposal=pd.Series(proposals, rows.index, dtype=object))
    named = records(rows.assign(learning=learning(rows)))
    return rows.assign(configuration=[_configuration(row, varying) for row in named])


def _adding_up(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """Round the two AUCs whose difference an objective is, so that they give it as it is shown."""
    for excess in (column for column in map(Column.parse, task.objectives) if column.number == "excess_auc"):
        auc = Column(excess.attack, "auc")
        if not {str(auc.matched), str(auc.placebo), str(excess)} <= set(rows):
            continue
        known = rows[str(excess)].notna() & rows[str(auc.placebo)].notna()
        pairs = [
            matched_and_placebo(placebo, beyond)
            for placebo, beyond in zip(rows.loc[known, str(auc.placebo)], rows.loc[known, str(excess)], strict=True)
        ]
        for column, values in zip((auc.matched, auc.placebo), zip(*pairs, strict=True), strict=False):
            rows.loc[known, str(column)] = values
    return rows


def _configuration(row: Mapping[str, Any], varying: Collection[str]) -> str:
    return configuration(row, varying) + ("" if row["learning"] == "learnt" else f", {row['learning']}")


def by_importance(parts: Sequence[pd.DataFrame]) -> list[str]:
    """Return the ids of all completed trials, first those on a front, then by the likelihood of being on one.

    Args:
        parts: the `task_rows` of each task.
    """
    if not parts:
        return []
    rows = pd.concat([part.assign(place=range(len(part))) for part in parts])
    off_front = ~rows["on_front"].eq(other=True).to_numpy(bool)
    unlikely = -rows["front_probability"].to_numpy(float, na_value=-1.0)
    order = np.lexsort([rows["place"].to_numpy(int), unlikely, off_front])
    return [str(trial_id) for trial_id in rows["trial_id"].iloc[order]]


def _objective(task: Task, column: str) -> Objective:
    parsed = Column.parse(column)
    return {
        "column": column,
        "label": quantity(column),
        "axis": axis_title(column),
        "direction": task.objectives[column],
        "guess": parsed.guess,
        "bar": bar_kind(task.candidates, column),
        "bars": [shortened(ends.tolist()) for ends in bar_ends(task.candidates, column)],
    }


def _number_columns(task: Task) -> Iterator[str]:
    for column in map(Column.parse, task.objectives):
        yield from map(str, (column, column.sd, column.low, column.high))
        for own in _beside(task, column):
            yield from map(str, (own, own.sd, own.low, own.high))


def _promised(task: Task) -> dict[str, str]:
    """Return the columns of what is promised and of the bound that is measured, with their labels, if there are any."""
    shown = {PROMISE: "epsilon promised", MEASURED: "epsilon measured"} if has_promise(task.rows) else {}
    return {column: label for column, label in shown.items() if column in task.rows}


def _beside(task: Task, column: Column) -> list[Column]:
    """Return what stands beside an objective: the excess of an AUC, or the two AUCs whose difference an excess is.

    Never the placebo alone, as the excess is not its difference from the AUC, but at the placebo's sample size. Beside
    an energy stand those by the other tables of costs, as one alone says little.
    """
    if column.is_energy:
        first = next(energy for energy in task.objectives if Column.parse(energy).is_energy)
        others = [*ENERGIES, FIRING_RATE] if str(column) == first else []
        return [Column.parse(other) for other in others if other in task.rows and other not in task.objectives]
    auc = Column(column.attack, "auc")
    beside = [column.excess] if column.is_auc else [auc.matched, auc.placebo] if column == auc.excess else []
    return [own for own in beside if str(own) in task.rows and str(own) not in task.objectives]


def _headings(task: Task, *, sure: bool, searched: bool) -> Iterator[Heading]:
    yield {"key": "configuration", "label": "configuration", "kind": "text"}
    if sure:
        yield {"key": "front_probability", "label": "P(on the front)", "kind": "number", "help": _PROBABILITY_HELP}
    accuracies = ("test_accuracy", "train_accuracy")
    for column in map(Column.parse, dict.fromkeys((*task.objectives, *accuracies))):
        beside = _beside(task, column)
        # The two AUCs stand before the excess, which is their difference; the excess stands after its AUC.
        yield from map(_heading, [column, *beside] if column.is_auc else [*beside, column])
    for key, label in _promised(task).items():
        yield {"key": key, "label": label, "kind": "number", "help": PROMISE_HELP}
    if searched:
        yield {"key": "proposal", "label": "proposal", "kind": "number", "help": _PROPOSAL_HELP}
    yield {"key": "seconds", "label": "seconds", "kind": "number", "help": "of training and attacking all its networks"}
    yield {"key": "trial_id", "label": "trial", "kind": "text"}


def _heading(column: Column) -> Heading:
    heading: Heading = {"key": str(column), "label": quantity(str(column)), "kind": "number"}
    if column.attack is not None and column.number in _HELP:
        heading["help"] = _HELP[column.number]
    return heading


def _notes(task: Task) -> Iterator[str]:
    yield from missing_words(task)
    yield from learnt_less_words(task.rows, task.varying)
    yield from promise_words(task.rows)
    if not task.candidates.empty:
        yield hypervolume_words(task)
    yield from energy_key([task])
    yield from equal_bits_words(task)
    if shared := shared_axes(task):
        yield f"The same in all configurations: {shared}."


def _compared(task: Task, spec: TrialSpec) -> list[str]:
    """Return the columns that have a verdict: accuracy, what privacy is judged by, and the other objectives.

    Of an AUC and its excess only one has a verdict: two on one question could contradict each other.
    """
    try:
        private = private_column(task.objectives)
    except StudyError:  # objectives without a number of an attack
        private = leakage_column(spec)
    judged = Column.parse(private)
    plain = Column(judged.attack, judged.number.removeprefix("excess_"))
    twins = {str(own) for own in (plain, plain.excess)} - {private}
    return [column for column in dict.fromkeys((ACCURACY, private, *task.objectives)) if column not in twins]


def _paired(task: Task, trials: Sequence[Completed]) -> Iterator[Paired]:
    if not trials:
        return
    spec, targets = trials[0].spec, task.targets
    not_learnt = set(task.rows["trial_id"]) - set(learnt_rows(task.rows)["trial_id"])
    choices = [", ".join(sorted(trial.across)) for trial in trials]
    for column in _compared(task, spec):
        if column not in targets or not pd.api.types.is_numeric_dtype(targets[column]):
            continue
        values = {str(i): series.tolist() for i, series in targets.groupby("trial_id", sort=False)[column]}
        if Column.parse(column).attack is not None:  # what has not learnt is no side of a comparison of leakage
            values |= {i: [None] * len(values[i]) for i in not_learnt if i in values}
        shared = sorted({len(trial.replicates) for trial in trials} - {1})
        lower, higher = verdict_words(column)
        yield {
            "quantity": column,
            "label": quantity(column),
            "values": [shortened(values[trial.trial_id]) for trial in trials],
            "choices": choices if Column.parse(column).attack == WORST else None,
            "factors": {str(n): half_width_factor(n, pair_correlation(spec, column, n)) for n in shared},
            "lower": lower,
            "higher": higher,
        }
