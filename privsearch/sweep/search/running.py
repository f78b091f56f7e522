"""The searches of a sweep while they run: their proposals become trials, the results of these are told to them."""

from collections.abc import Mapping, Sequence
from time import monotonic

from privsearch.study.proposals import LoggedEnd, LoggedProposal, ProposalLog, ProposalWriter, counts_words
from privsearch.study.record import merged
from privsearch.study.result import TrialResult
from privsearch.sweep.planned import PlannedTrial, Recorded
from privsearch.sweep.search.plan import SearchPlan
from privsearch.sweep.search.proposer import ProposedPoint, Proposer


class RunningSearch:
    """One search, side by side with others.

    Attributes:
        plan: what it was when this run began.
    """

    def __init__(
        self, plan: SearchPlan, log: ProposalWriter, results: dict[str, TrialResult], sources: Mapping[str, str]
    ) -> None:
        """Get ready; the first proposals are made when the grids' trials have their results.

        Args:
            plan: the search, and what is known of it.
            log: where its proposals are written down before their trials run.
            results: the study's, by trial_id; whoever runs the trials adds theirs.
            sources: where results come from that were copied into this study, by trial_id.
        """
        self.plan = plan
        self._log = log
        self._results = results
        self._sources = sources
        self._waiting = {trial.trial_id for trial in plan.awaited if not trial.cached}
        self._of_grids = {trial.trial_id for trial in plan.awaited}
        self._numbers: dict[str, int] = {}
        self._taken = 0
        self._ran_before = plan.ran_seconds
        self._began_at: float | None = None
        task = plan.task
        self.proposer = Proposer(task.search, task.space, task.objectives, task.seed, self._proposals())

    @property
    def name(self) -> str:
        """Of what it searches."""
        return self.plan.task.name

    @property
    def ended(self) -> str | None:
        """Why it proposes nothing more; None while it goes on."""
        return self.proposer.ended

    @property
    def expected(self) -> int:
        """How many trials it has had run in this run, or will have; where nobody knows, how many so far."""
        return self._taken if self.ended else max(self._taken, len(self.plan.unfinished) + (self.plan.left or 0))

    def line(self) -> str:
        """How far it is, in words."""
        told = counts_words(self.proposer.counts, self.plan.task.search.trials)
        return f"search {self.name}: {told}; hypervolume {self.proposer.hypervolume:.4f}"

    def take(self) -> list[PlannedTrial]:
        """The trials that may start now."""
        if self._waiting:
            return []
        if self._began_at is None:
            self._begin()
        taken = []
        while proposal := self._asked():
            trial = self._planned(proposal)
            if proposal.number >= len(self.plan.logged):
                self._log.append(self._line(proposal, trial.trial_id))
            if proposal.origin == "repeat":
                continue
            self._numbers[trial.trial_id] = proposal.number
            # What a grid asks for, the grid has had run, and it may have failed.
            if trial.cached or trial.trial_id in self._of_grids:
                self._tell(trial.trial_id)
            else:
                taken.append(trial)
        self._taken += len(taken)
        return taken

    def finished(self, trial_id: str) -> None:
        """A trial has its result; it may be of another search, or of a grid."""
        self._waiting.discard(trial_id)
        if trial_id in self._numbers:
            self._tell(trial_id)

    def note_end(self, written: ProposalLog) -> None:
        """Write down why it ended, where that is not written yet; all its trials have been run."""
        if self.ended and written.end_of(self.plan.task.id) != self.ended:
            end = LoggedEnd(search=self.plan.task.id, ended=self.ended, proposals=self.proposer.counts.total())
            self._log.append(end)

    def _begin(self) -> None:
        self._began_at = monotonic()
        task = self.plan.task
        # What the grids have found by now is known as well.
        now = SearchPlan(task, self._recorded(), self.plan.logged, self.plan.awaited)
        for result in now.known:
            source = self._sources.get(result.trial_id, "")
            self.proposer.give(result.spec.axes(), task.outcome(result), source)

    def _asked(self) -> ProposedPoint | None:
        minutes = self.plan.task.search.minutes
        if minutes is not None and self._seconds() >= 60 * minutes:
            self.proposer.stop(f"its {minutes:g} minutes are over")
        return self.proposer.ask()

    def _tell(self, trial_id: str) -> None:
        self.proposer.tell(self._numbers[trial_id], self.plan.task.outcome(self._results[trial_id]))

    def _planned(self, proposal: ProposedPoint) -> PlannedTrial:
        return self._recorded().planned(self.plan.task.request(proposal.axes), self.plan.task.info)

    def _recorded(self) -> Recorded:
        before = self.plan.recorded
        return Recorded(self._results, before.kept, before.only_same_versions)

    def _seconds(self) -> float:
        return self._ran_before + (monotonic() - self._began_at if self._began_at is not None else 0.0)

    def _proposals(self) -> list[ProposedPoint]:
        space = self.plan.task.space
        return [
            ProposedPoint(number, space.point(lambda p, of=logged: of.axes[p.axis]), logged.origin, logged.source)  # type: ignore[misc]
            for number, logged in enumerate(self.plan.logged)
        ]

    def _line(self, proposal: ProposedPoint, trial_id: str) -> LoggedProposal:
        return LoggedProposal(
            search=self.plan.task.id,
            number=proposal.number,
            trial_id=trial_id,
            origin=proposal.origin,
            source=proposal.source,
            seconds=round(self._seconds(), 3),
            axes=self.plan.task.space.choices(proposal.axes) or {},
        )


class SearchSource:
    """The trials of a sweep's grids, and then what its searches propose.

    Attributes:
        searches: in the order of the datasets and protocols.
    """

    def __init__(
        self,
        trials: Sequence[PlannedTrial],
        plans: Sequence[SearchPlan],
        log: ProposalWriter,
        sources: Mapping[str, str],
    ) -> None:
        """Give `trials` first.

        Args:
            trials: those of the grids that are left to run.
            plans: the searches.
            log: where proposals are written down.
            sources: where results come from that were copied into this study, by trial_id.
        """
        self._trials = trials
        self._results = dict(plans[0].recorded.results) if plans else {}
        self.searches = [RunningSearch(plan, log, self._results, sources) for plan in plans]

    def take(self) -> Sequence[PlannedTrial]:
        """The trials that may start now, and were not taken before."""
        trials, self._trials = self._trials, ()
        return [*trials, *(trial for search in self.searches for trial in search.take())]

    def finished(self, result: TrialResult) -> None:
        """Tell the searches of a result, once it is recorded."""
        self._results[result.trial_id] = merged(self._results.get(result.trial_id), result)
        for search in self.searches:
            search.finished(result.trial_id)
