"""The networks of a study: the weights of all networks of a trial, in files that load safely from strangers."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray as Array
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from privsearch._util.disk import reading
from privsearch._util.npz import MAX_BYTES, check_stored
from privsearch._util.text import printable
from privsearch.errors import StudyError
from privsearch.spec import TrialSpec
from privsearch.spec.protocol_spec import Role
from privsearch.spec.recorded import RecordedSpec
from privsearch.study.fields import Environment, Word
from privsearch.study.trial_files import TrialFiles

if TYPE_CHECKING:
    from torch import Tensor


FORMAT: Final = 1
"""The version of the files' format, raised whenever a file gets another meaning."""


@dataclass(frozen=True, eq=False)
class KeptNetwork:
    """A network of a trial, with its weights.

    Attributes:
        role: the network's part in the attacks.
        replicate: the number, from 1, of the target that the network is, or is the shadow of.
        seed: the seed of its initial weights, of the order of its batches and of their augmentation.
        trained_on: `(n,)`: the rows of its training examples in the dataset's training data as they are read, from 0.
            Where targets have splits of their own, the rows of test data that the dataset brings follow these.
        state_dict: the network's weights, on the CPU.
    """

    role: Role
    replicate: int
    seed: int
    trained_on: Int[Array, " n"]
    state_dict: "Mapping[str, Tensor]"

    def __repr__(self) -> str:
        weights = sum(tensor.numel() for tensor in self.state_dict.values())
        of = f"{self.role} {self.replicate}, trained on {len(self.trained_on)} examples"
        return f"KeptNetwork({of}: {weights:,} numbers)"


@dataclass(frozen=True, eq=False)
class KeptNetworks:
    """The networks of a trial, with all that is needed to build them.

    Attributes:
        trial_id: the trial's key in the record.
        spec: the trial's configuration, canonical.
        input_shape: the shape of an example.
        num_classes: the number of logits.
        environment: the versions and the processor that the networks were trained with.
        networks: the networks in the order of their training, which is that of the signals.
    """

    trial_id: str
    spec: TrialSpec
    input_shape: tuple[int, ...]
    num_classes: int
    environment: str
    networks: Sequence[KeptNetwork]

    def __repr__(self) -> str:
        count = f"{len(self.networks)} network{'s' if len(self.networks) != 1 else ''}"
        return f"KeptNetworks({self.trial_id!r}: {count} of {self.spec.model} on {self.spec.dataset_name})"


@dataclass(frozen=True)
class NetworkArchive(TrialFiles):
    """A folder with torch files of tensors and plain values alone.

    A file has the networks that were trained together: `<trial_id>.pt` those that a trial had trained for itself,
    `<network_id>.pt` a single network.
    """

    ending = ".pt"

    def save(self, name: str, kept: KeptNetworks) -> None:
        """Write networks to a file; a reader sees all of them or nothing. Other networks that the file has stay.

        Args:
            name: the file's name without its ending.
            kept: the networks.

        Raises:
            StudyError: the folder cannot be reached or written, or the networks are larger than what is read back.
        """
        content = pack_networks(self._with_others(name, kept))
        if len(content) > MAX_BYTES:
            raise StudyError(
                f"the networks of {name} must have at most {MAX_BYTES:,} bytes, so that they can be read back, but "
                f"have {len(content):,}; ask for fewer networks, or do without (keep_networks: false)"
            )
        self.files.write(f"{name}{self.ending}", content)

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is no file.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return self.files.read(f"{name}{self.ending}")

    def _with_others(self, name: str, kept: KeptNetworks) -> KeptNetworks:
        """Return the networks together with the others in a file of that name."""
        try:
            earlier = unpack_networks(self.read(name) or b"").networks
        except ValueError:  # there is no such file, or it is damaged
            return kept
        places = {(network.replicate, network.role) for network in kept.networks}
        others = [network for network in earlier if (network.replicate, network.role) not in places]
        together = sorted([*others, *kept.networks], key=lambda n: (n.replicate, n.role == "shadow"))
        return replace(kept, networks=together) if others else kept

    def damage_in(self, content: bytes) -> str | None:
        """Return a sentence on the damage in the content of a file; None if there is none."""
        try:
            unpack_networks(content)
        except ValueError as error:
            return str(error)
        return None


class _Entry(BaseModel):
    """The fields of one network in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    role: Role
    replicate: int = Field(ge=1)
    seed: int = Field(ge=0, lt=2**63)
    trained_on: Any
    state_dict: dict[str, Any]


class _Content(BaseModel):
    """The content of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    format: Literal[1]
    trial_id: Word
    spec: str
    input_shape: tuple[int, ...]
    num_classes: int = Field(ge=1)
    environment: Environment
    networks: list[_Entry] = Field(min_length=1)


def pack_networks(kept: KeptNetworks) -> bytes:
    """Return the content of a file that `torch.load(..., weights_only=True)` reads, described in `docs/choosing.md`."""
    import torch  # slow to import

    networks = [
        {
            "role": network.role,
            "replicate": network.replicate,
            "seed": network.seed,
            "trained_on": torch.from_numpy(network.trained_on.astype(np.int64)),
            "state_dict": dict(network.state_dict),
        }
        for network in kept.networks
    ]
    content = {
        "format": FORMAT,
        "trial_id": kept.trial_id,
        "spec": kept.spec.model_dump_json(),
        "input_shape": tuple(kept.input_shape),
        "num_classes": kept.num_classes,
        "environment": kept.environment,
        "networks": networks,
    }
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def unpack_networks(content: bytes) -> KeptNetworks:
    """Return the networks that `pack_networks` has packed; nothing in the content is executed.

    Raises:
        ValueError: the content is damaged, or something else; the message says why.
    """
    try:
        check_stored(content)
        return _unpacked(content)
    # The unpickler, the zip reader and pydantic may raise any error on a stranger's bytes.
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ValueError(f"must be networks that privsearch has kept, but: {reason}") from None


def load_networks(path: str | Path) -> KeptNetworks:
    """Load a file of kept networks: the configuration, and each network with its role, examples and weights.

    Args:
        path: a file that `privsearch export`, or a sweep with `keep_networks: true`, has written. It may come from a
            stranger: nothing in it is executed.

    Raises:
        StudyError: there is no such file, or it is damaged or something else.
    """
    path = Path(path)
    with reading(path):
        content = path.read_bytes()
    try:
        return unpack_networks(content)
    except ValueError as error:
        raise StudyError(f"{path}: {printable(str(error))}; export it again") from None


def _unpacked(content: bytes) -> KeptNetworks:
    import torch

    read = _Content.model_validate(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    tensors = [tensor for entry in read.networks for tensor in entry.state_dict.values()]
    if not all(isinstance(tensor, torch.Tensor) and tensor.layout is torch.strided for tensor in tensors):
        raise ValueError("a state dict must hold tensors alone")
    return KeptNetworks(
        trial_id=read.trial_id,
        spec=TypeAdapter(RecordedSpec).validate_json(read.spec),
        input_shape=read.input_shape,
        num_classes=read.num_classes,
        environment=read.environment,
        networks=[
            KeptNetwork(entry.role, entry.replicate, entry.seed, _rows(entry.trained_on), entry.state_dict)
            for entry in read.networks
        ],
    )


def _rows(rows: Any) -> Int[Array, " n"]:
    array = np.asarray(rows.numpy())
    if array.dtype.kind != "i" or array.ndim != 1:
        raise ValueError("trained_on must be the numbers of rows")
    return array
