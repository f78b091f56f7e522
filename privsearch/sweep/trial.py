"""The run of one trial: a `TrialSpec` in, a `TrialResult` out. No Ray, no Optuna, no paths."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Protocol, TypeVar

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.audit import audit, audit_untrained
from privsearch.data import DatasetInfo, describe_dataset
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.models import Network, RegisteredNetwork
from privsearch.models.training import EpochListener, Listeners, train_cohort
from privsearch.spec import NUMERICS_VERSION, Attack, TrialSpec
from privsearch.study.environment import present_environment, same_versions
from privsearch.study.network_archive import KeptNetwork, KeptNetworks
from privsearch.study.result import AUDIT_VERSION, UNKNOWN_ID, Cohort, Completed, TrialResult, failure
from privsearch.study.signals import Signals
from privsearch.sweep.blind import blind_signals

T = TypeVar("T")

_LOADED_AT_ONCE: Final = 1000
"""The examples whose inputs are prepared in one batch, as an attack gets them."""


class Archive(Protocol):
    """A store of trained cohorts by trial_id. Its methods raise `StudyError` if it cannot be reached."""

    def load(self, trial_id: str) -> Cohort | None:
        """Return the cohort of a trial; None if it is not kept."""

    def save(self, trial_id: str, cohort: Cohort) -> None:
        """Keep a cohort."""


class NetworkShelf(Protocol):
    """A store of trained networks by trial_id. Its method raises `StudyError` if it cannot be reached."""

    def save(self, trial_id: str, kept: KeptNetworks) -> None:
        """Keep the networks of a trial."""


@dataclass(frozen=True)
class Keeping:
    """The parts to keep of a newly trained cohort.

    Attributes:
        signals: True to keep the signals in the archive.
        networks: the store of the networks; None to keep none.
    """

    signals: bool = True
    networks: NetworkShelf | None = None


@dataclass(frozen=True)
class Earlier:
    """The recorded part of a trial, and the rule for reusing kept signals.

    Attributes:
        trained_under: the environment of the training whose attacks are recorded; None if no attack is.
        missing: the attacks on that training that the record lacks.
        only_same_versions: train again if the archive's signals come from other versions than the present ones.
    """

    trained_under: str | None = None
    missing: tuple[Attack, ...] = ()
    only_same_versions: bool = False

    def left(self, spec: TrialSpec, kept: Cohort) -> TrialSpec:
        """Return `spec` with the attacks left to run on a kept cohort.

        These are the missing attacks, or all attacks if the cohort comes from another training than the recorded one,
        so that no result ever joins the attacks on two trainings.
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
    """Train a cohort and run every attack of `spec` on it; a cohort in the archive is not trained again.

    On a cohort from the archive, only the attacks that `earlier` lists as missing are run.

    The same spec gives the same numbers on the same machine, in any process and beside any other trial. An exception
    becomes a `Failed` result with its traceback; only an interrupt gets through. Signals and networks are kept before
    the attacks begin, so that a failed attack costs no training.

    Args:
        spec: the trial; taken in its canonical form.
        on_epoch: the listener called with (network, epoch, measurements); under `paper` networks are numbered through
            the replicates, target before shadow.
        archive: the store of signals; None for none.
        keep: the parts to keep of a newly trained cohort.
        earlier: the recorded part of the trial.
        device: the device to train on, as torch names it.
    """
    started = time.perf_counter()
    trial_id = UNKNOWN_ID
    try:
        info = describe_dataset(spec.dataset)
        spec = _canonical(spec, info)
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
    except Exception as error:  # any exception is the result of the trial, and must not end the sweep
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def attack_trial(
    spec: TrialSpec,
    trial_id: str,
    archive: Archive,
    earlier: Earlier = Earlier(),
) -> TrialResult:
    """Run attacks of `spec` on a trial's signals in the archive; nothing is trained.

    No data are needed but by an attack that reads the examples themselves. Without them it has the reason in the place
    of its numbers, and is run when it is asked for again.

    Args:
        spec: the trial, canonical.
        trial_id: the trial's key.
        archive: the store with the signals of the cohort.
        earlier: the recorded part of the trial; if nothing is recorded, every attack is run.
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
    """Save a trained object; return the reason if that fails, as this must not cost the trial its numbers."""
    try:
        save(trial_id, trained)
    except StudyError as error:
        return str(error)
    return None


class _NetworkListener:
    """A listener that copies the weights of every trained network."""

    def __init__(self) -> None:
        self._states: list[dict[str, Tensor]] = []

    def __call__(self, index: int, network: Network | RegisteredNetwork) -> None:  # noqa: ARG002  # they come in order
        self._states.append({name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()})

    def kept(self, spec: TrialSpec, trial_id: str, cohort: Cohort, info: DatasetInfo) -> KeptNetworks:
        """Return the copied networks with all that belongs to their file."""
        signals = cohort.signals
        _, seeds = rules_of(spec.protocol).draw_cohort(signals.num_train, spec.seed)
        networks = [
            KeptNetwork(role, replicate, seed, signals.rows[is_member], state)
            for (replicate, role), seed, is_member, state in zip(
                spec.protocol.roles(), seeds, signals.is_member, self._states, strict=True
            )
        ]
        return KeptNetworks(trial_id, spec, info.input_shape, info.num_classes, cohort.environment, networks)


def network_splits(spec: TrialSpec, network: int) -> Splits:
    """Load the splits of one network of a trial, with its inputs prepared as they were in its training.

    Args:
        spec: the trial.
        network: its index in the order of training.

    Raises:
        DataError: the dataset is missing or unfit.
    """
    return _load(_canonical(spec, describe_dataset(spec.dataset))).of_network(network)


def _canonical(spec: TrialSpec, info: DatasetInfo) -> TrialSpec:
    return spec.canonical(info.network, augments=info.augments, has_own_test_split=info.has_own_test_split)


def _load(spec: TrialSpec) -> Splits:
    """Load the sweep's splits, with those that networks have instead, if the protocol gives them any."""
    splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
    rules = rules_of(spec.protocol)
    labels = rules.training_labels(splits.y_train.numpy(), splits.info.num_classes, spec.seed)
    splits = splits.with_training_labels(labels)
    return splits.with_own(rules.draw_splits(splits.labels, len(splits.y_train), spec.seed))


def _train(spec: TrialSpec, listeners: Listeners, device: str) -> Cohort:
    splits = _load(spec)
    subsets, seeds = rules_of(spec.protocol).draw_cohort(len(splits.y_train), spec.seed)
    cohort = train_cohort(spec, splits, subsets, seeds, listeners, device)
    is_blind_needed = splits.info.needs_blind_baselines(spec.protocol)
    blind = blind_signals(spec, splits, subsets, seeds, device) if is_blind_needed else None
    return replace(cohort, environment=present_environment(device), blind=blind)


def _attacked(spec: TrialSpec, trial_id: str, cohort: Cohort, environment: str, started: float) -> Completed:

    @cache
    def load_inputs() -> Float32[np.ndarray, "examples features"]:
        return _inputs(spec, trial_id, cohort.signals)

    outcome = audit(cohort, spec, load_inputs)
    return Completed(
        trial_id=trial_id,
        spec=spec,
        replicates=outcome.replicates,
        across=outcome.across,
        refused=outcome.refused,
        lacked_data=outcome.lacked_data,
        dead=outcome.dead,
        blind=audit_untrained(cohort.blind, spec, load_inputs) if cohort.blind else None,
        environments=tuple(dict.fromkeys((cohort.environment, environment))),
        audit_version=AUDIT_VERSION,
        seconds=time.perf_counter() - started,
    )


def _inputs(spec: TrialSpec, trial_id: str, signals: Signals) -> Float32[np.ndarray, "examples features"]:
    """Load the inputs of a trial's examples, in the order of its signals.

    Raises:
        DataError: the data are not here, or are not those that the networks were trained on.
    """
    try:
        fingerprint, splits = describe_dataset(spec.dataset).fingerprint, _load(spec)
    except (DataError, SpecError) as error:
        raise DataError(
            f"it reads the examples themselves, but the data are not at hand ({error}); bring them here and run the "
            "attack again"
        ) from None
    as_recorded = trial_id in (spec.trial_id(fingerprint, version) for version in range(1, NUMERICS_VERSION + 1))
    same = [np.array_equal(*of_both) for of_both in ((splits.rows, signals.rows), (splits.labels, signals.labels))]
    if not (as_recorded and all(same)):
        raise DataError(
            f"it reads the examples themselves, but the data of {spec.dataset_name} are not those that the networks "
            "were trained on; bring those back and run the attack again, or run the sweep, which trains on what is here"
        )
    return np.concatenate([batch.flatten(1).cpu().numpy() for batch in splits.batches(_LOADED_AT_ONCE)])
