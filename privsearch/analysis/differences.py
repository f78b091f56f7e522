"""Differences between configurations, and tests of them against chance.

Target k has the same training subset and the same seed in every configuration of a sweep, so configurations are
compared within targets: by a paired t-test over them (`privsearch.analysis.paired`).

The test accounts for chance in the training and in the drawing of subsets. That other data would say the same is not
in it: under `paper` all replicates share one split into training and test examples, or cut the same examples anew
(`resplit`), and under `halves` all subsets are halves of one training split.

The strongest attack is compared like for like: it is the strongest of the attacks that were run on both sides. A
spiking network may have been attacked through its spike counts and its mean membrane, which an ANN has not, and who may
choose among more attacks finds more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.analysis.frames import targets_frame
from privsearch.analysis.learning import networks_at_chance
from privsearch.analysis.margins import NO_MARGINS, Margins
from privsearch.analysis.paired import ALPHA, Equivalence, equivalence, has_spread, mean_difference, pair_correlation
from privsearch.analysis.targets import BOUNDS, TargetNumbers, strongest_numbers, target_numbers
from privsearch.analysis.verdict_words import compared_values, direction
from privsearch.errors import StudyError
from privsearch.spec import WORST, TrialSpec, leading_attack
from privsearch.spec.columns import ACCURACY, Column
from privsearch.study.result import Completed

Role = Literal["accuracy", "compared", "all attacks", "one attack", "lowest accuracy", "highest accuracy"]
"""The part of a row in the table: accuracy, the compared column, `worst` of all attacks, or one attack's number.

The last two are those of a comparison at equal accuracy (`privsearch.analysis.equal_accuracy`).
"""

_MOST_NEAR: Final = 5


@dataclass(frozen=True, eq=False)
class Comparison:
    """One number of A and of B, target by target.

    Attributes:
        trial_id: that of B.
        role: its part in the table.
        quantity: the column.
        a: `(n,)`, A's numbers; NaN where one is missing.
        b: `(n,)`, those of B.
        silent: the reason why nothing is said of the difference; empty if something is.
        more: what the row has beside the test, by column.
    """

    trial_id: str
    role: Role
    quantity: str
    a: Float[Array, " n"]
    b: Float[Array, " n"]
    silent: str
    more: Mapping[str, Any]

    @property
    def pairs(self) -> Float[Array, " n"]:
        """What is tested: B less A, of an AUC by how far either lies from guessing (`compared_values`)."""
        less: Array = compared_values(self.quantity, self.b) - compared_values(self.quantity, self.a)
        return less


def leakage_column(spec: TrialSpec) -> str:
    """Return the column that stands for a target's leakage.

    Under a protocol with a placebo, what the paper's attack (`leading_attack`) owes to membership; else the AUC of the
    strongest attack.
    """
    if spec.protocol.has_placebo:
        return str(Column(leading_attack([attack.name for attack in spec.attacks]), "auc").excess)
    return str(Column(WORST, "auc"))


def differences_frame(
    a: Completed,
    others: Sequence[Completed],
    column: str | None = None,
    margins: Margins = NO_MARGINS,
    *,
    numbers: "Numbers | None" = None,
    breakdown: bool = True,
) -> pd.DataFrame:
    """Compare each of `others`, called B, with A in accuracy and in leakage.

    Args:
        a: a trial.
        others: trials of the same dataset, protocol and seed, as of `privsearch.analysis.comparable.choose_trials`.
        column: the number that stands for leakage, one of `privsearch.analysis.frames.targets_frame`; by default
            `leakage_column`.
        margins: the differences that count as none, for the test of equivalence.
        numbers: those of A and of all others, where they are at hand.
        breakdown: False to leave out the rows of single attacks and of all attacks.

    Returns:
        The rows of each B, the B that leaks least first; `role` tells them apart:

        - "accuracy".
        - "compared": the column. One of `worst` is that of the strongest among the attacks that both sides ran.
        - "all attacks": `worst` of all attacks of either side, where these are not the same; it has no verdict.
        - "one attack": where the column is one of `worst`, the same number of each attack that both sides ran.

        `a` and `b` are means over the targets; `difference` is B - A, of an AUC and of its excess in how far they lie
        from guessing. `family` counts the comparisons that are asked
        together: those of accuracy, those of the compared column, and all those of single attacks. For all of one
        family, `low` to `high` is the simultaneous 95 % interval and `p_corrected` the corrected p-value, below 0.05
        where the interval excludes 0; `p` is that of the one comparison. `verdict` says in words which differences
        have a `p_corrected` below 0.05. With margins, `low_90` to `high_90` is the 90 % interval, `p_equivalent` the
        p-value of the test that the difference is within `margin` of 0, and `p_equivalent_corrected` the same for the
        whole family; below 0.05, the verdict says so. Where A or B has a network that has not learnt, leakage has no
        corrected p-value, and the verdict says so. `n` counts the pairs of targets; where one lacks the number, n is 0.
        `only_a` and `only_b` name the attacks that were run on one side alone.

    Raises:
        StudyError: there is no such column, it has no numbers, or a margin cannot be one.
    """
    column = column or leakage_column(a.spec)
    margins.check(column)
    numbers = numbers or Numbers([a, *others], column)
    comparisons = [row for other in others for row in _comparisons(a, other, column, numbers, breakdown=breakdown)]
    return least_first(tested_frame(a.spec, comparisons, margins), "accuracy" if column == ACCURACY else "compared")


def least_first(frame: pd.DataFrame, role: Role) -> pd.DataFrame:
    """Sort the configurations by their difference in the rows of one role, each with all of its rows."""
    by = frame[frame["role"] == role].sort_values("difference", kind="stable")
    places = {trial_id: place for place, trial_id in enumerate(by["trial_id"])}
    return frame.sort_values("trial_id", key=lambda ids: ids.map(places), kind="stable", ignore_index=True)


class Numbers:
    """The numbers of trials, target by target.

    Args:
        trials: the trials.
        column: the column that is to be compared.
        known: the numbers of their targets, if at hand.

    Raises:
        StudyError: there is no such column, or it has no numbers.
    """

    def __init__(self, trials: Sequence[Completed], column: str, known: TargetNumbers | None = None) -> None:
        known = known or {}
        self._by_target = {trial.trial_id: known.get(trial.trial_id) or target_numbers(trial) for trial in trials}
        self._among: dict[tuple[str, frozenset[str]], list[dict[str, Any]] | None] = {}
        _check_numeric(targets_frame(trials, self._by_target), column)

    def of(self, trial: Completed, quantity: str, among: frozenset[str] | None = None) -> Float[Array, " n"]:
        """Return a number of each target, NaN where it is missing.

        Args:
            trial: one of the trials.
            quantity: the column.
            among: for a column of `worst`, the attacks to choose the strongest from; None for all.
        """
        targets: Sequence[Mapping[str, Any]] | None = self._by_target[trial.trial_id]
        if among is not None and among != trial.across.keys() and Column.parse(quantity).attack == WORST:
            key = trial.trial_id, among
            if key not in self._among:
                self._among[key] = strongest_numbers(trial, among)
            targets = self._among[key]
        found = [target.get(quantity) for target in targets] if targets else [None] * len(trial.replicates)
        return np.array(found, dtype=float)


def common_attacks(trials: Sequence[Completed]) -> tuple[str, ...]:
    """Return the attacks that were run on all of the trials, in the order of the first."""
    first, *rest = trials
    return tuple(name for name in first.across if all(name in trial.across for trial in rest))


def _comparisons(a: Completed, b: Completed, column: str, numbers: Numbers, *, breakdown: bool) -> list[Comparison]:
    """Return the rows of one B: accuracy, the column, and for `worst` what lies behind it."""
    common = common_attacks([a, b])
    more = {
        "only_a": ", ".join(name for name in a.across if name not in common),
        "only_b": ", ".join(name for name in b.across if name not in common),
    }
    silent = not_learnt(a, b)

    def compare(role: Role, quantity: str, silent: str = "", among: frozenset[str] | None = None) -> Comparison:
        of_a, of_b = (numbers.of(trial, quantity, among) for trial in (a, b))
        # After a race one may have more targets than the other; the first ones are of the same subsets.
        shared = min(len(of_a), len(of_b))
        of_a, of_b = of_a[:shared], of_b[:shared]
        return Comparison(b.trial_id, role, quantity, of_a, of_b, silent, more)

    rows = [compare("accuracy", ACCURACY)]
    parsed = Column.parse(column)
    if column != ACCURACY:
        rows.append(compare("compared", column, silent if parsed.attack else "", frozenset(common)))
    if parsed.attack == WORST and breakdown:
        if more["only_a"] or more["only_b"]:
            rows.append(compare("all attacks", column, silent or "not like for like"))
        rows += [compare("one attack", str(Column(name, parsed.number)), silent) for name in common]
    return rows


def tested_frame(spec: TrialSpec, comparisons: Sequence[Comparison], margins: Margins) -> pd.DataFrame:
    """Test comparisons, correct them within their families and put a verdict to each.

    Args:
        spec: that of A.
        comparisons: in the order of the rows; those of one role are a family.
        margins: the differences that count as none.

    Returns:
        A row for each comparison, as `differences_frame` describes it.
    """
    asked = margins != NO_MARGINS
    rows = _tested(spec, comparisons, margins)
    for comparison, row in zip(comparisons, rows, strict=True):
        if comparison.silent:
            row.update(dict.fromkeys(("p_corrected", "p_equivalent_corrected"), np.nan))
        row["verdict"] = comparison.silent or _verdict(comparison, row)
    test = ["a", "b", "difference", "low", "high", "p", "p_corrected"]
    test += ["margin", "low_90", "high_90", "p_equivalent", "p_equivalent_corrected"] if asked else []
    columns = ["trial_id", "role", "quantity", *test, "family", "n", "verdict", *comparisons[0].more]
    return pd.DataFrame(rows, columns=columns)


def _families(comparisons: Sequence[Comparison]) -> dict[Role, int]:
    """Count the comparisons of each role that are tested together; where none is tested, those that are shown."""
    with_test = [row for row in comparisons if row.a.size > 1 and has_spread(row.pairs[None])[0]]
    tested = Counter(row.role for row in with_test if not row.silent)
    shown = Counter(row.role for row in with_test)
    return {row.role: tested[row.role] or shown[row.role] or 1 for row in comparisons}


def _tested(spec: TrialSpec, comparisons: Sequence[Comparison], margins: Margins) -> list[dict[str, Any]]:
    """Return the rows of the table, without their verdicts."""
    rows: list[dict[str, Any]] = [{} for _ in comparisons]
    families = _families(comparisons)
    alike: dict[tuple[Role, str, int], list[int]] = {}
    for place, row in enumerate(comparisons):
        alike.setdefault((row.role, row.quantity, row.a.size), []).append(place)
    # All of one kind at once, as numpy's calls take far longer than their sums.
    for (role, quantity, n), places in alike.items():
        a, b = (np.stack([getattr(comparisons[place], side) for place in places]) for side in ("a", "b"))
        pairs = np.stack([comparisons[place].pairs for place in places])
        correlation = 0.0 if n < 2 else pair_correlation(spec, quantity, n)
        found = mean_difference(pairs, correlation=correlation, family=families[role])
        margin = margins.of(role)
        within = None if margin is None else equivalence(pairs, margin, correlation, families[role])
        for i, place in enumerate(places):
            rows[place] = {
                "trial_id": comparisons[place].trial_id,
                "role": role,
                "quantity": quantity,
                "a": a[i].mean(),
                "b": b[i].mean(),
                "difference": found.mean[i],
                "low": found.low[i],
                "high": found.high[i],
                "p": found.p[i],
                "p_corrected": found.p_corrected[i],
                "margin": np.nan if margin is None else margin,
                **_within(within, i),
                "family": families[role],
                "n": 0 if np.isnan(found.mean[i]) else n,
                **comparisons[place].more,
            }
    return rows


def _within(within: Equivalence | None, i: int) -> dict[str, float]:
    """Return the test for equivalence of one comparison; NaN if it was not asked for."""
    names = {"low_90": "low", "high_90": "high", "p_equivalent": "p", "p_equivalent_corrected": "p_corrected"}
    return {name: float(getattr(within, field)[i]) if within else np.nan for name, field in names.items()}


def not_learnt(a: Completed, b: Completed) -> str:
    """Return why nothing can be said of the leakage of B against A; empty if something can."""
    if networks_at_chance(a):
        return "A has not learnt"
    return "B has not learnt" if networks_at_chance(b) else ""


def _verdict(comparison: Comparison, row: Mapping[str, Any]) -> str:
    pairs = comparison.pairs[None]
    if np.isnan(pairs).any():
        return "number missing: no test"
    if pairs.size == 1:
        return "one target: no test"
    if not has_spread(pairs)[0]:
        return "no spread: no test"
    found = (
        f"B {direction(comparison.quantity, row['a'], row['b'])} (significant)" if row["p_corrected"] < ALPHA else ""
    )
    if np.isnan(row["margin"]):
        return found or f"not significant (n = {row['n']})"
    if row["p_equivalent_corrected"] < ALPHA:
        within = f"equivalent within {row['margin']:g}"
        return f"{found}, {within}" if found else within
    return found or f"not significant, equivalence not shown (n = {row['n']})"


def _check_numeric(targets: pd.DataFrame, column: str) -> None:
    if Column.parse(column).number in BOUNDS:
        raise StudyError(
            f"the column must be an estimate, but {column} bounds epsilon, and a difference of two bounds says nothing "
            "of the difference in epsilon; compare an AUC, a TPR or an advantage, such as worst.auc"
        )
    columns = [str(name) for name in targets.select_dtypes("number") if name != "target"]
    if column not in columns:
        near = ", ".join(get_close_matches(column, columns, n=_MOST_NEAR, cutoff=0))
        raise StudyError(
            f"the column must be one of targets.csv with numbers of these trials, but got {column!r}; nearest: {near}"
        )
