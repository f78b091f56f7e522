"""The spikes that stand for a spiking network's inputs: `snntorch.spikegen`, with draws from a trial's own streams.

Inputs are mapped to [0, 1] by the least and the greatest value of the training split, each feature of a table by its
own, the values of images by those of all. What lies beyond, as an example of the test split may, is 0 or 1.

Source: Eshraghian et al. 2023, `snntorch.spikegen`.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from privsearch.data.splits import Splits
from privsearch.models.sequences import is_over_time, without_padding
from privsearch.spec import TrialSpec
from privsearch.spec.axes import Encoding

DELTA_THRESHOLD: Final = 0.1
"""The change between two steps, in the training split's range, from which on `delta` fires; spikegen's default."""


@dataclass(frozen=True, eq=False)
class Encoder:
    """A map from a batch of inputs to spikes over time, or to the inputs themselves.

    Attributes:
        encoding: one of `privsearch.spec.axes.Encoding`.
        num_steps: the number of time steps.
        low: the least value of the training split, `(features,)` for a table, else `()`.
        high: the greatest, likewise.
    """

    encoding: Encoding = "direct"
    num_steps: int = 1
    low: Float[Tensor, "*features"] | None = None
    high: Float[Tensor, "*features"] | None = None

    @classmethod
    def of(cls, spec: TrialSpec, splits: Splits) -> "Encoder":
        """Return the encoder of a trial's networks.

        Args:
            spec: the trial, canonical; an encoding of its own has only a spiking network.
            splits: the network's data.
        """
        if spec.model != "snn" or spec.encoding in (None, "direct"):
            return cls()
        assert spec.num_steps is not None, "a canonical SNN spec has num_steps"
        x = splits.x_train
        if splits.preprocessing is not None:
            # It keeps the order of values, so that the inputs' ends are those of what is stored.
            ends = torch.stack([x.amin(), x.amax()])[:, None, None, None]
            low, high = splits.inputs(ends).flatten()
        else:
            examples = x.flatten(0, 1) if is_over_time(x) else x
            kept = examples if examples.ndim == 2 else examples.flatten()
            low, high = (torch.where(kept.isnan(), end, kept) for end in (torch.inf, -torch.inf))
            low, high = low.amin(0), high.amax(0)
        return cls(spec.encoding, spec.num_steps, low, high)

    @property
    def draws(self) -> bool:
        """True if the spikes are drawn at random."""
        return self.encoding == "rate"

    def __call__(self, x: Float[Tensor, "batch *shape"], generator: torch.Generator) -> Float[Tensor, "batch *encoded"]:
        """Return the inputs of a network.

        - `rate`: each step fires with the input's value as its probability.
        - `latency`: each input fires once, 1 at the first step, 0 at the last, on a line between.
        - `delta`: 1 where an input rises by `DELTA_THRESHOLD` from a step to the next, -1 where it falls so; the first
          step is compared with 0.

        Args:
            x: a batch, `(batch, *shape)`, or over time `(batch, time, *shape)`, NaN where it is padded.
            generator: the source of draws, on the CPU.

        Returns:
            `(batch, time, *shape)`, NaN where it is padded; `x` itself if the encoding is direct.
        """
        if self.encoding == "direct":
            return x
        over_time, scaled = is_over_time(x), self._scaled(without_padding(x))
        match self.encoding:
            case "rate":
                each = scaled.transpose(0, 1) if over_time else scaled.expand(self.num_steps, *scaled.shape)
                # In the order of spikegen, step by step.
                spikes = torch.bernoulli(each.contiguous().cpu(), generator=generator).to(x.device)
            case "latency":
                last = self.num_steps - 1
                steps = torch.arange(self.num_steps, device=x.device).view(-1, *[1] * x.ndim)
                spikes = (torch.round(-last * (scaled - 1)) == steps).to(x.dtype)
            case "delta":
                each = scaled.transpose(0, 1)
                rise = each - torch.cat([torch.zeros_like(each[:1]), each[:-1]])
                spikes = (rise >= DELTA_THRESHOLD).to(x.dtype) - (rise <= -DELTA_THRESHOLD).to(x.dtype)
        spikes = spikes.transpose(0, 1)
        return torch.where(x.isnan(), torch.nan, spikes) if over_time else spikes

    def num_beyond(self, x: Float[Tensor, "batch *shape"]) -> int:
        """Count the inputs of a batch that have a value beyond those of the training split, if there is an encoding."""
        if self.low is None or self.high is None:
            return 0
        # Padding, NaN, is neither below nor above.
        return int(((x < self.low) | (x > self.high)).flatten(1).any(1).sum())

    def _scaled(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        """Map inputs to [0, 1]; a feature without a range is 0."""
        assert self.low is not None, "an encoder that is not direct has a range"
        assert self.high is not None, "an encoder that is not direct has a range"
        width = self.high - self.low
        return ((x - self.low) / torch.where(width > 0, width, torch.inf)).clamp(0, 1)
