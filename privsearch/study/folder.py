"""A study on disk: the one place that knows its files.

    sweep.yaml          what was asked, as it was last run
    plan.json           the trials that it stands for, in their order
    environments.jsonl  where it ran: one line a run with commit, versions, machine
    trials.jsonl        the record: one line a finished trial, appended and synced before the trial counts
    search.jsonl        the proposals of its searches: one line each, appended and synced before its trial is run
    trials.damaged, environments.damaged, search.damaged    the lines that a repair took out of these files
    signals/            what the attacks saw of each trained trial (signal_archive.py), unless a storage is asked for
    networks/           their networks, where these are to be kept (network_archive.py); likewise
    results.csv, targets.csv, slices.csv, exposed.csv, optuna.journal, fronts/
                        made from the record, and made again whenever it grows
    tables/, plots/, comparison/, audit/, analysis/, report.html    made from the record on request
    exports/            single configurations, and their networks (privsearch.sweep.export), unless they go elsewhere
    .lock, .lease, .holder.json, .outputs.lock    who is writing (privsearch.study.lock)

The record is the truth.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import Timeout
from pydantic import BaseModel, ValidationError

from privsearch._util.disk import PART, LineWriter, reading, replace_file, sync_folder, writing
from privsearch._util.lines import collector_paused, lines_of
from privsearch.errors import StudyError
from privsearch.spec import SweepSpec
from privsearch.spec.datasets import Name
from privsearch.spec.storage import folder_in
from privsearch.spec.sweep_file import read_sweep
from privsearch.study import lock
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.proposals import ProposalLog, Searched, read_proposals
from privsearch.study.record import Record, read_record
from privsearch.study.result import TrialResult, Word, restricted_to
from privsearch.study.signal_archive import SignalArchive

if TYPE_CHECKING:
    import pandas as pd

    from privsearch.analysis.tasks import Task

SIGNALS: Final = "signals"
"""The folder of the signals, in the study or in the storage below the sweep's name."""

NETWORKS: Final = "networks"
"""The folder of the networks, likewise."""

OUTPUTS_SECONDS: Final = 600.0
"""How long to wait for another process that is making a study's files."""

_MANY: Final = 10
_log = logging.getLogger(__name__)


class _Plan(BaseModel):
    """What plan.json holds."""

    trials: dict[Word, Name]
    searches: dict[Word, Name] = {}


class Study:
    """The directory of one sweep's results. Opening one reads nothing and writes nothing."""

    def __init__(self, path: Path, *, growing: bool = False) -> None:
        """Stand for the study at `path`, whether it is there yet or not.

        Args:
            path: its directory.
            growing: whether a sweep may be running into it while it is read here, so that an unfinished last line of
                the record is no damage.
        """
        self.path = path
        self._growing = growing
        self._told = False

    def __repr__(self) -> str:
        from privsearch.api.study import progress_words  # pandas is slow to import

        return f"Study({str(self.path)!r}: {progress_words(self)})"

    def _repr_html_(self) -> str:
        from privsearch.api.study import study_html

        return study_html(self)

    @property
    def signals(self) -> SignalArchive:
        """What the attacks saw of the trials that have been trained, as far as it is kept."""
        return self.signals_of(self.sweep()) if self.exists() else SignalArchive(self.path / SIGNALS)

    def signals_of(self, sweep: SweepSpec) -> SignalArchive:
        """The signals where `sweep` keeps them, once it runs into this study.

        Raises:
            StudyError: they would lie in two places.
        """
        return SignalArchive(self._folder(sweep, SIGNALS))

    @property
    def networks(self) -> NetworkArchive:
        """The networks of the trials that were trained while they were to be kept."""
        return self.networks_of(self.sweep()) if self.exists() else NetworkArchive(self.path / NETWORKS)

    def networks_of(self, sweep: SweepSpec) -> NetworkArchive:
        """The networks where `sweep` keeps them, once it runs into this study.

        Raises:
            StudyError: they would lie in two places.
        """
        return NetworkArchive(self._folder(sweep, NETWORKS))

    def _folder(self, sweep: SweepSpec, name: str) -> Path | str:
        storage = self.with_storage(sweep).storage
        return folder_in(storage, sweep.name, name) if storage else self.path.absolute() / name

    def with_storage(self, sweep: SweepSpec) -> SweepSpec:
        """The sweep with the storage that this study was begun with.

        Raises:
            StudyError: it asks for another one.
        """
        if not self.exists():
            return sweep
        begun = self.sweep().storage
        if sweep.storage not in (None, begun):
            old = begun or "its own directory"
            raise StudyError(
                f"{self.path}: the signals of a study must lie in one place, and this one was begun with {old}, but "
                f"the storage asked for is {sweep.storage}; drop that to go on with {old}, choose another directory "
                f"with --study, or move the signals and write their new storage into {self.path / 'sweep.yaml'}"
            )
        return sweep.model_copy(update={"storage": begun})

    @property
    def fronts(self) -> Path:
        """The folder of the Pareto-front plots."""
        return self.path / "fronts"

    @property
    def tables(self) -> Path:
        """The folder of the paper's tables."""
        return self.path / "tables"

    @property
    def plots(self) -> Path:
        """The folder of the paper's figures."""
        return self.path / "plots"

    @property
    def audit(self) -> Path:
        """The folder of the audit's tables and plots."""
        return self.path / "audit"

    @property
    def analysis(self) -> Path:
        """The folder of what explains the fronts: importances and hypervolumes."""
        return self.path / "analysis"

    @property
    def comparison(self) -> Path:
        """The folder of the comparison with the published numbers."""
        return self.path / "comparison"

    @property
    def exports(self) -> Path:
        """The folder of single configurations that were taken out."""
        return self.path / "exports"

    @property
    def report_path(self) -> Path:
        """The study as one page."""
        return self.path / "report.html"

    @property
    def optuna_storage(self) -> Path:
        """The index for Optuna's tools."""
        return self.path / "optuna.journal"

    @property
    def record_path(self) -> Path:
        """The record (privsearch.study.record)."""
        return self.path / "trials.jsonl"

    @property
    def environments_path(self) -> Path:
        """Where the sweep ran, one line a run."""
        return self.path / "environments.jsonl"

    @property
    def proposals_path(self) -> Path:
        """The proposals of the searches (privsearch.study.proposals)."""
        return self.path / "search.jsonl"

    def proposals(self) -> ProposalLog:
        """Read the proposals of the searches; damaged lines are left out.

        Raises:
            StudyError: there is something that is no file that can be read.
        """
        return read_proposals(self.proposals_path)

    def exists(self) -> bool:
        """Whether a sweep has been run into this directory.

        Raises:
            StudyError: the system does not let us look.
        """
        with reading(self.path):
            return (self.path / "sweep.yaml").is_file()

    def sweep(self) -> SweepSpec:
        """The sweep that was last run into this study.

        Raises:
            StudyError: this is not a study.
        """
        self._check_exists()
        return read_sweep(self.path / "sweep.yaml")

    def record(self) -> Record:
        """Read the record; damaged lines are left out, which is told once.

        Raises:
            StudyError: none of several lines can be read: they are no results, or those of another version; or there
                is something that is no file that can be read.
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

    def trials(self) -> dict[str, str]:
        """The trials that the sweep last asked for, those that its searches proposed last: the dataset's name, by id.

        Raises:
            StudyError: this is not a study, or its plan cannot be read.
        """
        asked = self._plan()
        proposed = self.proposals().proposals if asked.searches else ()
        by_search = {p.trial_id: asked.searches[p.search] for p in proposed if p.search in asked.searches}
        return {**asked.trials, **by_search}

    def searches(self) -> list[Searched]:
        """The searches that the sweep last asked for, as far as they have come: by dataset, then by protocol.

        Raises:
            StudyError: this is not a study, or its plan or its proposals cannot be read.
        """
        searches = self._plan().searches
        log = self.proposals() if searches else ProposalLog()
        return [Searched(dataset, log.of(own), log.end_of(own)) for own, dataset in searches.items()]

    def _plan(self) -> _Plan:
        self._check_exists()
        plan = self.path / "plan.json"
        try:
            return _Plan.model_validate_json(plan.read_bytes())
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds something else than trials"
            raise StudyError(f"{plan}: must be readable, but: {reason}; run the sweep again, which writes it") from None

    def results(self, record: Record | None = None) -> list[TrialResult]:
        """The results of the trials that the sweep last asked for, in its order, as far as they are finished.

        They have the attacks that the sweep last asked for, whatever else is recorded. A dataset is called what the
        sweep calls it now, whatever it was called when the trial was recorded.

        Args:
            record: this study's, where it has been read already.

        Raises:
            StudyError: this is not a study, or its plan or its record cannot be read.
        """
        with collector_paused():
            recorded, sweep = (record or self.record()).results, self.sweep()
            return [
                _named(_asked_of(recorded[i], sweep), dataset) for i, dataset in self.trials().items() if i in recorded
            ]

    def frame(self) -> "pd.DataFrame":
        """The results table (see `privsearch.analysis.frames.results_frame`)."""
        from privsearch.analysis.frames import results_frame  # pandas is slow to import

        return results_frame(self.results())

    def targets(self) -> "pd.DataFrame":
        """The table with a row for each target of each trial."""
        from privsearch.analysis.frames import targets_frame

        return targets_frame(self.results())

    def slices(self) -> "pd.DataFrame":
        """The table of the attacks' AUCs on parts of the examples: classes, and those classified rightly or wrongly."""
        from privsearch.analysis.frames import slices_frame

        return slices_frame(self.results())

    def exposed(self) -> "pd.DataFrame":
        """The table of the most exposed examples."""
        from privsearch.analysis.frames import exposed_frame

        return exposed_frame(self.results())

    def tasks(self, dataset: str | None = None, protocol: str | None = None) -> "list[Task]":
        """What competes for each front: the trials of one dataset under one protocol.

        Args:
            dataset: those of this dataset alone.
            protocol: those under the protocol of this kind alone.

        Raises:
            StudyError: the study cannot be read, or has no such trials.
        """
        from privsearch.analysis.tasks import tasks
        from privsearch.api.study import chosen

        return chosen(list(tasks(self.results(), self.sweep())), dataset, protocol, self.path)

    def task(self, dataset: str | None = None, protocol: str | None = None) -> "Task":
        """The only one of these tasks.

        Raises:
            StudyError: there is none, or there are several.
        """
        found = self.tasks(dataset, protocol)
        if len(found) != 1:
            titles = "; ".join(task.title for task in found) or "none"
            raise StudyError(f"{self.path}: must have one front of this kind, but has {titles}; name one of them")
        return found[0]

    def front(self, dataset: str | None = None, protocol: str | None = None) -> "pd.DataFrame":
        """The Pareto front, or those of all datasets and protocols one after the other, the best of each first.

        Rows of the results table, with one more column: `front_probability`, how sure a place on the front is.

        Args:
            dataset: that of this dataset alone.
            protocol: those under the protocol of this kind alone.

        Raises:
            StudyError: the study cannot be read, or has no such trials.
        """
        import pandas as pd

        found = [task.front for task in self.tasks(dataset, protocol)]
        return pd.concat([front for front in found if len(front)] or found or [self.frame()], ignore_index=True)

    def write_table(self, name: str, frame: "pd.DataFrame") -> None:
        """Write a table that is made from the record as `<name>.csv`, for other programs to read."""
        replace_file(self.path / f"{name}.csv", frame.to_csv(index=False))

    def extend(self, sweep: SweepSpec, environment: Mapping[str, Any]) -> None:
        """Write down that more attacks are about to run on the trials that are here."""
        self._add_environment(environment)
        replace_file(self.path / "sweep.yaml", sweep.to_yaml())

    def begin(
        self,
        sweep: SweepSpec,
        trials: Mapping[str, str],
        environment: Mapping[str, Any],
        searches: Mapping[str, str] | None = None,
    ) -> None:
        """Write down what is about to run, and where.

        Args:
            sweep: what is asked for.
            trials: by their ids, the names of the datasets of the trials that it stands for.
            environment: where it runs.
            searches: by their ids, the names of the datasets of its searches.
        """
        self._make()
        self._add_environment(environment)
        asked = {"trials": dict(trials), "searches": dict(searches or {})}
        replace_file(self.path / "plan.json", json.dumps(asked, indent=0) + "\n")
        # Last, because a directory with a sweep.yaml is a study, and a study has all of them.
        replace_file(self.path / "sweep.yaml", self.with_storage(sweep).to_yaml())

    def _make(self) -> None:
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this study against other processes; the hold ends with the process, however it dies.

        Raises:
            StudyError: another process holds it, or takes it over; or it cannot be written to.
        """
        self._make()
        self.check_links()
        with lock.locked(self.path):
            yield

    @contextmanager
    def rewriting_outputs(self) -> Iterator[None]:
        """Make files from the record, while no other process does; readers need not wait.

        Raises:
            StudyError: they cannot be written, or another process takes too long over them.
        """
        with writing(self.path):
            try:
                with lock.file_locked(self.path / ".outputs.lock", OUTPUTS_SECONDS):
                    yield
            except Timeout:
                raise StudyError(
                    f"{self.path}: only one process at a time may write a study's tables and plots, but another one "
                    f"has been at it for {OUTPUTS_SECONDS:.0f} s; stop it, then run `privsearch front {self.path}`"
                ) from None

    def leftovers(self) -> list[Path]:
        """What killed processes left unfinished, signals aside."""
        return sorted([*self.path.glob(f".*{PART}"), *self.path.glob(f".{self.optuna_storage.name}-*")])

    def remove_leftovers(self) -> list[str]:
        """Remove them, while this process holds the study; returns their names.

        Raises:
            StudyError: one of them cannot be removed.
        """
        with self.rewriting_outputs():
            leftovers = self.leftovers()
            for path in leftovers:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return [path.name for path in leftovers]

    def environments(self) -> Iterator[dict[str, Any]]:
        """Where the sweep ran, as far as it can be read; the latest comes last."""
        for line in lines_of(self.environments_path):
            with suppress(ValueError, RecursionError):
                environment = json.loads(line.content)
                if isinstance(environment, dict):
                    yield environment

    def _add_environment(self, environment: Mapping[str, Any]) -> None:
        with LineWriter(self.environments_path) as file:
            file.write(json.dumps(environment).encode())

    def check_links(self) -> None:
        """Make sure that all of this study lies in its directory, also where a stranger packed it.

        Raises:
            StudyError: a link leads out of it: what is written into the study would be written there; or a folder in it
                cannot be read.
        """
        inside = self.path.resolve()
        with reading(self.path):
            links = list(_links(self.path))
        for link in links:
            end = Path(os.path.realpath(link))
            if not end.is_relative_to(inside):
                raise StudyError(
                    f"{link}: a study must hold no link that leads out of it, but this one leads to {end}; put a copy "
                    "in its place, or remove it (signals can be kept elsewhere with --storage)"
                )

    def _check_exists(self) -> None:
        if not self.exists():
            here = "there is no such directory" if not self.path.exists() else "it has no sweep.yaml"
            raise StudyError(f"{self.path}: must be a study that `privsearch sweep` has written, but {here}")


def _links(folder: Path) -> Iterator[Path]:
    """The symbolic links below a folder, none of them followed."""
    with os.scandir(folder) as entries:  # which knows the links without a look at each file
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                yield from _links(Path(entry.path))


def _asked_of(result: TrialResult, sweep: SweepSpec) -> TrialResult:
    """The result with the attacks that `sweep` asks for."""
    return restricted_to(result, sweep.attacks_under(result.spec.protocol, result.spec.model))


def _named(result: TrialResult, dataset: str) -> TrialResult:
    if isinstance(result.spec.dataset, str) or result.spec.dataset.name == dataset:
        return result
    renamed = result.spec.dataset.model_copy(update={"name": dataset})
    return result.model_copy(update={"spec": result.spec.model_copy(update={"dataset": renamed})})


def load_study(path: str | Path) -> Study:
    """The study in the directory `path`.

    Raises:
        StudyError: there is none.
    """
    study = Study(Path(path))
    study._check_exists()
    study.check_links()
    return study
