"""Leaky integrate-and-fire neurons, all time steps in one call."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from privsearch.models.quantization import StateQuantizer
from privsearch.models.surrogate import SURROGATE_GRADIENTS
from privsearch.spec import SurrogateGradient


class Leaky(nn.Module):
    """`snntorch.Leaky` (reset by subtraction, with its delay of one step), applied to all time steps at once.

        mem[t] = quantize(beta * mem[t-1] + current[t] - threshold * spk[t-1])        mem[-1] = spk[-1] = 0
        spk[t] = 1 where mem[t] > threshold, else 0

    Given the same fp32 currents on a CPU, spikes and membranes are bit-equal to snnTorch's: the operations run in its
    order, and the one fused multiply-add has an exact product. The reset carries no gradient, in snnTorch as here, so
    that the backward pass is a linear recurrence, with S' the surrogate gradient:

        g[t] = grad_mem[t] + grad_spk[t] * S'(mem[t] - threshold) + beta * g[t+1]

    Args:
        num_steps: T, the number of time steps.
        beta: decay of the membrane per step, 0 to 1.
        threshold: the membrane, in the units of the current, above which a neuron fires.
        surrogate_gradient: one of `SURROGATE_GRADIENTS`.
        quantizer: rounds the membrane at each step; straight-through in the backward pass. None: full precision.

    Source: Eshraghian et al. 2023, `snntorch.Leaky(reset_mechanism="subtract", reset_delay=True)`.
    """

    def __init__(
        self,
        num_steps: int,
        beta: float,
        threshold: float,
        surrogate_gradient: SurrogateGradient,
        quantizer: StateQuantizer | None = None,
    ) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.beta = beta
        self.threshold = threshold
        self.surrogate_gradient = SURROGATE_GRADIENTS[surrogate_gradient]
        self.quantizer = quantizer

    def scan(
        self, current: Float[Tensor, "steps batch *neuron"]
    ) -> tuple[Float[Tensor, "time batch *neuron"], Float[Tensor, "time batch *neuron"]]:
        """Spikes and membranes of every step.

        Args:
            current: `(num_steps, batch, *neuron)`, or `(1, batch, *neuron)` for one current presented at every step.

        Returns:
            `spk` and `mem`, each `(num_steps, batch, *neuron)`; spikes are 0.0 or 1.0.
        """
        return cast("tuple[Tensor, Tensor]", _Scan.apply(current, self))

    def forward(self, current: Float[Tensor, "steps batch *neuron"]) -> Float[Tensor, "time batch *neuron"]:
        """The spikes of `scan`."""
        return self.scan(current)[0]


class MembraneReadout(nn.Module):
    """Leaky neurons of which the membrane is read, not the spikes."""

    def __init__(self, neurons: Leaky) -> None:
        super().__init__()
        self.neurons = neurons

    def forward(self, current: Float[Tensor, "steps batch *neuron"]) -> Float[Tensor, "time batch *neuron"]:
        """The membranes of `Leaky.scan`."""
        return self.neurons.scan(current)[1]


class _Scan(torch.autograd.Function):
    """`Leaky.scan` as one autograd node: a graph of T steps would cost more than the arithmetic."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, neurons: Leaky) -> tuple[Tensor, Tensor]:
        shape = (neurons.num_steps, *current.shape[1:])
        mem, spk = current.new_empty(shape), current.new_empty(shape)
        last_mem, last_spk = torch.zeros_like(mem[0]), torch.zeros_like(mem[0])
        for current_t, mem_t, spk_t in zip(current.expand(shape).unbind(), mem.unbind(), spk.unbind(), strict=True):
            torch.mul(last_mem, neurons.beta, out=mem_t)
            mem_t.add_(current_t).sub_(last_spk, alpha=neurons.threshold)
            if neurons.quantizer is not None:
                mem_t.copy_(neurons.quantizer(mem_t))
            torch.gt(mem_t, neurons.threshold, out=spk_t)
            last_mem, last_spk = mem_t, spk_t
        ctx.save_for_backward(mem)
        ctx.neurons, ctx.current_shape = neurons, current.shape
        ctx.set_materialize_grads(False)
        return spk, mem

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_spk: Tensor | None, grad_mem: Tensor | None) -> tuple[Tensor, None]:
        (mem,) = ctx.saved_tensors
        neurons = ctx.neurons
        overdrive = torch.empty_like(mem[0])

        def received(t: int) -> Tensor:
            if grad_spk is None:
                assert grad_mem is not None, "autograd calls backward only with a gradient"
                return grad_mem[t]
            torch.sub(mem[t], neurons.threshold, out=overdrive)
            through_spk: Tensor = neurons.surrogate_gradient(overdrive, grad_spk[t])
            return through_spk if grad_mem is None else through_spk + grad_mem[t]

        if ctx.current_shape[0] == 1:
            # The sum of g over time needs no recurrence: what step t receives reaches every step up to t.
            total, reach = mem.new_zeros(ctx.current_shape), 0.0
            for t in range(neurons.num_steps):
                reach = 1 + neurons.beta * reach
                total[0].add_(received(t), alpha=reach)
            return total, None
        grad_current, carry = torch.empty_like(mem), torch.zeros_like(mem[0])
        for t in reversed(range(neurons.num_steps)):
            carry = torch.mul(carry, neurons.beta, out=grad_current[t]).add_(received(t))
        return grad_current, None
