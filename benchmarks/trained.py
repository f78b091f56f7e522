"""The comparison of two trainings from the same weights: their logits, gradients and losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from benchmarks.row import Agreement, Round


@dataclass(frozen=True)
class Trained:
    """The outcome of one round of training.

    Attributes:
        loss: the mean over all examples of the round.
        logits: `(batch, classes)`, of the first batch, before its step.
        gradients: the gradients of all parameters in the last step, in one row; None after the first round.
    """

    loss: float
    logits: np.ndarray
    gradients: np.ndarray | None = None


def training_round(network: nn.Module, train: Callable[[], tuple[float, Tensor]]) -> Round:
    """Make a round of `train`, which takes steps of `network` and returns their mean loss and the first logits."""
    num_rounds = 0

    def trained() -> Trained:
        nonlocal num_rounds
        num_rounds += 1
        loss, logits = train()
        # The first round is the warm-up, whose time does not count.
        return Trained(loss, logits.float().numpy(force=True), _gradients(network) if num_rounds == 1 else None)

    return trained


def _gradients(network: nn.Module) -> np.ndarray:
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    return np.concatenate([gradient.flatten().numpy(force=True) for gradient in gradients])


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
        theirs: the peer's answers of all rounds.
        logits: the greatest allowed distance of the first logits, as a share of their norm.
        gradients: the greatest allowed distance of the first round's gradients, as a share of their norm.
        loss: the greatest allowed difference of a round's mean losses, as a share of the peer's first. Rounding alone
            makes losses drift: Adam's first step has the size of the learning rate for any gradient that is not 0.
        note: the reason why the trainings differ, if it is known.
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
    """Compute the norm of the difference, as a share of the norm of `expected`."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def largest_drift(ours: Sequence[Trained], theirs: Sequence[Trained]) -> float:
    """Compute the largest difference of a round's losses, as a share of the peer's first loss."""
    return max(abs(mine.loss - other.loss) for mine, other in zip(ours, theirs, strict=True)) / theirs[0].loss
