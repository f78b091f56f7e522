"""The run of one trial: a `TrialSpec` in, a `TrialResult` out. No Ray, no Optuna, no paths."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float32

from privsearch.attacks.protocols.audit import audit, audit_untrained
from privsearch.data import describe_dataset
from privsearch.data.sequences import without_padding
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.models.training import EpochListener
from privsearch.spec import Attack, TrialSpec
from privsearch.study.cohort import Cohort
from privsearch.study.environment import present_environment
from privsearch.study.kept import SignalFile, SignalReader, load_cohort
from privsearch.study.result import AUDIT_VERSION, UNKNOWN_ID, Completed, TrialResult, failure
from privsearch.study.signals import Signals
from privsearch.sweep.advance import Activity
from privsearch.sweep.cohort import Archive, CurveShelf, Gathered, Keeping, Kept, TrialNetworks
from privsearch.sweep.parts import TrainedPart
from privsearch.sweep.splits import canonical, prepared_splits

_LOADED_AT_ONCE: Final = 1000
"""The examples whose inputs are prepared in one batch, as an attack gets them."""


@dataclass(frozen=True)
class Earlier:
    """The recorded part of a trial, and the networks that are kept.

    Attributes:
        trained_under: the environment of the training whose attacks are recorded; None if no attack is.
        missing: the attacks on that training that the record lacks.
        networks: the keys of the recorded networks.
        files: by network id, the files of networks that are not in the trial's own file.
        only_same_versions: train again what was trained under other versions than the present ones.
        networks_unkept: the reason why weights that parts of the trial trained could not be kept; None for none.
        recorded: the recorded attacks, if all of them can be run here.
    """

    trained_under: str | None = None
    missing: tuple[Attack, ...] = ()
    networks: tuple[str, ...] = ()
    files: Mapping[str, SignalFile] = field(default_factory=dict)
    only_same_versions: bool = False
    networks_unkept: str | None = None
    recorded: tuple[Attack, ...] = ()

    def holds(self, kept: Cohort) -> bool:
        """Tell whether the recorded attacks were run on this cohort, and not on another training."""
        return kept.environments[0] == self.trained_under

    def left(self, spec: TrialSpec, kept: Cohort) -> TrialSpec:
        """Return `spec` with the attacks left to run on a kept cohort.

        These are the missing attacks, or all attacks if the cohort comes from another training than the recorded one,
        so that no result ever joins the attacks on two trainings.
        """
        return spec.model_copy(update={"attacks": self.missing}) if self.holds(kept) else spec

    def asked(self, spec: TrialSpec, gathered: Gathered) -> TrialSpec:
        """Return `spec` with the attacks to run on a cohort of which some networks were trained now.

        If others were not, the recorded attacks are among them: they were run on networks that may have been others,
        such as those of a file that has been damaged since.
        """
        if gathered.num_trained == len(gathered.cohort.networks) or not self.holds(gathered.cohort):
            return spec
        return spec.model_copy(update={"attacks": tuple(dict.fromkeys((*spec.attacks, *self.recorded)))})


def run_trial(  # noqa: PLR0913  # what to run, where to keep what, and who is told
    spec: TrialSpec,
    on_epoch: EpochListener | None = None,
    archive: Archive | None = None,
    *,
    keep: Keeping = Keeping(),  # noqa: B008  # frozen
    earlier: Earlier = Earlier(),
    device: str = "cpu",
    activity: Activity | None = None,
) -> TrialResult:
    """Train a cohort and run every attack of `spec` on it; networks that are kept are not trained again.

    If no network had to be trained, only the attacks that `earlier` lists as missing are run.

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
        activity: takes note of how far the trial is; None for nobody.
    """
    started = time.perf_counter()
    trial_id, activity = UNKNOWN_ID, activity or Activity()
    try:
        activity.enter("reading data")
        info = describe_dataset(spec.dataset)
        spec = canonical(spec, info)
        networks = TrialNetworks(spec, info, on_epoch, device, activity)
        trial_id = networks.trial_id
        gathered = networks.gather(Kept(archive, earlier.files, earlier.only_same_versions), keep)
        cohort = gathered.cohort
        activity.enter("attacking")
        asked = earlier.asked(spec, gathered) if gathered.num_trained else earlier.left(spec, cohort)
        result = _attacked(asked, trial_id, cohort, present_environment(device), started, keep.curves)
        # So that the seconds of a trial are those of its whole work, whenever its networks were trained.
        before = 0.0 if earlier.holds(cohort) else cohort.seconds - gathered.trained_seconds
        changes = {
            "networks": cohort.network_ids,
            "held": gathered.held,
            "unkept": gathered.unkept,
            "networks_unkept": gathered.networks_unkept or earlier.networks_unkept,
            "misfits": gathered.misfits,
            "seconds": result.seconds + before,
        }
        return result.model_copy(update=changes)
    except Exception as error:  # any exception is the result of the trial, and must not end the sweep
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def train_networks(  # noqa: PLR0913  # where to keep what, and who is told
    spec: TrialSpec,
    chosen: Sequence[int],
    archive: Archive,
    keep: Keeping,
    device: str = "cpu",
    activity: Activity | None = None,
    *,
    only_same_versions: bool = False,
) -> TrainedPart:
    """Train some of a trial's networks, and keep each in a file of its own, where `run_trial` finds them.

    Args:
        spec: the trial; taken in its canonical form.
        chosen: the indices of the networks.
        archive: the store of signals.
        keep: the store of the weights.
        device: the device to train on, as torch names it.
        activity: takes note of how far the work is; None for nobody.
        only_same_versions: train again what was trained under other versions than the present ones.

    Returns:
        The part, with the reason if a network could not be trained or kept: the trial trains it again then.
    """
    started, error, unkept = time.perf_counter(), None, None
    try:
        info = describe_dataset(spec.dataset)
        networks = TrialNetworks(canonical(spec, info), info, device=device, activity=activity or Activity())
        unkept = networks.train_into(archive, keep, chosen, only_same_versions=only_same_versions)
    except Exception as raised:  # the trial itself will fail of it, or not
        error = f"{type(raised).__name__}: {raised}"
    seconds = time.perf_counter() - started
    return TrainedPart(networks=tuple(chosen), error=error, networks_unkept=unkept, seconds=seconds)


def attack_trial(
    spec: TrialSpec,
    trial_id: str,
    archive: SignalReader,
    earlier: Earlier = Earlier(),
    curves: CurveShelf | None = None,
) -> TrialResult:
    """Run attacks of `spec` on a trial's signals in the archive; nothing is trained.

    No data are needed but by an attack that reads the examples themselves. Without them it has the reason in the place
    of its numbers, and is run when it is asked for again.

    Args:
        spec: the trial, canonical.
        trial_id: the trial's key.
        archive: the store with the signals of the cohort.
        earlier: the recorded part of the trial; if nothing is recorded, every attack is run.
        curves: the store of the attacks' ROC curves; None to keep none.
    """
    started = time.perf_counter()
    try:
        cohort = load_cohort(archive, trial_id, earlier.networks, earlier.files)
        if cohort is None:
            raise StudyError(
                f"the signals of trial {trial_id} must be readable, but are not; run its sweep, which trains it again"
            )
        result = _attacked(earlier.left(spec, cohort), trial_id, cohort, present_environment(), started, curves)
        held = tuple(network for network in cohort.network_ids if network not in earlier.files)
        return result.model_copy(update={"networks": cohort.network_ids, "held": held})
    except Exception as error:  # as above
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def _attacked(
    spec: TrialSpec, trial_id: str, cohort: Cohort, environment: str, started: float, curves: CurveShelf | None
) -> Completed:

    @cache
    def load_inputs() -> Float32[np.ndarray, "examples features"]:
        return _inputs(spec, trial_id, cohort.signals)

    outcome = audit(cohort, spec, load_inputs)
    if curves:
        curves.add(trial_id, outcome.curves)
    return Completed(
        trial_id=trial_id,
        spec=spec,
        replicates=outcome.replicates,
        across=outcome.across,
        refused=outcome.refused,
        lacked_data=outcome.lacked_data,
        dead=outcome.dead,
        odd_outputs=outcome.odd_outputs,
        blind=audit_untrained(cohort.blind, spec, load_inputs) if cohort.blind else None,
        environments=tuple(dict.fromkeys((*cohort.environments, environment))),
        audit_version=AUDIT_VERSION,
        seconds=time.perf_counter() - started,
    )


def _inputs(spec: TrialSpec, trial_id: str, signals: Signals) -> Float32[np.ndarray, "examples features"]:
    """Load the inputs of a trial's examples, in the order of its signals.

    Raises:
        DataError: the data are not here, or are not those that the networks were trained on.
    """
    try:
        fingerprint, splits = describe_dataset(spec.dataset).fingerprint, prepared_splits(spec)
    except (DataError, SpecError) as error:
        raise DataError(
            f"it reads the examples themselves, but the data are not at hand ({error}); bring them here and run the "
            "attack again"
        ) from None
    as_recorded = trial_id in {spec.trial_id(fingerprint), *spec.earlier_ids(fingerprint)}
    same = [np.array_equal(*of_both) for of_both in ((splits.rows, signals.rows), (splits.labels, signals.labels))]
    if not (as_recorded and all(same)):
        raise DataError(
            f"it reads the examples themselves, but the data of {spec.dataset_name} are not those that the networks "
            "were trained on; bring those back and run the attack again, or run the sweep, which trains on what is here"
        )
    batches = (without_padding(batch.cpu().numpy()) for batch in splits.batches(_LOADED_AT_ONCE))
    return np.concatenate([batch.reshape(len(batch), -1) for batch in batches])
