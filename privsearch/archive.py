"""The signals of a study: what a finished training gave, so that an attack to come needs no new one."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_args

import numpy as np
from pydantic import TypeAdapter

from privsearch.disk import PART
from privsearch.errors import StudyError
from privsearch.npz import NpzError, open_npz, pack_npz, read_array
from privsearch.result import UNKNOWN_ENVIRONMENT, Cohort, Environment, TrainedNetwork
from privsearch.signals import Signals
from privsearch.spec import Queries, Readout
from privsearch.storage import Folder, open_folder, probe

STALE_SECONDS: Final = 3600
"""A file that has been unfinished for so long is no longer being written: that takes seconds."""

_NETWORKS: TypeAdapter[tuple[TrainedNetwork, ...]] = TypeAdapter(tuple[TrainedNetwork, ...])
_ENVIRONMENT: TypeAdapter[str] = TypeAdapter(Environment)
_OUTPUTS = {
    f"{readout}.{queries}": (readout, queries) for readout in get_args(Readout) for queries in get_args(Queries)
}
_DAMAGE = (ValueError, KeyError, TypeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class SignalArchive:
    """A folder with one NPZ file for each trained trial, `<trial_id>.npz`, without pickled objects.

    It can be sent to other processes and hosts, and is opened where it is used. Studies may share one: a trial_id
    stands for what is in its file, so that it does not matter who wrote it.

    Attributes:
        folder: a path, or a URI (privsearch.storage); made when the first file is written.
    """

    folder: Path | str

    def trial_ids(self) -> set[str]:
        """The trials that there is a file of, readable or not.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return {name.removesuffix(".npz") for name in self._files.names() if name.endswith(".npz")}

    def save(self, trial_id: str, cohort: Cohort) -> None:
        """Keep what a training gave; a reader sees all of it or nothing.

        Raises:
            StudyError: the folder cannot be reached or written, or the signals are larger than what is read back.
        """
        signals = cohort.signals
        arrays: dict[str, Any] = {f"{read}.{asked}": array for (read, asked), array in signals.outputs.items()}
        arrays |= {"is_member": signals.is_member, "labels": signals.labels, "rows": signals.rows}
        arrays |= {"num_train": signals.num_train, "networks": _NETWORKS.dump_json(cohort.networks).decode()}
        arrays["environment"] = cohort.environment
        try:
            content = pack_npz(arrays)
        except NpzError as error:
            raise StudyError(
                f"the signals of {trial_id} must be kept so that they can be read back, but: {error}; ask for fewer "
                "networks, queries or examples, or do without (keep_signals: false)"
            ) from None
        self._files.write(f"{trial_id}.npz", content)

    def load(self, trial_id: str) -> Cohort | None:
        """What the training of a trial gave; None where it was not kept, or where its file is damaged.

        Raises:
            StudyError: the folder cannot be reached.
        """
        content = self._files.read(f"{trial_id}.npz")
        try:
            return None if content is None else _cohort(content)
        except _DAMAGE:
            return None

    def probe(self) -> None:
        """Find out whether signals can be kept here.

        Raises:
            StudyError: they cannot, for a reason that the message tells.
        """
        probe(self._files)

    def damaged(self) -> dict[str, str]:
        """What is wrong with the files that are damaged, by trial_id. Reads every file.

        Raises:
            StudyError: the folder cannot be reached.
        """
        found = {trial_id: self._damage(trial_id) for trial_id in sorted(self.trial_ids())}
        return {trial_id: damage for trial_id, damage in found.items() if damage}

    def set_aside(self, trial_id: str) -> str:
        """Move the file of a trial into the folder `damaged` beside it; returns where it is then.

        Raises:
            StudyError: the folder cannot be reached or written.
        """
        return self._files.move(f"{trial_id}.npz", "damaged")

    def leftovers(self) -> list[str]:
        """The names of what killed processes left unfinished, but for what may still be written to.

        Raises:
            StudyError: the folder cannot be reached.
        """
        files = self._files
        parts = sorted(name for name in files.names() if name.startswith(".") and name.endswith(PART))
        return [name for name in parts if files.age(name) > STALE_SECONDS]

    def remove_leftovers(self) -> list[str]:
        """Remove them; returns their names.

        Raises:
            StudyError: the folder cannot be reached or written.
        """
        leftovers = self.leftovers()
        for name in leftovers:
            self._files.remove(name)
        return leftovers

    @property
    def _files(self) -> Folder:
        return open_folder(self.folder)

    def _damage(self, trial_id: str) -> str | None:
        """What is wrong with the file of a trial, in words."""
        try:
            content = self._files.read(f"{trial_id}.npz")
        except StudyError as error:  # such as of a disk's bad sector, which is that of one file
            return str(error)
        try:
            _cohort(content or b"")
        except _DAMAGE as error:
            return str(error) or type(error).__name__
        return None


def _cohort(content: bytes) -> Cohort:
    """What an NPZ file holds; one of `_DAMAGE` is raised where it is not what was written."""
    with open_npz(io.BytesIO(content)) as file:
        # No checksum covers the directory of the file, where a longer comment hides the entry behind it.
        if any(entry.comment for entry in file.infolist()):
            raise zipfile.BadZipFile("Comment where none was written")
        arrays = {name.removesuffix(".npy"): read_array(file, name) for name in file.namelist()}
    outputs = {name: arrays[name] for name in _OUTPUTS if name in arrays}
    networks = _NETWORKS.validate_json(str(arrays["networks"]))
    _check_shapes(arrays, list(outputs.values()), len(networks))
    signals = Signals(
        cast("dict[tuple[Readout, Queries], np.ndarray]", {_OUTPUTS[name]: array for name, array in outputs.items()}),
        arrays["is_member"],
        arrays["labels"],
        arrays["rows"],
        int(arrays["num_train"]),
    )
    return Cohort(signals, networks, _ENVIRONMENT.validate_python(str(arrays.get("environment", UNKNOWN_ENVIRONMENT))))


def _check_shapes(arrays: Mapping[str, np.ndarray], outputs: Sequence[np.ndarray], networks: int) -> None:
    """Compare arrays with what `Signals` says of them.

    Raises:
        ValueError: they are not those of one cohort.
    """
    is_member, labels, rows = arrays["is_member"], arrays["labels"], arrays["rows"]
    examples, classes = len(labels), arrays["final_mem.plain"].shape[3:]
    sound = (
        (is_member.dtype.kind, is_member.shape) == ("b", (networks, examples))
        and all((array.dtype.kind, array.shape) == ("i", (examples,)) for array in (labels, rows))
        and all((array.dtype.kind, array.ndim, array.size > 0) == ("f", 4, True) for array in outputs)
        and all((len(array), *array.shape[2:]) == (networks, examples, *classes) for array in outputs)
        and all(np.isfinite(array).all() for array in outputs)
        and 0 <= labels.min() <= labels.max() < classes[0]
        and 0 <= arrays["num_train"].item() <= examples
    )
    if not sound:
        raise ValueError("its arrays must be those of one cohort, but do not fit together")
