"""Verdicts on the paper's claims from a study's replicates.

A verdict weighs all the differences of a claim, each against the claim's bar with a two-sided paired t-test over the
replicates:

    contradicted     some difference is significantly below the bar, after correction: there are as many chances to find
                     one as differences (Bonferroni)
    supported        every difference is significantly above it, and the study has all of them; it takes all, so
                     nothing is corrected (an intersection-union test)
    equivalent       the same, of a claim that things are alike: both signs of each difference are above minus the
                     margin (two one-sided tests)
    incomplete       every difference that the study has is significantly above it, but the study lacks others
    no spread        the same, but for differences without a test: of one replicate, or of replicates that all agree
    not significant  none of these
    not tested       the study has none of them

A claim about most datasets is supported if more than half of them support it, and contradicted if so many contradict it
that they cannot be more than half: by the partial conjunction of their p-values.

Significant is p < 0.05. Across claims, readings, datasets and kinds of success nothing is corrected.

All replicates of a trial share one split into training and test examples, unless each draws its own (`resplit`). A
verdict is about chance in the training of targets and shadows, and in what is drawn for each replicate: the shadow's
subset, and with `resplit` the split. That one split would say the same as another is in it only then, and that other
data would is not.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paired import ALPHA, has_spread, mean_difference
from privsearch.analysis.paper.audits import Audit, StudyAudit, Success
from privsearch.analysis.paper.cells import StudyCells, check_attack, paper_rows, title
from privsearch.analysis.paper.claims import MAIN_CLAIMS, Claim, Differences
from privsearch.analysis.paper.figure_claims import FIGURE_CLAIMS
from privsearch.analysis.paper.published_verdicts import MOST, PublishedVerdict, majority, published_verdicts
from privsearch.analysis.paper.readings import NO_READING, readings, rows_under
from privsearch.analysis.paper.table_claims import TABLE_CLAIMS
from privsearch.analysis.targets import target_numbers
from privsearch.study.result import Completed, TrialResult

CLAIMS: Final = (*MAIN_CLAIMS, *FIGURE_CLAIMS, *TABLE_CLAIMS)
"""The paper's claims, in the order of their numbers."""

Finding = Literal["supported", "equivalent", "contradicted", "incomplete", "no spread", "not significant", "not tested"]


@dataclass(frozen=True)
class Comparison:
    """One difference of a claim.

    Attributes:
        what: what is compared, such as `fp32 - w4`; for `MOST` with the dataset before it.
        published: the difference of the paper's printed means; None if it is not printed, or not of this success.
        n: the replicates it was measured on, 0 where the study lacks one side.
        difference: the mean over the replicates.
        low: the lower end of its 95 % t-interval: if it is above the bar, its own; else corrected for all.
        high: the upper end.
        p: that the difference is at the claim's bar, two-sided, for this comparison alone.
        p_corrected: the same, for a difference below the bar corrected for the claim's other comparisons.
    """

    what: str
    n: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    published: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict of a study on one claim, for one reading, one dataset and one measure of the attack's success.

    Attributes:
        claim: the claim's number.
        text: what it says.
        reading: the name of the reading; `NO_READING` if it has no effect on the claim, or the study has none.
        dataset: the dataset, `ALL` for their mean, or `MOST` for how many of them.
        success: what is taken for the attack's success.
        verdict: what the study says.
        bar: what the claim says all the differences are above.
        comparisons: the numbers that the verdict rests on; for `MOST`, those that decide each dataset.
        published: what the paper's own printed means say, for either success.
    """

    claim: int
    text: str
    reading: str
    dataset: str
    success: Success
    verdict: Finding
    bar: float
    comparisons: tuple[Comparison, ...]
    published: PublishedVerdict

    @property
    def n(self) -> int:
        """The replicates that it was measured on."""
        return max((comparison.n for comparison in self.comparisons), default=0)

    def hardest(self) -> Comparison | None:
        """Return the comparison that speaks most against the claim and decides the verdict; None if there is none."""
        tested = [comparison for comparison in self.comparisons if comparison.difference is not None]
        return min(tested, key=lambda c: (_support(c, self.bar), c.difference), default=None)


def verdicts(results: Sequence[TrialResult], attack: str = "svm", claims: Sequence[Claim] = CLAIMS) -> list[Verdict]:
    """Judge each claim, for each dataset and over all, as published and for the excess over the placebo.

    "All" is the mean over the study's datasets within each replicate: it speaks of these datasets, not of others, and
    a difference that one of them lacks is lacking. "Most" counts them, for a claim about most. A study of one dataset
    has neither, nor has a claim about one. A claim that no attack is in has a verdict as published only. A claim about
    SNNs with quantised activations is judged for each reading of the study by itself, from the rows of that reading and
    those that no reading has an effect on.

    Args:
        results: the trials of one study; those under another protocol than the paper's are left aside.
        attack: the name of the attack.
        claims: the claims.

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
        for claim in claims
        for reading, cells in (by_reading if claim.about_reading else without).items()
        for success in (Success if claim.about_attack else (Success.PUBLISHED,))
        for verdict in _judged(
            claim, reading, success, partial(StudyAudit, cells, numbers, attack, success), cells.datasets
        )
    ]


def _judged(
    claim: Claim, reading: str, success: Success, audit: Callable[[str], Audit], datasets: Sequence[str]
) -> Iterator[Verdict]:
    own = published_verdicts(claim, datasets)
    made = []
    for dataset, differences in claim.by_dataset(audit, datasets).items():
        # An excess has no published counterpart.
        published = own[dataset].differences if success is Success.PUBLISHED else {}
        compared = compare(differences, claim.bar, published)
        finding = judge(compared, claim.bar, claim.is_equivalence)
        subject = (claim.number, claim.text, reading, dataset, success)
        made.append(Verdict(*subject, finding, claim.bar, compared, own[dataset]))
    yield from made
    if MOST in own:
        yield _most(made, own[MOST], claim.is_equivalence)


def compare(
    differences: Differences, bar: float, published: Mapping[str, float | None] | None = None
) -> tuple[Comparison, ...]:
    """Test each of a claim's differences against its bar.

    A difference above the bar counts for the claim only together with all others, and so has its own interval. One
    below counts against it alone, and so has the interval that is corrected for all of them, like its p-value.

    Args:
        differences: by what is compared, over the replicates.
        bar: the claim's.
        published: the paper's own differences, kept beside.
    """
    family = max(1, sum(values.size > 1 and bool(has_spread(values[None])[0]) for values in differences.values()))
    rows = [
        [float(number[0]) for number in (own.mean, shown.low, shown.high, own.p, shown.p_corrected)]
        for values in differences.values()
        for own, corrected in [[mean_difference(values[None], bar, family=size) for size in (1, family)]]
        for shown in [corrected if own.mean[0] <= bar else own]
    ]
    made = []
    for (what, values), row in zip(differences.items(), rows, strict=True):
        difference, low, high, p, p_corrected = (None if math.isnan(number) else number for number in row)
        n = 0 if difference is None else len(values)
        made.append(Comparison(what, n, difference, low, high, p, p_corrected, (published or {}).get(what)))
    return tuple(made)


def judge(comparisons: Sequence[Comparison], bar: float, is_equivalence: bool = False) -> Finding:
    """Weigh all the comparisons of a claim, as the head of this file says."""
    measured = [comparison for comparison in comparisons if comparison.n]
    if not measured:
        return "not tested"
    if _p_against(comparisons, bar) < ALPHA:
        return "contradicted"
    tested = [comparison for comparison in measured if comparison.p is not None]
    if tested and not _p_for(tested, bar) < ALPHA:
        return "not significant"
    if len(tested) < len(measured):
        return "no spread"
    if len(measured) < len(comparisons):
        return "incomplete"
    return "equivalent" if is_equivalence else "supported"


def partial_conjunction(p: Sequence[float], at_least: int) -> float:
    """Return the p-value of "at least so many of these are true".

    Args:
        p: the p-value of each.
        at_least: how many, from 1 to all.

    Source: Benjamini and Heller 2008, Screening for partial conjunction hypotheses, equation 4 (by Bonferroni).
    """
    return min(1.0, (len(p) - at_least + 1) * sorted(p)[at_least - 1])


def _most(made: Sequence[Verdict], own: PublishedVerdict, is_equivalence: bool) -> Verdict:
    """Judge a claim about most datasets by the verdicts made on each."""
    enough = majority(len(made))
    complete = [all(comparison.n for comparison in v.comparisons) for v in made]
    support = [_p_for(v.comparisons, v.bar) if whole else 1.0 for v, whole in zip(made, complete, strict=True)]
    finding: Finding = "not significant"
    if all(v.verdict == "not tested" for v in made):
        finding = "not tested"
    elif partial_conjunction(support, enough) < ALPHA:
        finding = "equivalent" if is_equivalence else "supported"
    elif partial_conjunction([_p_against(v.comparisons, v.bar) for v in made], len(made) - enough + 1) < ALPHA:
        finding = "contradicted"
    deciding = tuple(
        replace(hardest, what=f"{title(v.dataset)}: {hardest.what}") for v in made if (hardest := v.hardest())
    )
    return replace(made[0], dataset=MOST, verdict=finding, comparisons=deciding, published=own)


def _p_for(comparisons: Sequence[Comparison], bar: float) -> float:
    """Return the p-value of all the comparisons being above the bar; 1 if one is below, or has no test."""
    return max(1.0 if c.p is None or _is_below(c, bar) else c.p for c in comparisons)


def _p_against(comparisons: Sequence[Comparison], bar: float) -> float:
    """Return the p-value of some comparison being below the bar; 1 if none is."""
    below = [comparison.p_corrected for comparison in comparisons if _is_below(comparison, bar)]
    return min((p for p in below if p is not None), default=1.0)


def _is_below(comparison: Comparison, bar: float) -> bool:
    return comparison.p is not None and comparison.difference is not None and comparison.difference <= bar


def _support(comparison: Comparison, bar: float) -> float:
    """Return -1 for clearly below the bar, 1 for clearly above it, 0 for no evidence, or a value between."""
    if comparison.p is None:
        return 0.0
    return (1 - comparison.p) * (-1 if _is_below(comparison, bar) else 1)
