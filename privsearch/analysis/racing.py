"""The rule of a race: which configurations need more networks, and why each of the others needs none.

All begin with a few targets. After each round, any two that are still in the race are compared in every objective, on
the targets that both have, by the test that `privsearch.analysis.decision` and `privsearch diff` use
(`privsearch.analysis.paired`). In one objective a comparison is

    sure      its interval excludes 0, corrected for the other configurations and for all looks of the race. So the
              chance that some look calls some rival of a configuration better in an objective, and wrongly, is at most
              5 % for each configuration;
    hopeless  neither side will be shown to be better by all the networks that the race may spend: were the rest like
              those so far, the chance that the test at the end, corrected as `privsearch diff` corrects it, calls that
              side better is below 5 %;
    open      anything else.

A configuration is out of the race

    beaten    if another one is surely better in every objective;
    no gain   if another one is surely better in some, and it is hopeless that this one be shown to be better in any;
    infeasible  if it surely breaks a constraint.

What put it out must be in the race itself, and surely keep the constraints. Two that are left have nothing more to be
decided if either is surely better in something, or if no objective is open between them. Configurations for which that
holds with all that are left are settled and get no more networks; the others are open, and get more.

Sources: racing, Maron and Moore 1994, Hoeffding races; of several objectives, by pairs and by Pareto dominance, Zhang,
Georgiopoulos and Anagnostopoulos 2013, S-Race: a multi-objective racing algorithm; the t-test in a race, Birattari et
al. 2002; that a comparison which needs every objective takes no correction for their number, Berger 1982,
Multiparameter hypothesis testing and acceptance sampling; hopelessness, Lan, Simon and Halperin 1982, Stochastically
curtailed tests in long-term clinical trials, in its predictive form, Spiegelhalter, Freedman and Blackburn 1986.
Repeated looks are corrected by Bonferroni.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array
from scipy.special import stdtr

from privsearch.analysis.paired import ALPHA, error_factor, half_width_factor, has_spread, mean_difference

HOPE: Final = 0.05
"""A side whose chance to be shown better at the end is below this is given up."""

Verdict = Literal["open", "settled", "beaten", "no gain", "infeasible"]
"""What a race says of a configuration: it needs more networks; it needs none and stays; or why it is out."""

OUT: Final[tuple[Verdict, ...]] = ("beaten", "no gain", "infeasible")
"""The verdicts on configurations that are out of the race."""


@dataclass(frozen=True)
class Racers:
    """The configurations of a race, with their numbers of each target.

    Attributes:
        targets: `(m,)`, how many targets each has so far.
        better_by: returns, for the index of a configuration, by how much it is better than each one in each objective,
            `(m, objectives, n)`: on the first targets that both have, then NaN; NaN throughout where a number is
            missing.
        is_known: `(objectives,)`, True for a number of the whole trial, which has no test and is taken as it is.
        correlation: returns the greatest correlation of two targets' differences in an objective, from its index and
            the number of targets, as for `privsearch.analysis.paired.mean_difference`.
        lacking: `(m, constraints, n)`, what each target lacks of each constraint, then NaN; negative for more than
            enough.
        is_in: `(m,)`, False for those that an earlier look has put out.
    """

    targets: Int[Array, " m"]
    better_by: Callable[[int], Float[Array, "m objectives n"]]
    is_known: Bool[Array, " objectives"]
    correlation: Callable[[int, int], float]
    lacking: Float[Array, "m constraints n"]
    is_in: Bool[Array, " m"]


@dataclass(frozen=True)
class Limits:
    """The limits of a race.

    Attributes:
        looks: the number of rounds that it may have, each of which ends with a look at the numbers.
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
        better: it is surely better.
        worse: it is surely worse.
        may_be_better: it is better, or may yet be shown to be.
        may_be_worse: the same for its rival.
        is_missing: there is nothing to compare.
    """

    better: Bool[Array, "m objectives"]
    worse: Bool[Array, "m objectives"]
    may_be_better: Bool[Array, "m objectives"]
    may_be_worse: Bool[Array, "m objectives"]
    is_missing: Bool[Array, "m objectives"]

    @property
    def is_put_out(self) -> Bool[Array, " m"]:
        """Whether each rival leaves it no objective to be better in, and is surely better in some."""
        out: Array = self.worse.any(axis=1) & ~(self.may_be_better | self.is_missing).any(axis=1)
        return out

    @property
    def is_open(self) -> Bool[Array, " m"]:
        """Whether something is open between it and each rival."""
        undecided = (self.may_be_better & ~self.better) | (self.may_be_worse & ~self.worse)
        both = self.better.any(axis=1) & self.worse.any(axis=1)
        still_open: Array = undecided.any(axis=1) & ~both
        return still_open


def standings(racers: Racers, limits: Limits) -> dict[int, Standing]:
    """Judge the configurations that are still in a race by the rule at the head of this file.

    Args:
        racers: the configurations.
        limits: the limits of the race.

    Returns:
        What is said of each, by its index, in their order; nothing of those that an earlier look has put out.
    """
    racing = np.flatnonzero(racers.is_in).tolist()
    compared = {one: _compared(racers, one, limits) for one in racing}
    feasible = {one: _constraints(racers, one, limits) for one in racing}
    can_put_out = racers.is_in & [feasible.get(one) is True for one in range(len(racers.is_in))]
    rivals = _put_out_by(
        {
            one: np.flatnonzero(compared[one].is_put_out & can_put_out).tolist()
            for one in racing
            if feasible[one] is not False
        }
    )
    is_left = np.array([one in rivals and rivals[one] is None for one in range(len(racers.is_in))])
    return {
        one: Standing("infeasible")
        if one not in rivals
        else _standing(
            compared[one], rivals[one], np.flatnonzero(compared[one].is_open & is_left).tolist(), feasible[one]
        )
        for one in racing
    }


def _standing(compared: _Compared, rival: int | None, undecided: list[int], feasible: bool | None) -> Standing:
    """Return what is said of a configuration that breaks no constraint for sure.

    Args:
        compared: its comparisons with all.
        rival: what put it out; None if it is in.
        undecided: those with which something is open.
        feasible: True if it surely keeps the constraints; None if that is open.
    """
    if rival is not None:
        return Standing("beaten" if compared.worse[rival].all() else "no gain", rival)
    if undecided or feasible is None:
        return Standing("open", undecided[0] if undecided else None)
    return Standing("settled")


def _put_out_by(candidates: Mapping[int, list[int]]) -> dict[int, int | None]:
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
    """Compare one configuration with all that are in the race; of itself, as of those that are out, nothing is said."""
    margins = racers.better_by(one)
    m, objectives, _ = margins.shape
    fields = {name: np.zeros((m, objectives), dtype=bool) for name in _Compared.__annotations__}
    common = np.minimum(racers.targets, racers.targets[one])
    others = racers.is_in & (np.arange(m) != one)
    for objective in range(objectives):
        for n in np.unique(common[others]).tolist():
            rows = np.flatnonzero((common == n) & others)
            pairs = margins[rows, objective, :n]
            if racers.is_known[objective]:
                outcome = _known(pairs.mean(axis=1))
            else:
                outcome = _tested(pairs, lambda count, of=objective: racers.correlation(of, count), limits, m - 1)  # type: ignore[misc]
            for name, values in zip(fields, outcome, strict=True):
                fields[name][rows, objective] = values
    return _Compared(**fields)


def _known(difference: Float[Array, " rows"]) -> Iterator[Bool[Array, " rows"]]:
    """Yield the fields of `_Compared` of a number that is what it is."""
    for field in (difference > 0, difference < 0, difference > 0, difference < 0, np.isnan(difference)):
        yield np.asarray(field)


def _tested(
    pairs: Float[Array, "rows n"], correlation: Callable[[int], float], limits: Limits, rivals: int
) -> Iterator[Bool[Array, " rows"]]:
    """Yield the fields of `_Compared` of a number that each target has."""
    n, is_missing = pairs.shape[1], np.isnan(pairs).any(axis=1)
    if n < 2:  # one target says nothing yet
        unknown = ~is_missing & (n < limits.most)
        yield from (np.zeros(len(pairs), dtype=bool), np.zeros(len(pairs), dtype=bool), unknown, unknown, is_missing)
        return
    found = mean_difference(pairs, correlation=correlation(n), family=max(1, rivals * limits.looks))
    better, worse = found.low > 0, found.high < 0
    # Targets that agree, as accuracies on a small test split may, have no test; more targets may differ.
    unknown = ~has_spread(pairs) & ~is_missing & (n < limits.most)
    up, down = (_may_be_shown(sign * pairs, correlation, limits, rivals) for sign in (1.0, -1.0))
    yield from (better, worse, better | up | unknown, worse | down | unknown, is_missing)


def _may_be_shown(
    pairs: Float[Array, "rows n"], correlation: Callable[[int], float], limits: Limits, rivals: int
) -> Bool[Array, " rows"]:
    """Tell whether the mean difference may yet be shown to be above 0 by the most targets, were the rest like these.

    The final mean lies around the present one, by Student's t, with the variance that the targets to come and the
    present ones have in it together.
    """
    n, most = pairs.shape[1], limits.most
    mean, deviation = pairs.mean(axis=1), pairs.std(axis=1, ddof=1)
    needed = half_width_factor(most, correlation(most), ALPHA / max(1, rivals)) * deviation
    if n >= most:
        shown: Array = (mean > needed) & has_spread(pairs)
        return shown
    spread = deviation * error_factor(n, correlation(n)) * np.sqrt((most - n) / most)
    with np.errstate(divide="ignore", invalid="ignore"):  # without spread there is no test
        may_be: Array = stdtr(n - 1, (mean - needed) / spread) >= HOPE
    found: Array = may_be & has_spread(pairs)
    return found


def _constraints(racers: Racers, one: int, limits: Limits) -> bool | None:
    """Tell whether a configuration surely keeps all constraints (True), or surely breaks one (False); else None.

    With the most targets the mean decides, as it does on a front.
    """
    n, constraints = int(racers.targets[one]), racers.lacking.shape[1]
    if not constraints:
        return True
    lacking = racers.lacking[one, :, :n]
    means = lacking.mean(axis=1)
    if n >= limits.most:
        return bool((means <= 0).all())
    if n < 2:
        return None
    found = mean_difference(lacking, family=constraints * limits.looks)
    if (found.low > 0).any():
        return False
    # A number of the whole trial is what it is; so, here, is one that all targets agree in.
    keeps = (found.high < 0) | (~has_spread(lacking) & (means <= 0))
    return True if keeps.all() else None
