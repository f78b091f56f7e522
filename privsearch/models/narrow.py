"""Leaky neurons and the narrow linear layer that reads their spikes, as one autograd node on a CPU.

The spikes of a wide layer are the largest thing that a step of an FCNet moves through memory: written by the neurons,
read by a matrix product that computes next to nothing, and their gradients the same way back. Here they stay in the
core's cache, and membranes are computed again in the backward pass.
"""

from typing import Any, Final, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from privsearch.models.leaky import Leaky
from privsearch.models.rows import as_array
from privsearch.models.scan import compiled_neurons

MOST_OUTPUTS: Final = 6
"""The most outputs of a narrow layer; with more, a matrix product is worth the fetching of the spikes."""


class SpikeCounts:
    """The numbers of spikes of some examples of a batch.

    Args:
        first: the first example whose spikes are counted.
        num_steps: the number of time steps.
        num_neurons: the number of neurons.

    Attributes:
        first: likewise.
        by_step: `(num_steps,)`, the spikes at each step.
        by_neuron: `(num_neurons,)`, the spikes of each neuron.
    """

    def __init__(self, first: int, num_steps: int, num_neurons: int) -> None:
        self.first = first
        self.by_step: Float[Tensor, " time"] = torch.zeros(num_steps, dtype=torch.float64)
        # Exact up to 2**24 spikes of one neuron in a batch.
        self.by_neuron: Float[Tensor, " neurons"] = torch.zeros(num_neurons)


def is_narrow(neurons: Leaky, weight: Float[Tensor, "outputs inputs"]) -> bool:
    """Return True if `narrow_linear` can be called and saves time; quantising membranes twice would cost more."""
    return weight.device.type == "cpu" and len(weight) <= MOST_OUTPUTS and neurons.quantizer is None


def narrow_linear(
    current: Float[Tensor, "steps batch inputs"],
    neurons: Leaky,
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"],
    spikes: SpikeCounts | None = None,
) -> Float[Tensor, "time batch outputs"]:
    """Compute `linear(neurons(current), weight, bias)`.

    Spikes and membranes are those of `Leaky.scan` to the bit, and so is the current's gradient for given gradients of
    spikes. The sums have an order of their own, the same for an example whatever else is in its batch.

    Args:
        current: `(num_steps, batch, inputs)`, or `(1, batch, inputs)` for one current presented at every step.
        neurons: the neurons that fire; `is_narrow` is true of them and the weight.
        weight: `(outputs, inputs)`.
        bias: `(outputs,)`.
        spikes: written to; None for nobody who counts them.
    """
    return cast("Tensor", _NarrowLinear.apply(current, weight, bias, neurons, spikes))


class _NarrowLinear(torch.autograd.Function):
    """A linear layer of spikes that are computed and consumed row by row."""

    @staticmethod
    def forward(
        ctx: Any, current: Tensor, weight: Tensor, bias: Tensor, neurons: Leaky, spikes: SpikeCounts | None
    ) -> Tensor:
        from privsearch.models import kernels

        current, weight = current.contiguous(), weight.contiguous()
        ctx.save_for_backward(current, weight)
        ctx.neurons = compiled_neurons(neurons.dynamics, None)
        num_steps, batch = neurons.dynamics.num_steps, current.shape[1]
        out = weight.new_empty((num_steps, batch, len(weight)))
        counted = spikes or SpikeCounts(batch, num_steps, weight.shape[1])
        arrays = (as_array(current), as_array(weight), as_array(bias), ctx.neurons, as_array(out))
        kernels.scan_to_linear(*arrays, counted.first, as_array(counted.by_step), as_array(counted.by_neuron))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        from privsearch.models import kernels

        current, weight = ctx.saved_tensors
        grad, grad_weight = torch.empty_like(current), torch.empty_like(weight)
        into = as_array(grad_out.contiguous()), as_array(grad), as_array(grad_weight)
        kernels.scan_to_linear_backward(as_array(current), as_array(weight), ctx.neurons, *into)
        return grad, grad_weight, grad_out.sum((0, 1)), None, None
