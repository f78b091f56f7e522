"""What the attacks see: the outputs of a cohort of networks on examples whose membership is known."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array


@dataclass(frozen=True)
class Signals:
    """The outputs of K networks on the same N examples: the training split first, the test split after it.

    Attributes:
        logits: `(K, N, C)`, unitless: an ANN's last layer, an SNN's last membrane potential at the final step.
        is_member: `(K, N)`: whether the example was in that network's training set.
        labels: `(N,)`, class indices from 0 to C - 1.
        num_train: how many of the N examples belong to the training split.
    """

    logits: Float[Array, "networks examples classes"]
    is_member: Bool[Array, "networks examples"]
    labels: Int[Array, " examples"]
    num_train: int
