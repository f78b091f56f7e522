"""Small trainings of every kind, and shelves of checkpoints in memory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from builders import make_completed
from torch import nn

from privsearch import register_model
from privsearch.data import DatasetInfo
from privsearch.data.raw import Preprocessing
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import StudyError
from privsearch.models.checkpoint import Checkpoints
from privsearch.models.training import Listeners, train_cohort
from privsearch.spec import Device, TrialSpec
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.cohort import Cohort
from privsearch.study.result import Epoch, TrialResult
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.planned import PlannedTrial

SEED: Final = 7
NETWORK: Final = "n" * 16


class Counting(nn.Module):
    """A module with a buffer that no state dict has, and that decides its outputs."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        return x * (1 + self.calls / 100)


def drawing_model(input_shape: tuple[int, ...], num_classes: int, spec: TrialSpec) -> nn.Module:
    """A model that draws random numbers as it trains, and keeps running means."""
    return nn.Sequential(
        *(nn.Linear(*input_shape, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), Counting(), nn.Linear(16, num_classes))
    )


def images() -> Splits:
    """Ten stored images of each of two classes, which are cropped in training."""
    x = torch.randint(256, (30, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    y = torch.arange(30) % 2
    info = DatasetInfo("images", "convnet", (3, 8, 8), 2, 20, 10, "", "", True, has_own_test_split=True)
    return Splits(info, x[:20], y[:20], x[20:], y[20:], np.arange(30), Preprocessing(0.5, 0.5, 2, 0.5))


def sequences() -> Splits:
    """Fifteen examples over time of each of two classes, of one to five steps."""
    x = torch.randn(30, 5, 4, generator=torch.Generator().manual_seed(0))
    x[torch.arange(5) > torch.arange(30)[:, None] % 5] = torch.nan
    y = torch.arange(30) % 2
    info = DatasetInfo("sequences", "fcnet", (5, 4), 2, 20, 10, "", "", False, has_own_test_split=True)
    return Splits(info, x[:20], y[:20], x[20:], y[20:], np.arange(30))


MADE: Final = {"cifar10": images, "digits": sequences}
"""The splits that stand for those of a dataset."""

QUANTIZED: Final = {"weight_bit_width": 4, "act_bit_width": 4}
KINDS: Final[dict[str, dict[str, Any]]] = {
    "ann": {"model": "ann"},
    "snn": {"model": "snn"},
    "quantised ann": {"model": "ann", **QUANTIZED},
    "quantised snn": {"model": "snn", **QUANTIZED},
    "bf16": {"model": "snn", "precision": "bf16"},
    "sgd": {"model": "ann", "optimizer": "sgd", "weight_decay": 0.01},
    "decaying": {"model": "snn", "weight_decay": 0.01},
    "augmented": {"model": "snn", "dataset": "cifar10", "num_steps": 2, "batch_size": 8},
    "over time": {"model": "snn", "dataset": "digits", "batch_size": 8},
    "mean over time": {"model": "snn", "dataset": "digits", "batch_size": 8, "readout": "mean"},
    "drawn": {"model": "snn", "encoding": "rate", "encoding_queries": 2},
    "private": {"model": "snn", "dp": {"noise_multiplier": 1.0, "max_grad_norm": 0.5}},
    "private quantised": {"model": "ann", **QUANTIZED, "dp": {"noise_multiplier": 1.0}},
    "registered": {"model": "drawing-v1"},
}
"""By its name, the fields that differ from those of `spec_of`."""


def spec_of(kind: str) -> TrialSpec:
    """Return a spec of three epochs, the last batch of each smaller than the others."""
    fields = {"dataset": "iris", "epochs": 3, "batch_size": 32, "learning_rate": 0.01, **KINDS[kind]}
    if fields["model"] == "snn":
        fields.setdefault("num_steps", 4)
    if fields["model"] == "drawing-v1":
        register_model("drawing", drawing_model)
    is_image = fields["dataset"] == "cifar10"
    num_steps = 5 if fields["dataset"] == "digits" else None
    return TrialSpec(**fields).canonical("convnet" if is_image else "fcnet", augments=is_image, num_steps=num_steps)


@dataclass
class Shelf:
    """A shelf in memory, which notes all that it was given.

    Attributes:
        contents: the checkpoints, by network.
        saved: all contents that were ever saved, in their order.
        removed: the networks whose checkpoints were removed.
        broken: True to fail whatever is asked.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    saved: list[bytes] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    broken: bool = False

    def load(self, network_id: str) -> bytes | None:
        self._try()
        return self.contents.get(network_id)

    def save(self, network_id: str, content: bytes) -> None:
        self._try()
        self.contents[network_id] = content
        self.saved.append(content)

    def remove(self, network_id: str) -> None:
        self._try()
        self.contents.pop(network_id, None)
        self.removed.append(network_id)

    def _try(self) -> None:
        if self.broken:
            raise StudyError("the shelf: must hold, but is broken")


def train(
    spec: TrialSpec,
    checkpoints: Checkpoints | None = None,
    heard: list[tuple[int, int, Epoch]] | None = None,
    device: str = "cpu",
) -> Cohort:
    """Train one network on some examples, with the splits above for some datasets."""
    # What a caller has drawn before must not matter.
    torch.manual_seed(np.random.default_rng().integers(2**32))
    made = MADE.get(spec.dataset_name)
    splits = made() if made else load_splits("iris", seed=0, train_size=None, test_size=None)
    members = np.arange(len(splits.y_train))[None] % 5 > 0
    listeners = Listeners(None if heard is None else lambda *event: heard.append(event))
    return train_cohort(
        spec, splits, members, [SEED], listeners, device, checkpoints=checkpoints, network_ids=[NETWORK]
    )


def same(one: Cohort, other: Cohort) -> bool:
    """Return whether two trainings gave the same numbers, to the bit."""
    outputs = one.signals.outputs
    alike = (one.networks, one.signals.logits_from) == (other.networks, other.signals.logits_from)
    return alike and all(np.array_equal(array, other.signals.outputs[key]) for key, array in outputs.items())


class Log(list[Any]):
    """A list of epochs of which a file has the numbers, one a line, also if this process is killed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: tuple[int, int, Epoch]) -> None:
        with self._path.open("a") as file:
            file.write(f"{event[1]}\n")


@dataclass(frozen=True)
class Training:
    """A job that trains one network of a kind, with checkpoints, and keeps its signals.

    Attributes:
        folder: the place of the checkpoint and of the signals.
        kind: the kind of training.
        epochs: the number of epochs.
        seconds: the time between two checkpoints.
    """

    folder: Path
    kind: str
    epochs: int
    seconds: float

    def __call__(self, trial: PlannedTrial, device: Device) -> TrialResult:
        cohort = train(self.spec, self.checkpoints, Log(self.folder / "epochs"), device)
        SignalArchive(self.folder).save("done", cohort)
        return make_completed(trial.trial_id)

    @property
    def spec(self) -> TrialSpec:
        return spec_of(self.kind).model_copy(update={"epochs": self.epochs})

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(CheckpointArchive(self.folder), self.seconds)

    def epochs_seen(self) -> list[int]:
        """Return the numbers of the epochs in the order in which they ended, those of earlier lives told again."""
        log = self.folder / "epochs"
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    def outcome(self) -> Cohort | None:
        return SignalArchive(self.folder).load("done")
