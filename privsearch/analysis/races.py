"""The race of a task, played again from the record: who is out, who is settled, and who gets networks next.

Nothing of a race is kept but the results themselves. Its rule (`privsearch.analysis.racing`) looks at them at the end
of each round, in the order of the rounds, whatever the order in which they came in; so whoever reads the record comes
to the same end, and a sweep that was interrupted goes on as it would have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paired import pair_correlation
from privsearch.analysis.pareto import comparable, satisfied, shortfalls
from privsearch.analysis.racing import OUT, Limits, Racers, Verdict, standings
from privsearch.analysis.targets import strongest_numbers, target_numbers
from privsearch.analysis.verdict_words import compared_values
from privsearch.spec import WORST
from privsearch.spec.columns import Column
from privsearch.spec.constraints import Constraints
from privsearch.spec.objectives import Objectives
from privsearch.spec.race import Race
from privsearch.study.result import Completed, TrialResult

Ended = Literal["decided", "all networks", "budget"]
"""Why a race ended: nothing is open; what is open has all networks that it may have; or a round costs too much."""

History = Sequence[TrialResult]
"""The results of one configuration, those of the first round first."""


@dataclass(frozen=True)
class Place:
    """The place of a configuration in a race.

    Attributes:
        verdict: what the last look said of it; "unfit" for what no front is drawn from, as it failed, has a dead
            network or has not learnt.
        count: the networks or replicates that it has.
        rival: the latest trial of the configuration that put it out, or with which something is open; None for none.
    """

    verdict: Verdict | Literal["unfit"]
    count: int
    rival: str | None = None

    @property
    def is_out(self) -> bool:
        """True if it gets no more networks and is on no front."""
        return self.verdict in OUT


@dataclass(frozen=True)
class RaceState:
    """How far a race has come.

    Attributes:
        places: by the id of its latest trial, the place of each configuration.
        ended: why the race ended; None while it goes on.
        count: the number of networks or replicates of the round that is being run, or of the last one.
        waiting: the latest trials of the configurations that lack their trial of that round.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    ended: Ended | None = None
    count: int = 0
    waiting: tuple[str, ...] = ()


def play(histories: Sequence[History], race: Race, objectives: Objectives, constraints: Constraints) -> RaceState:
    """Play a race again, as far as its results go.

    Args:
        histories: the configurations, each with at least the result of the first round.
        race: its numbers and its budget.
        objectives: two or three result columns, and which way is better.
        constraints: what must hold of result columns.
    """
    latest = [history[-1].trial_id for history in histories]
    verdicts: list[Verdict | Literal["unfit"]] = ["open"] * len(histories)
    rivals: list[str | None] = [None] * len(histories)
    members = list(range(len(histories)))

    def state(ended: Ended | None, count: int, waiting: Sequence[int] = ()) -> RaceState:
        places = {
            trial_id: Place(verdict, _count(history[-1]), rival)
            for trial_id, verdict, history, rival in zip(latest, verdicts, histories, rivals, strict=True)
        }
        return RaceState(places, ended, count, tuple(latest[i] for i in waiting))

    for count in race.counts:
        if waiting := [i for i in members if _count(histories[i][-1]) < count]:
            # Before any of them has run, the round may still be refused.
            is_begun = len(waiting) < len(members)
            if not is_begun and _is_over(histories, members, race, count):
                return state("budget", count - race.by)
            return state(None, count, waiting)
        current = [_at(history, count) for history in histories]
        fit = _fit(current, objectives)
        verdicts = ["unfit" if not is_fit else verdict for verdict, is_fit in zip(verdicts, fit, strict=True)]
        racing = [i for i, verdict in enumerate(verdicts) if verdict in ("open", "settled")]
        if count == race.most or not racing:
            return state("all networks" if racing else "decided", count)
        numbers = _Numbers([current[i] for i in racing], objectives, constraints)
        limits = Limits(len(race.counts) - 1, _targets(current[racing[0]], race.most))
        for place, standing in enumerate(standings(numbers.racers(), limits)):
            i = racing[place]
            verdicts[i] = standing.verdict
            rivals[i] = None if standing.rival is None else latest[racing[standing.rival]]
        members = [i for i in racing if verdicts[i] == "open"]
        if not members:
            return state("decided", count)
    return state("all networks", race.most)


def _count(result: TrialResult) -> int:
    protocol = result.spec.protocol
    return int(getattr(protocol, protocol.counted))


def _at(history: History, count: int) -> TrialResult:
    """Return a configuration's latest result of the rounds up to one."""
    return [result for result in history if _count(result) <= count][-1]


def _is_over(histories: Sequence[History], members: Sequence[int], race: Race, count: int) -> bool:
    """Tell whether the budget does not cover a round: its networks, or any more time."""
    # A trial's seconds are those of all its networks, whichever round they were trained in.
    spent = sum(history[-1].seconds for history in histories)
    networks = _networks(histories, members, count)
    return networks > (race.networks_in_all or np.inf) or spent >= 60 * (race.minutes or np.inf)


def _networks(histories: Sequence[History], members: Sequence[int], count: int) -> int:
    """Return the networks that all configurations have once some have a number of them."""
    has = [result[-1].spec.protocol.networks for result in histories]
    for i in members:
        has[i] = histories[i][-1].spec.protocol.with_count(count).networks
    return sum(has)


def _targets(result: TrialResult, count: int) -> int:
    return result.spec.protocol.with_count(count).targets


def _fit(current: Sequence[TrialResult], objectives: Objectives) -> list[bool]:
    """Tell which results a front may be drawn from."""
    there = set(comparable(results_frame(list(current)), objectives)["trial_id"])
    return [result.trial_id in there for result in current]


class _Numbers:
    """The numbers of the configurations in a race, target by target.

    Where not all were attacked alike, the strongest attack is compared twice: by all that either ran, as on the front,
    and like for like, as `privsearch diff` and `privsearch pick` do. What is to be out must be worse in both.
    """

    def __init__(self, trials: Sequence[TrialResult], objectives: Objectives, constraints: Constraints) -> None:
        self._trials = [trial for trial in trials if isinstance(trial, Completed)]
        self._frame = results_frame(list(trials))
        self._constraints = constraints
        self._counts = np.array([len(trial.replicates) for trial in self._trials])
        self._by_target = [target_numbers(trial) for trial in self._trials]
        self._attacks = [frozenset(trial.across) for trial in self._trials]
        self._among: dict[tuple[int, frozenset[str]], Float[Array, " n"]] = {}
        unlike = len(set(self._attacks)) > 1
        # A column, whether less is better, and whether it is that of the attacks that both ran.
        self._columns = [
            (column, direction == "minimize", like_for_like)
            for column, direction in objectives.items()
            for like_for_like in (False, True)
            if not like_for_like or (unlike and Column.parse(column).attack == WORST and Column.parse(column).is_mean)
        ]

    def racers(self) -> Racers:
        """Return what the rule looks at; all are in the race."""
        known = [not Column.parse(column).is_mean for column, _, _ in self._columns]
        lacking, breaks = self._lacking()
        return Racers(self._counts, self._better_by, np.array(known), self._correlation, lacking, breaks)

    def _correlation(self, objective: int, num_targets: int) -> float:
        column = self._columns[objective][0]
        return pair_correlation(self._trials[0].spec, column, num_targets) if num_targets > 1 else 0.0

    def _better_by(self, one: int) -> Float[Array, "m objectives n"]:
        m = len(self._trials)
        better = np.full((m, len(self._columns), self._counts.max()), np.nan)
        common = np.minimum(self._counts, self._counts[one])
        for place, (column, is_low, like_for_like) in enumerate(self._columns):
            for attacks in set(self._attacks) if like_for_like else {None}:
                alike = np.array([attacks is None or of == attacks for of in self._attacks])
                among = None if attacks is None else attacks & self._attacks[one]
                for n in np.unique(common[alike]).tolist():
                    rows = np.flatnonzero(alike & (common == n))
                    mine = self._values(one, column, among)[:n]
                    others = np.stack([self._values(row, column, among)[:n] for row in rows.tolist()])
                    if is_low:
                        better[rows, place, :n] = compared_values(column, others) - compared_values(column, mine)
                    else:
                        better[rows, place, :n] = mine - others
        return better

    def _values(self, one: int, column: str, among: frozenset[str] | None = None) -> Float[Array, " n"]:
        if not Column.parse(column).is_mean:
            value = self._frame[column].iloc[one] if column in self._frame else np.nan
            return np.full(self._counts[one], value, dtype=float)
        if among is None or among == self._attacks[one]:
            return np.array([target.get(column) for target in self._by_target[one]], dtype=float)
        key = one, among
        if key not in self._among:
            found = strongest_numbers(self._trials[one], among) or [{}] * int(self._counts[one])
            self._among[key] = np.array([target.get(column) for target in found], dtype=float)
        return self._among[key]

    def _lacking(self) -> tuple[Float[Array, "m constraints n"], Bool[Array, " m"]]:
        """Return what each target lacks of the constraints on means, and what breaks another constraint."""
        of_means = {name: c for name, c in self._constraints.items() if Column.parse(name).is_mean}
        others = {name: c for name, c in self._constraints.items() if name not in of_means}
        lacking = np.full((len(self._trials), len(of_means), self._counts.max()), np.nan)
        for one, count in enumerate(self._counts.tolist()):
            for place, (column, constraint) in enumerate(of_means.items()):
                values = self._values(one, column)
                judged = compared_values(column, values) + (Column.parse(column).guess or 0) * _is_signed(column)
                lacks = judged - constraint.bound if constraint.is_upper else constraint.bound - values
                lacking[one, place, :count] = lacks
        return lacking, ~satisfied(shortfalls(self._frame, others), others)


def _is_signed(column: str) -> bool:
    return Column.parse(column).is_signed
