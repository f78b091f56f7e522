"""The last layer of a network whose loss reads one membrane of each output, without a backward pass through time.

To the loss, the membranes of a readout are one weighted sum of its currents, `sum_t c[t] * current[t]`, where c follows
from the decay alone. So what it sends back through time to the neurons before that layer is known before the loss is,
but for one factor of each neuron, and is added up while they fire: an eligibility trace (Bellec et al. 2020), here
exact. With G the gradient of the loss by the logits and W the layer's weight, the gradients are

    W: G^T @ (sum_t c[t] * spk[t])
    current: (G @ W) * sum_t c[t] * S'(mem[t] - threshold) * sum_{s <= t} beta**(t - s)

where one current is presented at every step. Nothing that grows with time is kept, and no membrane computed again.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast

import numpy as np
import torch
from jaxtyping import Float, Float32
from numpy import ndarray as Array
from torch import Tensor
from torch.autograd.function import once_differentiable

from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.rows import as_array
from privsearch.models.scan import compiled_neurons

LEAST: Final = 2.0**-126
"""The least that a step may count for, beside the last step's 1 or so: smaller numbers are subnormal, and slow."""


def can_trace(neurons: Leaky, current: Float[Tensor, "steps batch *neuron"], readout: Leaky) -> bool:
    """Return True if `logits_and_traces` can be called and saves time.

    Gradients must be asked for, one current of neurons in a row be presented at every step, no membrane be
    quantised; on a CPU.

    Args:
        neurons: the neurons that fire.
        current: what drives them.
        readout: the neurons after the layer that reads them.
    """
    if not torch.is_grad_enabled() or current.device.type != "cpu" or len(current) != 1 or current.ndim != 3:
        return False
    return neurons.quantizer is None and readout.quantizer is None


def logits_and_traces(  # a layer, and the neurons on both sides of it
    current: Float[Tensor, "1 batch inputs"],
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"],
    neurons: Leaky,
    readout: MembraneReadout,
    read: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Float[Tensor, "batch outputs"]:
    """Compute the logits of a network from the current of the neurons before its last layer.

    Args:
        current: `(1, batch, inputs)`, presented at every step.
        weight: `(outputs, inputs)`.
        bias: `(outputs,)`.
        neurons: the neurons that the current drives.
        readout: what the logits are membranes of; `can_trace` is true of both.
        read: the function of current, weight and bias that computes the logits, and needs no gradients.
    """
    return cast("Tensor", _Traced.apply(current, weight, bias, neurons, readout, read))


class _Traced(torch.autograd.Function):
    """Neurons, a linear layer and a readout."""

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917  # what to compute, and of what
        ctx: Any,
        current: Tensor,
        weight: Tensor,
        bias: Tensor,
        neurons: Leaky,
        readout: MembraneReadout,
        read: Callable[[Tensor, Tensor, Tensor], Tensor],
    ) -> Tensor:
        from privsearch.models import kernels

        of_spikes, of_slopes = _weights(neurons, readout)
        drive = current[0].contiguous()
        spikes, slopes = (torch.empty_like(drive, dtype=torch.float32) for _ in range(2))
        compiled = compiled_neurons(neurons.dynamics, None)
        kernels.trace(as_array(drive), compiled, of_spikes, of_slopes, as_array(spikes), as_array(slopes))
        ctx.save_for_backward(weight, spikes, slopes)
        ctx.dtype, ctx.of_bias = current.dtype, float(of_spikes.sum())
        return read(current, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        weight, spikes, slopes = ctx.saved_tensors
        received = torch.mm(grad, weight).mul_(slopes)
        return received[None].to(ctx.dtype), torch.mm(grad.t(), spikes), grad.sum(0) * ctx.of_bias, None, None, None


def _weights(neurons: Leaky, readout: MembraneReadout) -> tuple[Float32[Array, " time"], Float32[Array, " time"]]:
    dynamics, averages = readout.neurons.dynamics, readout.averages
    return _shares(dynamics.num_steps, dynamics.beta, neurons.dynamics.beta, averages=averages)


@lru_cache(maxsize=16)
def _shares(
    num_steps: int, beta: float, hidden_beta: float, *, averages: bool
) -> tuple[Float32[Array, " time"], Float32[Array, " time"]]:
    """Return how much of the logits' gradient the last layer's current receives at each step, and what drives it.

    Args:
        num_steps: the number of steps.
        beta: the decay of the readout's membranes.
        hidden_beta: the decay of the membranes before it.
        averages: True if the mean of a membrane over time is read.

    Returns:
        The gradient by the last layer's current at each step, as a share of the logit's; and that, times the gradient
        of the membrane before it by a current that was presented until that step. Both `(num_steps,)`.
    """
    lasting, summed = _powers(beta, num_steps), _powers(hidden_beta, num_steps).cumsum()
    share = (lasting.cumsum() / num_steps if averages else lasting)[::-1]
    of_spikes, of_slopes = (np.where(x < LEAST, 0, x).astype(np.float32) for x in (share, share * summed))
    return of_spikes, of_slopes


def _powers(beta: float, count: int) -> Array:
    """Return beta, as the neurons have it, to the power of 0, 1, 2 and so on."""
    return float(np.float32(beta)) ** np.arange(count, dtype=np.float64)
