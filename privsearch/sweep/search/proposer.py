"""The choice of a search's next proposal from the outcomes of earlier ones: no file, no training, no clock.

    proposer = Proposer(search, SearchSpace(search.space, "fcnet", base), {"test_accuracy": "maximize", ...}, seed=0)
    while proposal := proposer.ask():
        if proposal.fresh:
            proposer.tell(proposal.number, {"test_accuracy": 0.9, ...})  # None if there is no result

Points that train the same networks (`SearchSpace.key`) are one: a second one is a repeat, with the first one's outcome.

Proposals depend on the arguments, the given results and the outcomes alone: not on the order in which outcomes arrive,
nor on how long trials take. To ensure this, a proposal waits until all fresh ones but the last `parallel - 1` have
outcomes. The sampler is told exactly these outcomes, in the order of the proposals; it sees the other proposals as
running, however early they ended (a constant lag). Each proposal has a new sampler, seeded from the search's seed and
the proposal's number.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from optuna.samplers import BaseSampler
from optuna.trial import Trial, TrialState

from privsearch.spec import Direction
from privsearch.spec.columns import DECIMALS
from privsearch.spec.objectives import as_objective
from privsearch.spec.search import Search
from privsearch.study.proposals import FRESH_ORIGINS, Origin
from privsearch.sweep.search.growth import HypervolumeTracker, Outcome
from privsearch.sweep.search.samplers import Decided, as_params, new_sampler, new_study, quiet_optuna, suggest
from privsearch.sweep.search.space import Axes, SearchSpace

MOST_REPEATS: Final = 5
"""Repeats in a row after which a point is drawn at random."""
MOST_DRAWS: Final = 1000
"""Draws without a new point after which a space that cannot be listed counts as exhausted."""


@dataclass(frozen=True)
class ProposedPoint:
    """A point of the space that a search has come to.

    Attributes:
        number: from 0, in the order of the proposals.
        axes: the value of every axis, canonical.
        origin: where it comes from.
        source: of a given one, where its result was found.
    """

    number: int
    axes: Axes
    origin: Origin
    source: str = ""

    @property
    def fresh(self) -> bool:
        """Whether it counts against the budget, and awaits its outcome."""
        return self.origin in FRESH_ORIGINS


_EXHAUSTED: Final = "every point of its space has been tried"


@dataclass
class _Point:
    """A proposed point, its outcome so far, and the Optuna trials that wait for the outcome."""

    known: bool = False
    told: bool = False
    outcome: Outcome = None
    trials: list[Trial] = field(default_factory=list)


class Proposer:
    """A search that proposes points and learns from their outcomes.

    Attributes:
        ended: the reason why nothing more is proposed, in words; None while the search goes on.
        counts: the number of proposals of each origin.
    """

    def __init__(
        self,
        search: Search,
        space: SearchSpace,
        objectives: Mapping[str, Direction],
        seed: int | str = 0,
        recorded: Iterable[ProposedPoint] = (),
    ) -> None:
        """Begin a search, or go on with one.

        Args:
            search: the sampler, the budget and the constraints.
            space: the points to choose from.
            objectives: the result columns to optimise, with their directions.
            seed: the seed of all draws; searches that run side by side need different ones.
            recorded: the proposals of earlier runs, in their order; they are proposed again.
        """
        self._search = search
        self._space = space
        self._objectives = dict(objectives)
        self._seed = seed
        self._recorded = deque(recorded)
        self._scheduled = {space.key(proposal.axes) for proposal in self._recorded}
        self._given: dict[int, Outcome] = {}
        self._points: dict[tuple[object, ...], _Point] = {}
        self._by_number: dict[int, _Point] = {}
        self._lacking: deque[_Point] = deque()
        self._untold: deque[_Point] = deque()
        self._in_a_row = 0
        self._growth = HypervolumeTracker(self._objectives, search.constraints)
        self._study = new_study(list(self._objectives.values()))
        self.ended: str | None = None
        self.counts: Counter[Origin] = Counter()

    @property
    def fresh(self) -> int:
        """The number of new points proposed, which the budget counts."""
        return sum(self.counts[origin] for origin in FRESH_ORIGINS)

    @property
    def hypervolume(self) -> float:
        """The hypervolume of all outcomes so far, told to the sampler or not."""
        # A copy, since whoever shows it may run beside what proposes.
        return self._growth.of(point.outcome for point in list(self._points.values()))

    def give(self, axes: Axes, outcome: Outcome, source: str = "") -> bool:
        """Schedule a known result as the next proposal, which costs nothing.

        Returns:
            True if the result is of use: its point lies in the space and has not been proposed.
        """
        key = self._space.key(axes)
        if key in self._scheduled or key in self._points or self._space.choices(axes) is None:
            return False
        number = self.counts.total() + len(self._recorded)
        self._scheduled.add(key)
        self._given[number] = outcome
        self._recorded.append(ProposedPoint(number, dict(axes), "given", source))
        return True

    def ask(self) -> ProposedPoint | None:
        """Return the next proposal; None if the search has ended or must first be told more outcomes."""
        if not self._advance():
            return None
        if self._recorded:
            return self._again(self._recorded.popleft())
        self.ended = self.ended or self._end()
        if self.ended:
            return None
        return self._sampled() if self._in_a_row < MOST_REPEATS else self._drawn()

    def tell(self, number: int, outcome: Outcome) -> None:
        """Note the outcome of the proposal `number`, which was no repeat."""
        point = self._by_number[number]
        point.known, point.outcome = True, outcome

    def stop(self, why: str) -> None:
        """End the search if all recorded proposals have been made again."""
        if not self._recorded:
            self.ended = self.ended or why

    def _advance(self) -> bool:
        """Tell the sampler all outcomes that the next proposal depends on; return False if one is still missing."""
        while self._lacking and self._lacking[0].known:
            self._tell(self._lacking.popleft(), counts=False)
        if self._recorded and self._recorded[0].origin == "given":
            return True
        while len(self._untold) >= self._search.parallel and self._untold[0].known:
            self._tell(self._untold.popleft(), counts=True)
        return not self._lacking and len(self._untold) < self._search.parallel

    def _end(self) -> str | None:
        search = self._search
        if search.trials is not None and self.fresh >= search.trials:
            return f"the budget of {search.trials} trials is spent"
        if self._space.size is not None and len(self._points) >= self._space.size:
            return _EXHAUSTED
        if search.until and self._growth.stalled(search.until):
            return f"the hypervolume grew by less than {search.until.growth:.3g} of itself in the last trials"
        return None

    def _sampled(self) -> ProposedPoint:
        """Propose a point that the sampler chooses."""
        with quiet_optuna():
            trial = self._asked(self._sampler())
            axes = self._space.point(lambda parameter: suggest(trial, parameter))
        origin: Origin = "repeat" if self._space.key(axes) in self._points else "sampled"
        return self._noted(ProposedPoint(self.counts.total(), axes, origin), trial)

    def _drawn(self) -> ProposedPoint | None:
        """Propose a random point that was never proposed; None if there is none."""
        rng = np.random.default_rng(self._seed_now())
        if self._space.listable:
            unseen = [axes for axes in self._space.points() if self._space.key(axes) not in self._points]
            axes = unseen[rng.integers(len(unseen))]
        else:
            draws = (self._space.draw(rng) for _ in range(MOST_DRAWS))
            draw = next((axes for axes in draws if self._space.key(axes) not in self._points), None)
            if draw is None:
                self.ended = _EXHAUSTED
                return None
            axes = draw
        return self._again(ProposedPoint(self.counts.total(), axes, "drawn"))

    def _again(self, proposal: ProposedPoint) -> ProposedPoint:
        """Add a point to the Optuna study that the present sampler did not choose."""
        choices = self._space.choices(proposal.axes)
        assert choices is not None, "what is proposed lies in the space"
        genetic = self._search.sampler.kind in ("nsga2", "nsga3")
        with quiet_optuna():
            # What a sampler notes in a trial matters as long as that runs; the generations of genetic ones matter on.
            noting = self._sampler() if genetic or proposal.origin != "given" else None
            trial = self._asked(Decided(as_params(self._space, choices), noting))
            self._space.point(lambda parameter: suggest(trial, parameter))
        return self._noted(proposal, trial)

    def _sampler(self) -> BaseSampler:
        return new_sampler(self._search.sampler, self._space, self._seed_now())

    def _asked(self, sampler: BaseSampler) -> Trial:
        self._study.sampler = sampler
        return self._study.ask()

    def _seed_now(self) -> int:
        """Compute the seed of the next proposal, which does not depend on earlier draws."""
        return int.from_bytes(hashlib.sha256(f"{self._seed} {self.counts.total()}".encode()).digest()[:4])

    def _noted(self, proposal: ProposedPoint, trial: Trial) -> ProposedPoint:
        self.counts[proposal.origin] += 1
        self._in_a_row = self._in_a_row + 1 if proposal.origin == "repeat" else 0
        point = self._points.setdefault(self._space.key(proposal.axes), _Point())
        point.trials.append(trial)
        if proposal.origin == "repeat":
            if point.told:
                self._tell_trials(point)
            return proposal
        self._by_number[proposal.number] = point
        (self._lacking if proposal.origin == "given" else self._untold).append(point)
        if proposal.number in self._given:
            self.tell(proposal.number, self._given.pop(proposal.number))
        return proposal

    def _tell(self, point: _Point, *, counts: bool) -> None:
        point.told = True
        self._tell_trials(point)
        self._growth.add(point.outcome, counts=counts)

    def _tell_trials(self, point: _Point) -> None:
        outcome = point.outcome
        for trial in point.trials:
            if outcome is None:
                self._study.tell(trial, state=TrialState.FAIL)
                continue
            for column, constraint in self._search.constraints.items():
                trial.set_constraint(column, constraint.violation(constraint.judged(column, outcome[column])))
            values = [as_objective(column, way, float(outcome[column])) for column, way in self._objectives.items()]
            self._study.tell(trial, [round(value, DECIMALS) for value in values])
        point.trials.clear()
