"""A study on disk: the one place that knows its files.

    sweep.yaml        what was asked, as it was last run
    plan.json         the trials that it stands for, in their order
    environment.json  where it ran: commit, versions, machine
    trials.jsonl      the record: one line a finished trial, appended and synced before the trial counts
    results.csv, optuna.journal, fronts/    made from the record, and made again whenever it grows
    tables/, plots/, comparison/            made from the record on request

The record is the truth. A trial that finished twice, or gained an attack, has several lines: they are read as one.
"""

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from privsearch.errors import StudyError
from privsearch.result import Completed, Replicate, TrialResult, parse_result
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import dump_sweep, read_sweep

if TYPE_CHECKING:
    import pandas as pd

RECORD: Final = "trials.jsonl"


@dataclass(frozen=True)
class Record:
    """What a record holds.

    Attributes:
        results: by trial_id, each trial's latest result; completed attacks are kept whatever came later.
        damaged: the numbers, from 1, of the lines that could not be read, such as one that a killed process left torn.
    """

    results: dict[str, TrialResult] = field(default_factory=dict)
    damaged: tuple[int, ...] = ()


class Study:
    """The directory of one sweep's results. Opening one reads nothing and writes nothing."""

    def __init__(self, path: Path) -> None:
        """Stand for the study at `path`, whether it is there yet or not."""
        self.path = path

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

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
    def comparison(self) -> Path:
        """The folder of the comparison with the published numbers."""
        return self.path / "comparison"

    @property
    def optuna_storage(self) -> Path:
        """The index for Optuna's tools."""
        return self.path / "optuna.journal"

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
        """Read the record; damaged lines are counted and left out."""
        return read_record(self.path / RECORD)

    def trial_ids(self) -> list[str]:
        """The trials that the sweep last asked for, in its order."""
        self._check_exists()
        trial_ids: list[str] = json.loads((self.path / "plan.json").read_text())["trial_ids"]
        return trial_ids

    def results(self) -> list[TrialResult]:
        """The results of the trials that the sweep last asked for, in its order, as far as they are finished."""
        recorded = self.record().results
        return [recorded[trial_id] for trial_id in self.trial_ids() if trial_id in recorded]

    def frame(self) -> "pd.DataFrame":
        """The results table (see `privsearch.frame.results_frame`)."""
        from privsearch.frame import results_frame  # pandas is slow to import

        return results_frame(self.results())

    def write_results(self, frame: "pd.DataFrame") -> None:
        """Write the results table for other programs to read."""
        self._replace("results.csv", frame.to_csv(index=False))

    def begin(self, sweep: SweepSpec, trial_ids: Sequence[str], environment: Mapping[str, Any]) -> None:
        """Write down what is about to run."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._replace("sweep.yaml", dump_sweep(sweep))
        self._replace("plan.json", json.dumps({"trial_ids": list(trial_ids)}, indent=0) + "\n")
        self._replace("environment.json", json.dumps(environment, indent=2) + "\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this study against other processes; the hold ends with the process, however it dies.

        Raises:
            StudyError: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        holder = self.path / ".holder.json"
        try:
            with FileLock(self.path / ".lock", timeout=0):
                since = datetime.now(UTC).isoformat(timespec="seconds")
                holder.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
                yield
                holder.unlink(missing_ok=True)
        except Timeout:
            who = json.loads(holder.read_text()) if holder.is_file() else {}
            raise StudyError(
                f"{self.path}: only one sweep at a time may write to a study, but process {who.get('pid', '?')} on "
                f"{who.get('host', '?')} holds it since {who.get('since', '?')}; wait for it, or stop it first"
            ) from None

    def _check_exists(self) -> None:
        if not self.exists():
            here = "there is no such directory" if not self.path.exists() else "it has no sweep.yaml"
            raise StudyError(f"{self.path}: must be a study that `privsearch sweep` has written, but {here}")

    def _replace(self, name: str, text: str) -> None:
        """Write a file so that a reader sees either the old one or the new one."""
        part = self.path / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(self.path / name)


class RecordWriter:
    """Appends results to a record; each is on the disk when `append` returns."""

    def __init__(self, study: Study) -> None:
        """Open the record of `study` for appending, past whatever a killed process left torn."""
        self._file = (study.path / RECORD).open("ab", buffering=0)
        if self._file.tell() and not _ends_with_newline(study.path / RECORD):
            self._file.write(b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, result: TrialResult) -> None:
        """Write one result and wait until the disk has it."""
        self._file.write(result.model_dump_json().encode() + b"\n")
        os.fsync(self._file.fileno())


def read_record(path: Path) -> Record:
    """Read a record; a missing file is an empty record."""
    if not path.is_file():
        return Record()
    results: dict[str, TrialResult] = {}
    damaged = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                result = parse_result(line)
            except ValidationError:
                damaged.append(number)
            else:
                results[result.trial_id] = merged(results.get(result.trial_id), result)
    return Record(results, tuple(damaged))


def merged(earlier: TrialResult | None, later: TrialResult) -> TrialResult:
    """One result out of two of the same trial: a completed one counts more, and attacks add up."""
    if not isinstance(earlier, Completed):
        return later
    if not isinstance(later, Completed):
        return earlier
    attacks = {attack.name: attack for attack in (*earlier.spec.attacks, *later.spec.attacks)}
    replicates = tuple(
        Replicate(target=new.target, shadow=new.shadow, attacks={**old.attacks, **new.attacks})
        for old, new in zip(earlier.replicates, later.replicates, strict=True)
    )
    spec = later.spec.model_copy(update={"attacks": tuple(attacks.values())})
    return later.model_copy(update={"spec": spec, "replicates": replicates})


def load_study(path: str | Path) -> Study:
    """The study in the directory `path`.

    Raises:
        StudyError: there is none.
    """
    study = Study(Path(path))
    study._check_exists()
    return study


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
