"""Run one trial: a `TrialSpec` in, a `TrialResult` out. No Ray, no Optuna, no paths."""

import time
from dataclasses import replace
from typing import Protocol

from privsearch.data import describe_dataset
from privsearch.data.splits import load_splits
from privsearch.environment import present_environment, same_versions
from privsearch.errors import StudyError
from privsearch.protocols import audit, draw_cohort
from privsearch.result import UNKNOWN_ID, Cohort, Completed, TrialResult, failure
from privsearch.spec import TrialSpec
from privsearch.training import EpochListener, train_cohort


class Archive(Protocol):
    """Where trained cohorts are kept, by trial_id. A `StudyError` is raised where it cannot be reached."""

    def load(self, trial_id: str) -> Cohort | None:
        """The cohort of that trial; None where it is not kept."""

    def save(self, trial_id: str, cohort: Cohort) -> None:
        """Keep a cohort."""


def run_trial(
    spec: TrialSpec,
    on_epoch: EpochListener | None = None,
    archive: Archive | None = None,
    *,
    keep: bool = True,
    only_same_versions: bool = False,
    device: str = "cpu",
) -> TrialResult:
    """Train a cohort and run every attack of `spec` on it; what the archive holds is not trained again.

    The same spec gives the same numbers on the same machine, in whatever process and beside whatever else. An
    exception becomes a `Failed` result with its traceback; only an interrupt gets through. Signals are kept before the
    attacks begin, so that an attack that fails costs no training.

    Args:
        spec: the trial; taken in its canonical form.
        on_epoch: told (network, epoch, what was measured); under `paper` networks count through the replicates, target
            before shadow.
        archive: where signals are kept; None for nowhere.
        keep: whether to keep those of a cohort that had to be trained.
        only_same_versions: train again what the archive holds from other versions than the present ones.
        device: where networks are trained, as torch names it.
    """
    started = time.perf_counter()
    trial_id = UNKNOWN_ID
    try:
        info = describe_dataset(spec.dataset)
        spec = spec.canonical(info.network, augments=info.augments)
        trial_id = spec.trial_id(info.fingerprint)
        cohort = _kept(archive, trial_id) if archive else None
        unkept = None
        if cohort is None or (only_same_versions and not same_versions(cohort.environment, present_environment())):
            cohort = _train(spec, on_epoch, device)
            unkept = _keep(archive, trial_id, cohort) if archive and keep else None
        result = _attacked(spec, trial_id, cohort, present_environment(device), started)
        return result.model_copy(update={"unkept": unkept})
    except Exception as error:  # whatever a trial raises is its result, and must not end the sweep
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def attack_trial(spec: TrialSpec, trial_id: str, archive: Archive) -> TrialResult:
    """Run every attack of `spec` on what the archive holds of a trial; nothing is trained, and no data are needed.

    Args:
        spec: the trial, canonical.
        trial_id: its key.
        archive: where the signals of the cohort are kept.
    """
    started = time.perf_counter()
    try:
        cohort = archive.load(trial_id)
        if cohort is None:
            raise StudyError(
                f"the signals of trial {trial_id} must be readable, but are not; run its sweep, which trains it again"
            )
        return _attacked(spec, trial_id, cohort, present_environment(), started)
    except Exception as error:  # as above
        return failure(spec, trial_id, error, seconds=time.perf_counter() - started)


def _kept(archive: Archive, trial_id: str) -> Cohort | None:
    try:
        return archive.load(trial_id)
    except StudyError:  # what cannot be reached must be trained, as if it were not there
        return None


def _keep(archive: Archive, trial_id: str, cohort: Cohort) -> str | None:
    """Keep a cohort; where that cannot be done, the reason, which must not cost the trial its numbers."""
    try:
        archive.save(trial_id, cohort)
    except StudyError as error:
        return str(error)
    return None


def _train(spec: TrialSpec, on_epoch: EpochListener | None, device: str) -> Cohort:
    splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
    subsets, seeds = draw_cohort(spec.protocol, len(splits.y_train), spec.seed)
    cohort = train_cohort(spec, splits, subsets, seeds, on_epoch, device)
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
