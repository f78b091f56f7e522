"""The cohort of a trial: the networks that are kept are found, and the others are trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from torch import Tensor

from privsearch.attacks.protocols import rules_of
from privsearch.data import DatasetInfo
from privsearch.errors import StudyError
from privsearch.models import Network, RegisteredNetwork
from privsearch.models.checkpoint import Checkpoints
from privsearch.models.compiling import heard_compiling
from privsearch.models.training import EpochListener, Listeners, train_cohort
from privsearch.spec import TrialSpec
from privsearch.study.cohort import Cohort, are_parts, join
from privsearch.study.environment import present_environment
from privsearch.study.kept import SignalFile, SignalReader, load_networks
from privsearch.study.network_archive import KeptNetwork, KeptNetworks
from privsearch.study.result import Epoch
from privsearch.study.roc_curves import KeptCurves
from privsearch.sweep.advance import Activity
from privsearch.sweep.blind import blind_signals
from privsearch.sweep.reuse import has_present_versions
from privsearch.sweep.splits import prepared_splits

T = TypeVar("T")
_Training = tuple[Sequence[int], Cohort]
"""The indices of networks, and what training them gave."""


class Archive(SignalReader, Protocol):
    """A store of the signals of trained networks. Its methods raise `StudyError` if it cannot be reached."""

    def save(self, name: str, cohort: Cohort) -> None:
        """Keep networks in a file of that name."""


class NetworkShelf(Protocol):
    """A store of trained networks' weights. Its method raises `StudyError` if it cannot be reached."""

    def save(self, name: str, kept: KeptNetworks) -> None:
        """Keep networks in a file of that name."""


class CurveShelf(Protocol):
    """A store of the ROC curves of attacks."""

    def add(self, trial_id: str, curves: Mapping[str, KeptCurves]) -> None:
        """Keep curves of a trial's attacks beside those that are there, if that is possible."""


@dataclass(frozen=True)
class Keeping:
    """The parts to keep of newly trained networks, and of the attacks on them.

    Attributes:
        signals: True to keep the signals in the archive.
        networks: the store of the networks; None to keep none.
        checkpoints: the checkpoints of trainings, which are kept until these are done; None for none.
        curves: the store of the attacks' ROC curves; None to keep none.
    """

    signals: bool = True
    networks: NetworkShelf | None = None
    checkpoints: Checkpoints | None = None
    curves: CurveShelf | None = None

    def is_safe(self, network_ids: Sequence[str]) -> None:
        """Note that the outputs of networks are where they belong, so that no checkpoint is needed any more."""
        if self.checkpoints:
            self.checkpoints.remove(network_ids)


@dataclass(frozen=True)
class Kept:
    """The rule for taking networks that are kept, and the places where they are.

    Attributes:
        archive: the store of signals; None for none.
        files: by network id, the files of networks that are not in the trial's own file.
        only_same_versions: take none that was trained under other versions than the present ones.
    """

    archive: Archive | None = None
    files: Mapping[str, SignalFile] = field(default_factory=dict)
    only_same_versions: bool = False

    def fits(self, cohort: Cohort) -> bool:
        """Tell whether networks may be taken, by the versions that they were trained under."""
        return not self.only_same_versions or has_present_versions(cohort)


@dataclass(frozen=True)
class Gathered:
    """The complete cohort of a trial.

    Attributes:
        cohort: all of its networks.
        trained_seconds: the seconds that were spent now on training some of them.
        held: the keys of those whose signals are in the trial's own file.
        unkept: the reason why signals could not be kept; None if they were, or were not to be.
        networks_unkept: the same for the weights.
        num_trained: how many of them were trained now.
        misfits: the names of files of this study whose networks cannot be of this trial.
    """

    cohort: Cohort
    trained_seconds: float = 0.0
    held: tuple[str, ...] = ()
    unkept: str | None = None
    networks_unkept: str | None = None
    num_trained: int = 0
    misfits: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialNetworks:
    """The networks of a trial.

    Attributes:
        spec: the trial, canonical.
        info: its dataset.
        on_epoch: the listener to their training; None for none.
        device: the device to train on, as torch names it.
        activity: takes note of how far the work is.
    """

    spec: TrialSpec
    info: DatasetInfo
    on_epoch: EpochListener | None = None
    device: str = "cpu"
    activity: Activity = field(default_factory=Activity)

    @property
    def trial_id(self) -> str:
        """The trial's key."""
        return self.spec.trial_id(self.info.fingerprint)

    @property
    def ids(self) -> tuple[str, ...]:
        """The networks' keys, in the order of training."""
        return self.spec.network_ids(self.info.fingerprint)

    def gather(self, kept: Kept, keep: Keeping) -> Gathered:
        """Take the networks that are kept, and train the others; what is trained is kept before this returns.

        Args:
            kept: where networks may be kept already.
            keep: the parts to keep of newly trained networks.

        Raises:
            DivergedError, ConstructionError, DataError: a network cannot be trained.
        """
        there = _reached(kept, self.trial_id)
        own = there if there and kept.fits(there) else None
        is_elsewhere = kept.files.keys() >= set(self.ids)  # as after a training in parts
        if own and not own.network_ids and len(own.networks) == len(self.ids) and not is_elsewhere:
            return Gathered(own)  # trained before networks had keys
        found, in_own = _found(kept, own, self.ids)
        trainings, networks_unkept = self._trained_beside(found, keep)
        trained = [k for networks, _ in trainings for k in networks]
        cohort = _together(found, trainings)
        copied = [k for k, network in enumerate(self.ids) if network in kept.files and kept.files[network].archive]
        held, unkept = sorted({*in_own, *trained, *copied}), None
        if (trained or held != in_own) and kept.archive and keep.signals:
            unkept = _reason(kept.archive.save, self.trial_id, cohort.part(held))
        misfits = [k for k in trained if k in found and not are_parts([found[k], cohort])]
        files = {self.trial_id if k in in_own else kept.files[self.ids[k]].own_name for k in misfits}
        if there and (unkept or not keep.signals):  # the file is as it was
            held = [] if self.trial_id in files else in_own
        else:
            files -= {self.trial_id}
        keep.is_safe([self.ids[k] for k in trained])
        return Gathered(
            cohort,
            sum(one.seconds for _, one in trainings),
            tuple(self.ids[k] for k in held),
            unkept,
            networks_unkept,
            len(trained),
            tuple(sorted(name for name in files if name)),
        )

    def _trained_beside(self, found: Mapping[int, Cohort], keep: Keeping) -> tuple[list[_Training], str | None]:
        """Train the networks that are not found, and those that cannot be of one trial with what is trained.

        A stranger may have mixed up files, each of which is as it was written.

        Returns:
            What was trained, and the reason why weights could not be kept; None if they were.
        """
        trainings: list[_Training] = []
        trained, unkept = set[int](), None
        is_whole = bool(found) and are_parts(list(found.values()))
        missing = [k for k in range(len(self.ids)) if k not in found or not is_whole]
        while missing:
            cohort, weights = self.train(missing, keep)
            trainings.append((missing, cohort))
            trained.update(missing)
            if keep.networks and weights:
                unkept = _reason(keep.networks.save, self.trial_id, weights) or unkept
            missing = [k for k, one in found.items() if k not in trained and not are_parts([cohort, one])]
        return trainings, unkept

    def train_into(
        self, archive: Archive, keep: Keeping, networks: Sequence[int], *, only_same_versions: bool = False
    ) -> str | None:
        """Train some of the networks, each of which is kept in a file of its own before the next one is begun.

        A network that has such a file is not trained again.

        Args:
            archive: the store of signals.
            keep: the store of the weights.
            networks: the indices of the networks.
            only_same_versions: train again what was trained under other versions than the present ones.

        Returns:
            The first reason why weights could not be kept; None if all were, or were not to be.

        Raises:
            StudyError: signals cannot be kept.
            DivergedError, ConstructionError, DataError: a network cannot be trained.
        """
        unkept, rule = None, Kept(archive, only_same_versions=only_same_versions)
        for k in networks:
            name = self.ids[k]
            there = archive.load(name)
            if not (there and name in there.network_ids and rule.fits(there)):
                trained, weights = self.train([k], keep)
                if keep.networks and weights:
                    unkept = unkept or _reason(keep.networks.save, name, weights)
                archive.save(name, trained)
                keep.is_safe([name])
        return unkept

    def train(self, networks: Sequence[int], keep: Keeping) -> tuple[Cohort, KeptNetworks | None]:
        """Train some of the networks, and return what attacks see of them, and their weights if these are to be kept.

        Args:
            networks: their indices.
            keep: the parts to keep; nothing is kept here but checkpoints.
        """
        spec, ids, device = self.spec, self.ids, self.device
        self.activity.enter("reading data")
        splits = prepared_splits(spec)
        groups = splits.training_groups(spec.protocol.networks)
        subsets, seeds = rules_of(spec.protocol).draw_cohort(len(splits.y_train), spec.seed, groups)
        weights = _Weights() if keep.networks else None
        self.activity.train(spec.epochs)
        with heard_compiling(self.activity.note_compiling):
            cohort = train_cohort(
                spec,
                splits,
                subsets,
                seeds,
                self._listeners(weights),
                device,
                only=networks,
                checkpoints=keep.checkpoints,
                network_ids=ids,
            )
        environment = present_environment(device)
        trainings = tuple(
            replace(training, network_id=ids[k], environment=environment)
            for k, training in zip(networks, cohort.trainings, strict=True)
        )
        is_blind_needed = splits.info.needs_blind_baselines(spec.protocol)
        blind = blind_signals(spec, splits, subsets, seeds, device, only=networks) if is_blind_needed else None
        cohort = replace(cohort, trainings=trainings, blind=blind)
        if weights is None:
            return cohort, None
        roles, signals = spec.protocol.roles(), cohort.signals
        kept = [
            KeptNetwork(roles[k][1], roles[k][0], seeds[k], signals.rows[is_member], weights.states[k])
            for k, is_member in zip(networks, signals.is_member, strict=True)
        ]
        shape, classes = self.info.input_shape, self.info.num_classes
        return cohort, KeptNetworks(self.trial_id, spec, shape, classes, environment, kept)

    def _listeners(self, weights: "_Weights | None") -> Listeners:
        """Return the listeners to a training: those of this trial, and one that keeps weights."""

        def on_epoch(network: int, epoch: int, measured: Epoch) -> None:
            self.activity.on_epoch(network, epoch, measured)
            if self.on_epoch:
                self.on_epoch(network, epoch, measured)

        def on_trained(index: int, network: Network | RegisteredNetwork) -> None:
            self.activity.on_trained(index)
            if weights:
                weights(index, network)

        return Listeners(on_epoch, on_trained, self.activity.on_step)


def _reached(kept: Kept, name: str) -> Cohort | None:
    """Return what a file holds; None if it cannot be reached: then it is trained again."""
    try:
        return kept.archive.load(name) if kept.archive else None
    except StudyError:
        return None


def _found(kept: Kept, own: Cohort | None, ids: Sequence[str]) -> tuple[dict[int, Cohort], list[int]]:
    """Return the networks that may be taken, each alone, by index, and which of them are in the trial's own file."""
    if kept.archive is None or not (own or kept.files):
        return {}, []
    try:
        loaded = [one for one in load_networks(own, kept.archive, ids, kept.files) if kept.fits(one[1])]
    except StudyError:  # what cannot be reached is trained again
        return {}, []
    return {k: cohort for k, cohort, _ in loaded}, [k for k, _, is_own in loaded if is_own]


def _together(found: Mapping[int, Cohort], trainings: Sequence[_Training]) -> Cohort:
    """Return all networks of a trial in order: those that were trained, and the others as they were found."""
    networks = {k: (cohort, i) for indices, cohort in trainings for i, k in enumerate(indices)}
    if len(trainings) == 1 and networks.keys() >= found.keys():
        return trainings[0][1]
    networks = {k: (one, 0) for k, one in found.items()} | networks
    return join([cohort.part([i]) for _, (cohort, i) in sorted(networks.items(), key=lambda item: item[0])])


def _reason(save: Callable[[str, T], None], name: str, trained: T) -> str | None:
    """Save a trained object; return the reason if that fails, as this must not cost the trial its numbers."""
    try:
        save(name, trained)
    except StudyError as error:
        return str(error)
    return None


class _Weights:
    """A listener that copies the weights of every trained network.

    Attributes:
        states: the weights on the CPU, by the network's index.
    """

    def __init__(self) -> None:
        self.states: dict[int, dict[str, Tensor]] = {}

    def __call__(self, index: int, network: Network | RegisteredNetwork) -> None:
        self.states[index] = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
