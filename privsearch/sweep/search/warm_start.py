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
    """What came of another study.

    Attributes:
        name: of that study's directory.
        copied: the ids of the trials whose results were copied.
        left: why the others were not, and of how many that is so.
    """

    name: str
    copied: tuple[str, ...]
    left: Mapping[str, int]

    def line(self) -> str:
        """This in words."""
        reasons = "; ".join(f"{count} {reason}" for reason, count in self.left.items())
        return f"from {self.name}: {len(self.copied)} results copied" + (f"; not used: {reasons}" if reasons else "")


def warm_start(other: StudyFolder, study: StudyFolder, searches: tuple[SearchPlan, ...]) -> WarmStart:
    """Copy what the searches of a study can use of another one; the signals stay where they are.

    Args:
        other: where results are.
        study: held by this process.
        searches: of that study, before they begin.

    Raises:
        StudyError: one of the two cannot be read, or written.
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
    """The results that are of use, by trial_id; of the others the reasons are counted."""
    for trial_id, result in other.record().results.items():
        reason = _unfit(result, searches)
        if reason:
            left[reason] += 1
        else:
            yield trial_id, result


def _unfit(result: TrialResult, searches: tuple[SearchPlan, ...]) -> str | None:
    """Why a result is of no use to any search; None where it is."""
    if not isinstance(result, Completed):
        return "failed"
    own = [search for search in searches if search.task.holds(result)]
    if not own:
        inside = any(search.task.space.choices(result.spec.axes()) for search in searches)
        return "of other data, another protocol or another seed" if inside else "outside of the space"
    search = own[0]
    if search.recorded.planned(search.task.request(result.spec.axes()), search.task.info).cached:
        return "here already"
    if lacking := search.task.lacking(result):
        return f"without the attack {lacking[0]}"
    return None if search.serves(result) else "of other versions"
