"""The paper's claims judged by the paper's own printed means.

A claim is held against Tables II and III by the same differences as against a study. There is one mean for each
configuration and no number of replicates, so nothing is tested: a difference is above the claim's bar or it is not. One
that is not may well lie within the printed standard deviations.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal

from privsearch.analysis.paper.audits import PublishedAudit
from privsearch.analysis.paper.claims import Claim, Differences

DATASETS: Final = ("mnist", "fashion_mnist", "cifar10", "iris", "breast_cancer")
"""The paper's datasets, in its order."""

MOST: Final = "most"
"""The dataset of a verdict on how many datasets a claim holds on, where it speaks of most."""

OwnFinding = Literal["holds", "violated", "not published"]


@dataclass(frozen=True)
class PublishedVerdict:
    """The judgement of a claim by the paper's own printed means.

    Attributes:
        finding: it holds if every difference that is published is above the claim's bar, and is violated by one that
            is not, a tie included; for `MOST`, that of more than half of the paper's datasets.
        differences: by what is compared, the difference of the printed means; None if one of the two is not printed.
        violations: the comparisons that violate it, with their differences, the worst first; for `MOST`, the datasets
            that do, each with its worst difference.
    """

    finding: OwnFinding
    differences: Mapping[str, float | None]
    violations: Mapping[str, float]


def published_verdicts(claim: Claim, datasets: Sequence[str] = DATASETS) -> dict[str, PublishedVerdict]:
    """Judge a claim by the printed means, for each dataset that it speaks of, and over all of them if it is several.

    Args:
        claim: the claim.
        datasets: the datasets; one that is not the paper's has nothing published.

    Returns:
        The judgements by dataset, with that of `ALL`, or that of `MOST` if the claim speaks of most datasets: of the
        paper's, whichever are given.
    """
    found = _by_dataset(claim, datasets)
    # What is true of most of the paper's datasets need not be of most of these.
    return found | ({MOST: _most(_by_dataset(claim, DATASETS))} if claim.of_most and len(found) > 1 else {})


def majority(num_datasets: int) -> int:
    """Return the least number of datasets that are more than half."""
    return num_datasets // 2 + 1


def _by_dataset(claim: Claim, datasets: Sequence[str]) -> dict[str, PublishedVerdict]:
    differences = claim.by_dataset(PublishedAudit, datasets)
    return {dataset: _judged(of_dataset, claim.bar) for dataset, of_dataset in differences.items()}


def _judged(differences: Differences, bar: float) -> PublishedVerdict:
    means = {what: None if math.isnan(values.mean()) else float(values.mean()) for what, values in differences.items()}
    printed = {what: mean for what, mean in means.items() if mean is not None}
    # Printed to four digits at most: a tie is one, whatever the floats make of it.
    violations = {what: mean for what, mean in printed.items() if mean <= bar + 1e-9}
    finding: OwnFinding = "violated" if violations else "holds" if printed else "not published"
    return PublishedVerdict(finding, means, dict(sorted(violations.items(), key=itemgetter(1))))


def _most(found: Mapping[str, PublishedVerdict]) -> PublishedVerdict:
    violations = {dataset: min(v.violations.values()) for dataset, v in found.items() if v.violations}
    holds = sum(verdict.finding == "holds" for verdict in found.values())
    enough = majority(len(found))
    finding: OwnFinding = "not published"
    if holds >= enough:
        finding = "holds"
    elif len(violations) > len(found) - enough:
        finding = "violated"
    return PublishedVerdict(finding, {}, violations)
