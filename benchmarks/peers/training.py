"""The training loop of every tutorial, for any network."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

Batches = Iterable[tuple[Tensor, Tensor]]


def train_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    after_step: Callable[[], object] | None = None,
) -> tuple[float, Tensor]:
    """Take one step for each batch `(x, labels)`.

    Args:
        network: a module that returns logits `(batch, classes)`.
        optimizer: an optimiser of the network's parameters.
        batches: the batches, in order.
        after_step: a function that some libraries need after every step, such as a reset of states; or None.

    Returns:
        The mean loss over all examples, and the logits of the first batch.
    """
    network.train()
    loss_sum, num_examples, first_logits = 0.0, 0, None
    for x, labels in batches:
        optimizer.zero_grad()
        logits = network(x)
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        if after_step:
            after_step()
        loss_sum += loss.item() * len(x)
        num_examples += len(x)
        first_logits = logits.detach() if first_logits is None else first_logits
    assert first_logits is not None, "there must be a batch"
    return loss_sum / num_examples, first_logits
