"""Inputs over time as the layers of a network see them, and outputs read where each example ends."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def is_over_time(x: Float[Tensor, "batch *shape"]) -> bool:
    """Tell whether a batch is of inputs over time, `(batch, time, features)` or with images for the features."""
    return x.ndim in {3, 5}


def valid_steps(x: Float[Tensor, "batch time *shape"]) -> Bool[Tensor, "batch time"]:
    """Return which steps of examples are no padding, which is NaN."""
    return ~x.flatten(2)[:, :, 0].isnan()


def without_padding(x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
    """Return a batch with padding as 0; one that is not over time as it is."""
    return torch.where(x.isnan(), 0.0, x) if is_over_time(x) else x


def at_once(x: Float[Tensor, "batch time *shape"]) -> Float[Tensor, "batch *static"]:
    """Return what a network without time sees: a table's steps side by side, or the mean of an example's frames.

    Args:
        x: `(batch, time, features)`, or `(batch, time, channels, height, width)`; NaN where it is padded.

    Returns:
        `(batch, time * features)`, or `(batch, channels, height, width)`.
    """
    filled = without_padding(x)
    if x.ndim == 3:
        return filled.flatten(1)
    return filled.sum(1) / valid_steps(x).sum(1)[:, None, None, None]


class Ends:
    """The ends of a batch of examples over time, at which a spiking network is read.

    Args:
        lengths: `(batch,)`: the number of steps of each example, at least 1.
        num_steps: the number of steps of the longest that there may be.
    """

    def __init__(self, lengths: Int[Tensor, " batch"], num_steps: int) -> None:
        self._lengths = lengths[:, None]
        self._is_valid = torch.arange(num_steps, device=lengths.device)[:, None, None] < self._lengths

    @property
    def is_valid(self) -> Bool[Tensor, "time batch"]:
        """Which steps each example has."""
        return self._is_valid[:, :, 0]

    def last(self, signal: Float[Tensor, "time batch classes"]) -> Float[Tensor, "batch classes"]:
        """Return a signal at each example's last step."""
        place = (self._lengths - 1).expand(signal.shape[1:])
        return signal.gather(0, place[None])[0]

    def total(self, signal: Float[Tensor, "time batch classes"]) -> Float[Tensor, "batch classes"]:
        """Return the sum of a signal over each example's steps."""
        return torch.where(self._is_valid, signal, 0.0).sum(0)

    def mean(self, signal: Float[Tensor, "time batch classes"]) -> Float[Tensor, "batch classes"]:
        """Return the mean of a signal over each example's steps."""
        return self.total(signal) / self._lengths
