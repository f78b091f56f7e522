"""The races of a sweep while they run: at the end of a round, the trials of the next."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from privsearch.analysis.races import RaceState, play
from privsearch.errors import StudyError
from privsearch.study.proposals import ProposalLog
from privsearch.study.record import merged
from privsearch.study.result import Completed, TrialResult, priced, restricted_to
from privsearch.sweep.planned import PlannedTrial, Recorded
from privsearch.sweep.racing.plan import RacePlan
from privsearch.sweep.runners.base import Source

_VERDICTS: Final = ("open", "settled", "beaten", "infeasible", "unfit")


class RunningRace:
    """One running race of a sweep.

    Attributes:
        plan: the plan of the race when this run began.
        state: how far it has come.
    """

    def __init__(self, plan: RacePlan, results: dict[str, TrialResult]) -> None:
        """Prepare the race.

        Args:
            plan: the plan of the race.
            results: the study's results, by trial_id; the caller adds new ones.
        """
        self.plan = plan
        self.state = RaceState()
        self._results = results
        self._firsts: list[PlannedTrial] = []
        self._histories: list[list[TrialResult]] = []
        self._pending: dict[str, int] = {}
        self._is_begun = False
        self._kept = plan.recorded.kept

    @property
    def is_begun(self) -> bool:
        """True once the trials of the first round are known."""
        return self._is_begun

    def begin(self, firsts: Sequence[PlannedTrial]) -> None:
        """Begin with the trials of the first round, all of which have been run; failed ones are among them."""
        self._is_begun = True
        for first in firsts:
            if first.trial_id in self._results:
                self._firsts.append(first)
                self._histories.append([self._result(first)])

    def take(self) -> list[PlannedTrial]:
        """Return the trials of the next round, once those of the round before have their results; none at the end."""
        while self._histories and not self._pending and not self.state.ended:
            self.state = self._played()
            # The networks of the rounds before are not trained again.
            with suppress(StudyError):
                self._kept = self._kept.listed_again(self._results)
            by_latest = {history[-1].trial_id: one for one, history in enumerate(self._histories)}
            todo = []
            for latest in self.state.waiting:
                one = by_latest[latest]
                trial = self.plan.grown(self._firsts[one], self.state.count, self._recorded())
                if trial.cached and isinstance(self._results.get(trial.trial_id), Completed):
                    self._histories[one].append(self._result(trial))
                else:
                    self._pending[trial.trial_id] = one
                    todo.append(trial)
            if todo:
                return todo
        return []

    def finished(self, trial_id: str) -> None:
        """Note that a trial has its result; the trial may belong to another race, to a search or to a grid."""
        if (one := self._pending.pop(trial_id, None)) is not None:
            trial = self.plan.grown(self._firsts[one], self.state.count, self._recorded())
            self._histories[one].append(self._result(trial))

    def line(self) -> str:
        """Return the progress of the race in words."""
        verdicts = [place.verdict for place in self.state.places.values()]
        counts = ", ".join(f"{count} {v}" for v in _VERDICTS if (count := verdicts.count(v)))
        protocols = [history[-1].spec.protocol for history in self._histories]
        networks = sum(protocol.networks for protocol in protocols)
        most = sum(protocol.with_count(self.plan.race.most).networks for protocol in protocols)
        return f"race {self.plan.name}: {counts or 'not begun'}; {networks} of at most {most} networks"

    def _played(self) -> RaceState:
        return play(self._histories, self.plan.race, self.plan.objectives, self.plan.constraints)

    def _result(self, trial: PlannedTrial) -> TrialResult:
        """Return a recorded result with the attacks that are asked for, as whoever reads the study sees it."""
        return restricted_to(priced(self._results[trial.trial_id], self.plan.costs), trial.spec.attacks)

    def _recorded(self) -> Recorded:
        return replace(self.plan.recorded, results=self._results, kept=self._kept)


def next_trials(plan: RacePlan) -> list[PlannedTrial]:
    """Return the trials of the next round by what is recorded; none while a trial of the first round is missing."""
    firsts = plan.known()
    if not all(first.cached for first in firsts):
        return []
    race = RunningRace(plan, dict(plan.recorded.results))
    race.begin(firsts)
    return race.take()


class RacingSource(Source):
    """A source of trials: those of another source first, then the rounds of the races.

    Attributes:
        races: the races, in the order of the datasets and protocols.
    """

    def __init__(
        self,
        before: Source,
        plans: Sequence[RacePlan],
        log: Callable[[], ProposalLog],
        tell: Callable[[TrialResult], None] | None = None,
    ) -> None:
        """Create a source of trials.

        Args:
            before: gives the trials of the first round.
            plans: the plans of the races, at least one.
            log: reads the proposals of the study's searches.
            tell: told of every result; None if nobody needs to be.
        """
        self._before = before
        self._log = log
        self._tell = tell
        self._results = dict(plans[0].recorded.results)
        self._running: set[str] = set()
        self.races = [RunningRace(plan, self._results) for plan in plans]

    def take(self) -> Sequence[PlannedTrial]:
        """Return the trials that may start now and were not taken before."""
        taken = [*self._before.take()]
        if not taken and not self._running and not self.races[0].is_begun:
            log = self._log()
            for race in self.races:
                race.begin(race.plan.with_proposals(log).known())
        if self.races[0].is_begun:
            taken += [trial for race in self.races for trial in race.take()]
        self._running |= {trial.trial_id for trial in taken}
        return taken

    def finished(self, result: TrialResult) -> None:
        """Tell the races, and the source before them, of a recorded result."""
        self._running.discard(result.trial_id)
        self._results[result.trial_id] = merged(self._results.get(result.trial_id), result)
        if self._tell:
            self._tell(result)
        for race in self.races:
            race.finished(result.trial_id)
