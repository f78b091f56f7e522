"""The signals of a study: the outputs of trained networks, so that an attack to come needs no new training."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

import numpy as np
from pydantic import TypeAdapter

from privsearch._util.npz import NpzError, open_npz, pack_npz, read_array
from privsearch._util.text import printable
from privsearch.errors import StudyError
from privsearch.spec import Queries, Readout, Recorded
from privsearch.study.blind import BlindSignals, InputsBaseline
from privsearch.study.cohort import Cohort, Training, is_network_id
from privsearch.study.fields import UNKNOWN_ENVIRONMENT, Environment
from privsearch.study.result import TrainedNetwork
from privsearch.study.signals import Signals
from privsearch.study.trial_files import TrialFiles

_NETWORKS: TypeAdapter[tuple[TrainedNetwork, ...]] = TypeAdapter(tuple[TrainedNetwork, ...])
_TRAININGS: TypeAdapter[tuple[Training, ...]] = TypeAdapter(tuple[Training, ...])
_ENVIRONMENT: TypeAdapter[str] = TypeAdapter(Environment)
_OUTPUTS = {
    f"{readout}.{queries}": (readout, queries) for readout in get_args(Recorded) for queries in get_args(Queries)
}
_READOUT: TypeAdapter[Readout] = TypeAdapter(Readout)
_FIRST_LOGITS: Final = "final_mem"
"""What a file's logits are if it says nothing, as it was written when they always were these."""
_INPUTS: TypeAdapter[InputsBaseline | None] = TypeAdapter(InputsBaseline | None)
_UNTRAINED = "untrained."
"""Begins the names of the outputs of untrained networks."""

_DAMAGE = (ValueError, KeyError, TypeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class SignalArchive(TrialFiles):
    """A folder with NPZ files without pickled objects.

    A file has the networks that were trained together: `<trial_id>.npz` those that a trial had trained for itself,
    `<network_id>.npz` a single network. `privsearch.study.kept` tells in which files the networks of a trial are.
    """

    ending = ".npz"

    def save(self, name: str, cohort: Cohort) -> None:
        """Write the signals of trained networks to a file; a reader sees all of them or nothing.

        Args:
            name: the file's name without its ending.
            cohort: the networks.

        Raises:
            StudyError: the folder cannot be reached or written, or the signals are larger than what is read back.
        """
        signals = cohort.signals
        arrays: dict[str, Any] = _named(signals)
        if cohort.blind:
            arrays |= {f"{_UNTRAINED}{name}": array for name, array in _named(cohort.blind.untrained).items()}
            arrays["inputs"] = _INPUTS.dump_json(cohort.blind.inputs).decode()
        arrays |= {"is_member": signals.is_member, "labels": signals.labels, "rows": signals.rows}
        arrays |= {} if signals.units is None else {"units": signals.units}
        if signals.groups is not None:
            arrays |= {"groups": signals.groups, "group_names": np.array(signals.group_names, dtype=np.str_)}
        arrays |= {} if signals.logits_from == _FIRST_LOGITS else {"logits_from": signals.logits_from}
        arrays |= {"num_train": signals.num_train, "networks": _NETWORKS.dump_json(cohort.networks).decode()}
        arrays["trainings"] = _TRAININGS.dump_json(cohort.trainings).decode()
        try:
            content = pack_npz(arrays)
        except NpzError as error:
            raise StudyError(
                f"the signals of {name} must be kept so that they can be read back, but: {error}; ask for fewer "
                "networks, queries or examples, or do without (keep_signals: false)"
            ) from None
        self.files.write(f"{name}{self.ending}", content)

    def load(self, name: str) -> Cohort | None:
        """Return the networks in a file; None if there is no such file, or if it is damaged.

        Raises:
            StudyError: the folder cannot be reached.
        """
        content = self.files.read(f"{name}{self.ending}")
        try:
            return None if content is None else _cohort(content)
        except _DAMAGE:
            return None

    def damage_in(self, content: bytes) -> str | None:
        """Return a sentence on the damage in the content of a file; None if there is none."""
        try:
            _cohort(content)
        except _DAMAGE as error:
            return str(error) or type(error).__name__
        return None


def _named(signals: Signals) -> dict[str, np.ndarray]:
    return {f"{readout}.{queries}": array for (readout, queries), array in signals.outputs.items()}


def _cohort(content: bytes) -> Cohort:
    """Return the cohort in an NPZ file; raise one of `_DAMAGE` if the file is not as it was written."""
    with open_npz(io.BytesIO(content)) as file:
        # No checksum covers the file's directory, in which a longer comment hides the next entry.
        if any(entry.comment for entry in file.infolist()):
            raise zipfile.BadZipFile("Comment where none was written")
        arrays = {name.removesuffix(".npy"): read_array(file, name) for name in file.namelist()}
    networks = _NETWORKS.validate_json(str(arrays["networks"]))
    trainings = _trainings(arrays, len(networks))
    signals, blind = _signals(arrays, "", len(networks)), None
    if "inputs" in arrays:
        blind = BlindSignals(_INPUTS.validate_json(str(arrays["inputs"])), _signals(arrays, _UNTRAINED, len(networks)))
    return Cohort(signals, networks, trainings, blind)


def _trainings(arrays: Mapping[str, np.ndarray], networks: int) -> tuple[Training, ...]:
    """Return the circumstances of the trainings; raise one of `_DAMAGE` if they are not those of so many networks."""
    if "trainings" not in arrays:  # as it was written when a file had the networks of one training alone
        environment = _ENVIRONMENT.validate_python(str(arrays.get("environment", UNKNOWN_ENVIRONMENT)))
        return (Training(environment=environment),) * networks
    trainings = _TRAININGS.validate_json(str(arrays["trainings"]))
    if len(trainings) not in (0, networks):
        raise ValueError(f"it must tell of {networks} trainings, but tells of {len(trainings)}")
    for training in trainings:
        _ENVIRONMENT.validate_python(training.environment)
        if training.network_id and not is_network_id(training.network_id):
            raise ValueError("its networks must have keys of networks, or none")
    return trainings


def _signals(arrays: Mapping[str, np.ndarray], prefix: str, networks: int) -> Signals:
    """Return the signals whose outputs have names with this prefix; raise one of `_DAMAGE` if they are not whole."""
    outputs = {key: arrays[prefix + name] for name, key in _OUTPUTS.items() if prefix + name in arrays}
    _check_shapes(arrays, arrays[f"{prefix}final_mem.plain"].shape[3:], list(outputs.values()), networks)
    logits_from = _READOUT.validate_python(str(arrays.get("logits_from", _FIRST_LOGITS)))
    if f"{prefix}{logits_from}.plain" not in arrays:
        raise ValueError(f"it must have {logits_from}, its logits, but has none")
    return Signals(
        cast("dict[tuple[Recorded, Queries], np.ndarray]", outputs),
        arrays["is_member"],
        arrays["labels"],
        arrays["rows"],
        int(arrays["num_train"]),
        units=arrays.get("units"),
        logits_from=logits_from,
        groups=arrays.get("groups"),
        group_names=tuple(map(printable, arrays["group_names"].tolist())) if "groups" in arrays else (),
    )


def _check_shapes(
    arrays: Mapping[str, np.ndarray], classes: tuple[int, ...], outputs: Sequence[np.ndarray], networks: int
) -> None:
    """Check that arrays have the types, shapes and values that `Signals` describes.

    Raises:
        ValueError: they are not those of one cohort.
    """
    is_member, labels, rows = arrays["is_member"], arrays["labels"], arrays["rows"]
    examples, units, groups = len(labels), arrays.get("units", arrays["rows"]), arrays.get("groups", arrays["rows"])
    names = arrays.get("group_names", np.array([""]))
    sound = (
        (is_member.dtype.kind, is_member.shape) == ("b", (networks, examples))
        and all((array.dtype.kind, array.shape) == ("i", (examples,)) for array in (labels, rows, units, groups))
        and all((array.dtype.kind, array.ndim, array.size > 0) == ("f", 4, True) for array in outputs)
        and all((len(array), *array.shape[2:]) == (networks, examples, *classes) for array in outputs)
        and all(np.isfinite(array).all() for array in outputs)
        and 0 <= labels.min() <= labels.max() < classes[0]
        and 0 <= arrays["num_train"].item() <= examples
        and (names.dtype.kind, names.ndim, "groups" in arrays) == ("U", 1, "group_names" in arrays)
        and ("groups" not in arrays or -1 <= groups.min() <= groups.max() < len(names))
    )
    if not sound:
        raise ValueError("its arrays must be those of one cohort, but do not fit together")
