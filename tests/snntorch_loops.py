"""The reference of spiking networks: snnTorch's neurons, step by step, with its `state_quant` where a sweep puts it."""

from dataclasses import dataclass

import snntorch
import torch
from snntorch import surrogate
from snntorch.functional.quant import state_quant

SNNTORCH = {
    "fast_sigmoid": surrogate.fast_sigmoid(slope=25),
    "atan": surrogate.atan(alpha=2),
    "spike_rate_escape": surrogate.spike_rate_escape(beta=1, slope=25),
    "triangular": surrogate.triangular(),
    "straight_through": surrogate.straight_through_estimator(),
}


@dataclass(frozen=True)
class Rounding:
    """How membranes are rounded: the axes of a sweep, but for `clip`, the threshold of the quantiser."""

    bits: int
    clip: float = 1.0
    state_range: tuple[float, float] = (-1.0, 1.2)
    place: str = "before_firing"
    gradient: str = "straight_through"

    def function(self):
        """The function that snnTorch rounds with; clipped, it has no gradient beyond the range."""
        lower, upper = self.state_range
        limits = {"lower_limit": round(-lower - 1, 9), "upper_limit": round(upper - 1, 9)}
        quant = state_quant(num_bits=self.bits, threshold=self.clip, **limits)
        if self.gradient == "straight_through":
            return quant
        lowest, highest = quant(torch.tensor([lower - 1, upper + 1]) * self.clip).tolist()

        def clipped(mem):
            rounded = quant(mem)
            return torch.where((mem >= lowest) & (mem <= highest), rounded, rounded.detach())

        return clipped


class SnnTorchNeurons:
    """`snntorch.Leaky`, with membranes rounded in the middle of a step, after it, or for firing alone."""

    def __init__(self, surrogate_gradient, beta, threshold, rounding=None):
        self.round = rounding.function() if rounding else None
        self.place = rounding.place if rounding else None
        quant = self.round if self.place == "before_firing" else False
        self.leaky = snntorch.Leaky(beta, threshold, spike_grad=SNNTORCH[surrogate_gradient], state_quant=quant)

    def __call__(self, current, mem):
        """Spikes and membranes `(batch, *neuron)` of the next step."""
        spk, mem = self.leaky(current, mem)
        if self.place == "after_firing":
            mem = self.round(mem)
        if self.place == "for_firing":
            spk = self.leaky.fire(self.round(mem))
        return spk, mem

    def scan(self, current, num_steps):
        """Spikes and membranes `(time, batch, *neuron)`; a current of one step is presented at every step."""
        mem, steps = torch.zeros_like(current[0]), []
        for t in range(num_steps):
            spk, mem = self(current[min(t, len(current) - 1)], mem)
            steps.append((spk, mem))
        return tuple(torch.stack(numbers) for numbers in zip(*steps, strict=True))
