"""Checkpoints: the state of a training between two steps, from which it goes on to the same bits.

A checkpoint belongs to one network and to the environment that it was made in, since another one rounds otherwise. Any
other, or a damaged one, counts as not there.
"""

import io
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Int
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from privsearch._util import ending
from privsearch._util.npz import check_stored
from privsearch.errors import StudyError
from privsearch.models.epochs import Learner, Pass, Progress
from privsearch.spec import TrialSpec
from privsearch.study.environment import present_environment
from privsearch.study.result import Epoch

FORMAT: Final = 1
"""The version of the content's format, raised whenever it gets another meaning."""

WORTH: Final = 1 / 60
"""The part of the interval that a training must have gone on for to get a checkpoint when its process is to end."""

_log = logging.getLogger(__name__)


@runtime_checkable
class CheckpointShelf(Protocol):
    """A store of checkpoints by network_id. Its methods raise `StudyError` if it cannot be reached."""

    def load(self, network_id: str) -> bytes | None:
        """Return the checkpoint of a network; None if there is none."""

    def save(self, network_id: str, content: bytes) -> None:
        """Keep a checkpoint in the place of the network's last one; a reader sees one of them, whole."""

    def remove(self, network_id: str) -> None:
        """Remove the checkpoint of a network, if there is one."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of trainings: their place, and the time between two of them.

    A shelf that fails costs a training nothing but its checkpoints: the next is tried when its time comes.

    Attributes:
        shelf: the store.
        seconds: the time from the start of a network's training, or from its last checkpoint, to the next.
        failures: the reasons why a checkpoint could not be read, written or removed; the first one is logged.
    """

    shelf: CheckpointShelf
    seconds: float
    failures: list[str] = field(default_factory=list, init=False, compare=False)

    def remove(self, network_ids: Iterable[str]) -> None:
        """Remove the checkpoints of networks whose outputs are safe, or which have diverged."""
        for network_id in network_ids:
            self.attempt(self.shelf.remove, network_id)

    @contextmanager
    def until_safe(self, network_ids: Sequence[str]) -> Iterator[None]:
        """Remove the checkpoints of networks at the end of a block that trains them and keeps their outputs.

        Whatever leaves the block by an exception leaves them.
        """
        yield
        self.remove(network_ids)

    def attempt(self, method: Callable[..., Any], *args: Any) -> Any:
        """Call a method of the shelf and return its result; None if it fails, which is told once."""
        try:
            return method(*args)
        except StudyError as error:
            if not self.failures:
                _log.warning("checkpoints: %s; trainings go on without", error)
            self.failures.append(str(error))
            return None


class Keeper:
    """A keeper of the checkpoints of one network's training, called after every step."""

    def __init__(self, checkpoints: Checkpoints, network_id: str, device: str = "cpu") -> None:
        """Begin to count the time.

        Args:
            checkpoints: the place and the interval.
            network_id: the network.
            device: the networks' device, as torch names it.
        """
        self._checkpoints, self._network_id = checkpoints, network_id
        self._environment = present_environment(device)
        self._since = time.monotonic()

    def resume(self, learner: Learner, spec: TrialSpec, chosen: Int[Tensor, " examples"]) -> Progress:
        """Bring a network that is newly built to where its checkpoint left it, and return the progress of its training.

        Torch's global random numbers go on from there, too. Without a checkpoint, all stays as it is.

        Args:
            learner: the network.
            spec: the configuration, canonical.
            chosen: the examples that it is trained on, as places in the training split.
        """
        content = self._checkpoints.attempt(self._checkpoints.shelf.load, self._network_id)
        if content is None:
            return Progress()
        try:
            saved = unpack(content)
            if (saved.network_id, saved.environment) != (self._network_id, self._environment):
                return Progress()
            return _resume(learner, saved, spec, chosen)
        # The unpickler, the zip reader, pydantic and torch may raise any error on a damaged file.
        except Exception:
            return Progress()

    def __call__(self, learner: Learner, progress: Progress) -> None:
        """Write a checkpoint if the interval has passed, or if this process is about to end."""
        passed, seconds = time.monotonic() - self._since, self._checkpoints.seconds
        is_ending = ending.is_near()
        if passed >= (seconds * WORTH if is_ending else seconds):
            content = pack(self._network_id, self._environment, learner, progress)
            self._checkpoints.attempt(self._checkpoints.shelf.save, self._network_id, content)
            self._since = time.monotonic()
        if is_ending:
            ending.finished()

    def forget(self) -> None:
        """Remove the checkpoint."""
        self._checkpoints.remove([self._network_id])


class Content(BaseModel):
    """The content of a checkpoint. Tensors are on the CPU.

    Attributes:
        format: see `FORMAT`.
        network_id: the network.
        environment: the environment that it was trained in.
        weights: the network's parameters and buffers, by name.
        optimizer: the optimiser's state.
        generator: the state of the source of batches and augmentation.
        global_generator: the state of torch's global random numbers on the CPU, from which a registered model may draw.
        gpu_generator: the same on the networks' GPU; None on the CPU.
        history: the loss and the accuracy of each epoch that has ended.
        order: the current pass, as the following: see `Pass`.
        loss_sum: of the examples of its steps.
        num_correct: of these.
        losses: `(steps,)`.
        num_seen: the number of examples in these steps; None in what was written before it was counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    format: Literal[1]
    network_id: str
    environment: str
    weights: dict[str, Tensor]
    optimizer: list[Tensor]
    generator: Tensor
    global_generator: Tensor
    gpu_generator: Tensor | None
    history: list[tuple[float, float]]
    order: Tensor
    loss_sum: Tensor
    num_correct: Tensor
    losses: Tensor = Field(repr=False)
    num_seen: Annotated[int, Field(ge=0)] | None = None


def pack(network_id: str, environment: str, learner: Learner, progress: Progress) -> bytes:
    """Return the state of a training after a step, as a file that `torch.load(..., weights_only=True)` reads."""
    current = progress.current
    assert current is not None, "a checkpoint is taken after a step, when a pass has begun"
    device = learner.splits.device
    content = {
        "format": FORMAT,
        "network_id": network_id,
        "environment": environment,
        "weights": {name: tensor.detach() for name, tensor in _weights(learner).items()},
        "optimizer": learner.optimizer.state,
        "generator": learner.generator.get_state(),
        "global_generator": torch.get_rng_state(),
        "gpu_generator": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "history": [(epoch.loss, epoch.accuracy) for epoch in progress.history],
        "order": current.order,
        "loss_sum": current.loss_sum,
        "num_correct": current.num_correct,
        "losses": torch.stack(current.losses),
        "num_seen": current.num_seen,
    }
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def unpack(content: bytes) -> Content:
    """Return the content that `pack` has packed; nothing in it is executed.

    Raises:
        Exception: of any kind: it is damaged, or something else.
    """
    check_stored(content)
    return Content.model_validate(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))


def _weights(learner: Learner) -> dict[str, Tensor]:
    """Return all tensors of a network, with the buffers that no state dict has."""
    return dict(learner.network.named_parameters()) | dict(learner.network.named_buffers())


@torch.no_grad()
def _resume(learner: Learner, saved: Content, spec: TrialSpec, chosen: Int[Tensor, " examples"]) -> Progress:
    """Give a training the state of a checkpoint; either all of it, or, with a ValueError, nothing."""
    # First, as a file of a few bytes may claim any number of places, all of them one number.
    if saved.order.shape != chosen.shape or saved.losses.numel() > -(-len(chosen) // spec.batch_size):
        raise ValueError("a pass must be over the network's examples, in as many steps at most as they make")
    weights = _weights(learner)
    if weights.keys() != saved.weights.keys():
        raise ValueError("the tensors must be those of the network")
    own = [*weights.values(), *learner.optimizer.state]
    others = [*(saved.weights[name] for name in weights), *saved.optimizer]
    if len(own) != len(others) or not all(map(_are_alike, own, others)):
        raise ValueError("the tensors must have the shapes and types of the network's")
    progress = _progress(saved, spec, chosen, learner.splits.device)
    for state in (saved.generator, saved.global_generator):
        torch.Generator().set_state(state)  # which refuses what is no state
    if saved.gpu_generator is not None:
        torch.cuda.set_rng_state(saved.gpu_generator, learner.splits.device)
    for tensor, other in zip(weights.values(), others, strict=False):
        tensor.copy_(other)
    learner.optimizer.resume(saved.optimizer)
    learner.generator.set_state(saved.generator)
    torch.set_rng_state(saved.global_generator)
    return progress


def _progress(saved: Content, spec: TrialSpec, chosen: Int[Tensor, " examples"], device: torch.device) -> Progress:
    """Return the progress in a checkpoint; raise a ValueError if it is not that of a training on these examples."""
    current = Pass.over(saved.order, device)
    sums = ((current.loss_sum, saved.loss_sum), (current.num_correct, saved.num_correct))
    is_sound = (
        all(_are_alike(*pair) for pair in sums)
        and torch.equal(saved.order.sort().values, chosen)
        and len(saved.history) < spec.epochs
        and (saved.losses.dtype, saved.losses.ndim) == (torch.float32, 1)
        and 1 <= len(saved.losses) <= -(-len(chosen) // spec.batch_size)
        and saved.num_correct <= _num_seen(saved, spec)
    )
    if not is_sound:
        raise ValueError("the progress must be that of a training on these examples")
    for sum_, other in sums:
        sum_.copy_(other)
    current.losses.extend(saved.losses.to(device).unbind())
    current.num_seen = _num_seen(saved, spec)
    return Progress([Epoch(loss, accuracy) for loss, accuracy in saved.history], current)


def _num_seen(saved: Content, spec: TrialSpec) -> int:
    """Return the number of examples in the steps of a pass, which follows from their number if it was not counted."""
    return min(len(saved.losses) * spec.batch_size, len(saved.order)) if saved.num_seen is None else saved.num_seen


def _are_alike(tensor: Tensor, other: Tensor) -> bool:
    """Return whether one tensor can take the values of another as they are."""
    return (tensor.shape, tensor.dtype, torch.strided) == (other.shape, other.dtype, other.layout)
