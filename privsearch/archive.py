"""The signals of a study on disk: what a finished training gave, so that an attack to come needs no new one."""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from pydantic import TypeAdapter

from privsearch.result import Cohort, TrainedNetwork
from privsearch.signals import Signals
from privsearch.spec import Queries, Readout

_NETWORKS: TypeAdapter[tuple[TrainedNetwork, ...]] = TypeAdapter(tuple[TrainedNetwork, ...])
_OUTPUTS = {
    f"{readout}.{queries}": (readout, queries) for readout in get_args(Readout) for queries in get_args(Queries)
}


@dataclass(frozen=True)
class SignalArchive:
    """A folder with one NPZ file for each trained trial, `<trial_id>.npz`, without pickled objects.

    Attributes:
        folder: made when the first file is written.
    """

    folder: Path

    def trial_ids(self) -> set[str]:
        """The trials that there is a file of, readable or not."""
        return {path.stem for path in self.folder.glob("*.npz")}

    def save(self, trial_id: str, cohort: Cohort) -> None:
        """Keep what a training gave; a reader sees all of it or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        signals = cohort.signals
        arrays: dict[str, Any] = {f"{read}.{asked}": array for (read, asked), array in signals.outputs.items()}
        arrays |= {"is_member": signals.is_member, "labels": signals.labels, "rows": signals.rows}
        arrays |= {"num_train": signals.num_train, "networks": _NETWORKS.dump_json(cohort.networks).decode()}
        # A dotfile of its own, so that what a killed process leaves of it is never taken for signals.
        part = self.folder / f".{trial_id}.{os.getpid()}.npz"
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path(trial_id))

    def load(self, trial_id: str) -> Cohort | None:
        """What the training of a trial gave; None where it was not kept, or where its file is damaged."""
        try:
            # Opened here, as numpy leaves the file open where it finds it damaged.
            with self._path(trial_id).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                outputs = {_OUTPUTS[name]: file[name] for name in file.files if name in _OUTPUTS}
                signals = Signals(
                    cast("dict[tuple[Readout, Queries], np.ndarray]", outputs),
                    file["is_member"],
                    file["labels"],
                    file["rows"],
                    int(file["num_train"]),
                )
                return Cohort(signals, _NETWORKS.validate_json(str(file["networks"])))
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile):
            return None

    def _path(self, trial_id: str) -> Path:
        return self.folder / f"{trial_id}.npz"
