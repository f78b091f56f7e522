"""What a worker does with a trial. Heavy imports stand in the calls: a driver that hands these out never trains."""

from collections.abc import Callable
from dataclasses import dataclass

from privsearch.spec import Device, registry
from privsearch.spec.registry import Entry
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import TrialResult
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.planned import PlannedTrial

Job = Callable[[PlannedTrial, Device], TrialResult]
"""Run in a worker's process, to which it is sent; told where that worker trains."""


@dataclass(frozen=True)
class TrainAndAttack:
    """Train what has not been trained yet, and attack it.

    Attributes:
        archive: where signals are kept; None for nowhere.
        keep: whether to keep those of a cohort that had to be trained.
        networks: where the networks of such a cohort are kept; None for nowhere.
        only_same_versions: train again what was kept from other versions than the worker's.
    """

    archive: SignalArchive | None = None
    keep: bool = True
    networks: NetworkArchive | None = None
    only_same_versions: bool = False

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:
        """The result of the trial."""
        from privsearch.sweep.trial import Earlier, Keeping, run_trial

        earlier = Earlier(trial.trained_under, trial.missing, self.only_same_versions)
        keep = Keeping(signals=self.keep, networks=self.networks)
        return run_trial(trial.spec, archive=self.archive, keep=keep, earlier=earlier, device=device)


@dataclass(frozen=True)
class JobWithPlugins:
    """A job in a process that does not know what is registered where the job comes from.

    Attributes:
        job: what is done with a trial.
        entries: what is registered.
    """

    job: Job
    entries: tuple[Entry, ...]

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:
        """The result of the trial."""
        registry.adopt(self.entries)
        return self.job(trial, device)


@dataclass(frozen=True)
class AttackOnly:
    """Attack what has been trained, and train nothing.

    Attributes:
        archive: where the signals are.
    """

    archive: SignalArchive

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:  # noqa: ARG002  # nothing is trained
        """The result of the trial."""
        from privsearch.sweep.trial import Earlier, attack_trial

        earlier = Earlier(trial.trained_under, trial.missing)
        return attack_trial(trial.spec, trial.trial_id, self.archive, earlier)
