"""The content of a study: all that its files hold, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from privsearch._util.lines import collector_paused
from privsearch.spec import SweepSpec
from privsearch.spec.datasets import Name
from privsearch.spec.storage import folder_in
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.fields import Word
from privsearch.study.kept import KeptSignals
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.proposals import ProposalLog, Searched, in_order
from privsearch.study.record import Record
from privsearch.study.result import Completed, TrialResult, restricted_to
from privsearch.study.signal_archive import SignalArchive

SIGNALS: Final = "signals"
"""The folder of the signals, in the study or in the storage below the sweep's name."""

NETWORKS: Final = "networks"
"""The folder of the networks, in the study or in the storage below the sweep's name."""


CHECKPOINTS: Final = "checkpoints"
"""The folder of the checkpoints, in the study or in the storage below the sweep's name."""


def kept_signals(study: Path, sweep: SweepSpec | None) -> SignalArchive:
    """Return the signals that a study keeps: in its own folder, or in its sweep's storage."""
    return SignalArchive(_kept_folder(study, sweep, SIGNALS), in_study=not (sweep and sweep.storage))


def kept_networks(study: Path, sweep: SweepSpec | None) -> NetworkArchive:
    """Return the networks that a study keeps: in its own folder, or in its sweep's storage."""
    return NetworkArchive(_kept_folder(study, sweep, NETWORKS), in_study=not (sweep and sweep.storage))


def kept_checkpoints(study: Path, sweep: SweepSpec | None) -> CheckpointArchive:
    """Return the checkpoints of a study: in its own folder, or in its sweep's storage."""
    return CheckpointArchive(_kept_folder(study, sweep, CHECKPOINTS), in_study=not (sweep and sweep.storage))


def _kept_folder(study: Path, sweep: SweepSpec | None, name: str) -> Path | str:
    return folder_in(sweep.storage, sweep.name, name) if sweep and sweep.storage else study.absolute() / name


class StudyPlan(BaseModel):
    """The content of plan.json.

    Attributes:
        trials: by trial_id, the name of the dataset of each trial that the grids stand for.
        searches: by the id of each search, the name of the dataset that it searches on.
    """

    trials: dict[Word, Name]
    searches: dict[Word, Name] = {}

    def trials_with(self, log: ProposalLog) -> dict[str, str]:
        """Return, by trial_id, the dataset's name of each trial of the grids, then of those that searches proposed."""
        proposed = (proposal for proposal in log.proposals if proposal.search in self.searches)
        return {**self.trials, **{proposal.trial_id: self.searches[proposal.search] for proposal in proposed}}


@dataclass(frozen=True, eq=False)
class StudyContent:
    """The content of a study at one moment.

    Attributes:
        path: the study's folder.
        sweep: the sweep as it was last run.
        plan: the trials and the searches that it stood for.
        record: everything that has been recorded, whether the sweep still asks for it or not.
        proposals: those of its searches.
    """

    path: Path
    sweep: SweepSpec
    plan: StudyPlan
    record: Record
    proposals: ProposalLog

    @property
    def signals(self) -> SignalArchive:
        """The signals of the trials that have been trained, as far as they are kept."""
        return kept_signals(self.path, self.sweep)

    @cached_property
    def kept_signals(self) -> KeptSignals:
        """The same, with the networks that each file holds, listed once.

        Raises:
            StudyError: their folder cannot be reached.
        """
        return KeptSignals.of(self.signals, self.record.results)

    @property
    def networks(self) -> NetworkArchive:
        """The networks of the trials that were trained while they were to be kept."""
        return kept_networks(self.path, self.sweep)

    @property
    def checkpoints(self) -> CheckpointArchive:
        """The states of networks whose training was interrupted."""
        return kept_checkpoints(self.path, self.sweep)

    @cached_property
    def trials(self) -> Mapping[str, str]:
        """By trial_id, the dataset's name of each trial that the sweep asks for, those of its searches last."""
        return self.plan.trials_with(self.proposals)

    @cached_property
    def searches(self) -> Sequence[Searched]:
        """The searches of the sweep, as far as they have come: by dataset, then by protocol."""
        log = self.proposals
        return [Searched(dataset, log.of(search), log.end_of(search)) for search, dataset in self.plan.searches.items()]

    @cached_property
    def results(self) -> Sequence[TrialResult]:
        """The results of the trials that the sweep asks for, in its order, as far as they are finished.

        They have the attacks that the sweep asks for, whatever else is recorded. A dataset has the name that the sweep
        gives it now, whatever its name was when the trial was recorded.
        """
        recorded = self.record.results
        with collector_paused():
            return [
                _with_dataset_name(_with_attacks_of(self.sweep, recorded[trial_id]), dataset)
                for trial_id, dataset in self.trials.items()
                if trial_id in recorded
            ]

    @cached_property
    def completed(self) -> Mapping[str, Completed]:
        """By trial_id, the results that have numbers, in the order of `results`."""
        return {result.trial_id: result for result in self.results if isinstance(result, Completed)}

    @cached_property
    def order(self) -> Sequence[str]:
        """The ids of all recorded trials, in the order that shows how a search went (`in_order`)."""
        return in_order(self.record.results, self.searches)


def _with_attacks_of(sweep: SweepSpec, result: TrialResult) -> TrialResult:
    return restricted_to(result, sweep.attacks_under(result.spec.protocol, result.spec.model))


def _with_dataset_name(result: TrialResult, name: str) -> TrialResult:
    if isinstance(result.spec.dataset, str) or result.spec.dataset.name == name:
        return result
    renamed = result.spec.dataset.model_copy(update={"name": name})
    return result.model_copy(update={"spec": result.spec.model_copy(update={"dataset": renamed})})
