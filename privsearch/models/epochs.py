"""The training of one network, step by step, which can be left between two steps and taken up again."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from privsearch.data.splits import Splits
from privsearch.errors import DivergedError
from privsearch.models.encoding import Encoder
from privsearch.models.optimizers import Adam, Optimizer, Sgd
from privsearch.models.private_training import PrivateSteps
from privsearch.spec import TrialSpec
from privsearch.study.result import Epoch


@dataclass(frozen=True, eq=False)
class Learner:
    """A network in training, with all that a step reads or changes, torch's global random numbers aside.

    Attributes:
        network: the network, on its device.
        optimizer: the optimiser of its weights.
        splits: the data.
        generator: the source of the order of its batches, of their augmentation and of their encoding.
        encoder: the encoding of its inputs.
        private: the steps of a private training; None for ordinary ones.
    """

    network: nn.Module
    optimizer: Optimizer
    splits: Splits
    generator: torch.Generator
    encoder: Encoder = field(default_factory=Encoder)
    private: PrivateSteps | None = None

    @classmethod
    def of(
        cls, network: nn.Module, spec: TrialSpec, splits: Splits, seed: int, private: PrivateSteps | None = None
    ) -> "Learner":
        """Return a network before its first step, with the trial's optimiser."""
        kind = {"adam": Adam, "sgd": Sgd}[spec.optimizer]
        trained = [weight for weight in network.parameters() if weight.requires_grad]
        optimizer = kind(trained, spec.learning_rate, spec.weight_decay)
        generator = torch.Generator().manual_seed(seed)
        return cls(network, optimizer, splits, generator, Encoder.of(spec, splits), private)


@dataclass(eq=False)
class Pass:
    """A pass over a training set, as far as it has come.

    Attributes:
        order: the examples, as places in the training split, in the order of their batches, or of the training split
            where batches are drawn.
        loss_sum: the sum of the losses of the examples so far, a float64 on the networks' device: reading a number back
            from a GPU stops it.
        num_correct: the number of those that the network classified rightly, an int64 there.
        losses: the mean loss of each step so far; 0 of one without an example.
        num_seen: the number of examples in these steps.
    """

    order: Int[Tensor, " examples"]
    loss_sum: Float[Tensor, ""]
    num_correct: Int[Tensor, ""]
    losses: list[Float[Tensor, ""]] = field(default_factory=list)
    num_seen: int = 0

    @classmethod
    def over(cls, order: Int[Tensor, " examples"], device: torch.device) -> "Pass":
        """Return a pass before its first step."""
        loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        return cls(order, loss_sum, torch.zeros((), dtype=torch.int64, device=device))


@dataclass(eq=False)
class Progress:
    """The progress of a training.

    Attributes:
        history: what was measured in the epochs that have ended.
        current: the pass that has begun; None between two epochs.
    """

    history: list[Epoch] = field(default_factory=list)
    current: Pass | None = None


@dataclass(frozen=True)
class Heard:
    """The listeners to the training of one network, or None.

    Attributes:
        on_epoch: called with (epoch, measurements) after every epoch.
        on_step: called with (epoch, step, steps of the epoch) before every step; all count from 0.
    """

    on_epoch: Callable[[int, Epoch], None] | None = None
    on_step: Callable[[int, int, int], None] | None = None


AfterStep = Callable[[Learner, Progress], None]
"""A function called after every step, in which it may copy the state of the training and must not change it."""


def train_epochs(
    learner: Learner,
    spec: TrialSpec,
    chosen: Int[Tensor, " examples"],
    progress: Progress,
    heard: Heard = Heard(),
    after_step: AfterStep | None = None,
) -> list[Epoch]:
    """Train a network to the end, from wherever its training stands.

    Args:
        learner: the network.
        spec: the configuration, canonical.
        chosen: the examples to train on, as places in the training split.
        progress: what has been done; it grows.
        heard: the listeners; they are told of the epochs that had ended, too.
        after_step: the function to call after every step.

    Returns:
        What was measured in each epoch.

    Raises:
        DivergedError: a loss is not finite; the message names the step and the epoch.
    """
    told, history = heard.on_epoch or (lambda _, __: None), progress.history
    for epoch, measured in enumerate(history):
        told(epoch, measured)
    learner.network.train()
    for epoch in range(len(history), spec.epochs):
        if progress.current is None:
            order = chosen
            if learner.private is None:
                order = chosen[torch.randperm(len(chosen), generator=learner.generator)]
            progress.current = Pass.over(order, learner.splits.device)
        try:
            measured = train_pass(
                learner,
                progress.current,
                spec.batch_size,
                partial(heard.on_step, epoch) if heard.on_step else None,
                partial(after_step, learner, progress) if after_step else None,
            )
        except DivergedError as error:
            raise DivergedError(f"{error} in epoch {epoch + 1} of {spec.epochs}") from None
        history.append(measured)
        progress.current = None
        told(epoch, measured)
    return history


def train_pass(
    learner: Learner,
    current: Pass,
    batch_size: int,
    on_step: Callable[[int, int], None] | None = None,
    after_step: Callable[[], None] | None = None,
) -> Epoch:
    """Take the steps that are left of a pass, one for each batch, and return what was measured in all of them.

    `on_step` is called with (step, steps) before each, `after_step` after it.

    Raises:
        DivergedError: a loss is not finite; the message names the step.
    """
    batches = current.order.split(batch_size)
    for step, batch in enumerate(batches[len(current.losses) :], len(current.losses)):
        if on_step:
            on_step(step, len(batches))
        if learner.private:
            batch = learner.private.draw(current.order, learner.generator)  # noqa: PLW2901
        _take_step(learner, current, batch)
        if after_step:
            after_step()
    if not math.isfinite(current.loss_sum.item()):
        step = next(step for step, loss in enumerate(current.losses) if not loss.isfinite())
        loss_there = current.losses[step].item()
        raise DivergedError(
            f"the training loss must be finite, but is {loss_there} at step {step + 1} of {len(batches)}"
        )
    num_seen = max(1, current.num_seen)  # batches that are drawn may all be empty
    return Epoch(loss=current.loss_sum.item() / num_seen, accuracy=current.num_correct.item() / num_seen)


def _take_step(learner: Learner, current: Pass, batch: Int[Tensor, " batch"]) -> None:
    """Take one step on a batch, and add what was measured to the pass."""
    splits, optimizer = learner.splits, learner.optimizer
    labels = splits.y_train[batch]
    inputs = splits.inputs(splits.x_train[batch], learner.generator)
    inputs = learner.encoder(inputs, learner.generator)
    if learner.private is None:
        outputs = learner.network(inputs)
        loss = nn.functional.cross_entropy(outputs, labels)
        optimizer.forget_gradients()
        loss.backward()
    else:
        measured = learner.private.set_gradients(learner.network, optimizer.weights, inputs, labels, learner.generator)
        outputs, loss = measured or (inputs.new_zeros(0, 1), inputs.new_zeros(()))
    optimizer.step()
    current.losses.append(loss.detach())
    current.loss_sum += current.losses[-1].double() * len(batch)
    current.num_correct += (outputs.argmax(1) == labels).sum()
    current.num_seen += len(batch)
