"""The values that the driver, the schedule and the workers exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from privsearch.spec import Device, RetryPolicy
from privsearch.study.result import Death

if TYPE_CHECKING:
    from privsearch.sweep.runners.ray_tune.relay import Witness


@dataclass(frozen=True)
class WorkerConfig:
    """The configuration of a run's workers.

    Attributes:
        workers: the number of workers that there is room for as the run begins.
        max_concurrent: the number that may work at a time; None for as many as there will be room for.
        resources: the amounts that each worker needs, by Ray's names for them.
        environment: variables for the environment of the training processes.
        retry_policy: the policy for trials that end their worker, or do not end.
        splits: True if the job can be done in parts.
        witness: the file that only those workers see that see the study's folder; None if all reach its signals.
    """

    workers: int
    max_concurrent: int | None
    resources: Mapping[str, float]
    environment: Mapping[str, str]
    retry_policy: RetryPolicy
    splits: bool = False
    witness: "Witness | None" = None

    @property
    def device(self) -> Device:
        """The device that the workers train on."""
        return "cuda" if self.resources["GPU"] else "cpu"


@dataclass(frozen=True)
class Started:
    """An event: a worker has begun the trial with this index."""

    index: int


@dataclass(frozen=True)
class Advanced:
    """An event: a worker is so far with the trial with this index, given as the JSON of an `Advance`."""

    index: int
    advance: str


@dataclass(frozen=True)
class Finished:
    """An event: the trial with this index has a result, given as JSON."""

    index: int
    result: str


@dataclass(frozen=True)
class GivenUp:
    """An event: the trial with this index is not tried again after `attempts`, the last of which ended in `death`."""

    index: int
    attempts: int
    death: Death


@dataclass(frozen=True)
class Sent:
    """An event: a worker that does not see the study's folder has sent files for it.

    Attributes:
        files: their contents, by their paths in the study.
    """

    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Wanted:
    """An event: such a worker wants files of the study.

    Attributes:
        request: a name for the request, by which the answer is fetched.
        names: the paths of the files in the study.
    """

    request: str
    names: Sequence[str]


@dataclass(frozen=True)
class Shard:
    """A run of work items, trials and parts of trials, that a worker does one after another.

    Attributes:
        number: a new number each time that the items are handed out.
        items: the indices of the items.
    """

    number: int
    items: range

    def config(self) -> dict[str, int]:
        """Return this shard as the configuration that Tune hands to a worker."""
        return {"number": self.number, "start": self.items.start, "stop": self.items.stop}

    @classmethod
    def of(cls, config: Mapping[str, int]) -> Self:
        """Return the shard that `config` was made from."""
        return cls(config["number"], range(config["start"], config["stop"]))


TrialEvent = Started | Advanced | Finished | GivenUp
"""A change in the state of a trial, as the schedule reports it to the session process."""

Event = TrialEvent | Sent | Wanted
"""The same, or a matter of a trial's files."""
