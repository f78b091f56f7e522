"""Trials as the runs of a tracker: axis values as parameters, numbers as metrics."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import configurations_frame, records, results_frame
from privsearch.analysis.labels import configuration, plain
from privsearch.spec import AXES
from privsearch.study.content import StudyContent
from privsearch.study.result import Completed, TrialResult

_PARAMETERS: Final = ("dataset", "protocol", "replicates", "seed", *AXES)
WORDS: Final = ("status", "error", "environment", "attacks_missing")
"""The columns that tell in words what became of a trial."""


@dataclass(frozen=True)
class TrialRun:
    """A trial, as a tracker takes it.

    Attributes:
        trial_id: its id, which finds its run again.
        name: its configuration, dataset and protocol in words.
        parameters: the dataset, the protocol, the seed, and the axes that have a value.
        metrics: the numbers of its row in the results table, finite ones alone.
        words: its status, its environment and, if it failed, the reason.
        completed: False if it failed.
        began: when it began, in seconds since 1970.
        ended: when it ended.
    """

    trial_id: str
    name: str
    parameters: Mapping[str, str | int | float | bool]
    metrics: Mapping[str, float]
    words: Mapping[str, str]
    completed: bool
    began: float
    ended: float

    @property
    def digest(self) -> str:
        """The hash of all that is written of it: a run with the same one needs nothing."""
        told = [self.name, dict(self.parameters), dict(self.metrics), dict(self.words)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def trial_runs(content: StudyContent) -> Iterator[TrialRun]:
    """Yield the runs of a study, in the order of its results.

    Args:
        content: the content of the study.
    """
    names: dict[str, str] = {}
    for (dataset, protocol), rows in configurations_frame(content.results).groupby(["dataset", "protocol"], sort=False):
        varying = varying_axes(rows)
        names |= {row["trial_id"]: f"{configuration(row, varying)}, {dataset}, {protocol}" for row in records(rows)}
    rows_by_id = {row["trial_id"]: row for row in records(results_frame(content.results))}
    yield from (_run(result, names[result.trial_id], rows_by_id[result.trial_id]) for result in content.results)


def _run(result: TrialResult, name: str, row: Mapping[str, Any]) -> TrialRun:
    ended = datetime.fromisoformat(result.finished_at)
    ended = ended if ended.tzinfo else ended.replace(tzinfo=UTC)
    others = {column: value for column, value in row.items() if column not in (*_PARAMETERS, *WORDS)}
    return TrialRun(
        trial_id=result.trial_id,
        name=name,
        parameters={axis: _value(row[axis]) for axis in _PARAMETERS if row[axis] is not None},
        metrics={
            column: float(value)
            for column, value in others.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        },
        words={column: str(row[column]) for column in WORDS if row[column]},
        completed=isinstance(result, Completed),
        began=ended.timestamp() - result.seconds,
        ended=ended.timestamp(),
    )


def _value(value: Any) -> str | int | float | bool:
    """Return a number or a truth value as it is, and anything else as text."""
    return value if isinstance(value, bool | int | float | str) else plain(value)
