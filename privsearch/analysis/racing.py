"""The rule of a race: which configurations need more networks, and why each of the others needs none.

All begin with a few targets. After each round, any two that are still in the race are compared in every objective, on
the targets that both have. What is asked is what all the networks would say that the race may train: on which side of 0
the mean difference will be in the end. The targets to come lie around the present mean, by Student's t with the spread
of the present ones. So the chance that the final mean lies on the other side than the present one is known, and the
outcome is *foreseen* where that chance is below 5 %, corrected for all looks of the race. Until then it is open.

A configuration is out of the race

    beaten      if another one is foreseen to be better in some objective, and it is foreseen to be worse in, or equal,
                every other one: all networks would not put it on the front;
    infeasible  if it is foreseen to break a constraint.

What put it out must be in the race itself, and be foreseen to keep the constraints. Between two that are left nothing
more is to be decided if each is foreseen to be better in something, so that neither can beat the other. Configurations
for which that holds with all that are left are settled and get no more networks; the others are open, and get more.

So a race takes no decision that all networks would not: it takes the same one earlier, and is wrong about it in at most
5 % of comparisons in one objective. A configuration is out only if every objective says so, which is wrong far less
often; `benchmarks/racing.py` measures it. Where two leak alike, the side on which the final mean falls is chance; the
race foresees no chance, and saves little.

Sources: racing, Maron and Moore 1994, Hoeffding races; with t-tests, Birattari et al. 2002; of several objectives, pair
by pair and by Pareto dominance, Zhang, Georgiopoulos and Anagnostopoulos 2013, S-Race: a multi-objective racing
algorithm; that a decision which needs every objective takes no correction for their number, Berger 1982,
Multiparameter hypothesis testing and acceptance sampling. That a trial is ended once its end is foreseen: Lan, Simon
and Halperin 1982, Stochastically curtailed tests in long-term clinical trials, in the predictive form of Spiegelhalter,
Freedman and Blackburn 1986. Repeated looks are corrected by Bonferroni.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import stdtr

from privsearch.analysis.paired import ALPHA, error_factor, has_spread
from privsearch.spec.columns import DECIMALS

Verdict = Literal["open", "settled", "beaten", "infeasible"]
"""What a race says of a configuration: it needs more networks; it needs none and stays; or why it is out."""

OUT: Final[tuple[Verdict, ...]] = ("beaten", "infeasible")
"""The verdicts on configurations that are out of the race."""


@dataclass(frozen=True)
class Racers:
    """The configurations that are still in a race, with their numbers of each target.

    Attributes:
        targets: `(m,)`, how many targets each has so far.
        better_by: returns, for the index of a configuration, by how much it is better than each one in each objective,
            `(m, objectives, n)`: on the first targets that both have, then NaN; NaN throughout where a number is
            missing.
        is_known: `(objectives,)`, True for a number of the whole trial, which has no test and is taken as it is.
        correlation: returns the greatest correlation of two targets' differences in an objective, from its index and
            the number of targets (`privsearch.analysis.paired.pair_correlation`).
        lacking: `(m, constraints, n)`, what each target lacks of each constraint, then NaN; negative for more than
            enough.
        breaks: `(m,)`, True for what breaks a constraint on a number of the whole trial, which is what it is.
    """

    targets: Int[Array, " m"]
    better_by: Callable[[int], Float[Array, "m objectives n"]]
    is_known: Bool[Array, " objectives"]
    correlation: Callable[[int, int], float]
    lacking: Float[Array, "m constraints n"]
    breaks: Bool[Array, " m"]


@dataclass(frozen=True)
class Limits:
    """The limits of a race.

    Attributes:
        looks: the number of looks at the numbers that may decide something: one after each round but the last.
        most: the most targets that a configuration may get.
    """

    looks: int
    most: int


@dataclass(frozen=True)
class Standing:
    """What a race says of a configuration.

    Attributes:
        verdict: the verdict.
        rival: the index of the configuration that put it out, or of the first with which something is open; None for
            none.
    """

    verdict: Verdict
    rival: int | None = None

    @property
    def is_out(self) -> bool:
        """True if the configuration is out of the race."""
        return self.verdict in OUT


@dataclass(frozen=True)
class _Compared:
    """Every comparison of one configuration with all: `(m, objectives)` each.

    Attributes:
        better: it is foreseen to be better.
        worse: it is foreseen to be worse.
        is_open: neither is foreseen, and more targets will tell.
        is_missing: there is nothing to compare.
    """

    better: Bool[Array, "m objectives"]
    worse: Bool[Array, "m objectives"]
    is_open: Bool[Array, "m objectives"]
    is_missing: Bool[Array, "m objectives"]

    @property
    def is_beaten(self) -> Bool[Array, " m"]:
        """Whether each rival is better in some objective, and leaves it none to be better in."""
        leaves_something = (self.better | self.is_open | self.is_missing).any(axis=1)
        return np.asarray(self.worse.any(axis=1) & ~leaves_something)

    @property
    def is_undecided(self) -> Bool[Array, " m"]:
        """Whether either may beat the other."""
        neither_beats = self.better.any(axis=1) & self.worse.any(axis=1)
        return np.asarray(self.is_open.any(axis=1) & ~neither_beats)


def standings(racers: Racers, limits: Limits) -> list[Standing]:
    """Judge the configurations that are still in a race by the rule at the head of this file.

    Args:
        racers: the configurations.
        limits: the limits of the race.

    Returns:
        What is said of each, in their order.
    """
    everyone = range(len(racers.targets))
    compared = [_compared(racers, one, limits) for one in everyone]
    feasible = [_constraints(racers, one, limits) for one in everyone]
    can_beat = np.array([of is True for of in feasible])
    rivals = _beaten_by(
        {
            one: np.flatnonzero(compared[one].is_beaten & can_beat).tolist()
            for one in everyone
            if feasible[one] is not False
        }
    )
    is_left = np.array([one in rivals and rivals[one] is None for one in everyone])
    undecided = [np.flatnonzero(of.is_undecided & is_left).tolist() for of in compared]
    return [
        _standing(rivals[one], undecided[one], feasible[one]) if one in rivals else Standing("infeasible")
        for one in everyone
    ]


def _standing(rival: int | None, undecided: list[int], feasible: bool | None) -> Standing:
    """Return what is said of a configuration that breaks no constraint for sure.

    Args:
        rival: what put it out; None if it is in.
        undecided: those with which something is open.
        feasible: True if it surely keeps the constraints; None if that is open.
    """
    if rival is not None:
        return Standing("beaten", rival)
    if undecided or feasible is None:
        return Standing("open", undecided[0] if undecided else None)
    return Standing("settled")


def _beaten_by(candidates: Mapping[int, list[int]]) -> dict[int, int | None]:
    """Return what puts each configuration out; only what stays in the race does.

    Args:
        candidates: for each configuration, those that would put it out, in the order of preference.
    """
    by: dict[int, int | None] = dict.fromkeys(candidates)
    stays: set[int] = set()
    unsure = set(candidates)
    # What nothing can put out stays; what that puts out is out; and so on. Rings of three and more stay.
    while unsure:
        safe = {one for one in unsure if all(by[rival] is not None for rival in candidates[one])}
        stays |= safe
        beaten = {
            one: next(r for r in candidates[one] if r in stays) for one in unsure - safe if stays & set(candidates[one])
        }
        by |= beaten
        if not safe and not beaten:
            break
        unsure -= safe | beaten.keys()
    return by


def _compared(racers: Racers, one: int, limits: Limits) -> _Compared:
    """Compare one configuration with all; of itself nothing is said."""
    margins = racers.better_by(one)
    m, objectives, _ = margins.shape
    fields = {name: np.zeros((m, objectives), dtype=bool) for name in _Compared.__annotations__}
    common = np.minimum(racers.targets, racers.targets[one])
    others = np.arange(m) != one
    for objective in range(objectives):
        for n in np.unique(common[others]).tolist():
            rows = np.flatnonzero((common == n) & others)
            pairs = margins[rows, objective, :n]
            if racers.is_known[objective]:
                outcome = _of_trial(pairs.mean(axis=1))
            else:
                outcome = _of_targets(pairs, limits, lambda count, of=objective: racers.correlation(of, count))  # type: ignore[misc]
            for name, values in zip(fields, outcome, strict=True):
                fields[name][rows, objective] = values
    return _Compared(**fields)


def _of_trial(differences: Float[Array, " rows"]) -> Iterator[Bool[Array, " rows"]]:
    """Yield the fields of `_Compared` of a number of the whole trial, which is what it is."""
    yield from (differences > 0, differences < 0, np.zeros(len(differences), dtype=bool), np.isnan(differences))


def _of_targets(
    pairs: Float[Array, "rows n"], limits: Limits, correlation: Callable[[int], float]
) -> Iterator[Bool[Array, " rows"]]:
    """Yield the fields of `_Compared` of a number that each target has."""
    is_missing = np.isnan(pairs).any(axis=1)
    better, worse = (_is_foreseen(sign * pairs, limits, correlation) for sign in (1.0, -1.0))
    may_change = pairs.shape[1] < limits.most
    yield from (better, worse, ~(better | worse | is_missing) & may_change, is_missing)


def _is_foreseen(
    pairs: Float[Array, "rows n"], limits: Limits, correlation: Callable[[int], float] = lambda _: 0.0
) -> Bool[Array, " rows"]:
    """Tell whether the mean by the most targets is foreseen to be above 0; with all of them, whether it is.

    The final mean is that of the present targets and of those to come, which are of one kind. So it lies around the
    present mean with the variance of this one, but for the share of the targets that are there already.
    """
    n, most = pairs.shape[1], limits.most
    mean = pairs.mean(axis=1)
    above: Array = mean.round(DECIMALS) > 0
    if n >= most:
        return above
    if n < 2:  # one target says nothing of those to come
        return np.zeros(len(pairs), dtype=bool)
    error = pairs.std(axis=1, ddof=1) * error_factor(n, correlation(n)) * np.sqrt((most - n) / most)
    # Targets that agree, as accuracies on a small test split may, show no spread: others may differ.
    has_test = has_spread(pairs)
    chance = stdtr(n - 1, -mean / np.where(has_test, error, np.nan))
    foreseen: Array = above & has_test & (chance < ALPHA / max(1, limits.looks))
    return foreseen


def _constraints(racers: Racers, one: int, limits: Limits) -> bool | None:
    """Tell whether a configuration is foreseen to keep all constraints (True), or to break one (False); else None."""
    n, constraints = int(racers.targets[one]), racers.lacking.shape[1]
    if racers.breaks[one] or not constraints:
        return not racers.breaks[one]
    lacking = racers.lacking[one, :, :n]
    if n >= limits.most:
        return bool((lacking.mean(axis=1) <= 0).all())
    if _is_foreseen(lacking, limits).any():
        return False
    return True if _is_foreseen(-lacking, limits).all() else None
