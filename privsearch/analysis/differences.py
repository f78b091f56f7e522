"""Differences between configurations, and tests of them against chance.

Target k has the same training subset and the same seed in every configuration of a sweep, so configurations are
compared within targets: by a paired t-test over them.

The test accounts for chance in the training and in the drawing of subsets. That another split into training and
test examples would say the same is not in it: under `paper` all replicates share one split, and under `halves` all
subsets are halves of one training split.

The K targets of `halves` are not independent: they are one another's shadows, and their subsets complement each other.
In simulations of two configurations of one distribution (4, 8 or 16 networks, 200 or 1,000 examples, leaking or not),
plain intervals of 0.95 held the true difference in 0.93 to 0.98 of cases for the loss, the SVM, offline LiRA and RMIA,
but in 0.81 to 0.92 for online LiRA and in 0.91 to 0.94 for the strongest attack, which may be it. These two get wider
intervals, which held it in 0.95 to 0.98 and in 0.99.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.special import stdtr, stdtrit

from privsearch.analysis.frames import targets_frame
from privsearch.analysis.learning import networks_at_chance
from privsearch.errors import StudyError
from privsearch.spec import WORST, TrialSpec, leading_attack
from privsearch.spec.columns import AUDIT_FRACTIONS, Column
from privsearch.study.result import Completed, TrialResult

ALPHA: Final = 0.05
"""A p-value below this is significant; intervals are those of `1 - ALPHA`."""

ACCURACY: Final = "test_accuracy"

CANNOT_TELL: Final = "cannot tell"

_PAIRED_BY: Final = ("dataset", "protocol", "seed")
_MOST_IDS: Final = 5


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences with its paired t-test; NaN if there is no test.

    Attributes:
        mean: `(m,)`, one for each comparison.
        low: `(m,)`, the lower end of the 95 % interval.
        high: `(m,)`, the upper end.
        p: `(m,)`, two-sided.
    """

    mean: Float[Array, " m"]
    low: Float[Array, " m"]
    high: Float[Array, " m"]
    p: Float[Array, " m"]


def mean_difference(differences: Float[Array, "m n"], bar: float = 0.0, correlation: float = 0.0) -> Difference:
    """Test whether the mean of paired differences is at `bar`.

    With one pair, or where all pairs agree, as accuracies on a small test split may, no spread is known: there is a
    mean, and no more. Where a difference is missing, so is everything.

    Args:
        differences: `(m, n)`: m comparisons, each of n pairs; NaN where one is missing.
        bar: the mean to be tested against.
        correlation: between any two pairs' differences, below 1. It widens the interval, as pairs that vary together
            show too little spread.

    Source: Student 1908; with a correlation, Nadeau and Bengio 2003.
    """
    n = differences.shape[-1]
    mean = differences.mean(axis=-1)
    # To a t-test, pairs that agree up to rounding would be a certainty.
    varied = np.ptp(differences, axis=-1) >= 1e-12
    variance = np.where(varied, ((differences.T - mean) ** 2).sum(axis=0) / max(n - 1, 1), np.nan)
    error = np.sqrt(variance * (1 / n + correlation / (1 - correlation)))
    half_width = half_width_factor(n, correlation) * np.sqrt(variance)
    p = 2 * stdtr(n - 1, -np.abs(mean - bar) / error)
    return Difference(mean, mean - half_width, mean + half_width, p)


def half_width_factor(n: int, correlation: float = 0.0) -> float:
    """Return the half-width of the 95 % interval of a mean of n > 1 paired differences, in their deviations."""
    return float(stdtrit(n - 1, 1 - ALPHA / 2) * np.sqrt(1 / n + correlation / (1 - correlation)))


def holm(p: Float[Array, " m"]) -> Float[Array, " m"]:
    """Correct the p-values of m comparisons, so that chance finds something in any of them in 5 % of cases at most.

    A missing p-value (NaN) stays missing and does not count.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.maximum.accumulate(np.minimum(1.0, np.arange(len(order), 0, -1) * p[order]))
    return corrected


def choose_trials(
    results: Iterable[TrialResult], a: str, others: Sequence[str] = ()
) -> tuple[Completed, list[Completed]]:
    """Find a trial, and the trials to compare with it.

    Args:
        results: the trials of one study.
        a: the id of a trial, or the beginning of one.
        others: ids or beginnings of ids; empty for all completed trials that can be compared with the first.

    Raises:
        StudyError: an id fits none or several of the trials; a trial has failed; or two have different datasets,
            protocols or seeds, so that their targets are not paired.
    """
    results = list(results)
    completed = [result for result in results if isinstance(result, Completed)]
    first = find_completed(a, results, completed)
    fitting = [other for other in completed if other is not first and not _unlike(first.spec, other.spec)]
    if not others and not fitting:
        raise StudyError(
            f"{first.trial_id}: must have a completed trial of the same dataset, protocol and seed beside it, but is "
            "the only one of this study; sweep another axis"
        )
    chosen = {trial.trial_id: trial for trial in (find_completed(other, results, fitting) for other in others)}
    for other in chosen.values():
        if other is first:
            raise StudyError(f"{first.trial_id}: must be set beside another trial, not itself; {_would_do(a, fitting)}")
        if unlike := _unlike(first.spec, other.spec):
            raise StudyError(
                f"{first.trial_id} and {other.trial_id}: trials that are compared must share dataset, protocol and "
                f"seed, as only then are their targets paired, but got {unlike}; {_would_do(a, fitting)}"
            )
    return first, list(chosen.values()) or fitting


def leakage_column(spec: TrialSpec) -> str:
    """Return the column that stands for a target's leakage.

    Under a protocol with a placebo, what the paper's attack (`leading_attack`) owes to membership; else the AUC of the
    strongest attack.
    """
    if spec.protocol.has_placebo:
        return str(Column(leading_attack([attack.name for attack in spec.attacks]), "auc").excess)
    return str(Column(WORST, "auc"))


def differences_frame(a: Completed, others: Sequence[Completed], column: str | None = None) -> pd.DataFrame:
    """Compare each of `others`, called B, with A in accuracy and in leakage.

    Args:
        a: a trial.
        others: trials of the same dataset, protocol and seed, as of `choose_trials`.
        column: the number that stands for leakage, one of `privsearch.analysis.frames.targets_frame`; by default
            `leakage_column`.

    Returns:
        One row for each B and quantity, the B that leaks least first. `a` and `b` are means over the targets;
        `difference` is B - A, with its 95 % interval from `low` to `high`; `p` is that of the one comparison, and
        `p_holm` is corrected for all comparisons of the same quantity. `verdict` says in words which differences have
        a `p_holm` below 0.05. Where A or B has a network that has not learnt, leakage has no `p_holm`, and the verdict
        says so. `n` counts the pairs of targets; where one lacks the number, n is 0 and nothing is said.

    Raises:
        StudyError: there is no such column, or it has no numbers.
    """
    targets = targets_frame([a, *others])
    quantities = list(dict.fromkeys((ACCURACY, column or leakage_column(a.spec))))
    _check_numeric(targets, quantities[-1])
    parts = [_compared(a, others, quantity, targets[quantity].to_numpy(float)) for quantity in quantities]
    order = np.argsort(parts[-1]["difference"].to_numpy(), kind="stable")
    return pd.concat([part.iloc[order].reset_index(drop=True) for part in parts]).sort_index(
        kind="stable", ignore_index=True
    )


def _compared(a: Completed, others: Sequence[Completed], quantity: str, values: Float[Array, " _"]) -> pd.DataFrame:
    """Compare one quantity of the others with that of A, whose targets' values come first in `values`."""
    values = values.reshape(len(others) + 1, -1)
    difference = mean_difference(
        values[1:] - values[0], correlation=pair_correlation(a.spec, quantity, values.shape[-1])
    )
    silent = _not_learnt(a, others) if Column.parse(quantity).attack is not None else [""] * len(others)
    p_holm = holm(np.where([not reason for reason in silent], difference.p, np.nan))
    return pd.DataFrame(
        {
            "trial_id": [other.trial_id for other in others],
            "quantity": quantity,
            "a": values[0].mean(),
            "b": values[1:].mean(axis=-1),
            "difference": difference.mean,
            "low": difference.low,
            "high": difference.high,
            "p": difference.p,
            "p_holm": p_holm,
            "n": np.where(np.isnan(difference.mean), 0, values.shape[-1]),
            "verdict": [
                reason or _verdict(quantity, mean, p)
                for reason, mean, p in zip(silent, difference.mean, p_holm, strict=True)
            ],
        }
    )


def _not_learnt(a: Completed, others: Sequence[Completed]) -> list[str]:
    """Return, for each of `others`, why nothing can be said of its leakage against A; empty if something can."""
    if networks_at_chance(a):
        return ["A has not learnt"] * len(others)
    return ["B has not learnt" if networks_at_chance(other) else "" for other in others]


def pair_correlation(spec: TrialSpec, quantity: str, num_targets: int) -> float:
    """Return the greatest correlation that a quantity of two targets may have.

    Online LiRA weighs how the target deviates by how its shadows do, so what chance does to a pair of networks, it does
    to the AUC of both. Were nothing else in the AUC, the correlation would be 1 / (K - 1). The strongest attack may be
    online LiRA.
    """
    moved = {WORST, *(attack.name for attack in spec.attacks if attack.kind == "lira" and attack.mode == "online")}
    related = spec.protocol.targets_are_shadows and Column.parse(quantity).attack in moved
    return 1 / (num_targets - 1) if related else 0.0


def _verdict(quantity: str, difference: float, p_holm: float) -> str:
    if not p_holm < ALPHA:
        return CANNOT_TELL
    less, more = verdict_words(quantity)
    return f"B {more if difference > 0 else less}"


def verdict_words(quantity: str) -> tuple[str, str]:
    """Return the words for a configuration with the lower number of two, and for one with the higher."""
    column = Column.parse(quantity)
    if column.attack is None and column.number.endswith("accuracy"):
        return "is less accurate", "is more accurate"
    if column.attack and column.number.startswith((*AUDIT_FRACTIONS, "advantage", "epsilon", "excess")):
        return "leaks less", "leaks more"
    return "is lower", "is higher"


def _check_numeric(targets: pd.DataFrame, column: str) -> None:
    columns = [str(name) for name in targets.select_dtypes("number") if name != "target"]
    if column not in columns:
        near = ", ".join(get_close_matches(column, columns, n=_MOST_IDS, cutoff=0))
        raise StudyError(
            f"the column must be one of targets.csv with numbers of these trials, but got {column!r}; nearest: {near}"
        )


def find_completed(beginning: str, results: Sequence[TrialResult], fitting: Sequence[Completed]) -> Completed:
    """Find the completed trial whose id has this beginning.

    Args:
        beginning: an id, or the beginning of one.
        results: the trials of one study.
        fitting: the trials that the error suggests.

    Raises:
        StudyError: an id fits none or several of the trials, or the trial has failed.
    """
    matches = [result for result in results if result.trial_id.startswith(beginning)]
    if len(matches) != 1:
        what = f"is the beginning of {len(matches)} trials" if matches else "names no trial"
        raise StudyError(
            f"{beginning}: must be the id, or the beginning of one id, of a trial of this study, but {what}; "
            + _would_do(beginning, [result for result in matches if isinstance(result, Completed)] or fitting)
        )
    (result,) = matches
    if not isinstance(result, Completed):
        raise StudyError(
            f"{result.trial_id}: must be a completed trial, but it failed ({result.error}: {result.message}); "
            + _would_do(beginning, fitting)
        )
    return result


def _unlike(one: TrialSpec, other: TrialSpec) -> str:
    """Name the fields that keep the targets of two trials from being paired; empty if there are none."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in _PAIRED_BY}
    return ", ".join(f"{name} {_value_words(x)} against {_value_words(y)}" for name, (x, y) in pairs.items() if x != y)


def _value_words(value: Any) -> str:
    return getattr(value, "name", None) or str(value)


def _would_do(beginning: str, fitting: Sequence[Completed]) -> str:
    ids = [result.trial_id for result in fitting]
    near = get_close_matches(beginning, ids, n=_MOST_IDS, cutoff=0)
    more = f" and {len(ids) - len(near)} more" if len(ids) > len(near) else ""
    return f"ids that would do: {', '.join(near) or 'none'}{more}"
