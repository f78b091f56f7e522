"""The files in which the signals of trained networks are: a network may be in the file of another trial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from privsearch.errors import StudyError
from privsearch.study.cohort import Cohort, is_network_id, join
from privsearch.study.result import Completed, TrialResult
from privsearch.study.signal_archive import SignalArchive


class SignalReader(Protocol):
    """A reader of the files of an archive."""

    def load(self, name: str) -> Cohort | None:
        """Return the networks in a file, as `SignalArchive.load` does."""


@dataclass(frozen=True)
class SignalFile:
    """A file with the signals of a network.

    Attributes:
        name: the file's name without its ending.
        archive: the archive that has the file; None for that of the study itself.
    """

    name: str
    archive: SignalArchive | None = None

    @property
    def own_name(self) -> str | None:
        """The file's name if it is the study's own."""
        return None if self.archive else self.name


@dataclass(frozen=True)
class KeptFiles:
    """The files of trained networks in a folder, whether with their signals or with their weights.

    Attributes:
        names: the names of the files, without their ending.
        results: the study's results, by trial_id: they tell which networks a file holds.
    """

    names: frozenset[str] = frozenset()
    results: Mapping[str, TrialResult] = field(default_factory=dict)

    @cached_property
    def holders(self) -> Mapping[str, str]:
        """By network id, the name of a file that holds the network."""
        of_trials = {
            network: trial_id
            for trial_id, result in self.results.items()
            if isinstance(result, Completed) and trial_id in self.names
            for network in result.held
        }
        return of_trials | {name: name for name in self.names if is_network_id(name)}

    def files_of(self, trial_id: str, network_ids: Sequence[str]) -> dict[str, str]:
        """Return, by network id, the name of the file of each of a trial's networks that is kept outside its own file.

        Args:
            trial_id: the trial's key.
            network_ids: its networks' keys, in the order of training; empty if it was trained before there were such.
        """
        own = self._own(trial_id, network_ids)
        elsewhere = (network for network in network_ids if network not in own)
        return {network: self.holders[network] for network in elsewhere if network in self.holders}

    def lacking(self, trial_id: str, network_ids: Sequence[str]) -> list[int]:
        """Return the indices of a trial's networks that are not kept; the arguments are those of `files_of`."""
        own, holders = self._own(trial_id, network_ids), self.holders
        return [k for k, network in enumerate(network_ids) if network not in own and network not in holders]

    def has(self, trial_id: str, network_ids: Sequence[str]) -> bool:
        """Tell whether all networks of a trial are kept; the arguments are those of `files_of`."""
        return not self.lacking(trial_id, network_ids) if network_ids else trial_id in self.names

    def _own(self, trial_id: str, network_ids: Sequence[str]) -> Sequence[str]:
        """Return the networks in the trial's own file: if the record does not tell, it has those that are nowhere else.

        So it is with a trial that was trained, but not recorded, and with what was recorded before networks had keys.
        """
        if trial_id not in self.names:
            return ()
        result = self.results.get(trial_id)
        if isinstance(result, Completed) and result.networks:
            return result.held
        return [network for network in network_ids if network not in self.holders]


@dataclass(frozen=True)
class KeptSignals:
    """The signals that a study keeps, and those of other studies that it may take networks from.

    Attributes:
        archive: the study's archive; None where nothing is kept.
        own: its files.
        others: the signals of the other studies.
    """

    archive: SignalArchive | None = None
    own: KeptFiles = KeptFiles()  # frozen
    others: Sequence["KeptSignals"] = ()

    @classmethod
    def of(
        cls, archive: SignalArchive, results: Mapping[str, TrialResult], others: Sequence["KeptSignals"] = ()
    ) -> "KeptSignals":
        """List the files of an archive.

        Raises:
            StudyError: the archive cannot be reached.
        """
        return cls(archive, KeptFiles(frozenset(archive.trial_ids()), results), others)

    def listed_again(self, results: Mapping[str, TrialResult]) -> "KeptSignals":
        """Return the files that are there by now, with what newer results tell of them.

        Args:
            results: the study's results, by trial_id.

        Raises:
            StudyError: the archive cannot be reached.
        """
        return self.of(self.archive, results, self.others) if self.archive else self

    @property
    def names(self) -> frozenset[str]:
        """The names of the files of this study."""
        return self.own.names

    @property
    def is_empty(self) -> bool:
        """True if nothing is kept, as before a first run."""
        return not self.names and not self.others

    def files_of(self, trial_id: str, network_ids: Sequence[str]) -> dict[str, SignalFile]:
        """Return the files of a trial's networks, those of other studies included; see `KeptFiles.files_of`."""
        found = {network: SignalFile(name) for network, name in self.own.files_of(trial_id, network_ids).items()}
        lacking = [network_ids[k] for k in self.own.lacking(trial_id, network_ids)] if self.others else []
        for other in self.others:
            for network in lacking:
                if network not in found and (name := other.own.holders.get(network)):
                    found[network] = SignalFile(name, other.archive)
        return found

    def lacking(self, trial_id: str, network_ids: Sequence[str]) -> list[int]:
        """Return the indices of a trial's networks that are kept nowhere; see `KeptFiles.lacking`."""
        lacking = self.own.lacking(trial_id, network_ids)
        files = self.files_of(trial_id, network_ids) if lacking and self.others else {}
        return [k for k in lacking if network_ids[k] not in files]

    def has(self, trial_id: str, network_ids: Sequence[str]) -> bool:
        """Tell whether all networks of a trial are kept; see `KeptFiles.lacking`."""
        return not self.lacking(trial_id, network_ids) if network_ids else trial_id in self.names

    def networks_of(self, trial_id: str, network_ids: Sequence[str]) -> dict[int, Cohort]:
        """Read the networks of a trial that are kept, each alone, by index; a damaged file has none.

        Raises:
            StudyError: an archive cannot be reached.
        """
        if self.archive is None:
            return {}
        own, files = self.archive.load(trial_id), self.files_of(trial_id, network_ids)
        return {k: one for k, one, _ in load_networks(own, self.archive, network_ids, files)}

    def load(self, trial_id: str, network_ids: Sequence[str]) -> Cohort | None:
        """Return the cohort of a trial; None if a network is not kept, or if its file is damaged.

        Raises:
            StudyError: an archive cannot be reached.
        """
        files = self.files_of(trial_id, network_ids)
        return load_cohort(self.archive, trial_id, network_ids, files) if self.archive else None


def load_networks(
    own: Cohort | None, archive: SignalReader, network_ids: Sequence[str], files: Mapping[str, SignalFile]
) -> Iterator[tuple[int, Cohort, bool]]:
    """Load the networks of a trial from the file of its own and from other ones, as far as they are there.

    Where a network has another file, that one counts: the trial's own may be of an earlier training.

    Args:
        own: what the file of its own holds; None if there is none.
        archive: the study's archive.
        network_ids: its networks' keys, in the order of training.
        files: by network id, the files of networks that are not in the trial's own file.

    Yields:
        The index of a network, the network alone, and whether it is from the trial's own file.

    Raises:
        StudyError: an archive cannot be reached.
    """
    loaded: dict[SignalFile, Cohort | None] = {}
    for k, network in enumerate(network_ids):
        if (file := files.get(network)) and file not in loaded:
            loaded[file] = (file.archive or archive).load(file.name)
        for cohort in (loaded[file] if file else None, own):
            if cohort and network in cohort.network_ids:
                yield k, cohort.part([cohort.network_ids.index(network)]), cohort is own
                break


def load_cohort(
    archive: SignalReader, trial_id: str, network_ids: Sequence[str], files: Mapping[str, SignalFile]
) -> Cohort | None:
    """Load all networks of a trial.

    Args:
        archive: the study's archive.
        trial_id: the trial's key.
        network_ids: its networks' keys, in the order of training; empty to take what its own file holds.
        files: by network id, the files of networks that are not in the trial's own file.

    Returns:
        None if a network is not kept, or if its file is damaged.

    Raises:
        StudyError: an archive cannot be reached.
    """
    own = archive.load(trial_id)
    if own and (not network_ids or (own.network_ids in ((), tuple(network_ids)) and not files)):
        return own
    found = [cohort for _, cohort, _ in load_networks(own, archive, network_ids, files)]
    if not found or len(found) < len(network_ids):
        return None
    try:
        return join(found)
    except StudyError:  # a stranger's files
        return None
