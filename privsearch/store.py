"""A study on disk: the one place that knows its files.

    sweep.yaml          what was asked, as it was last run
    plan.json           the trials that it stands for, in their order
    environments.jsonl  where it ran: one line a run with commit, versions, machine
    trials.jsonl        the record: one line a finished trial, appended and synced before the trial counts
    signals/            what the attacks saw of each trained trial (privsearch.archive)
    results.csv, targets.csv, slices.csv, exposed.csv, optuna.journal, fronts/
                        made from the record, and made again whenever it grows
    tables/, plots/, comparison/, audit/    made from the record on request

The record is the truth.
"""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from privsearch.archive import SignalArchive
from privsearch.errors import StudyError
from privsearch.record import Record, collector_paused, read_record
from privsearch.result import Completed, TrialResult
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import dump_sweep, read_sweep

if TYPE_CHECKING:
    import pandas as pd

HOLDER: Final = ".holder.json"


class Study:
    """The directory of one sweep's results. Opening one reads nothing and writes nothing."""

    def __init__(self, path: Path) -> None:
        """Stand for the study at `path`, whether it is there yet or not."""
        self.path = path

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

    @property
    def signals(self) -> SignalArchive:
        """What the attacks saw of the trials that have been trained, as far as it is kept."""
        return SignalArchive(self.path / "signals")

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
    def comparison(self) -> Path:
        """The folder of the comparison with the published numbers."""
        return self.path / "comparison"

    @property
    def optuna_storage(self) -> Path:
        """The index for Optuna's tools."""
        return self.path / "optuna.journal"

    @property
    def record_path(self) -> Path:
        """The record (privsearch.record)."""
        return self.path / "trials.jsonl"

    def exists(self) -> bool:
        """Whether a sweep has been run into this directory."""
        return (self.path / "sweep.yaml").is_file()

    def sweep(self) -> SweepSpec:
        """The sweep that was last run into this study.

        Raises:
            StudyError: this is not a study.
        """
        self._check_exists()
        return read_sweep(self.path / "sweep.yaml")

    def record(self) -> Record:
        """Read the record; damaged lines are counted and left out.

        Raises:
            StudyError: none of several lines can be read: they are no results, or those of another version.
        """
        record = read_record(self.record_path)
        # A process that was killed leaves one torn line at most.
        if len(record.damaged) > 1 and not record.results:
            raise StudyError(
                f"{self.record_path}: must hold results that this version of privsearch can read, but none of its "
                f"{len(record.damaged)} lines is one; run the sweep into another directory with --study, or use the "
                "version that wrote it (environments.jsonl)"
            )
        return record

    def trials(self) -> dict[str, str]:
        """The trials that the sweep last asked for, in its order: the dataset's name, by trial_id.

        Raises:
            StudyError: this is not a study, or its plan cannot be read.
        """
        self._check_exists()
        plan = self.path / "plan.json"
        try:
            trials: dict[str, str] = json.loads(plan.read_text())["trials"]
        except (OSError, ValueError, KeyError):
            raise StudyError(f"{plan}: must be readable, but is not; run the sweep again, which writes it") from None
        return trials

    def results(self) -> list[TrialResult]:
        """The results of the trials that the sweep last asked for, in its order, as far as they are finished.

        They have the attacks that the sweep last asked for, whatever else is recorded. A dataset is called what the
        sweep calls it now, whatever it was called when the trial was recorded.
        """
        with collector_paused():
            recorded, sweep = self.record().results, self.sweep()
            return [
                _named(_limited(recorded[i], sweep), dataset) for i, dataset in self.trials().items() if i in recorded
            ]

    def frame(self) -> "pd.DataFrame":
        """The results table (see `privsearch.frame.results_frame`)."""
        from privsearch.frame import results_frame  # pandas is slow to import

        return results_frame(self.results())

    def write_table(self, name: str, frame: "pd.DataFrame") -> None:
        """Write a table that is made from the record as `<name>.csv`, for other programs to read."""
        self._replace(f"{name}.csv", frame.to_csv(index=False))

    def extend(self, sweep: SweepSpec, environment: Mapping[str, Any]) -> None:
        """Write down that more attacks are about to run on the trials that are here."""
        self._add_environment(environment)
        self._replace("sweep.yaml", dump_sweep(sweep))

    def begin(self, sweep: SweepSpec, trials: Mapping[str, str], environment: Mapping[str, Any]) -> None:
        """Write down what is about to run: the sweep, its trials' ids with their datasets' names, and where."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._add_environment(environment)
        self._replace("plan.json", json.dumps({"trials": dict(trials)}, indent=0) + "\n")
        # Last, because a directory with a sweep.yaml is a study, and a study has all of them.
        self._replace("sweep.yaml", dump_sweep(sweep))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this study against other processes; the hold ends with the process, however it dies.

        Raises:
            StudyError: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise StudyError(
                f"{self.path}: only one sweep at a time may write to a study, but {self._holder()}; wait for it, or "
                "stop it first"
            ) from None
        try:
            since = datetime.now(UTC).isoformat(timespec="seconds")
            self._replace(HOLDER, json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
            yield
        finally:
            (self.path / HOLDER).unlink(missing_ok=True)
            lock.release()

    def _add_environment(self, environment: Mapping[str, Any]) -> None:
        with (self.path / "environments.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(environment) + "\n")

    def _holder(self) -> str:
        """Who holds the study, in words."""
        try:
            who = json.loads((self.path / HOLDER).read_text())
            return f"process {who['pid']} on {who['host']} holds it since {who['since']}"
        except (OSError, ValueError, KeyError):
            return "another process holds it"

    def _check_exists(self) -> None:
        if not self.exists():
            here = "there is no such directory" if not self.path.exists() else "it has no sweep.yaml"
            raise StudyError(f"{self.path}: must be a study that `privsearch sweep` has written, but {here}")

    def _replace(self, name: str, text: str) -> None:
        """Write a file so that a reader sees either the old one or the new one."""
        # A dotfile, so that what a killed process leaves of it is no stranger's file; its own, so that none meet in it.
        part = self.path / f".{name}.{os.getpid()}"
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / name)


def _limited(result: TrialResult, sweep: SweepSpec) -> TrialResult:
    """The result with the attacks that `sweep` asks for; some of them may not have been run yet."""
    asked = sweep.attacks_under(result.spec.protocol, result.spec.model)
    spec = result.spec.model_copy(update={"attacks": asked})
    if not isinstance(result, Completed):
        return result.model_copy(update={"spec": spec})
    names = [attack.name for attack in asked if attack in result.spec.attacks]
    replicates = tuple(
        replicate.model_copy(update={"attacks": {n: replicate.attacks[n] for n in names if n in replicate.attacks}})
        for replicate in result.replicates
    )
    across = {name: result.across[name] for name in names if name in result.across}
    refused = {name: result.refused[name] for name in names if name in result.refused}
    return result.model_copy(update={"spec": spec, "replicates": replicates, "across": across, "refused": refused})


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
    return study
