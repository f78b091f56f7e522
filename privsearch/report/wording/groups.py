"""Leakage by subgroup in words: what the strongest attack found in each, and which one leaks more than the rest."""

from collections.abc import Iterable, Iterator
from typing import Final

from privsearch._util.interval import Interval
from privsearch._util.text import joined
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import configurations_frame, records
from privsearch.analysis.groups import GroupFinding, strongest_by_group
from privsearch.analysis.labels import configuration
from privsearch.analysis.learning import networks_at_chance
from privsearch.study.result import Completed, TrialResult

_MOST_NAMED: Final = 6
"""The subgroups that a sentence names; slices.csv has all."""


def group_lines(results: Iterable[TrialResult]) -> Iterator[str]:
    """Yield, for each trial with subgroups, what leaks in each, and whether one leaks more than the rest."""
    completed = [result for result in results if isinstance(result, Completed) and not networks_at_chance(result)]
    found = {result.trial_id: of_one for result in completed if (of_one := strongest_by_group(result))}
    for (dataset, protocol), rows in configurations_frame(completed).groupby(["dataset", "protocol"], sort=False):
        varying = varying_axes(rows)
        for row in records(rows):
            if row["trial_id"] in found:
                attack, findings = found[row["trial_id"]]
                yield (
                    f"{dataset}, {protocol}: {configuration(row, varying)}, by {attack}, in each subgroup: "
                    f"{joined([_of_group(one) for one in findings], _MOST_NAMED)}. {_worst(findings)}"
                )


def _of_group(finding: GroupFinding) -> str:
    sizes = f"{_count(finding.num_members)} members and {_count(finding.num_non_members)} others"
    return f"{finding.name} {_interval(finding.auc)} ({sizes})"


def _worst(findings: list[GroupFinding]) -> str:
    if len(findings) == 1 and findings[0].difference is None:
        return "There is no other subgroup to compare it with."
    corrected = f"95 % intervals, simultaneous for {len(findings)} subgroups" if len(findings) > 1 else "95 % interval"
    worse = [finding for finding in findings if finding.is_worse and finding.difference]
    if not worse:
        return f"No subgroup is shown to leak more than the rest ({corrected})."
    named = [f"{one.name} by {_span(one.difference)}" for one in worse if one.difference]
    return f"More than the rest leak{'s' if len(worse) == 1 else ''} {joined(named, _MOST_NAMED)} of AUC ({corrected})."


def _interval(interval: Interval) -> str:
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _span(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _count(mean: float) -> str:
    return f"{mean:.0f}" if mean == round(mean) else f"{mean:.1f}"
