"""Results of other studies, copied into one that asks for the same trials."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from privsearch.study.folder import StudyFolder
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.search.plan import SearchPlan


@dataclass(frozen=True)
class WarmStart:
    """What searches can use of one other study.

    Attributes:
        name: the name of the other study's directory.
        results: by trial_id, the results that are of use.
        left: the number of results that are not, by reason.
    """

    name: str
    results: Mapping[str, TrialResult]
    left: Mapping[str, int]

    @property
    def copied(self) -> tuple[str, ...]:
        """The ids of the trials whose results are copied."""
        return tuple(self.results)

    def copy_into(self, study: StudyFolder) -> None:
        """Write the results into the record of a study that this process has locked; signals are not copied.

        Raises:
            StudyError: the record cannot be written.
        """
        with study.record_writer() as record:
            for result in self.results.values():
                record.append(result)

    def line(self) -> str:
        """Return a sentence on how many results were copied, and why others were not."""
        reasons = "; ".join(f"{count} {reason}" for reason, count in self.left.items())
        return f"from {self.name}: {len(self.copied)} results copied" + (f"; not used: {reasons}" if reasons else "")


def warm_start(other: StudyFolder, searches: tuple[SearchPlan, ...]) -> WarmStart:
    """Find the results of another study that searches can use.

    Args:
        other: the study to copy from.
        searches: the searches, before they begin.

    Raises:
        StudyError: `other` cannot be read.
    """
    left = Counter[str]()
    return WarmStart(other.path.resolve().name, dict(_usable(other, searches, left)), left)


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
        inside = any(search.task.space.placed(result.spec.axes()) is not None for search in searches)
        return "of other data, another protocol or another seed" if inside else "outside of the space"
    search = matching[0]
    if search.recorded.planned(search.task.request(result.spec.axes()), search.task.info).cached:
        return "here already"
    if lacking := search.task.lacking(result):
        return f"without the attack {lacking[0]}"
    return None if search.serves(result) else "of other versions"
