"""The record of a study: one line of JSON a finished trial, appended and synced before the trial counts.

The record is the truth. A trial that finished twice, or gained an attack, has several lines: they are read as one.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from privsearch._util import lines
from privsearch._util.checksums import CHECKSUM_BYTES
from privsearch._util.disk import LineWriter
from privsearch._util.lines import DamagedLine, collector_paused, lines_of
from privsearch.errors import StudyError
from privsearch.study.blind import merged_baselines
from privsearch.study.result import Completed, TrialResult, parse_result, same_network

_COMPLETED: Final = re.compile(rb'\{"status":"completed","trial_id":"([^"]{1,200})"')
"""The beginning of the line of a completed trial."""


@dataclass(frozen=True, slots=True)
class RepeatedLine:
    """A line with a result of a trial that had completed before.

    Attributes:
        number: the number of the later line, from 1.
        trial_id: the id of the trial.
        agrees: True if the numbers that both lines hold are equal, as they must be if both were trained alike.
    """

    number: int
    trial_id: str
    agrees: bool


@dataclass(frozen=True)
class Record:
    """The content of a record.

    Attributes:
        results: by trial_id, each trial's latest result; completed attacks are kept whatever came later.
        damaged: the lines that could not be read, such as one that a killed process left torn.
        repeated: the lines that add to, or repeat, what an earlier one holds.
    """

    results: dict[str, TrialResult] = field(default_factory=dict)
    damaged: tuple[DamagedLine, ...] = ()
    repeated: tuple[RepeatedLine, ...] = ()

    @property
    def foreign(self) -> bool:
        """True if there are several lines and none can be read; a killed process leaves one torn line at most.

        Lines that were changed since they were written are of this version.
        """
        return sum(not line.is_changed for line in self.damaged) > 1 and not self.results


class RecordWriter(LineWriter):
    """A writer that appends results to a record; each is on the disk when `append` returns."""

    def append(self, result: TrialResult) -> None:
        """Write one result and wait until the disk has it.

        Raises:
            StudyError: it cannot be written; the record is as it was.
        """
        line = result.model_dump_json().encode()
        if len(line) + CHECKSUM_BYTES >= lines.MAX_LINE_BYTES:
            raise StudyError(
                f"{self.path}: a result must have fewer than {lines.MAX_LINE_BYTES:,} bytes, but that of "
                f"{result.trial_id} has {len(line):,}; ask for fewer networks or attacks a trial"
            )
        self.write(line)


def read_record(path: Path, *, growing: bool = False) -> Record:
    """Read a record; a missing file is an empty record.

    Args:
        path: the record.
        growing: whether another process may be appending to it, so that an unfinished last line is no damage.

    Raises:
        StudyError: it is there, but is no file that can be read.
    """
    results: dict[str, TrialResult] = {}
    damaged, repeated = [], []
    with collector_paused():
        for line in lines_of(path):
            try:
                result = parse_result(line.unchanged)
                earlier = results.get(result.trial_id)
                both = merged(earlier, result)
            except ValueError as error:
                if growing and line.content and not line.content.endswith(b"\n"):
                    continue
                damaged.append(line.damaged(error))
                continue
            if isinstance(earlier, Completed) and isinstance(result, Completed):
                repeated.append(RepeatedLine(line.number, result.trial_id, _agree(earlier, result)))
            results[result.trial_id] = both
    return Record(results, tuple(damaged), tuple(repeated))


def glance_at_completed(path: Path, most_bytes: int) -> set[str] | None:
    """Return the ids of the trials that have completed, without reading the results.

    Args:
        path: the record.
        most_bytes: a larger record is not looked at; the answer is None.
    """
    if not path.exists():
        return set()
    if path.stat().st_size > most_bytes:
        return None
    with path.open("rb") as file:
        return {match[1].decode() for line in file if (match := _COMPLETED.match(line))}


def merged(earlier: TrialResult | None, later: TrialResult) -> TrialResult:
    """Merge two results of the same trial: a completed one counts more, and attacks and their times add up.

    What was trained again under other versions, or on another processor, are other networks: the later result then
    stands alone, so that a trial never mixes the attacks on two trainings. So does the one whose attacks were evaluated
    by the later `AUDIT_VERSION`.

    Raises:
        ValueError: they have different numbers of replicates, and cannot be of the same trial.
    """
    if not isinstance(earlier, Completed):
        return later
    if not isinstance(later, Completed) or later.audit_version < earlier.audit_version:
        return earlier
    attacks = {attack.name: attack for attack in (*earlier.spec.attacks, *later.spec.attacks)}
    replicates = tuple(
        new.model_copy(update={"attacks": {**old.attacks, **new.attacks}})
        for old, new in zip(earlier.replicates, later.replicates, strict=True)
    )
    if not _trained_alike(earlier, later) or later.audit_version > earlier.audit_version:
        return later
    run_later = {attack.name for attack in later.spec.attacks}
    replaced = {attack.name for attack in earlier.spec.attacks} <= run_later
    spec = later.spec.model_copy(update={"attacks": tuple(attacks.values())})
    return later.model_copy(
        update={
            "spec": spec,
            "replicates": replicates,
            "across": {**earlier.across, **later.across},
            "refused": {**{n: why for n, why in earlier.refused.items() if n not in later.across}, **later.refused},
            "lacked_data": (*(name for name in earlier.lacked_data if name not in run_later), *later.lacked_data),
            "blind": merged_baselines(earlier.blind, later.blind),
            "environments": tuple(dict.fromkeys((*(() if replaced else earlier.environments), *later.environments))),
            "seconds": earlier.seconds + later.seconds,
        }
    )


def _trained_alike(earlier: Completed, later: Completed) -> bool:
    return earlier.environments[0] == later.environments[0]


def _agree(earlier: Completed, later: Completed) -> bool:
    return (
        not _trained_alike(earlier, later)
        or earlier.audit_version != later.audit_version
        or all(
            same_network(old.target, new.target)
            and same_network(old.shadow, new.shadow)
            and all(new.attacks[name] == result for name, result in old.attacks.items() if name in new.attacks)
            for old, new in zip(earlier.replicates, later.replicates, strict=True)
        )
    )
