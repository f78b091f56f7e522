"""Verdicts on the paper's claims from a study's replicates.

A verdict weighs all the differences of a claim, each against the claim's bar with a two-sided paired t-test over the
replicates:

    contradicted   some difference is significantly below the bar, after Holm's correction: there are as many chances
                   to find one as differences
    supported      every difference is significantly above it, and the study has all of them; it takes all, so
                   nothing is corrected (an intersection-union test)
    cannot tell    neither; always so with one replicate, or where all replicates agree, so that no spread is known
    not tested     the study has none of them

Significant is p < 0.05. Across claims, readings, datasets and kinds of success nothing is corrected.

All replicates of a study share its split into training and test examples. A verdict is therefore about chance in the
training of targets and shadows, and in the shadow's subset; that another split would say the same is not in it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from privsearch.analysis.differences import ALPHA, CANNOT_TELL, holm, mean_difference
from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.cells import StudyCells, check_attack, paper_rows
from privsearch.analysis.paper.claims import MAIN_CLAIMS, Audit, Claim, Differences, Success, mean_over
from privsearch.analysis.paper.figure_claims import FIGURE_CLAIMS
from privsearch.analysis.paper.readings import NO_READING, readings, rows_under
from privsearch.analysis.targets import target_numbers
from privsearch.study.result import Completed, TrialResult

CLAIMS: Final = (*MAIN_CLAIMS, *FIGURE_CLAIMS)
"""The paper's claims, in the order of their numbers."""

ALL: Final = "all"
"""The dataset of a verdict on the mean over all datasets, each replicate's for itself."""

Finding = Literal["supported", "contradicted", "cannot tell", "not tested"]


@dataclass(frozen=True)
class Comparison:
    """One difference of a claim.

    Attributes:
        what: what is compared, such as `fp32 - w4`.
        n: the replicates it was measured on, 0 where the study lacks one side.
        difference: the mean over the replicates.
        low: the lower end of its 95 % t-interval, for this comparison alone.
        high: the upper end.
        p: that the difference is at the claim's bar, two-sided, for this comparison alone.
        p_holm: the same, corrected for the claim's other comparisons.
    """

    what: str
    n: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict of a study on one claim, for one reading, one dataset and one measure of the attack's success.

    Attributes:
        claim: the claim's number.
        text: what it says.
        reading: the name of the reading; `NO_READING` if it has no effect on the claim, or the study has none.
        dataset: the dataset, or `ALL`.
        success: what is taken for the attack's success.
        verdict: what the study says.
        bar: what the claim says all the differences are above.
        comparisons: the numbers that the verdict rests on.
    """

    claim: int
    text: str
    reading: str
    dataset: str
    success: Success
    verdict: Finding
    bar: float
    comparisons: tuple[Comparison, ...]

    def hardest(self) -> Comparison | None:
        """Return the comparison that speaks most against the claim and decides the verdict; None if there is none."""
        tested = [comparison for comparison in self.comparisons if comparison.difference is not None]
        return min(tested, key=lambda c: (_support(c, self.bar), c.difference), default=None)


def verdicts(results: Sequence[TrialResult], attack: str = "svm") -> list[Verdict]:
    """Judge each claim, for each dataset and over all, as published and for the excess over the placebo.

    "All" is the mean over the study's datasets within each replicate: it speaks of these datasets, not of others, and
    a difference that one of them lacks is lacking. A study of one dataset has none, nor has a claim about one. A claim
    that no attack is in has a verdict as published only. A claim about SNNs with quantised activations is judged for
    each reading of the study by itself, from the rows of that reading and those that no reading has an effect on.

    Args:
        results: the trials of one study; those under another protocol than the paper's are left aside.
        attack: the name of the attack.

    Raises:
        StudyError: no trial follows the paper's protocol, there are no numbers of that attack, or an axis that the
            paper holds constant has several values.
    """
    frame = paper_rows(results_frame(results))
    check_attack(frame, attack)
    numbers = {r.trial_id: target_numbers(r) for r in results if isinstance(r, Completed)}
    without = {NO_READING: StudyCells(frame)}
    by_reading = {reading.name: StudyCells(rows_under(frame, reading)) for reading in readings(frame)} or without
    return [
        verdict
        for claim in CLAIMS
        for reading, cells in (by_reading if claim.about_reading else without).items()
        for success in (Success if claim.about_attack else (Success.PUBLISHED,))
        for verdict in _judged(claim, reading, success, partial(Audit, cells, numbers, attack=attack), cells.datasets)
    ]


def _judged(
    claim: Claim, reading: str, success: Success, audit: Callable[..., Audit], datasets: Sequence[str]
) -> Iterator[Verdict]:
    differences = {
        dataset: claim.differences(audit(dataset=dataset, success=success))
        for dataset in datasets
        if claim.only in (None, dataset)
    }
    if len(differences) > 1:
        differences[ALL] = _pooled(list(differences.values()))
    for dataset, dataset_differences in differences.items():
        compared = compare(dataset_differences, claim.bar)
        finding = judge(compared, claim.bar)
        yield Verdict(claim.number, claim.text, reading, dataset, success, finding, claim.bar, compared)


def compare(differences: Differences, bar: float) -> tuple[Comparison, ...]:
    """Test each of a claim's differences against its bar, and correct the p-values by Holm's method."""
    tested = [mean_difference(values[None], bar) for values in differences.values()]
    numbers = np.hstack([(t.mean, t.low, t.high, t.p) for t in tested])
    rows = np.vstack([numbers, holm(numbers[-1])]).T.tolist()
    return tuple(
        Comparison(what, 0 if math.isnan(row[0]) else len(values), *(None if math.isnan(x) else x for x in row))
        for (what, values), row in zip(differences.items(), rows, strict=True)
    )


def judge(comparisons: Sequence[Comparison], bar: float) -> Finding:
    """Weigh all the comparisons of a claim, as the head of this file says."""
    if not any(comparison.n for comparison in comparisons):
        return "not tested"
    if any(_is_below(comparison, bar) and (comparison.p_holm or 0.0) < ALPHA for comparison in comparisons):
        return "contradicted"
    return "supported" if min(_support(comparison, bar) for comparison in comparisons) > 1 - ALPHA else CANNOT_TELL


def _is_below(comparison: Comparison, bar: float) -> bool:
    return comparison.p is not None and comparison.difference is not None and comparison.difference <= bar


def _support(comparison: Comparison, bar: float) -> float:
    """Return -1 for clearly below the bar, 1 for clearly above it, 0 for no evidence, or a value between."""
    if comparison.p is None:
        return 0.0
    return (1 - comparison.p) * (-1 if _is_below(comparison, bar) else 1)


def _pooled(datasets: Sequence[Differences]) -> Differences:
    return {what: mean_over([differences[what] for differences in datasets]) for what in datasets[0]}
