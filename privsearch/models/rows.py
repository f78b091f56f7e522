"""One row of neurons for each time step, in the order in which they lie in memory.

Each neuron is computed alone: the order of neurons is of no importance, but copying them into another order costs more
than their arithmetic. Images lie in memory with their channels last, which is how convolutions are fastest on a CPU.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor


class Rows(NamedTuple):
    """The layout by which tensors of one shape are laid flat.

    Attributes:
        shape: the shape of the batch and its neurons: `(batch, *neuron)`.
        channels_last: True if neurons `(channels, height, width)` lie with their channels last.
    """

    shape: tuple[int, ...]
    channels_last: bool

    @classmethod
    def of(cls, x: Float[Tensor, "steps batch *neuron"]) -> "Rows":
        """Find the layout that lays `x` flat without a copy, if there is one."""
        return cls(tuple(x.shape[1:]), x.ndim == 5 and not x.is_contiguous())

    def flat(self, x: Float[Tensor, "steps batch *neuron"]) -> Float[Tensor, "steps n"]:
        """Return `x` with a row for each step, copied only if `x` has another layout."""
        if self.channels_last:
            x = x.permute(0, 1, 3, 4, 2)
        return x.contiguous().view(len(x), -1)

    def shaped(self, rows: Float[Tensor, "steps n"]) -> Float[Tensor, "steps batch *neuron"]:
        """Undo `flat`, without a copy."""
        if not self.channels_last:
            return rows.view(-1, *self.shape)
        batch, channels, height, width = self.shape
        return rows.view(-1, batch, height, width, channels).permute(0, 1, 4, 2, 3)


def as_array(x: Shaped[Tensor, "*shape"]) -> Shaped[np.ndarray, "*shape"]:
    """Return the memory of a tensor on the CPU as a numpy array of the same type, or of uint16 for bfloat16."""
    x = x.detach()
    array: np.ndarray = (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()
    return array
