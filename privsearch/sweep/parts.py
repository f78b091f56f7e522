"""The parts of a trial: some of its networks, trained on one worker while others train the rest.

A long trial is split so that no worker waits for another one, and that whatever ends a worker costs a part of the trial
alone. The trial itself comes last: it finds what its parts have trained, and would train again what it does not find.
So its numbers do not depend on how it was split.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import BaseModel

from privsearch.sweep.planned import PlannedTrial

LEAST_SECONDS: Final = 2.0
"""The shortest estimate of a part: writing and reading its file, and handing it out, take some hundredths of that."""
MOST_SECONDS: Final = 60.0
"""The estimate from which on a part of several networks is split further: so much is lost at most with a worker."""
SHARE: Final = 3
"""The number of parts that each worker would get if all work were split alike."""


class TrainedPart(BaseModel):
    """The outcome of a part of a trial: some of its networks, trained and kept.

    Attributes:
        networks: their indices.
        error: the reason why a network could not be trained or kept; None if all were.
        networks_unkept: the reason why weights could not be kept; None if they were, or were not to be.
        seconds: the time that it took.
    """

    networks: tuple[int, ...]
    error: str | None = None
    networks_unkept: str | None = None
    seconds: float = 0.0


def longest_part(trials: Sequence[PlannedTrial], workers: int) -> float:
    """Return the seconds above which trials are split: a fair share of all work, within bounds.

    Args:
        trials: the trials that are left to run.
        workers: the number of workers.
    """
    fair = sum(trial.seconds for trial in trials) / (SHARE * workers)
    return min(max(fair, LEAST_SECONDS), MOST_SECONDS)


def parts_of(trial: PlannedTrial, longest: float) -> list[PlannedTrial]:
    """Split a trial into parts, each of as many successive networks as fit into a time, at least one.

    Args:
        trial: the trial.
        longest: the seconds.

    Returns:
        The parts; none if the trial is best run as a whole.
    """
    if len(trial.to_train) < 2 or sum(trial.to_train.values()) <= longest:
        return []
    parts = [trial.part_of(networks) for networks in _grouped(trial, longest)]
    return parts if len(parts) > 1 else []


def _grouped(trial: PlannedTrial, longest: float) -> Iterator[tuple[int, ...]]:
    group: list[int] = []
    for network, seconds in trial.to_train.items():
        if group and sum(trial.to_train[k] for k in group) + seconds > longest:
            yield tuple(group)
            group = []
        group.append(network)
    yield tuple(group)
