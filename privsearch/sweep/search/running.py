"""The searches of a sweep while they run: proposals become trials, and results go back to the searches."""

from collections.abc import Mapping, Sequence
from time import monotonic

from privsearch.study.proposals import LoggedEnd, LoggedProposal, ProposalLog, ProposalWriter, counts_words
from privsearch.study.record import merged
from privsearch.study.result import TrialResult
from privsearch.sweep.planned import PlannedTrial, Recorded
from privsearch.sweep.search.plan import SearchPlan
from privsearch.sweep.search.proposer import ProposedPoint, Proposer


class RunningSearch:
    """One running search of a sweep.

    Attributes:
        plan: the plan of the search when this run began.
    """

    def __init__(
        self, plan: SearchPlan, log: ProposalWriter, results: dict[str, TrialResult], sources: Mapping[str, str]
    ) -> None:
        """Prepare the search; its first proposals wait for the results of the grids' trials.

        Args:
            plan: the plan of the search.
            log: the log that gets every proposal before its trial runs.
            results: the study's results, by trial_id; the caller adds new ones.
            sources: the names of the studies that results were copied from, by trial_id.
        """
        self.plan = plan
        self._now = plan
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
        """The name of the task that is searched."""
        return self.plan.task.name

    @property
    def ended(self) -> str | None:
        """The reason why the search has ended, in words; None while it goes on."""
        return self.proposer.ended

    @property
    def expected(self) -> int:
        """The number of trials in this run of the search, or the number so far if the total is unknown."""
        return self._taken if self.ended else max(self._taken, len(self.plan.unfinished) + (self.plan.left or 0))

    def line(self) -> str:
        """Return the progress of the search in words."""
        progress = counts_words(self.proposer.counts, self.plan.task.search.trials)
        return f"search {self.name}: {progress}; hypervolume {self.proposer.hypervolume:.4f}"

    def take(self) -> list[PlannedTrial]:
        """Return the trials that may start now."""
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
            # A trial of a grid has been run by now, but may have failed and so not be cached.
            if trial.cached or trial.trial_id in self._of_grids:
                self._tell(trial.trial_id)
            else:
                taken.append(trial)
        self._taken += len(taken)
        return taken

    def finished(self, trial_id: str) -> None:
        """Note that a trial has its result; the trial may belong to another search or to a grid."""
        self._waiting.discard(trial_id)
        if trial_id in self._numbers:
            self._tell(trial_id)

    def note_end(self, written: ProposalLog) -> None:
        """Log why the search ended, if the log does not say so yet; all trials of the search have been run."""
        if self.ended and written.end_of(self.plan.task.id) != self.ended:
            end = LoggedEnd(search=self.plan.task.id, ended=self.ended, proposals=self.proposer.counts.total())
            self._log.append(end)

    def _begin(self) -> None:
        self._began_at = monotonic()
        task = self.plan.task
        # Results of the grids that were recorded since the plan was made are known as well.
        self._now = SearchPlan(task, self._recorded(), self.plan.logged, self.plan.awaited)
        for result in self._now.known:
            source = self._sources.get(result.trial_id, "")
            if (point := task.space.placed(result.spec.axes())) is not None:
                self.proposer.give(point, task.outcome(result), source)

    def _asked(self) -> ProposedPoint | None:
        minutes = self.plan.task.search.minutes
        if minutes is not None and self._seconds() >= 60 * minutes:
            self.proposer.stop(f"its {minutes:g} minutes are over")
        return self.proposer.ask()

    def _tell(self, trial_id: str) -> None:
        self.proposer.tell(self._numbers[trial_id], self.plan.task.outcome(self._results[trial_id]))

    def _planned(self, proposal: ProposedPoint) -> PlannedTrial:
        logged = self.plan.logged
        request = (
            self._now.logged_request(logged[proposal.number])
            if proposal.number < len(logged)
            else self._now.request(proposal.axes)
        )
        return self._recorded().planned(request, self.plan.task.info)

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
    """A source of trials: those of a sweep's grids first, then the proposals of its searches.

    Attributes:
        searches: the searches, in the order of the datasets and protocols.
    """

    def __init__(
        self,
        trials: Sequence[PlannedTrial],
        plans: Sequence[SearchPlan],
        log: ProposalWriter,
        sources: Mapping[str, str],
    ) -> None:
        """Create a source of trials.

        Args:
            trials: the trials of the grids that are left to run, which come first.
            plans: the plans of the searches.
            log: the log of proposals.
            sources: the names of the studies that results were copied from, by trial_id.
        """
        self._trials = trials
        self._results = dict(plans[0].recorded.results) if plans else {}
        self.searches = [RunningSearch(plan, log, self._results, sources) for plan in plans]

    def take(self) -> Sequence[PlannedTrial]:
        """Return the trials that may start now and were not taken before."""
        trials, self._trials = self._trials, ()
        return [*trials, *(trial for search in self.searches for trial in search.take())]

    def finished(self, result: TrialResult) -> None:
        """Tell the searches of a recorded result."""
        self._results[result.trial_id] = merged(self._results.get(result.trial_id), result)
        for search in self.searches:
            search.finished(result.trial_id)
