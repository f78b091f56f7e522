"""A trial compared with the record: the parts recorded, and the work left to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from privsearch.data import DatasetInfo
from privsearch.spec import Attack, TrialRequest, TrialSpec, registry
from privsearch.study.kept import KeptSignals, SignalFile
from privsearch.study.result import Completed, TrialResult
from privsearch.sweep.cost import attack_seconds, network_bytes, network_seconds, signal_bytes
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
        networks: the keys of the trial's networks; empty for a recorded trial that was trained before there were such.
        files: by network id, the files of networks that are kept, but not in the trial's own file.
        to_train: by index, the estimated seconds on one core of each network that has to be trained.
        part: the indices of the networks that a worker trains as a part of this trial; None for all that is left.
        networks_unkept: the reason why weights that parts of this trial trained could not be kept; None for none.
        recorded: the recorded attacks, if all of them can be run here.
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
    networks: tuple[str, ...] = ()
    files: Mapping[str, SignalFile] = field(default_factory=dict)
    to_train: Mapping[int, float] = field(default_factory=dict)
    part: tuple[int, ...] | None = None
    networks_unkept: str | None = None
    recorded: tuple[Attack, ...] = ()

    @property
    def attack_seconds(self) -> float:
        """The estimated seconds on one core of what is left to do once all networks are trained."""
        return max(0.0, self.seconds - sum(self.to_train.values()))

    @property
    def most_workers(self) -> int:
        """The number of workers that this trial can use at a time: one for each network that has to be trained."""
        return max(1, len(self.to_train))

    @property
    def cached(self) -> bool:
        """True if the record has the trial with every attack asked for."""
        return not self.missing

    @property
    def trained_under(self) -> str | None:
        """The environment of the recorded training, used or not; None if no training is recorded."""
        return self.recorded_under[0] if self.recorded_under else None

    def slowed(self, factor: float) -> Self:
        """Return the trial with its estimated seconds multiplied."""
        if factor == 1.0:
            return self
        to_train = {network: seconds * factor for network, seconds in self.to_train.items()}
        return replace(self, seconds=self.seconds * factor, to_train=to_train)

    def part_of(self, networks: tuple[int, ...]) -> Self:
        """Return the part of this trial that trains these networks."""
        return replace(self, part=networks, seconds=sum(self.to_train[network] for network in networks))

    def rest(self, networks_unkept: str | None = None) -> Self:
        """Return what is left of this trial once each network that had to be trained is kept in a file of its own.

        Args:
            networks_unkept: the reason why weights of some could not be kept; None if none is known.
        """
        files = {**self.files, **{self.networks[k]: SignalFile(self.networks[k]) for k in self.to_train}}
        left = self.attack_seconds
        return replace(self, files=files, to_train={}, seconds=left, networks_unkept=networks_unkept)


def from_other_studies(trials: Iterable[PlannedTrial]) -> int:
    """Count the networks that trials take from other studies."""
    return sum(file.archive is not None for trial in trials for file in trial.files.values())


def to_evaluate_again(result: Completed) -> bool:
    """Tell whether a trial's recorded attacks should be, and all can be, evaluated again on its kept signals."""
    return result.audited_earlier and _can_all_be_run(result)


def _can_all_be_run(result: Completed) -> bool:
    known = registry.names("attack")
    return all(attack.kind != "registered" or attack.attack in known for attack in result.spec.attacks)


def with_recorded(attacks: tuple[Attack, ...], result: Completed) -> tuple[Attack, ...]:
    """Return attacks, and after them those that a trial has a record of."""
    return tuple(dict.fromkeys((*attacks, *result.spec.attacks)))


@dataclass(frozen=True)
class Recorded:
    """The results and signals that a study holds.

    Attributes:
        results: the recorded results, by trial_id.
        kept: the signals that are kept.
        only_same_versions: True to run again trials that were recorded under other versions than the present ones.
        pace: the pace of the machine that the seconds are estimated for.
    """

    results: Mapping[str, TrialResult]
    kept: KeptSignals = KeptSignals()  # noqa: RUF009  # frozen
    only_same_versions: bool = False
    pace: Pace = Pace()  # noqa: RUF009  # frozen

    def planned(self, item: TrialRequest, info: DatasetInfo) -> PlannedTrial:
        """Compare a requested trial with the record, and return what is left to do."""
        trial_id, networks = item.spec.ids(info.fingerprint)
        result = self.results.get(trial_id)
        completed = result if isinstance(result, Completed) else None
        outdated = self.only_same_versions and completed is not None and not has_present_versions(completed)
        spec, done = item.spec, completed.attacks_done if completed and not outdated else ()
        lacks_some = any(attack not in done for attack in spec.attacks)
        # What was trained under other versions is trained again as a whole.
        is_new = outdated or self.kept.is_empty
        lacking = range(len(networks)) if is_new else self._lacking(trial_id, networks, reads=completed is None)
        # Those networks that are trained again may become others than the recorded attacks were run on.
        in_part = lacks_some and 0 < len(lacking) < len(networks)
        again = completed is not None and to_evaluate_again(completed) and (not lacking or lacks_some)
        if completed and done and (again or (in_part and _can_all_be_run(completed))):
            # All recorded ones: numbers of two versions are not joined, and nothing that was finished may be lost.
            spec, done = spec.model_copy(update={"attacks": with_recorded(spec.attacks, completed)}), ()
        missing = tuple(attack for attack in spec.attacks if attack not in done)
        trained = not missing or not lacking
        seconds = () if trained else network_seconds(spec, info)
        to_train = {k: seconds[k] for k in lacking} if seconds else {}
        factor = self.pace.factor(spec)
        # Whatever is trained is attacked by all.
        left = attack_seconds(spec, missing if trained else spec.attacks, info)
        return PlannedTrial(
            trial_id=trial_id,
            spec=spec,
            grids=item.grids,
            missing=missing,
            trained=trained,
            seconds=factor * (left + sum(to_train.values())),
            signal_bytes=signal_bytes(item.spec, info),
            recorded_under=completed.environments if completed else (),
            audited_earlier=completed is not None and completed.audited_earlier,
            network_bytes=network_bytes(item.spec, info),
            networks=networks,
            files=self.kept.files_of(trial_id, networks) if missing and not is_new else {},
            to_train=to_train if factor == 1.0 else {k: factor * s for k, s in to_train.items()},
            recorded=completed.spec.attacks if completed and _can_all_be_run(completed) else (),
        )

    def _lacking(self, trial_id: str, networks: tuple[str, ...], *, reads: bool) -> Sequence[int]:
        """Return the indices of a trial's networks that have to be trained.

        Args:
            trial_id: the trial's key.
            networks: its networks' keys.
            reads: True to read what is kept if other versions are not to be taken, as the record does not tell of
                which each is.
        """
        lacking = self.kept.lacking(trial_id, networks)
        if not (reads and self.only_same_versions) or len(lacking) == len(networks):
            return lacking
        kept = self.kept.networks_of(trial_id, networks)
        fit = {k for k, cohort in kept.items() if has_present_versions(cohort)}
        return [k for k in range(len(networks)) if k not in fit]
