"""What a study's replicates say about the paper's claims.

A verdict weighs all the differences of a claim, each against the claim's bar with a two-sided paired t-test over the
replicates:

    contradicted   some difference is significantly below the bar, after Holm's correction: there are as many chances
                   to find one as differences
    supported      every difference is significantly above it, and the study has all of them; it takes all, so
                   nothing is corrected (an intersection-union test)
    cannot tell    neither; always so with one replicate, or where all replicates agree, so that no spread is known
    not tested     the study has none of them

Significant is p < 0.05. Across claims, datasets and kinds of success nothing is corrected.

All replicates of a study share its split into training and test examples. A verdict is therefore about chance in the
training of targets and shadows, and in the shadow's subset; that another split would say the same is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.stats import ttest_1samp

from privsearch.frame import results_frame
from privsearch.report.paper.cells import StudyCells, check_attack
from privsearch.report.paper.claims import CLAIMS, Audit, Differences, Success, mean_over
from privsearch.result import Completed, TrialResult

ALL: Final = "all"
"""The dataset of a verdict on the mean over all datasets, each replicate's for itself."""

ALPHA: Final = 0.05

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
    """What a study says about one claim, for one dataset and one kind of the attack's success.

    Attributes:
        claim: which of the paper's five.
        text: what it says.
        dataset: the dataset, or `ALL`.
        success: what is taken for the attack's success.
        verdict: what the study says.
        bar: what the claim says all the differences are above.
        comparisons: the numbers that the verdict rests on.
    """

    claim: int
    text: str
    dataset: str
    success: Success
    verdict: Finding
    bar: float
    comparisons: tuple[Comparison, ...]

    def hardest(self) -> Comparison | None:
        """The comparison that speaks most against the claim, on which the verdict turns; None if there is none."""
        tested = [comparison for comparison in self.comparisons if comparison.difference is not None]
        return min(tested, key=lambda c: (_support(c, self.bar), c.difference), default=None)


def verdicts(results: Sequence[TrialResult], attack: str = "svm") -> list[Verdict]:
    """A verdict on each claim, for each dataset and over all, as published and for the excess over the placebo.

    "All" is the mean over the study's datasets within each replicate: it speaks of these datasets, not of others, and
    a difference that one of them lacks is lacking. A study of one dataset has none. A claim that no attack is in has a
    verdict as published only.

    Args:
        results: the trials of one study.
        attack: the name of the attack.

    Raises:
        StudyError: there are no numbers of that attack, or an axis that the paper holds constant has several values.
    """
    frame = results_frame(results)
    check_attack(frame, attack)
    cells = StudyCells(frame)
    completed = {result.trial_id: result for result in results if isinstance(result, Completed)}
    found = []
    for claim in CLAIMS:
        for success in Success if claim.about_attack else (Success.PUBLISHED,):
            differences = {
                dataset: claim.differences(Audit(cells, completed, dataset, attack, success))
                for dataset in cells.datasets
            }
            if len(differences) > 1:
                differences[ALL] = _pooled(list(differences.values()))
            for dataset, own in differences.items():
                compared = compare(own, claim.bar)
                finding = judge(compared, claim.bar)
                found.append(Verdict(claim.number, claim.text, dataset, success, finding, claim.bar, compared))
    return found


def compare(differences: Differences, bar: float) -> tuple[Comparison, ...]:
    """Test each of a claim's differences against its bar, and correct the p-values by Holm's method.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    compared = [_test(what, values, bar) for what, values in differences.items()]
    ranked = sorted((c.p, i) for i, c in enumerate(compared) if c.p is not None)
    corrected = 0.0
    for rank, (p, i) in enumerate(ranked):
        corrected = max(corrected, min(1.0, (len(ranked) - rank) * p))
        compared[i] = replace(compared[i], p_holm=corrected)
    return tuple(compared)


def judge(comparisons: Sequence[Comparison], bar: float) -> Finding:
    """Weigh all the comparisons of a claim, as the head of this file says."""
    if not any(comparison.n for comparison in comparisons):
        return "not tested"
    if any(_is_below(comparison, bar) and (comparison.p_holm or 0.0) < ALPHA for comparison in comparisons):
        return "contradicted"
    return "supported" if min(_support(comparison, bar) for comparison in comparisons) > 1 - ALPHA else "cannot tell"


def _test(what: str, values: Float[Array, " replicates"], bar: float) -> Comparison:
    """Test one difference; it is not corrected yet."""
    if np.isnan(values).any():
        return Comparison(what, n=0)
    measured = Comparison(what, n=len(values), difference=float(values.mean()))
    # Of accuracies on a small test split all replicates may agree; a t-test would take that for certainty.
    if np.ptp(values) < 1e-12:
        return measured
    test = ttest_1samp(values, bar)
    low, high = test.confidence_interval(1 - ALPHA)
    return replace(measured, low=float(low), high=float(high), p=float(test.pvalue))


def _is_below(comparison: Comparison, bar: float) -> bool:
    return comparison.p is not None and comparison.difference is not None and comparison.difference <= bar


def _support(comparison: Comparison, bar: float) -> float:
    """From -1, clearly below the bar, through 0, no evidence, to 1, clearly above it."""
    if comparison.p is None:
        return 0.0
    return (1 - comparison.p) * (-1 if _is_below(comparison, bar) else 1)


def _pooled(datasets: Sequence[Differences]) -> Differences:
    return {what: mean_over([own[what] for own in datasets]) for what in datasets[0]}
