"""A trial, seen against the record: what of it is there, and what is left to do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from privsearch.data import DatasetInfo
from privsearch.spec import Attack, TrialRequest, TrialSpec
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.cost import attack_seconds, network_bytes, signal_bytes, training_seconds
from privsearch.sweep.reuse import has_present_versions


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that the sweep asks for.

    Attributes:
        trial_id: its key in the record.
        spec: its canonical configuration, with all attacks asked for; those of an attack plan beside those recorded.
        grids: the grids that ask for it.
        missing: the attacks that the record lacks.
        trained: whether it needs no training: it has all its attacks, or its signals are kept.
        seconds: the estimated time on one core of what is left to do.
        signal_bytes: the estimated size of its signals, before they are compressed.
        recorded_under: the environments of what is recorded of it, used or not; empty where nothing is.
        network_bytes: the size of its networks.
    """

    trial_id: str
    spec: TrialSpec
    grids: tuple[str, ...]
    missing: tuple[Attack, ...]
    trained: bool
    seconds: float
    signal_bytes: int
    recorded_under: tuple[str, ...] = ()
    network_bytes: int = 0

    @property
    def cached(self) -> bool:
        """Whether the record has it, with every attack asked for."""
        return not self.missing

    @property
    def trained_under(self) -> str | None:
        """The environment of the training that is recorded, used or not; None where none is."""
        return self.recorded_under[0] if self.recorded_under else None


@dataclass(frozen=True)
class Recorded:
    """What a study holds of the trials that are asked for.

    Attributes:
        results: by trial_id.
        kept: the ids of the trials whose signals are kept.
        only_same_versions: whether what was recorded under other versions than the present ones is run again.
    """

    results: Mapping[str, TrialResult]
    kept: Collection[str] = ()
    only_same_versions: bool = False

    def planned(self, item: TrialRequest, info: DatasetInfo) -> PlannedTrial:
        """The trial that is asked for, seen against this."""
        trial_id = item.spec.trial_id(info.fingerprint)
        result = self.results.get(trial_id)
        completed = result if isinstance(result, Completed) else None
        outdated = self.only_same_versions and completed is not None and not has_present_versions(completed)
        done = completed.spec.attacks if completed and not outdated else ()
        missing = tuple(attack for attack in item.spec.attacks if attack not in done)
        trained = not missing or (trial_id in self.kept and not outdated)
        # Whatever is trained is attacked by all.
        left = attack_seconds(item.spec, missing if trained else item.spec.attacks, info)
        left += 0 if trained else training_seconds(item.spec, info)
        return PlannedTrial(
            trial_id=trial_id,
            spec=item.spec,
            grids=item.grids,
            missing=missing,
            trained=trained,
            seconds=left,
            signal_bytes=signal_bytes(item.spec, info),
            recorded_under=completed.environments if completed else (),
            network_bytes=network_bytes(item.spec, info),
        )
