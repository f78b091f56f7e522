"""Leakage by subgroup: who of those in the data is betrayed more than others.

A subgroup's AUC has the interval of a mean over targets (`mean_interval`), as every number of an attack has. Whether it
leaks more than the rest is judged by the difference of its AUC and that among all other examples, target by target:
both are of one network, and of different examples. The more subgroups are looked at, the more of them lie above the
others by chance alone; so the intervals of the differences hold together in at least 95 % of cases (Bonferroni), and a
subgroup is called worse only if its own lies above 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any, Final

from privsearch._util.interval import Interval
from privsearch.analysis.intervals import mean_interval
from privsearch.analysis.paired import ALPHA
from privsearch.analysis.targets import strongest
from privsearch.study.attack_result import GroupLeakage
from privsearch.study.result import Completed

PREFIX: Final = "group "
"""Begins the names of subgroups among the slices."""


@dataclass(frozen=True)
class GroupFinding:
    """What an attack found in one subgroup, over the targets of a trial.

    Attributes:
        name: the name of the subgroup.
        auc: the mean AUC within it, with its 95 % interval.
        difference: by how much it exceeds the AUC among all other examples, with an interval that holds together with
            those of the other subgroups; None where there are no others.
        n: the targets with members and non-members in the subgroup.
        num_members: the members in it, a mean over these targets.
        num_non_members: the same of the others.
    """

    name: str
    auc: Interval
    difference: Interval | None
    n: int
    num_members: float
    num_non_members: float

    @property
    def is_worse(self) -> bool:
        """True if it is shown to leak more than the rest."""
        return self.difference is not None and self.difference.low > 0

    def numbers(self) -> dict[str, Any]:
        """Return the columns that a subgroup has in the table of slices beside those of every slice."""
        difference = self.difference or Interval(*[None] * 3)  # type: ignore[arg-type]
        return {
            "auc_low": self.auc.low,
            "auc_high": self.auc.high,
            "num_members": self.num_members,
            "num_non_members": self.num_non_members,
            "more_than_rest": difference.value,
            "more_than_rest_low": difference.low,
            "more_than_rest_high": difference.high,
        }


def group_findings(result: Completed, attack: str) -> list[GroupFinding]:
    """Return what an attack found in each subgroup that has members and non-members, the highest AUC first."""
    by_target = [replicate.attacks[attack].by_group for replicate in result.replicates]
    names = dict.fromkeys(name for groups in by_target for name in groups)
    known = {name: found for name in names if (found := list(_known(by_target, name)))}
    shared = result.spec.protocol.targets_share_examples
    confidence = 1 - ALPHA / max(len(known), 1)
    findings = [_finding(name, found, shared=shared, confidence=confidence) for name, found in known.items()]
    return sorted(findings, key=lambda finding: -finding.auc.value)


def strongest_by_group(result: Completed) -> tuple[str, list[GroupFinding]] | None:
    """Return the strongest attack of a trial, and what it found in each subgroup; None if there are no subgroups."""
    attack = strongest(result)
    findings = group_findings(result, attack) if attack else []
    return (attack, findings) if attack and findings else None


def _known(by_target: Sequence[Mapping[str, GroupLeakage]], name: str) -> Iterator[GroupLeakage]:
    for groups in by_target:
        if name in groups and groups[name].auc:
            yield groups[name]


def _finding(name: str, found: Sequence[GroupLeakage], *, shared: bool, confidence: float) -> GroupFinding:
    differences = [_difference(one.auc, one.rest) for one in found if one.auc and one.rest]
    return GroupFinding(
        name,
        mean_interval([one.auc for one in found if one.auc], shared=shared),
        mean_interval(differences, shared=shared, lowest=-1.0, confidence=confidence) if differences else None,
        len(found),
        sum(one.num_members for one in found) / len(found),
        sum(one.num_non_members for one in found) / len(found),
    )


def _difference(one: Interval, other: Interval) -> Interval:
    """Return the difference of two independent estimates, with its interval of 95 %.

    Source: Newcombe 1998, method 10; for any estimates with intervals of their own, Zou and Donner 2008.
    """
    value = one.value - other.value
    below = hypot(one.value - one.low, other.high - other.value)
    above = hypot(one.high - one.value, other.value - other.low)
    return Interval(value, value - below, value + above)
