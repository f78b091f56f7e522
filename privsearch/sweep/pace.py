"""The pace of a machine: how long trials take on it, measured against the estimates of `privsearch.sweep.cost`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

from privsearch.data import DatasetInfo
from privsearch.spec import TrialSpec
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.cost import attack_seconds, quantised_levels, training_seconds

START_UP: Final = 13.0
"""The seconds of Ray's start, of a worker's imports and of the closing outputs on the machine of the estimates."""

Kind = tuple[Any, ...]


@dataclass(frozen=True)
class Pace:
    """The pace of a machine.

    Attributes:
        factors: the measured seconds over the estimated ones by kind of trial, and by coarser kinds.
        source: what was measured: `recorded` trials, a `probe` of short trainings, or `nothing`.
        count: the number of trials, or of short trainings, that were measured.
    """

    factors: Mapping[Kind, float] = field(default_factory=dict)
    source: Literal["nothing", "recorded", "probe"] = "nothing"
    count: int = 0

    def factor(self, spec: TrialSpec) -> float:
        """Return the measured over the estimated seconds of the trials most like this one; 1 if none was measured."""
        return next((self.factors[kind] for kind in kinds(spec) if kind in self.factors), 1.0)

    @property
    def start_up(self) -> float:
        """The seconds that a sweep takes beside its trials."""
        return START_UP * self.factors.get((), 1.0)

    @classmethod
    def of(cls, measured: Iterable[tuple[TrialSpec, float, float]], source: Literal["recorded", "probe"]) -> "Pace":
        """Return the pace that trials, or short trainings, have shown.

        Args:
            measured: of each, what was run, the seconds that it took, and the seconds estimated.
            source: what was measured.
        """
        sums: dict[Kind, tuple[float, float]] = {}
        count = 0
        for spec, seconds, estimate in measured:
            count += 1
            for kind in kinds(spec):
                took, expected = sums.get(kind, (0.0, 0.0))
                sums[kind] = took + seconds, expected + estimate
        if not count:
            return cls()
        return cls({kind: took / expected for kind, (took, expected) in sums.items()}, source, count)


def kinds(spec: TrialSpec) -> tuple[Kind, ...]:
    """Return the kinds that a trial is of, from what decides its cost most closely to all trials."""
    task = (spec.dataset_name, spec.protocol.kind)
    quantised = (spec.weight_bit_width is not None, quantised_levels(spec))
    return (
        (*task, spec.model, spec.precision, *quantised),
        (*task, spec.model),
        task,
        task[:1],
        (spec.model,),
        (),
    )


def recorded_pace(results: Iterable[TrialResult], infos: Mapping[str, DatasetInfo]) -> Pace:
    """Return the pace of the recorded trials of a sweep's datasets.

    Args:
        results: the recorded trials.
        infos: the sweep's datasets, by name.
    """
    return Pace.of(
        (
            (result.spec, result.seconds, estimate)
            for result in results
            if isinstance(result, Completed)
            and result.spec.dataset_name in infos
            and isfinite(result.seconds)
            and result.seconds > 0
            and (estimate := estimated_seconds(result.spec, infos[result.spec.dataset_name])) > 0
        ),
        "recorded",
    )


def estimated_seconds(spec: TrialSpec, info: DatasetInfo) -> float:
    """Estimate the seconds of a whole trial on the machine of the estimates."""
    return training_seconds(spec, info) + attack_seconds(spec, spec.attacks, info)
