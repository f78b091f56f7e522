"""A trial compared with the record: the parts recorded, and the work left to do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from privsearch.data import DatasetInfo
from privsearch.spec import Attack, TrialRequest, TrialSpec, registry
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.cost import attack_seconds, network_bytes, signal_bytes, training_seconds
from privsearch.sweep.pace import Pace
from privsearch.sweep.reuse import has_present_versions


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that the sweep asks for.

    Attributes:
        trial_id: the trial's key in the record.
        spec: the trial's canonical configuration with all attacks asked for; in an attack plan, the recorded ones too.
        grids: the names of the grids that ask for the trial.
        missing: the attacks that the record lacks.
        trained: True if the trial needs no training, as all attacks are recorded or the signals are kept.
        seconds: the estimated seconds on one core of the work left.
        signal_bytes: the estimated bytes of the trial's signals, before compression.
        recorded_under: the environments of the recorded result, used or not; empty if there is none.
        network_bytes: the bytes of the trial's networks.
        audited_earlier: True if the recorded attacks were evaluated in a way that has been corrected since.
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
    audited_earlier: bool = False

    @property
    def cached(self) -> bool:
        """True if the record has the trial with every attack asked for."""
        return not self.missing

    @property
    def trained_under(self) -> str | None:
        """The environment of the recorded training, used or not; None if no training is recorded."""
        return self.recorded_under[0] if self.recorded_under else None


def to_evaluate_again(result: Completed) -> bool:
    """Tell whether a trial's recorded attacks should be, and all can be, evaluated again on its kept signals."""
    known = registry.names("attack")
    return result.audited_earlier and all(a.kind != "registered" or a.attack in known for a in result.spec.attacks)


def with_recorded(attacks: tuple[Attack, ...], result: Completed) -> tuple[Attack, ...]:
    """Return attacks, and after them those that a trial has a record of."""
    return tuple(dict.fromkeys((*attacks, *result.spec.attacks)))


@dataclass(frozen=True)
class Recorded:
    """The results and signals that a study holds.

    Attributes:
        results: the recorded results, by trial_id.
        kept: the ids of the trials whose signals are kept.
        only_same_versions: True to run again trials that were recorded under other versions than the present ones.
        pace: the pace of the machine that the seconds are estimated for.
    """

    results: Mapping[str, TrialResult]
    kept: Collection[str] = ()
    only_same_versions: bool = False
    pace: Pace = Pace()  # noqa: RUF009  # frozen

    def planned(self, item: TrialRequest, info: DatasetInfo) -> PlannedTrial:
        """Compare a requested trial with the record, and return what is left to do."""
        trial_id = item.spec.trial_id(info.fingerprint)
        result = self.results.get(trial_id)
        completed = result if isinstance(result, Completed) else None
        outdated = self.only_same_versions and completed is not None and not has_present_versions(completed)
        spec, done = item.spec, completed.attacks_done if completed and not outdated else ()
        lacks_some = any(attack not in done for attack in spec.attacks)
        if completed and done and to_evaluate_again(completed) and (trial_id in self.kept or lacks_some):
            # All recorded ones: numbers of two versions are not joined, and nothing that was finished may be lost.
            spec, done = spec.model_copy(update={"attacks": with_recorded(spec.attacks, completed)}), ()
        missing = tuple(attack for attack in spec.attacks if attack not in done)
        trained = not missing or (trial_id in self.kept and not outdated)
        # Whatever is trained is attacked by all.
        left = attack_seconds(spec, missing if trained else spec.attacks, info)
        left += 0 if trained else training_seconds(spec, info)
        return PlannedTrial(
            trial_id=trial_id,
            spec=spec,
            grids=item.grids,
            missing=missing,
            trained=trained,
            seconds=left * self.pace.factor(spec),
            signal_bytes=signal_bytes(item.spec, info),
            recorded_under=completed.environments if completed else (),
            audited_earlier=completed is not None and completed.audited_earlier,
            network_bytes=network_bytes(item.spec, info),
        )
