"""Spiking networks with snnTorch, step by step, as its tutorials write them (numbers 5 and 6)."""

from typing import Any

import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn import functional


def leaky(state_quant: Any = False) -> snntorch.Leaky:
    """Build the neurons of all rows, whose reset by subtraction is snnTorch's default."""
    return snntorch.Leaky(beta=0.95, spike_grad=surrogate.fast_sigmoid(slope=25), state_quant=state_quant)


class ConvNetLoop(nn.Module):
    """A ConvNet of conv - pool - LIF, twice, and linear - LIF, twice; its logits are the last membranes at the end.

    Args:
        num_steps: T.
        shape: the shape of an image, `(channels, height, width)`.
        conv: a function of (in_channels, out_channels) to a 3x3 convolution with padding 1.
        linear: a function of (in_features, out_features) to a linear layer.
        state_quant: the argument `state_quant` of snnTorch's neurons in the hidden layers.
    """

    def __init__(
        self,
        num_steps: int,
        shape: tuple[int, ...] = (1, 28, 28),
        conv: Any = None,
        linear: Any = nn.Linear,
        state_quant: Any = False,
    ) -> None:
        super().__init__()
        channels, height, width = shape
        conv = conv or (lambda fan_in, fan_out: nn.Conv2d(fan_in, fan_out, kernel_size=3, padding=1))
        self.num_steps = num_steps
        self.conv1 = conv(channels, 32)
        self.lif1 = leaky(state_quant)
        self.conv2 = conv(32, 64)
        self.lif2 = leaky(state_quant)
        self.fc1 = linear(64 * (height // 4) * (width // 4), 1000)
        self.lif3 = leaky(state_quant)
        self.fc2 = linear(1000, 10)
        self.lif4 = leaky()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits `(batch, 10)` of x `(batch, *shape)`."""
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        mem3, mem4 = self.lif3.reset_mem(), self.lif4.reset_mem()
        mem4_rec = []
        for _ in range(self.num_steps):
            spk1, mem1 = self.lif1(functional.max_pool2d(self.conv1(x), 2), mem1)
            spk2, mem2 = self.lif2(functional.max_pool2d(self.conv2(spk1), 2), mem2)
            spk3, mem3 = self.lif3(self.fc1(spk2.flatten(1)), mem3)
            _, mem4 = self.lif4(self.fc2(spk3), mem4)
            mem4_rec.append(mem4)
        return torch.stack(mem4_rec)[-1]


class HeadLoop(nn.Module):
    """A ConvNet with ReLUs after the convolutions and LIF after the linear layers, all inside the time loop."""

    def __init__(self, num_steps: int, shape: tuple[int, ...] = (1, 28, 28)) -> None:
        super().__init__()
        channels, height, width = shape
        self.num_steps = num_steps
        self.conv1 = nn.Conv2d(channels, 32, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.fc1 = nn.Linear(64 * (height // 4) * (width // 4), 1000)
        self.lif1 = leaky()
        self.fc2 = nn.Linear(1000, 10)
        self.lif2 = leaky()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits `(batch, 10)` of x `(batch, *shape)`."""
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        mem2_rec = []
        for _ in range(self.num_steps):
            features = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
            features = functional.max_pool2d(functional.relu(self.conv2(features)), 2)
            spk1, mem1 = self.lif1(self.fc1(features.flatten(1)), mem1)
            _, mem2 = self.lif2(self.fc2(spk1), mem2)
            mem2_rec.append(mem2)
        return torch.stack(mem2_rec)[-1]


class FCNetLoop(nn.Module):
    """An FCNet of linear - LIF, twice; `linear` builds the layers, torch's or brevitas'."""

    def __init__(self, num_steps: int, num_features: int, num_classes: int, linear: Any = nn.Linear) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.fc1 = linear(num_features, 1000)
        self.lif1 = leaky()
        self.fc2 = linear(1000, num_classes)
        self.lif2 = leaky()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits `(batch, classes)` of x `(batch, features)`."""
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        mem2_rec = []
        for _ in range(self.num_steps):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            _, mem2 = self.lif2(self.fc2(spk1), mem2)
            mem2_rec.append(mem2)
        return torch.stack(mem2_rec)[-1]


class RoundedNeurons:
    """Neurons whose membranes are rounded by `state_quant` in the middle of a step, after it, or for firing alone.

    Args:
        bits: the bits of a membrane.
        threshold: the threshold of the quantiser; neurons fire at 1.
        state_range: the lowest and the highest level, in thresholds.
        place: `before_firing`, `after_firing` or `for_firing`.
        gradient: `straight_through`, or `clipped` for none beyond the range.
    """

    def __init__(
        self,
        bits: int,
        threshold: float,
        state_range: tuple[float, float] = (-1.0, 1.2),
        place: str = "before_firing",
        gradient: str = "straight_through",
    ) -> None:
        from snntorch.functional.quant import state_quant

        lower, upper = state_range
        limits = {"lower_limit": round(-lower - 1, 9), "upper_limit": round(upper - 1, 9)}
        nearest = state_quant(num_bits=bits, threshold=threshold, **limits)

        def clipped(mem: Tensor) -> Tensor:
            rounded = nearest(mem)
            inside = (mem >= lower * threshold) & (mem <= upper * threshold)
            return torch.where(inside, rounded, rounded.detach())

        self.round = clipped if gradient == "clipped" else nearest
        self.place = place
        self.neurons = leaky(self.round if place == "before_firing" else False)

    def __call__(self, current: Tensor) -> Tensor:
        """Compute the spikes `(num_steps, batch, neurons)` of currents of the same shape."""
        mem, spikes = self.neurons.reset_mem(), []
        for current_t in current:
            spk, mem = self.neurons(current_t, mem)
            if self.place == "after_firing":
                mem = self.round(mem)
            if self.place == "for_firing":
                spk = self.neurons.fire(self.round(mem))
            spikes.append(spk)
        return torch.stack(spikes)
