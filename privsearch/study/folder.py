"""The folder of a study: the one place that knows the names of its files.

    sweep.yaml          the sweep as it was last run
    plan.json           the trials that it stands for, in their order
    environments.jsonl  where it ran: one line a run with commit, versions, machine (environment_log.py)
    trials.jsonl        the record: one line a finished trial, appended and synced before the trial counts (record.py)
    search.jsonl        the proposals of its searches: one line each, synced before its trial is run (proposals.py)
    trials.damaged, environments.damaged, search.damaged    the lines that a repair took out of these files
    signals/            what the attacks saw of each trained trial (signal_archive.py), and beside it the ROC curves of
                        these attacks (roc_curves.py), unless a storage is asked for
    networks/           the networks, if the sweep keeps them (network_archive.py), unless a storage is asked for
    checkpoints/        networks in the middle of their training (checkpoints.py), unless a storage is asked for
    results.csv, targets.csv, slices.csv, exposed.csv, datapackage.json, optuna.journal, fronts/    made from the record
    tables/, plots/, comparison/, audit/, analysis/, report.html    made from the record on request
    cards/, report.pdf  what is sent to others
    exports/            single configurations and their networks, unless they go elsewhere
    .lock, .lease, .holder.json, .outputs.lock, .made.json    who is writing (lock.py); what outputs were made from

The record is the truth.
"""

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from privsearch._util import disk
from privsearch._util.lines import collector_paused
from privsearch.errors import StudyError
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import read_sweep
from privsearch.study import lock
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.content import StudyContent, StudyPlan, kept_checkpoints, kept_networks, kept_signals
from privsearch.study.environment_log import EnvironmentLog, read_environments
from privsearch.study.hold import Hold
from privsearch.study.links import check_links
from privsearch.study.neighbours import absent_words
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.output_paths import OutputPaths
from privsearch.study.proposals import ProposalLog, ProposalWriter, read_proposals
from privsearch.study.record import Record, RecordWriter, read_record
from privsearch.study.signal_archive import SignalArchive

BEGUN: Final = ("environments.jsonl", "plan.json")
"""The files that a study has before it is one, if the process that began it was killed."""

_MANY: Final = 10
_log = logging.getLogger(__name__)


class StudyFolder:
    """The folder of one sweep's results. Opening it reads nothing and writes nothing."""

    def __init__(self, path: Path, *, growing: bool = False) -> None:
        """Stand for the study at `path`, whether it is there yet or not.

        Args:
            path: the folder.
            growing: a sweep may be running into it while it is read here, so that an unfinished last line of the record
                is no damage.
        """
        self.path = path
        self._growing = growing
        self._told = False
        self._hold: Hold | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def signals(self) -> SignalArchive:
        """The signals of the trials that have been trained, as far as they are kept."""
        return kept_signals(self.path, self.sweep() if self.exists() else None)

    def signals_of(self, sweep: SweepSpec) -> SignalArchive:
        """Return the signals where `sweep` keeps them once it runs into this study; see `with_storage`."""
        return kept_signals(self.path, self.with_storage(sweep))

    @property
    def networks(self) -> NetworkArchive:
        """The networks of the trials that were trained while they were to be kept."""
        return kept_networks(self.path, self.sweep() if self.exists() else None)

    def networks_of(self, sweep: SweepSpec) -> NetworkArchive:
        """Return the networks where `sweep` keeps them; see `with_storage`."""
        return kept_networks(self.path, self.with_storage(sweep))

    @property
    def checkpoints(self) -> CheckpointArchive:
        """The states of networks whose training was interrupted."""
        return kept_checkpoints(self.path, self.sweep() if self.exists() else None)

    def with_storage(self, sweep: SweepSpec) -> SweepSpec:
        """Return the sweep with the storage that this study was begun with.

        Raises:
            StudyError: the sweep asks for another storage.
        """
        if self.exists() and sweep.storage not in (None, begun := self.sweep().storage):
            old = begun or "its own directory"
            raise StudyError(
                f"{self.path}: the signals of a study must lie in one place, and this one was begun with {old}, but "
                f"the storage asked for is {sweep.storage}; drop that to go on with {old}, choose another directory "
                f"with --study, or move the signals and write their new storage into {self.path / 'sweep.yaml'}"
            )
        return sweep.model_copy(update={"storage": begun}) if self.exists() else sweep

    @property
    def record_path(self) -> Path:
        """The record (record.py)."""
        return self.path / "trials.jsonl"

    @property
    def environments_path(self) -> Path:
        """The log of where the sweep ran (environment_log.py)."""
        return self.path / "environments.jsonl"

    @property
    def proposals_path(self) -> Path:
        """The proposals of the searches (proposals.py)."""
        return self.path / "search.jsonl"

    @property
    def outputs(self) -> OutputPaths:
        """The places of what is made from the record."""
        return OutputPaths(self.path)

    def proposals(self) -> ProposalLog:
        """Read the proposals of the searches without their damaged lines.

        Raises:
            StudyError: something is there that is no file that can be read.
        """
        return read_proposals(self.proposals_path)

    def exists(self) -> bool:
        """Return whether a sweep has been run into this folder.

        Raises:
            StudyError: the system refuses to show the folder.
        """
        with disk.reading(self.path):
            return (self.path / "sweep.yaml").is_file()

    def sweep(self) -> SweepSpec:
        """Read the sweep that was last run into this study.

        What a protocol lacks in it had the value that it has in the record: every field was written that there was.

        Raises:
            StudyError: this is not a study.
        """
        self._check_exists()
        sweep = read_sweep(self.path / "sweep.yaml", recorded=True)
        return sweep.model_copy(update={"protocol": tuple(p.as_written_first() for p in sweep.protocol)})

    def record(self) -> Record:
        """Read the record without its damaged lines, of which a warning tells once.

        Raises:
            StudyError: none of several lines can be read, since they are no results, or those of another version; or
                something is there that is no file that can be read.
        """
        record = read_record(self.record_path, growing=self._growing)
        if record.foreign:
            raise StudyError(
                f"{self.record_path}: must hold results that this version of privsearch can read, but none of its "
                f"{len(record.damaged)} lines is one; run the sweep into another directory with --study, or use the "
                "version that wrote it (environments.jsonl)"
            )
        if record.damaged and not self._told:
            self._told = True
            numbers = [str(line.number) for line in record.damaged]
            _log.warning(
                "%s: cannot read, and leave out, %s %s; the trials that they held run again with the next sweep; why, "
                "and how to repair it: privsearch check %s",
                self.record_path,
                "line" if len(numbers) == 1 else f"{len(numbers)} lines:",
                ", ".join(numbers[:_MANY]) + (", ..." if len(numbers) > _MANY else ""),
                self.path,
            )
        return record

    def load(self) -> StudyContent:
        """Read all that the study holds, each file once.

        Raises:
            StudyError: this is not a study, or its plan, its record or its proposals cannot be read.
        """
        self._check_exists()
        with collector_paused():
            record, sweep, plan = self.record(), self.sweep(), self._plan()
            proposals = self.proposals() if plan.searches else ProposalLog()
            return StudyContent(self.path, sweep, plan, record, proposals)

    def plan(self) -> StudyPlan:
        """Read the trials and the searches that the sweep last asked for.

        Raises:
            StudyError: this is not a study, or its plan cannot be read.
        """
        self._check_exists()
        return self._plan()

    def _plan(self) -> StudyPlan:
        plan = self.path / "plan.json"
        try:
            return StudyPlan.model_validate_json(plan.read_bytes())
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds something else than trials"
            raise StudyError(f"{plan}: must be readable, but: {reason}; run the sweep again, which writes it") from None

    def extend(self, sweep: SweepSpec, environment: Mapping[str, Any]) -> None:
        """Record that more attacks are about to run on the trials of this study."""
        self._add_environment(environment)
        disk.replace_file(self.path / "sweep.yaml", sweep.to_yaml())

    def begin(
        self,
        sweep: SweepSpec,
        trials: Mapping[str, str],
        environment: Mapping[str, Any],
        searches: Mapping[str, str] | None = None,
        raced: Mapping[str, str] | None = None,
    ) -> None:
        """Record the sweep that is about to run, and where it runs.

        Args:
            sweep: the sweep.
            trials: by trial_id, the name of the dataset of each trial that its grids stand for.
            environment: of this run (`privsearch.study.environment.describe_environment`).
            searches: by the id of each search, the name of its dataset.
            raced: by its name, the fingerprint of each dataset on which configurations race for networks.
        """
        with disk.writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        first = not self.exists()
        try:
            self._add_environment(environment)
            plan = {"trials": dict(trials), "searches": dict(searches or {}), "raced": dict(raced or {})}
            disk.replace_file(self.path / "plan.json", json.dumps(plan, indent=0) + "\n")
            # Last, because a directory with a sweep.yaml is a study, and a study has all of them.
            disk.replace_file(self.path / "sweep.yaml", self.with_storage(sweep).to_yaml())
        except BaseException:
            for name in BEGUN if first else ():
                (self.path / name).unlink(missing_ok=True)
            raise

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock this study until the block or this process ends; a folder made for it goes again if it stays empty.

        Raises:
            StudyError: another process holds it, or it cannot be written to.
            StudyLostError: it was moved meanwhile, or another process may have taken it over.
        """
        with ExitStack() as stack:
            with disk.writing(self.path):
                stack.enter_context(disk.made_if_missing(self.path))
            check_links(self.path)
            self._hold = stack.enter_context(lock.locked(self.path))
            stack.callback(setattr, self, "_hold", None)
            disk.check_writable(self._appended, (self.path / name for name in ("plan.json", "sweep.yaml")))
            yield

    def check_held(self) -> None:
        """Make sure that this process still holds this study, if it has locked it.

        Raises:
            StudyLostError: the study was moved, or another process may have taken it over.
        """
        if self._hold:
            self._hold.check()

    def record_writer(self) -> RecordWriter:
        """Open the record to append results while this process holds the study."""
        return RecordWriter(self.record_path, self._hold.writing_line if self._hold else nullcontext)

    def proposal_writer(self) -> ProposalWriter:
        """Open the log of proposals to append to it while this process holds the study."""
        return ProposalWriter(self.proposals_path, self._hold.writing_line if self._hold else nullcontext)

    @contextmanager
    def rewriting_outputs(self) -> Iterator[None]:
        """Make the outputs from the record while no other process does; readers need not wait.

        Raises:
            StudyError: the outputs cannot be written, or another process takes too long over them.
        """
        with lock.outputs_locked(self.path):
            yield

    def leftovers(self) -> list[Path]:
        """Return the files that killed processes left unfinished, but those of what is kept."""
        patterns = (f".*{disk.PART}", f"{self.outputs.fronts.name}/.*{disk.PART}", f".{self.outputs.index.name}-*")
        return sorted(path for pattern in patterns for path in self.path.glob(pattern))

    def remove_leftovers(self) -> list[str]:
        """Remove the leftovers, while this process holds the lock, and return their names.

        Raises:
            StudyError: one of them cannot be removed.
        """
        with self.rewriting_outputs():
            leftovers = self.leftovers()
            for path in leftovers:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return [path.name for path in leftovers]

    def environments(self) -> EnvironmentLog:
        """Read where the sweep ran.

        Raises:
            StudyError: something is there that is no file that can be read.
        """
        return read_environments(self.environments_path)

    def stamp(self) -> tuple[object, ...]:
        """Return what changes whenever one of `sources` changes."""
        return tuple(disk.file_stamp(path) for path in self.sources)

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files that the content of the study is read from, whether they are there yet or not."""
        return *self._appended, self.path / "sweep.yaml", self.path / "plan.json"

    @property
    def _appended(self) -> tuple[Path, ...]:
        return self.record_path, self.environments_path, self.proposals_path

    def _add_environment(self, environment: Mapping[str, Any]) -> None:
        with disk.LineWriter(self.environments_path) as file:
            file.write(json.dumps(environment).encode())

    def check(self) -> None:
        """Raise StudyError unless this is a study, and all of it lies in its folder."""
        self._check_exists()
        check_links(self.path)

    def _check_exists(self) -> None:
        if not self.exists():
            found = absent_words(self.path)
            raise StudyError(f"{self.path}: must be a study that `privsearch sweep` has written, but {found}")
