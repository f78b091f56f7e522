"""The content of a study: all that its files hold, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from privsearch._util.lines import collector_paused
from privsearch.spec import SweepSpec, TrialSpec
from privsearch.spec.dataset_fields import Name
from privsearch.spec.race import Race
from privsearch.spec.storage import folder_in
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.fields import Word
from privsearch.study.kept import KeptSignals
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.proposals import LoggedProposal, ProposalLog, Searched, in_order
from privsearch.study.record import Record
from privsearch.study.result import Completed, TrialResult, priced, restricted_to
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
        raced: by its name, the fingerprint of each dataset on which configurations race for networks.
    """

    trials: dict[Word, Name]
    searches: dict[Word, Name] = {}
    raced: dict[Name, Word] = {}

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
    def rounds(self) -> Mapping[str, Sequence[TrialResult]]:
        """By the id of its latest trial, the results of each configuration in a race, the one of the first round first.

        They are as in `results`.
        """
        found = {}
        for first, dataset in self._first_trials.items():
            ids = self._race_ids.get(first, ())
            if ids:
                found[ids[-1]] = [self._result(trial_id, dataset) for trial_id in ids]
        return found

    @cached_property
    def trials(self) -> Mapping[str, str]:
        """By trial_id, the dataset's name of each trial that the sweep asks for, those of its searches last.

        Of a configuration in a race it is the latest one that is recorded.
        """
        return {self._latest(first): dataset for first, dataset in self._first_trials.items()}

    @cached_property
    def searches(self) -> Sequence[Searched]:
        """The searches of the sweep, as far as they have come: by dataset, then by protocol."""
        return [
            Searched(dataset, [self._with_latest(proposal) for proposal in self.proposals.of(search)], end)
            for search, dataset in self.plan.searches.items()
            for end in [self.proposals.end_of(search)]
        ]

    @cached_property
    def results(self) -> Sequence[TrialResult]:
        """The results of the trials that the sweep asks for, in its order, as far as they are finished.

        They have the attacks that the sweep asks for, whatever else is recorded. A dataset has the name that the sweep
        gives it now, whatever its name was when the trial was recorded. Of a configuration in a race it is the result
        with the most networks.
        """
        with collector_paused():
            return [
                self._result(trial_id, dataset)
                for trial_id, dataset in self.trials.items()
                if trial_id in self.record.results
            ]

    @cached_property
    def _first_trials(self) -> Mapping[str, str]:
        return self.plan.trials_with(self.proposals)

    @cached_property
    def _race_ids(self) -> Mapping[str, Sequence[str]]:
        """By the id of its first trial, the ids of the recorded trials of each configuration in a race."""
        races = {protocol.kind: race for protocol in self.sweep.protocol if (race := protocol.raced)}
        found = {}
        for first, dataset in self._first_trials.items() if races and self.plan.raced else ():
            result = self.record.results.get(first)
            if result and (race := races.get(result.spec.protocol.kind)):
                ids = round_ids(result.spec, race, self.plan.raced.get(dataset, ""))
                found[first] = [first, *(trial_id for trial_id in ids[1:] if trial_id in self.record.results)]
        return found

    def _latest(self, first: str) -> str:
        return self._race_ids[first][-1] if first in self._race_ids else first

    def _with_latest(self, proposal: LoggedProposal) -> LoggedProposal:
        return proposal.model_copy(update={"trial_id": self._latest(proposal.trial_id)})

    def _result(self, trial_id: str, dataset: str) -> TrialResult:
        result = priced(self.record.results[trial_id], self.sweep.energy)
        return _with_dataset_name(_with_attacks_of(self.sweep, result), dataset)

    @cached_property
    def completed(self) -> Mapping[str, Completed]:
        """By trial_id, the results that have numbers, in the order of `results`."""
        return {result.trial_id: result for result in self.results if isinstance(result, Completed)}

    @cached_property
    def order(self) -> Sequence[str]:
        """The ids of all recorded trials, in the order that shows how a search went (`in_order`)."""
        return in_order(self.record.results, self.searches)


def round_ids(spec: TrialSpec, race: Race, fingerprint: str) -> list[str]:
    """Return the ids of the trials that a configuration may have in a race, one for each round.

    Args:
        spec: a trial of the configuration.
        race: the race of its protocol.
        fingerprint: that of the dataset's content.
    """
    grown = (spec.model_copy(update={"protocol": spec.protocol.with_count(count)}) for count in race.counts)
    return [trial.trial_id(fingerprint) for trial in grown]


def _with_attacks_of(sweep: SweepSpec, result: TrialResult) -> TrialResult:
    return restricted_to(result, sweep.attacks_under(result.spec.protocol, result.spec.network_kind))


def _with_dataset_name(result: TrialResult, name: str) -> TrialResult:
    if isinstance(result.spec.dataset, str) or result.spec.dataset.name == name:
        return result
    renamed = result.spec.dataset.model_copy(update={"name": name})
    return result.model_copy(update={"spec": result.spec.model_copy(update={"dataset": renamed})})
