"""Run one trial: a `TrialSpec` in, a `TrialResult` out. No Ray, no Optuna, no paths."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from torch import Tensor

from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.audit import audit
from privsearch.data import DatasetInfo, describe_dataset
from privsearch.data.splits import load_splits
from privsearch.errors import StudyError
from privsearch.models import Network, RegisteredNetwork
from privsearch.models.training import EpochListener, Listeners, train_cohort
from privsearch.spec import Attack, TrialSpec
from privsearch.study.environment import present_environment, same_versions
from privsearch.study.network_archive import KeptNetwork, KeptNetworks
from privsearch.study.result import UNKNOWN_ID, Cohort, Completed, TrialResult, failure

T = TypeVar("T")


class Archive(Protocol):
    """Where trained cohorts are kept, by trial_id. A `StudyError` is raised where it cannot be reached."""

    def load(self, trial_id: str) -> Cohort | None:
        """The cohort of that trial; None where it is not kept."""

    def save(self, trial_id: str, cohort: Cohort) -> None:
        """Keep a cohort."""


class NetworkShelf(Protocol):
    """Where trained networks are kept, by trial_id. A `StudyError` is raised where it cannot be reached."""

    def save(self, trial_id: str, kept: KeptNetworks) -> None:
        """Keep the networks of a trial."""


@dataclass(frozen=True)
class Keeping:
    """What is kept of a cohort that had to be trained.

    Attributes:
        signals: whether its signals are, in the archive.
        networks: where its networks are; None for nowhere.
    """

    signals: bool = True
    networks: NetworkShelf | None = None


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have left of a trial, and what of it may be used.

    Attributes:
        trained_under: the environment of the training whose attacks are recorded; None where none are.
        missing: the attacks that the record lacks on that training.
        only_same_versions: train again what the archive holds from other versions than the present ones.
    """

    trained_under: str | None = None
    missing: tuple[Attack, ...] = ()
    only_same_versions: bool = False

    def left(self, spec: TrialSpec, kept: Cohort) -> TrialSpec:
        """`spec` with the attacks to run on what was kept: those missing, or all where it is another training.

        So no result ever joins the attacks on two trainings.
        """
        same_training = kept.environment == self.trained_under
        return spec.model_copy(update={"attacks": self.missing}) if same_training else spec


def run_trial(
    spec: TrialSpec,
    on_epoch: EpochListener | None = None,
    archive: Archive | None = None,
    *,
    keep: Keeping = Keeping(),
    earlier: Earlier = Earlier(),
    device: str = "cpu",
) -> TrialResult:
    """Train a cohort and run every attack of `spec` on it; what the archive holds is not trained again.

    Of a cohort that need not be trained, only those attacks are run that `earlier` says are missing.

    The same spec gives the same numbers on the same machine, in whatever process and beside whatever else. An
    exception becomes a `Failed` result with its traceback; only an interrupt gets through. Signals and networks are
    kept before the attacks begin, so that an attack that fails costs no training.

    Args:
        spec: the trial; taken in its canonical form.
        on_epoch: told (network, epoch, what was measured); under `paper` networks count through the replicates, target
            before shadow.
        archive: where signals are kept; None for nowhere.
        keep: what to keep of a cohort that had to be trained.
        earlier: what is recorded of the trial.
        device: where networks are trained, as torch names it.
    """
    started = time.perf_counter()
    trial_id = UNKNOWN_ID
    try:
        info = describe_dataset(spec.dataset)
        spec = spec.canonical(info.network, augments=info.augments)
        trial_id = spec.trial_id(info.fingerprint)
        kept = _kept(archive, trial_id, earlier) if archive else None
        if kept:
            return _attacked(earlier.left(spec, kept), trial_id, kept, present_environment(device), started)
        listener = _NetworkListener() if keep.networks else None
        cohort = _train(spec, Listeners(on_epoch, listener), device)
        unkept = _reason(archive.save, trial_id, cohort) if archive and keep.signals else None
        networks_unkept = None
        if keep.networks and listener:
            networks = listener.kept(spec, trial_id, cohort, info)
            networks_unkept = _reason(keep.networks.save, trial_id, networks)
        result = _attacked(spec, trial_id, cohort, present_environment(device), started)
        return result.model_copy(update={"unkept": unkept, "networks_unkept": networks_unkept})
    except Exception as error:  # whatever a trial raises is its result, and must not end the sweep
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def attack_trial(
    spec: TrialSpec,
    trial_id: str,
    archive: Archive,
    earlier: Earlier = Earlier(),
) -> TrialResult:
    """Run attacks of `spec` on what the archive holds of a trial; nothing is trained, and no data are needed.

    Args:
        spec: the trial, canonical.
        trial_id: its key.
        archive: where the signals of the cohort are kept.
        earlier: what is recorded of the trial; every attack is run where nothing is.
    """
    started = time.perf_counter()
    try:
        cohort = archive.load(trial_id)
        if cohort is None:
            raise StudyError(
                f"the signals of trial {trial_id} must be readable, but are not; run its sweep, which trains it again"
            )
        return _attacked(earlier.left(spec, cohort), trial_id, cohort, present_environment(), started)
    except Exception as error:  # as above
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def _kept(archive: Archive, trial_id: str, earlier: Earlier) -> Cohort | None:
    try:
        cohort = archive.load(trial_id)
    except StudyError:  # what cannot be reached must be trained, as if it were not there
        return None
    outdated = cohort and earlier.only_same_versions and not same_versions(cohort.environment, present_environment())
    return None if outdated else cohort


def _reason(save: Callable[[str, T], None], trial_id: str, trained: T) -> str | None:
    """Keep what was trained; where that cannot be done, the reason, which must not cost the trial its numbers."""
    try:
        save(trial_id, trained)
    except StudyError as error:
        return str(error)
    return None


class _NetworkListener:
    """Copies the weights of every network that it is told of."""

    def __init__(self) -> None:
        self._states: list[dict[str, Tensor]] = []

    def __call__(self, index: int, network: Network | RegisteredNetwork) -> None:  # noqa: ARG002  # they come in order
        self._states.append({name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()})

    def kept(self, spec: TrialSpec, trial_id: str, cohort: Cohort, info: DatasetInfo) -> KeptNetworks:
        """What there is to keep of them."""
        signals = cohort.signals
        _, seeds = rules_of(spec.protocol).draw_cohort(signals.num_train, spec.seed)
        networks = [
            KeptNetwork(role, replicate, seed, signals.rows[: signals.num_train][subset[: signals.num_train]], state)
            for (replicate, role), seed, subset, state in zip(
                spec.protocol.roles(), seeds, signals.is_member, self._states, strict=True
            )
        ]
        return KeptNetworks(trial_id, spec, info.input_shape, info.num_classes, cohort.environment, networks)


def _train(spec: TrialSpec, told: Listeners, device: str) -> Cohort:
    splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
    subsets, seeds = rules_of(spec.protocol).draw_cohort(len(splits.y_train), spec.seed)
    cohort = train_cohort(spec, splits, subsets, seeds, told, device)
    return replace(cohort, environment=present_environment(device))


def _attacked(spec: TrialSpec, trial_id: str, cohort: Cohort, environment: str, started: float) -> Completed:
    found = audit(cohort, spec)
    return Completed(
        trial_id=trial_id,
        spec=spec,
        replicates=found.replicates,
        across=found.across,
        refused=found.refused,
        dead=found.dead,
        environments=tuple(dict.fromkeys((cohort.environment, environment))),
        seconds=time.perf_counter() - started,
    )
