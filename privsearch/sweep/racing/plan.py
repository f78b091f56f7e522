"""The plan of a race: its configurations, and what it takes at least and at most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from privsearch.data import DatasetInfo
from privsearch.spec import SweepSpec, TrialRequest
from privsearch.spec.constraints import Constraints
from privsearch.spec.datasets import task_name
from privsearch.spec.energy import PUBLISHED_COSTS, EnergyCosts
from privsearch.spec.objectives import Objectives
from privsearch.spec.race import Race
from privsearch.study.content import round_ids
from privsearch.study.proposals import ProposalLog
from privsearch.sweep.planned import PlannedTrial, Recorded
from privsearch.sweep.search.plan import SearchPlan


@dataclass(frozen=True)
class RacePlan:
    """The race of one task, whose trials compete for one front.

    Attributes:
        name: the dataset's name, with the protocol if the sweep has several; the front has the same name.
        race: its numbers and its budget.
        info: the dataset.
        objectives: the result columns to optimise, with their directions.
        constraints: what must hold of result columns.
        recorded: the results and signals that the study holds.
        firsts: the grids' trials of the first round.
        search: the search whose proposals race as well; None without one.
        costs: those that energies are computed by.
    """

    name: str
    race: Race
    info: DatasetInfo
    objectives: Objectives
    constraints: Constraints
    recorded: Recorded
    firsts: Sequence[PlannedTrial]
    search: SearchPlan | None = None
    costs: EnergyCosts = PUBLISHED_COSTS

    def known(self) -> list[PlannedTrial]:
        """Return the trials of the first round that are known, those of the grids first."""
        proposed = self.search.trials() if self.search else []
        return list({trial.trial_id: trial for trial in (*self.firsts, *proposed)}.values())

    def with_proposals(self, log: ProposalLog) -> "RacePlan":
        """Return the plan with all that its search has proposed by now."""
        if self.search is None:
            return self
        return replace(self, search=replace(self.search, logged=log.of(self.search.task.id)))

    def grown(self, first: PlannedTrial, count: int, recorded: Recorded | None = None) -> PlannedTrial:
        """Return the trial of a later round.

        Args:
            first: the configuration's trial of the first round.
            count: the number of networks or replicates of that round.
            recorded: the results and signals at hand by now; None for those of the plan.
        """
        spec = first.spec.model_copy(update={"protocol": first.spec.protocol.with_count(count)})
        return (recorded or self.recorded).planned(TrialRequest(spec, first.grids), self.info)

    @property
    def most_at_once(self) -> int:
        """The most workers that a later round can use at a time: one for each network that it adds."""
        fewer, more = self.race.counts[:2]
        protocols = [first.spec.protocol for first in self.known()]
        return sum(of.with_count(more).networks - of.with_count(fewer).networks for of in protocols)

    def trial_ids(self) -> set[str]:
        """Return the ids of all trials that the race may ask for, as far as its configurations are known."""
        return {i for first in self.known() for i in round_ids(first.spec, self.race, self.info.fingerprint)}

    def summary(self) -> dict[str, Any]:
        """Return the numbers of this plan as plain JSON values."""
        firsts = self.known()
        least = sum(first.spec.protocol.networks for first in firsts)
        most = sum(first.spec.protocol.with_count(self.race.most).networks for first in firsts)
        budget = self.race.networks_in_all
        return {
            "configurations": len(firsts),
            "from": self.race.least,
            "to": self.race.most,
            "rounds": len(self.race.counts),
            "networks_at_least": least,
            "networks_at_most": most if budget is None else max(least, min(most, budget)),
            "core_seconds_at_most": round(sum(self._seconds(first) for first in firsts), 1),
            "networks_in_all": budget,
            "minutes": self.race.minutes,
        }

    def _seconds(self, first: PlannedTrial) -> float:
        """Estimate the seconds for all networks of a configuration, whatever is recorded."""
        return self.grown(first, self.race.most, Recorded({}, pace=self.recorded.pace)).seconds


def plan_races(
    sweep: SweepSpec,
    infos: Mapping[str, DatasetInfo],
    recorded: Recorded,
    trials: Sequence[PlannedTrial],
    searches: Sequence[SearchPlan],
) -> Iterator[RacePlan]:
    """Yield the plan of each race of a sweep, in the order of its datasets and protocols.

    Args:
        sweep: the sweep, which need not have a race.
        infos: the sweep's datasets, by name.
        recorded: the results and signals that the study holds.
        trials: the trials of the sweep's grids.
        searches: the sweep's searches.
    """
    by_name = {search.task.name: search for search in searches}
    for info in infos.values():
        for protocol in sweep.protocol:
            if race := protocol.raced:
                name = task_name(info.name, protocol.kind, several=len(sweep.protocol) > 1)
                mine = [t for t in trials if (t.spec.dataset_name, t.spec.protocol.kind) == (info.name, protocol.kind)]
                objectives, constraints = sweep.objectives_under(protocol.kind), sweep.constraints()
                yield RacePlan(
                    name, race, info, objectives, constraints, recorded, mine, by_name.get(name), sweep.energy
                )
