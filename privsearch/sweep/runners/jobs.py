"""The jobs that a worker does with a trial. Heavy imports are inside the calls, as the driver itself never trains."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from privsearch.spec import Device, registry
from privsearch.spec.registry import Entry
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import TrialResult
from privsearch.study.roc_curves import CurveArchive
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.advance import current_activity
from privsearch.sweep.parts import TrainedPart
from privsearch.sweep.planned import PlannedTrial

if TYPE_CHECKING:
    from privsearch.sweep.trial import Earlier

Job = Callable[[PlannedTrial, Device], TrialResult | TrainedPart]
"""A function from a trial and the device to train on to the trial's result; it is sent to the workers' processes.

A part of a trial has a `TrainedPart` for its result.
"""


OUTBOX: Final = "PRIVSEARCH_OUTBOX"
"""The variable with the folder that takes the place of the study's where a worker does not see that one."""


def can_be_split(job: "Job") -> bool:
    """Tell whether a job can be done with the parts of a trial, which leave to the others what they have trained."""
    return isinstance(job, TrainAndAttack) and job.archive is not None


@dataclass(frozen=True)
class TrainAndAttack:
    """A job that trains a trial's cohort, unless its signals are in the archive, and attacks it.

    Attributes:
        archive: the archive of signals; None for none.
        keep: a flag to keep the signals of a cohort that had to be trained.
        networks: the archive for the networks of such a cohort; None to keep none.
        only_same_versions: a flag to train again if the archived signals come from other versions than the worker's.
        checkpoints: the archive for the checkpoints of long trainings; None for none.
        checkpoint_seconds: the time between two checkpoints.
    """

    archive: SignalArchive | None = None
    keep: bool = True
    networks: NetworkArchive | None = None
    only_same_versions: bool = False
    checkpoints: CheckpointArchive | None = None
    checkpoint_seconds: float = 600.0

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult | TrainedPart:
        """Train and attack, and return the trial's result; train alone if it is a part."""
        from privsearch.models.checkpoint import Checkpoints
        from privsearch.sweep.cohort import Keeping
        from privsearch.sweep.trial import run_trial, train_networks

        job, activity = self._here(), current_activity()
        checkpoints = Checkpoints(job.checkpoints, job.checkpoint_seconds) if job.checkpoints else None
        curves = _curves(self.archive, job.archive) if job.keep else None
        keep = Keeping(job.keep, job.networks, checkpoints, curves)
        if trial.part is not None and job.archive:
            only = job.only_same_versions
            return train_networks(trial.spec, trial.part, job.archive, keep, device, activity, only_same_versions=only)
        earlier = _earlier(trial, only_same_versions=job.only_same_versions)
        return run_trial(trial.spec, archive=job.archive, keep=keep, earlier=earlier, device=device, activity=activity)

    def _here(self) -> "TrainAndAttack":
        """Return this job, with its archives in the outbox if the worker has one: it has no place for checkpoints."""
        outbox = _outbox()
        if outbox is None:
            return self
        archive = self.archive and SignalArchive(outbox / "signals")
        networks = self.networks and NetworkArchive(outbox / "networks")
        return replace(self, archive=archive, networks=networks, checkpoints=None)


@dataclass(frozen=True)
class JobWithPlugins:
    """A job together with the plugins that it needs, for a process that has not registered them.

    Attributes:
        job: the job itself.
        entries: all entries of the registry in the process that the job comes from.
    """

    job: Job
    entries: tuple[Entry, ...]

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult | TrainedPart:
        """Register the plugins, do the job, and return the trial's result."""
        registry.adopt(self.entries)
        return self.job(trial, device)


@dataclass(frozen=True)
class AttackOnly:
    """A job that attacks the archived signals of a trial, and trains nothing.

    Attributes:
        archive: the archive of signals.
    """

    archive: SignalArchive

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:  # noqa: ARG002  # nothing is trained
        """Attack the signals, and return the trial's result."""
        from privsearch.sweep.trial import attack_trial

        outbox = _outbox()
        archive = SignalArchive(outbox / "signals") if outbox else self.archive
        current_activity().enter("attacking")
        return attack_trial(trial.spec, trial.trial_id, archive, _earlier(trial), _curves(self.archive, archive))


def _curves(archive: SignalArchive | None, here: SignalArchive | None) -> CurveArchive | None:
    """Return the store of curves beside the signals `here`; None if these are not in a study: no page reads others."""
    return CurveArchive(here) if archive and here and archive.in_study else None


def _outbox() -> Path | None:
    return Path(os.environ[OUTBOX]) if os.environ.get(OUTBOX) else None


def _earlier(trial: PlannedTrial, *, only_same_versions: bool = False) -> "Earlier":
    from privsearch.sweep.trial import Earlier

    return Earlier(
        trial.trained_under,
        trial.missing,
        trial.networks,
        trial.files,
        only_same_versions,
        trial.networks_unkept,
        trial.recorded,
    )
