"""Leaky integrate-and-fire neurons, all time steps in one call."""

from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics, Scan


class Leaky(nn.Module):
    """`snntorch.Leaky` (reset by subtraction, with its delay of one step), applied to all time steps at once.

        mem[t] = beta * mem[t-1] + current[t] - threshold * fired[t-1]        mem[-1] = fired[-1] = 0
        spk[t] = fired[t] = 1 if mem[t] > threshold, else 0

    Given the same fp32 currents on a CPU, spikes and membranes are bit-equal to snnTorch's: the operations run in its
    order, and the one fused multiply-add has an exact product. The reset carries no gradient, in snnTorch as here, so
    that the backward pass is a linear recurrence, with S' the surrogate gradient:

        g[t] = grad_mem[t] + grad_spk[t] * S'(mem[t] - threshold) + beta * g[t+1]

    A quantiser rounds mem[t] before the neuron fires; or after it has fired, and then fired[t], which resets the
    membrane, is told from the rounded one, as by snnTorch, so that a neuron may fire without a reset or be reset
    without having fired; or what is compared with the threshold, and not what is kept. Rounding passes the gradient,
    or, if it is clipped, passes it within the range alone.

    Membranes are 32-bit floats, whatever the currents are; spikes have the currents' type.

    Args:
        dynamics: the parameters of the neurons.
        quantizer: rounds the membrane at each step, where its `place` says. None: full precision.

    Source: Eshraghian et al. 2023, `snntorch.Leaky(reset_mechanism="subtract", reset_delay=True)`.
    """

    def __init__(self, dynamics: Dynamics, quantizer: StateQuantizer | None = None) -> None:
        super().__init__()
        self.dynamics = dynamics
        self.quantizer = quantizer

    def scan(
        self, current: Float[Tensor, "steps batch *neuron"]
    ) -> tuple[Float[Tensor, "time batch *neuron"], Float[Tensor, "time batch *neuron"]]:
        """Compute the spikes and membranes of every step.

        Args:
            current: `(num_steps, batch, *neuron)`, or `(1, batch, *neuron)` for one current presented at every step.

        Returns:
            `spk` and `mem`, each `(num_steps, batch, *neuron)`; spikes are 0.0 or 1.0.
        """
        return cast("tuple[Tensor, Tensor]", Scan.apply(current, self.dynamics, self.quantizer))

    def forward(self, current: Float[Tensor, "steps batch *neuron"]) -> Float[Tensor, "time batch *neuron"]:
        """Return the spikes of `scan`."""
        return self.scan(current)[0]


class MembraneReadout(nn.Module):
    """Leaky neurons whose membranes are read instead of their spikes.

    Args:
        neurons: the neurons.
        averages: True if the mean of the membrane over time is what the network answers with, not the last one.
    """

    def __init__(self, neurons: Leaky, *, averages: bool = False) -> None:
        super().__init__()
        self.neurons = neurons
        self.averages = averages

    def forward(self, current: Float[Tensor, "steps batch *neuron"]) -> Float[Tensor, "time batch *neuron"]:
        """Return the membranes of `Leaky.scan`."""
        return self.neurons.scan(current)[1]
