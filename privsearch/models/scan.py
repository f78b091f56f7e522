"""The recurrence of Leaky neurons over all time steps and its gradient, as one autograd node.

A graph of T steps would cost more than the arithmetic. On a CPU the loops are compiled (privsearch.models.kernels);
elsewhere they are torch's calls, one after another. Both give the same numbers.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from privsearch.models.quantization import StateQuantizer
from privsearch.models.rows import Rows, as_array
from privsearch.models.surrogate import SURROGATE_GRADIENTS
from privsearch.spec import SurrogateGradient

if TYPE_CHECKING:
    from privsearch.models import kernels


@dataclass(frozen=True)
class Dynamics:
    """The parameters of neurons.

    Attributes:
        num_steps: T, the number of time steps.
        beta: decay of the membrane per step, 0 to 1.
        threshold: the membrane, in the units of the current, above which a neuron fires.
        surrogate_gradient: one of `SURROGATE_GRADIENTS`.
    """

    num_steps: int
    beta: float
    threshold: float
    surrogate_gradient: SurrogateGradient


class Scan(torch.autograd.Function):
    """The map from currents `(steps, batch, *neuron)` to spikes and membranes `(num_steps, batch, *neuron)`.

    Spikes have the type of the currents, membranes are 32-bit floats.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, current: Tensor, dynamics: Dynamics, quantizer: StateQuantizer | None
    ) -> tuple[Tensor, Tensor]:
        rows = Rows.of(current)
        forward = compiled_forward if current.device.type == "cpu" else torch_forward
        spk, mem = forward(rows.flat(current), dynamics, quantizer)
        ctx.save_for_backward(mem)
        ctx.dynamics, ctx.rows, ctx.steps, ctx.dtype = dynamics, rows, len(current), current.dtype
        ctx.set_materialize_grads(False)
        return rows.shaped(spk), rows.shaped(mem)

    @staticmethod
    @once_differentiable
    def backward(  # noqa: D102
        ctx: Any, grad_spk: Tensor | None, grad_mem: Tensor | None
    ) -> tuple[Tensor, None, None]:
        (mem,) = ctx.saved_tensors
        flat_spk, flat_mem = (None if grad is None else ctx.rows.flat(grad) for grad in (grad_spk, grad_mem))
        backward = compiled_backward if mem.device.type == "cpu" else torch_backward
        grad = mem.new_empty((ctx.steps, mem.shape[1]), dtype=ctx.dtype)
        backward(mem, flat_spk, flat_mem, ctx.dynamics, grad)
        return ctx.rows.shaped(grad), None, None


def torch_forward(
    current: Float[Tensor, "steps n"], dynamics: Dynamics, quantizer: StateQuantizer | None
) -> tuple[Float[Tensor, "time n"], Float[Tensor, "time n"]]:
    """Compute spikes and membranes, on any device."""
    shape = (dynamics.num_steps, current.shape[1])
    mem, spk = current.new_empty(shape, dtype=torch.float32), current.new_empty(shape)
    last_mem, last_spk = torch.zeros_like(mem[0]), torch.zeros_like(spk[0])
    for current_t, mem_t, spk_t in zip(current.expand(shape).unbind(), mem.unbind(), spk.unbind(), strict=True):
        torch.mul(last_mem, dynamics.beta, out=mem_t)
        mem_t.add_(current_t).sub_(last_spk, alpha=dynamics.threshold)
        if quantizer is not None:
            mem_t.copy_(quantizer(mem_t))
        torch.gt(mem_t, dynamics.threshold, out=spk_t)
        last_mem, last_spk = mem_t, spk_t
    return spk, mem


def torch_backward(
    mem: Float[Tensor, "time n"],
    grad_spk: Float[Tensor, "time n"] | None,
    grad_mem: Float[Tensor, "time n"] | None,
    dynamics: Dynamics,
    grad: Float[Tensor, "steps n"],
) -> None:
    """Write the gradient of the current to `grad`, summed over time if `grad` has one row; on any device."""
    overdrive, carry = torch.empty_like(mem[0]), torch.zeros_like(mem[0])
    is_sum = len(grad) == 1
    total = torch.zeros_like(mem[0])
    surrogate_gradient = SURROGATE_GRADIENTS[dynamics.surrogate_gradient]

    def received(t: int) -> Tensor:
        if grad_spk is None:
            assert grad_mem is not None, "autograd calls backward only with a gradient"
            return grad_mem[t]
        torch.sub(mem[t], dynamics.threshold, out=overdrive)
        through_spk: Tensor = surrogate_gradient(overdrive, grad_spk[t].float())
        return through_spk if grad_mem is None else through_spk + grad_mem[t]

    for t in reversed(range(dynamics.num_steps)):
        carry.mul_(dynamics.beta).add_(received(t))
        if is_sum:
            total.add_(carry)
        else:
            grad[t].copy_(carry)
    if is_sum:
        grad[0].copy_(total)


def compiled_forward(
    current: Float[Tensor, "steps n"], dynamics: Dynamics, quantizer: StateQuantizer | None
) -> tuple[Float[Tensor, "time n"], Float[Tensor, "time n"]]:
    """Compute what `torch_forward` computes, compiled for the CPU."""
    from privsearch.models import kernels

    shape = (dynamics.num_steps, current.shape[1])
    mem, spk = current.new_empty(shape, dtype=torch.float32), current.new_empty(shape)
    kernels.scan(as_array(current), as_array(mem), as_array(spk), compiled_neurons(dynamics, quantizer, spk.dtype))
    return spk, mem


def compiled_backward(
    mem: Float[Tensor, "time n"],
    grad_spk: Float[Tensor, "time n"] | None,
    grad_mem: Float[Tensor, "time n"] | None,
    dynamics: Dynamics,
    grad: Float[Tensor, "steps n"],
) -> None:
    """Compute what `torch_backward` computes, compiled for the CPU."""
    from privsearch.models import kernels

    none, name = mem.new_empty((0, mem.shape[1])), dynamics.surrogate_gradient
    if grad_spk is not None and name not in kernels.SURROGATE_CODES:
        grad_spk = SURROGATE_GRADIENTS[name](mem - dynamics.threshold, grad_spk.float())
    for_spk, for_mem = (as_array(none if given is None else given) for given in (grad_spk, grad_mem))
    kernels.scan_backward(as_array(mem), for_spk, for_mem, compiled_neurons(dynamics, None), as_array(grad))


def compiled_neurons(
    dynamics: Dynamics, quantizer: StateQuantizer | None, dtype: torch.dtype = torch.float32
) -> "kernels.Neurons":
    """Return the neurons as the kernels take them; `dtype` is the type of their spikes.

    A surrogate gradient that is not compiled becomes `straight_through`: the caller has torch compute it beforehand.
    """
    from privsearch.models import kernels

    levels, name = kernels.UNQUANTIZED, dynamics.surrogate_gradient
    if quantizer is not None:
        numbers = (np.float32(x) for x in (quantizer.lowest, quantizer.step, quantizer.exact_below))
        levels = kernels.Levels(quantizer.levels.numpy(), quantizer.boundaries.numpy(), *numbers)
    code = kernels.SURROGATE_CODES.index(name if name in kernels.SURROGATE_CODES else "straight_through")
    fired = np.uint16(0x3F80) if dtype == torch.bfloat16 else np.float32(1)
    return kernels.Neurons(np.float32(dynamics.beta), np.float32(dynamics.threshold), levels, code, fired)
