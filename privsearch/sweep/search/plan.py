"""The plan of a search: its space, the results known so far, and what is left of its budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from statistics import fmean
from typing import Any, Final

import numpy as np

from privsearch.data import DatasetInfo
from privsearch.errors import SpecError
from privsearch.spec import SweepSpec, TrialRequest
from privsearch.study.proposals import LoggedProposal, ProposalLog
from privsearch.study.result import TrialResult
from privsearch.sweep.checks import SIZE_AXES, size_problem
from privsearch.sweep.planned import PlannedTrial, Recorded
from privsearch.sweep.private import check_private
from privsearch.sweep.search.space import Axes, Parameter
from privsearch.sweep.search.task_search import TaskSearch, search_tasks

SAMPLE: Final = 64
"""Points drawn to estimate the mean cost of a trial of the space."""


@dataclass(frozen=True)
class SearchPlan:
    """A search, compared with what the study has recorded.

    Attributes:
        task: the search.
        recorded: the results and signals that the study holds.
        logged: the search's proposals so far.
        awaited: the trials of the grids on the same task; the search waits for them, and is told of them first.
    """

    task: TaskSearch
    recorded: Recorded
    logged: Sequence[LoggedProposal]
    awaited: Sequence[PlannedTrial]

    @cached_property
    def known(self) -> list[TrialResult]:
        """The results in the search's space that it has not been told of and that cost nothing, the grids' first.

        Results of the grids' trials count even if they failed; others count if they have everything that is asked for.
        """
        order = {trial.trial_id: place for place, trial in enumerate(self.awaited)}
        logged_ids = {proposal.trial_id for proposal in self.logged}
        logged_keys = {self.task.space.key(self._point(proposal)) for proposal in self.logged}
        results = [
            result
            for trial_id, result in self.recorded.results.items()
            if trial_id not in logged_ids and self.task.holds(result) and (trial_id in order or self.serves(result))
        ]
        results.sort(key=lambda result: (order.get(result.trial_id, len(order)), result.trial_id), reverse=True)
        # Of those that train the same networks, the first one.
        by_key = {self.task.space.key(result.spec.axes()): result for result in results}
        return [result for key, result in reversed(by_key.items()) if key not in logged_keys]

    @property
    def trial_ids(self) -> set[str]:
        """The ids of all trials that were proposed, and of the known ones that the search is about to be told of."""
        return {proposal.trial_id for proposal in self.logged} | {result.trial_id for result in self.known}

    @property
    def ran_seconds(self) -> float:
        """The seconds that all runs of the search took, up to its last proposal or the end of a trial."""
        results = self.recorded.results
        ends = [
            p.seconds + (results[p.trial_id].seconds if p.trial_id in results and p.fresh else 0) for p in self.logged
        ]
        return max(ends, default=0.0)

    @property
    def open(self) -> bool:
        """True if the search may train something."""
        return bool(self.unfinished) or self.left != 0

    def trials(self) -> list[PlannedTrial]:
        """Return the trials that have been proposed, in their order."""
        return [self.trial(proposal) for proposal in self.logged if proposal.origin != "repeat"]

    @cached_property
    def unfinished(self) -> list[PlannedTrial]:
        """The proposed trials without a result, or with a failed one; these are run again."""
        return [trial for trial in self.trials() if not trial.cached]

    @property
    def left(self) -> int | None:
        """The number of new configurations that may still be proposed; None if the search has no limit on trials."""
        search = self.task.search
        return None if search.trials is None else max(0, search.trials - self.spent)

    @property
    def most_at_once(self) -> int:
        """The number of trials that may run at a time; 0 if nothing is left to run."""
        parallel = self.task.search.parallel
        return min(parallel, len(self.unfinished) + (parallel if self.left is None else self.left))

    @property
    def spent(self) -> int:
        """The number of new configurations that have been proposed."""
        return sum(proposal.fresh for proposal in self.logged)

    @property
    def seconds(self) -> float | None:
        """The estimated seconds on one core that are left; None if the search has no limit on trials."""
        if self.left is None:
            return None
        rng = np.random.default_rng(0)
        draws = [self._drawn(rng) for _ in range(SAMPLE)]
        size = self.task.space.size
        left = self.left if size is None else min(self.left, max(0, size - self.spent - len(self.known)))
        return left * fmean(trial.seconds for trial in draws) + sum(trial.seconds for trial in self.unfinished)

    def serves(self, result: TrialResult) -> bool:
        """Tell whether a result has everything that its trial is asked for."""
        return (
            Recorded({result.trial_id: result}, only_same_versions=self.recorded.only_same_versions)
            .planned(self.task.request(result.spec.axes()), self.task.info)
            .cached
        )

    def trial(self, proposal: LoggedProposal) -> PlannedTrial:
        """Return the trial that a logged proposal asks for."""
        return self.recorded.planned(self.logged_request(proposal), self.task.info)

    def logged_request(self, proposal: LoggedProposal) -> TrialRequest:
        """Return the request for the trial that a logged proposal asks for."""
        axes = logged_axes(self.task, proposal, self._forms)
        assert axes is not None, "the proposals of a plan are sound"
        return self.task.request(axes)

    def request(self, axes: Axes) -> TrialRequest:
        """Return the request for the trial at a point: a recorded one that trains the same networks, if there is any.

        Else it is that of the form which all of them have in common.
        """
        request = self.task.request(self.task.space.form(axes))
        if request.spec.trial_id(self.task.info.fingerprint) in self.recorded.results:
            return request
        recorded = self._forms.get(self.task.space.key(axes))
        return self.task.request(recorded) if recorded else request

    @cached_property
    def _forms(self) -> Mapping[tuple[Any, ...], Axes]:
        return recorded_forms(self.task, self.recorded.results)

    def _point(self, proposal: LoggedProposal) -> Axes:
        return self.task.space.point(lambda parameter: proposal.axes[parameter.axis])

    def summary(self) -> dict[str, Any]:
        """Return the numbers of this plan as plain JSON values."""
        search, seconds = self.task.search, self.seconds
        return {
            "sampler": search.sampler.kind,
            "points": self.task.space.size,
            "trials": search.trials,
            "minutes": search.minutes,
            "until": search.until and search.until.model_dump(),
            "proposed": self.spent,
            "repeats": sum(proposal.origin == "repeat" for proposal in self.logged),
            "known": len(self.known) + sum(proposal.origin == "given" for proposal in self.logged),
            "unfinished": len(self.unfinished),
            "left": self.left,
            "minutes_run": round(self.ran_seconds / 60, 2),
            "estimated_core_seconds": None if seconds is None else round(seconds, 1),
        }

    def _drawn(self, rng: np.random.Generator) -> PlannedTrial:
        nothing = Recorded({}, pace=self.recorded.pace)
        return nothing.planned(self.task.request(self.task.space.form(self.task.space.draw(rng))), self.task.info)


def plan_searches(
    sweep: SweepSpec,
    infos: Mapping[str, DatasetInfo],
    recorded: Recorded,
    log: ProposalLog,
    trials: Sequence[PlannedTrial],
) -> Iterator[SearchPlan]:
    """Yield the plan of each search of a sweep.

    Args:
        sweep: the sweep.
        infos: the sweep's datasets, by name.
        recorded: the results and signals that the study holds.
        log: the proposals of the study's searches.
        trials: the trials of the sweep's grids.

    Raises:
        SpecError: a subsample that the search may choose does not fit its dataset.
    """
    for task in search_tasks(sweep, infos):
        check_space_sizes(task)
        _check_private(task)
        of_task = log.of(task.id)
        forms = recorded_forms(task, recorded.results) if of_task else {}
        logged = [proposal for proposal in of_task if logged_axes(task, proposal, forms) is not None]
        awaited = [t for t in trials if (t.spec.dataset, t.spec.protocol) == (task.base.dataset, task.base.protocol)]
        yield SearchPlan(task, recorded, logged, awaited)


def _check_private(task: TaskSearch) -> None:
    """Refuse a search that may choose networks of which what its `dp` promises does not hold."""
    listed = {parameter.axis: parameter.listed() for parameter in task.space.parameters if parameter.size is not None}
    models, precisions = listed["model"], listed.get("precision", (task.base.precision,))
    for model, precision in product(models, precisions):
        spec = task.base.model_copy(update={"model": model, "precision": precision})
        check_private(spec, task.info, ("recipe", "dp"))


def check_space_sizes(task: TaskSearch) -> None:
    """Refuse a search that may choose a subsample that lacks a class, or is larger than its split.

    Raises:
        SpecError: it may; the field that sets the size is named.
    """
    parameters = {parameter.axis: parameter for parameter in task.space.parameters}
    for axis in SIZE_AXES:
        if axis not in parameters:
            continue
        parameter = parameters[axis]
        if problem := size_problem(axis, _ends(parameter), task.info):
            rule, size = problem
            raise SpecError(f"{rule}, but may be {size}; change it", where=("search", "space", axis))
    ends = parameters.get("train_size")
    sizes = _ends(ends) if ends else (task.base.train_size,)
    least = min(size or task.info.num_train for size in sizes)
    if lacking := task.base.protocol.lacks_examples(least):
        raise SpecError(lacking, where=("search", "space", "train_size") if ends else ("protocol",))


def _ends(parameter: Parameter) -> Sequence[Any]:
    """Return the values of a list, or the ends of a range."""
    return parameter.values or (parameter.range and (parameter.range.low, parameter.range.high)) or ()


def recorded_forms(task: TaskSearch, results: Mapping[str, TrialResult]) -> dict[tuple[Any, ...], Axes]:
    """Return the axes of recorded trials in another form than the one that equal ones have in common, by their key.

    Args:
        task: the search that might train the same networks.
        results: the recorded results, by trial_id.
    """
    found = {}
    for trial_id, result in results.items():
        if result.spec.dataset_name != task.info.name:
            continue
        axes = result.spec.axes()
        if task.space.form(axes) != axes and task.trial_id(axes) == trial_id:
            found[task.space.key(axes)] = axes
    return found


def logged_axes(task: TaskSearch, proposal: LoggedProposal, forms: Mapping[tuple[Any, ...], Axes]) -> Axes | None:
    """Return the axes of the trial that a line of the log asks for, whose id the line has.

    Args:
        task: the search.
        proposal: the line.
        forms: the axes of recorded trials in another form (`recorded_forms`).

    Returns:
        None if this search would not have written that line; another program may have edited the log.
    """
    space = task.space
    try:
        axes = space.point(lambda parameter: proposal.axes[parameter.axis])
        if space.choices(axes) is None:
            return None
        # An earlier version ran each point as a trial of its own.
        equal = [space.form(axes), axes, *([forms[key]] if (key := space.key(axes)) in forms else [])]
        return next((form for form in equal if task.trial_id(form) == proposal.trial_id), None)
    except (KeyError, ValueError, TypeError):
        return None
