"""The values that the driver, the schedule and the workers exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from privsearch.spec import Device, RetryPolicy
from privsearch.study.result import Death


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
    """

    workers: int
    max_concurrent: int | None
    resources: Mapping[str, float]
    environment: Mapping[str, str]
    retry_policy: RetryPolicy
    splits: bool = False

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


Event = Started | Advanced | Finished | GivenUp
"""A change in the state of a trial, as the schedule reports it to the driver."""
