"""What a training row compares: logits, gradients and losses of two trainings from the same weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from benchmarks.row import Agreement, Round


@dataclass(frozen=True)
class Trained:
    """What one round of training has computed.

    Attributes:
        loss: the mean over all its examples.
        logits: `(batch, classes)`, of the first batch, before its step.
        gradients: of all parameters, in one row, as the last step found them; only kept of the first round.
    """

    loss: float
    logits: np.ndarray
    gradients: np.ndarray | None = None


def training_round(network: nn.Module, train: Callable[[], tuple[float, Tensor]]) -> Round:
    """`train`, which gives the mean loss and the first logits of some steps of `network`, as a round."""
    num_rounds = 0

    def trained() -> Trained:
        nonlocal num_rounds
        num_rounds += 1
        loss, logits = train()
        # The first round is the warm-up, of which the time does not count.
        return Trained(loss, logits.float().numpy(), _gradients(network) if num_rounds == 1 else None)

    return trained


def _gradients(network: nn.Module) -> np.ndarray:
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    return np.concatenate([gradient.flatten().numpy() for gradient in gradients])


def same_training(
    ours: Sequence[Trained],
    theirs: Sequence[Trained],
    *,
    logits: float,
    gradients: float,
    loss: float,
    note: str = "",
) -> Agreement:
    """Compare two trainings that start from the same weights and see the same batches.

    Args:
        ours: the answers of all rounds.
        theirs: likewise.
        logits: how far the first logits may be apart, as a share of their norm.
        gradients: how far the gradients of the first round may be apart, likewise.
        loss: how far the mean losses of a round may be apart, as a share of their first. Rounding alone makes them
            drift: Adam's first step has the size of the learning rate wherever a gradient is not 0, however small.
        note: why they are not the same, if that is known.
    """
    (mine, *_), (other, *_) = ours, theirs
    assert mine.gradients is not None, "the first round keeps its gradients"
    assert other.gradients is not None, "likewise"
    logits_apart, gradients_apart = apart(mine.logits, other.logits), apart(mine.gradients, other.gradients)
    drift = largest_drift(ours, theirs)
    num_alike = int((mine.logits.argmax(1) == other.logits.argmax(1)).sum())
    return Agreement(
        logits_apart <= logits and gradients_apart <= gradients and drift <= loss,
        f"{note}same weights and batches; logits {logits_apart:.1e} of their norm apart ({logits:g} allowed), "
        f"predictions alike {num_alike} of {len(mine.logits)}, gradients {gradients_apart:.1e} ({gradients:g}), losses "
        f"of {len(ours)} rounds {drift:.1e} ({loss:g})",
    )


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """The norm of the difference, as a share of the norm of what is expected."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def largest_drift(ours: Sequence[Trained], theirs: Sequence[Trained]) -> float:
    """How far the losses of a round are apart at most, as a share of their first."""
    return max(abs(mine.loss - other.loss) for mine, other in zip(ours, theirs, strict=True)) / theirs[0].loss
