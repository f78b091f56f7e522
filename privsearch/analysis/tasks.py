"""Tasks: the trials that compete for one Pareto front, and that front."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from privsearch._util.html import html_table
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import results_frame, targets_frame
from privsearch.analysis.pareto import best_first, comparable, hypervolume, pareto_front, total_violation
from privsearch.analysis.races import RaceState, play
from privsearch.analysis.targets import TargetNumbers, target_numbers
from privsearch.analysis.uncertainty import FrontUncertainty, front_uncertainty
from privsearch.spec import SweepSpec
from privsearch.spec.columns import Column
from privsearch.spec.constraints import Constraints
from privsearch.spec.datasets import task_name
from privsearch.spec.objectives import Objectives
from privsearch.spec.race import Race
from privsearch.study.result import Completed, TrialResult


@dataclass(frozen=True, eq=False)
class Task:
    """The trials that compete for one front: those of one dataset under one protocol.

    Attributes:
        name: the name of files and of Optuna's study: the dataset's, with the protocol if the sweep has several.
        title: the dataset and the protocol in words.
        rows: the trials' rows of the results table.
        targets: their rows of the table with one row a target.
        objectives: two or three result columns, and which way is better.
        constraints: what must hold of result columns.
        completed: the results of the trials that have numbers.
        numbers: the numbers of the trials' targets, by trial_id, as far as they are at hand.
        race: how far the configurations' race for networks has come; None without one. Its verdicts are in the column
            `race` of the rows: what it has put out competes no more.
        memory: what has been worked out of it, so that nobody does so twice (`privsearch.analysis.selection`).
    """

    name: str
    title: str
    rows: pd.DataFrame
    targets: pd.DataFrame
    objectives: Objectives
    constraints: Constraints = field(default_factory=dict)
    completed: Sequence[Completed] = ()
    numbers: TargetNumbers = field(default_factory=dict)
    race: RaceState | None = None
    memory: dict[str, Any] = field(default_factory=dict, init=False)

    def __repr__(self) -> str:
        count = len(pareto_front(self.rows, self.objectives, self.constraints))
        return f"Task({self.title}: {count} on the front of {len(self.rows)} configurations)"

    def _repr_html_(self) -> str:
        rows = pareto_front(self.rows, self.objectives, self.constraints)
        spreads = [sd for sd in (str(Column.parse(column).sd) for column in self.objectives) if sd in rows]
        columns = ["trial_id", "model", *varying_axes(self.rows), *self.objectives, *spreads]
        return html_table(rows[list(dict.fromkeys(columns))], repr(self))

    @property
    def front(self) -> pd.DataFrame:
        """The candidates whose means are on the front, the best in the first objective first."""
        return self.candidates[self.candidates["on_front"]].drop(columns="on_front").reset_index(drop=True)

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """The axes that tell the configurations apart."""
        return varying_axes(self.rows)

    @cached_property
    def uncertainty(self) -> FrontUncertainty:
        """The uncertainty of this front."""
        return front_uncertainty(self.rows, self.targets, self.objectives, self.constraints)

    @cached_property
    def competitors(self) -> pd.DataFrame:
        """The rows with every objective, the best in the first one first, with two more columns.

        `feasible` tells whether the means satisfy all constraints, `violation` how far they are from it
        (`privsearch.analysis.pareto.total_violation`).
        """
        rows = comparable(self.rows, self.objectives)
        violation = total_violation(rows, self.constraints)
        return best_first(rows.assign(feasible=violation == 0, violation=violation), self.objectives)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """The competitors with two more columns.

        `on_front` tells whether the means are on the front, `front_probability` how sure that is.
        """
        rows = self.competitors
        front = pareto_front(rows, self.objectives, self.constraints)
        probability = rows["trial_id"].map(self.uncertainty.probability).astype(float)
        return rows.assign(on_front=rows.index.isin(front.index), front_probability=probability)

    @property
    def hypervolume(self) -> float:
        """The share of all possible outcomes that some feasible configuration beats or equals."""
        return hypervolume(self.rows, self.objectives, self.constraints)

    @property
    def nearest(self) -> pd.DataFrame:
        """The candidate nearest to satisfying all constraints if none satisfies them; else no row."""
        competitors = self.competitors
        if competitors["feasible"].any():
            return competitors.head(0)
        return competitors.sort_values("violation", kind="stable").head(1)


def tasks(
    results: Iterable[TrialResult], sweep: SweepSpec, rounds: Mapping[str, Sequence[TrialResult]] | None = None
) -> Iterator[Task]:
    """Sort results into what can be compared, in the order in which the datasets and protocols first come.

    Args:
        results: the results, of a configuration in a race the one with the most networks.
        sweep: the sweep that they are of.
        rounds: of a race, by that result's trial_id, all of the configuration's results, those of the first round
            first.
    """
    races: dict[str, Race | None] = {protocol.kind: protocol.raced for protocol in sweep.protocol}
    groups: dict[tuple[str, str], list[TrialResult]] = {}
    for result in results:
        groups.setdefault((result.spec.dataset_name, result.spec.protocol.kind), []).append(result)
    for (dataset, protocol), group in groups.items():
        completed = [result for result in group if isinstance(result, Completed)]
        numbers = {result.trial_id: target_numbers(result) for result in completed}
        rows, race, state = results_frame(group, numbers), races.get(protocol), None
        objectives, constraints = sweep.objectives_under(protocol), sweep.constraints()
        if race:
            histories = [(rounds or {}).get(result.trial_id, [result]) for result in group]
            state = play(histories, race, objectives, constraints)
            rows = rows.assign(race=rows["trial_id"].map({key: place.verdict for key, place in state.places.items()}))
        yield Task(
            name=task_name(dataset, protocol, several=len(sweep.protocol) > 1),
            title=f"{dataset}, protocol {protocol}",
            rows=rows,
            targets=targets_frame(group, numbers),
            objectives=objectives,
            constraints=constraints,
            completed=completed,
            numbers=numbers,
            race=state,
        )
