"""The values that the driver, the schedule and the workers exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from privsearch.spec import Device, RetryPolicy
from privsearch.study.result import Death


@dataclass(frozen=True)
class WorkerConfig:
    """The workers.

    Attributes:
        workers: how many there are room for as it begins.
        max_concurrent: how many may work at a time; None for as many as there will be room for.
        resources: what each needs, by Ray's names of it.
        environment: variables that the processes which train get.
        patience: what is done about trials that end their worker, or do not end.
    """

    workers: int
    max_concurrent: int | None
    resources: Mapping[str, float]
    environment: Mapping[str, str]
    patience: RetryPolicy

    @property
    def device(self) -> Device:
        """Where the workers train."""
        return "cuda" if self.resources["GPU"] else "cpu"


@dataclass(frozen=True)
class Started:
    """A worker has taken up the trial of that index."""

    index: int


@dataclass(frozen=True)
class Finished:
    """The trial of that index has a result, as JSON."""

    index: int
    result: str


@dataclass(frozen=True)
class GivenUp:
    """The trial of that index is not tried again after so many attempts; the last ended so."""

    index: int
    attempts: int
    death: Death


@dataclass(frozen=True)
class Shard:
    """Trials that a worker does one after another, under a number of its own each time that they are handed out."""

    number: int
    trials: range

    def config(self) -> dict[str, int]:
        """This shard as Tune hands it to a worker."""
        return {"number": self.number, "start": self.trials.start, "stop": self.trials.stop}

    @classmethod
    def of(cls, config: Mapping[str, int]) -> Self:
        """The shard of which `config` came."""
        return cls(config["number"], range(config["start"], config["stop"]))


Event = Started | Finished | GivenUp
