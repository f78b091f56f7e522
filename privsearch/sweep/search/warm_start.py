"""Results of other studies, copied into one that asks for the same trials."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from privsearch.study.folder import StudyFolder
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.search.plan import SearchPlan


@dataclass(frozen=True)
class WarmStart:
    """The outcome of copying from one other study.

    Attributes:
        name: the name of the other study's directory.
        copied: the ids of the trials whose results were copied.
        left: the number of results not copied, by reason.
    """

    name: str
    copied: tuple[str, ...]
    left: Mapping[str, int]

    def line(self) -> str:
        """Return a sentence on how many results were copied, and why others were not."""
        reasons = "; ".join(f"{count} {reason}" for reason, count in self.left.items())
        return f"from {self.name}: {len(self.copied)} results copied" + (f"; not used: {reasons}" if reasons else "")


def warm_start(other: StudyFolder, study: StudyFolder, searches: tuple[SearchPlan, ...]) -> WarmStart:
    """Copy the results that a study's searches can use from another study; signals are not copied.

    Args:
        other: the study to copy from.
        study: the study to copy to, locked by this process.
        searches: the searches of `study`, before they begin.

    Raises:
        StudyError: `other` cannot be read, or `study` cannot be read or written.
    """
    left = Counter[str]()
    usable = dict(_usable(other, searches, left))
    with RecordWriter(study.record_path) as record:
        for result in usable.values():
            record.append(result)
    return WarmStart(other.path.resolve().name, tuple(usable), left)


def _usable(
    other: StudyFolder, searches: tuple[SearchPlan, ...], left: Counter[str]
) -> Iterator[tuple[str, TrialResult]]:
    """Yield the results that a search can use, with their trial_id; count in `left` why others are unfit."""
    for trial_id, result in other.record().results.items():
        reason = _unfit(result, searches)
        if reason:
            left[reason] += 1
        else:
            yield trial_id, result


def _unfit(result: TrialResult, searches: tuple[SearchPlan, ...]) -> str | None:
    """Return why no search can use a result; None if one can."""
    if not isinstance(result, Completed):
        return "failed"
    matching = [search for search in searches if search.task.holds(result)]
    if not matching:
        inside = any(search.task.space.choices(result.spec.axes()) for search in searches)
        return "of other data, another protocol or another seed" if inside else "outside of the space"
    search = matching[0]
    if search.recorded.planned(search.task.request(result.spec.axes()), search.task.info).cached:
        return "here already"
    if lacking := search.task.lacking(result):
        return f"without the attack {lacking[0]}"
    return None if search.serves(result) else "of other versions"
