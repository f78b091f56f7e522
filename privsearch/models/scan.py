"""The recurrence of Leaky neurons over all time steps and its gradient, as one autograd node.

A graph of T steps would cost more than the arithmetic. On a CPU the loops are compiled (privsearch.models.kernels);
elsewhere they are torch's calls, one after another. Both give the same numbers.
"""

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
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


class Scanned(NamedTuple):
    """What neurons did in all steps.

    Attributes:
        spk: `(time, n)`, 0.0 or 1.0, in the type of the currents.
        mem: `(time, n)`: the membranes that are kept from step to step and read, 32-bit floats.
        compared: `(time, n)`: what was compared with the threshold; `mem` itself, unless a quantiser's `place` is not
            `before_firing`.
        inside: `(time, n)`: where membranes were within the quantiser's range; None unless it clips gradients.
    """

    spk: Float[Tensor, "time n"]
    mem: Float[Tensor, "time n"]
    compared: Float[Tensor, "time n"]
    inside: UInt8[Tensor, "time n"] | None


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
        spk, mem, compared, inside = forward(rows.flat(current), dynamics, quantizer)
        ctx.save_for_backward(compared, inside)
        ctx.dynamics, ctx.quantizer, ctx.rows = dynamics, quantizer, rows
        ctx.steps, ctx.dtype = len(current), current.dtype
        ctx.set_materialize_grads(False)
        return rows.shaped(spk), rows.shaped(mem)

    @staticmethod
    @once_differentiable
    def backward(  # noqa: D102
        ctx: Any, grad_spk: Tensor | None, grad_mem: Tensor | None
    ) -> tuple[Tensor, None, None]:
        compared, inside = ctx.saved_tensors
        flat_spk, flat_mem = (None if grad is None else ctx.rows.flat(grad) for grad in (grad_spk, grad_mem))
        backward = compiled_backward if compared.device.type == "cpu" else torch_backward
        grad = compared.new_empty((ctx.steps, compared.shape[1]), dtype=ctx.dtype)
        neurons = Fired(compared, inside, ctx.dynamics, ctx.quantizer)
        backward(neurons, flat_spk, flat_mem, grad)
        return ctx.rows.shaped(grad), None, None


@dataclass(frozen=True)
class Fired:
    """What the gradient of a scan needs to know of it; see `Scanned`."""

    compared: Float[Tensor, "time n"]
    inside: UInt8[Tensor, "time n"] | None
    dynamics: Dynamics
    quantizer: StateQuantizer | None


def torch_forward(current: Float[Tensor, "steps n"], dynamics: Dynamics, quantizer: StateQuantizer | None) -> Scanned:
    """Compute spikes and membranes, on any device."""
    scanned = _empty(current, dynamics, quantizer)
    spk, mem, compared, inside = scanned
    last_mem, last_spk = torch.zeros_like(mem[0]), torch.zeros_like(spk[0])
    for t, current_t in enumerate(current.expand(mem.shape).unbind()):
        mem_t, compared_t = mem[t], compared[t]
        torch.mul(last_mem, dynamics.beta, out=mem_t)
        mem_t.add_(current_t).sub_(last_spk, alpha=dynamics.threshold)
        if quantizer is not None:
            if inside is not None:
                inside[t] = (mem_t >= quantizer.lowest) & (mem_t <= quantizer.highest)
            if compared is not mem:
                compared_t.copy_(mem_t)
            rounded = compared_t if quantizer.place == "for_firing" else mem_t
            rounded.copy_(quantizer(rounded))
        torch.gt(compared_t, dynamics.threshold, out=spk[t])
        # snnTorch resets by the membrane that is kept.
        last_mem = mem_t
        last_spk = spk[t] if compared is mem else torch.gt(mem_t, dynamics.threshold).to(spk.dtype)
    return scanned


def torch_backward(
    fired: Fired,
    grad_spk: Float[Tensor, "time n"] | None,
    grad_mem: Float[Tensor, "time n"] | None,
    grad: Float[Tensor, "steps n"],
) -> None:
    """Write the gradient of the current to `grad`, summed over time if `grad` has one row; on any device."""
    dynamics, carry = fired.dynamics, torch.zeros_like(fired.compared[0])
    is_sum = len(grad) == 1
    total = torch.zeros_like(carry)
    for t in reversed(range(dynamics.num_steps)):
        received = None
        if grad_spk is not None:
            overdrive = fired.compared[t] - dynamics.threshold
            received = SURROGATE_GRADIENTS[dynamics.surrogate_gradient](overdrive, grad_spk[t].float())
        held = None if grad_mem is None else grad_mem[t]
        carry = _carried(fired, t, carry.mul_(dynamics.beta), received, held)
        if is_sum:
            total.add_(carry)
        else:
            grad[t].copy_(carry)
    if is_sum:
        grad[0].copy_(total)


def _carried(
    fired: Fired,
    t: int,
    decayed: Float[Tensor, " n"],
    received: Float[Tensor, " n"] | None,
    held: Float[Tensor, " n"] | None,
) -> Float[Tensor, " n"]:
    """Compute the gradient of the membrane before its rounding.

    Args:
        fired: what the neurons did.
        t: the step.
        decayed: the gradient that comes from the next step.
        received: the gradient that comes through the spikes, if any.
        held: the gradient that comes from whoever reads the membrane, if any.
    """
    if fired.quantizer is None or fired.inside is None:
        return _added(decayed, received, held)
    passed = fired.inside[t].to(decayed.dtype)
    match fired.quantizer.place:
        case "before_firing":
            return passed * _added(decayed, received, held)
        case "after_firing":
            return _added(passed * _added(decayed, held), received)
        case "for_firing":
            return _added(decayed, None if received is None else passed * received, held)


def _added(*gradients: Float[Tensor, " n"] | None) -> Float[Tensor, " n"]:
    """Add gradients, the last two first; some may be missing, and on a GPU a call for nothing costs as much as any."""
    return reduce(torch.add, reversed([gradient for gradient in gradients if gradient is not None]))


def compiled_forward(
    current: Float[Tensor, "steps n"], dynamics: Dynamics, quantizer: StateQuantizer | None
) -> Scanned:
    """Compute what `torch_forward` computes, compiled for the CPU."""
    from privsearch.models import kernels

    scanned = _empty(current, dynamics, quantizer)
    spk, mem, compared, inside = scanned
    other = mem.new_empty((0, mem.shape[1])) if compared is mem else compared
    asked = mem.new_empty((0, mem.shape[1]), dtype=torch.uint8) if inside is None else inside
    neurons = compiled_neurons(dynamics, quantizer, spk.dtype)
    kernels.scan(as_array(current), as_array(mem), as_array(spk), as_array(other), as_array(asked), neurons)
    return scanned


def compiled_backward(
    fired: Fired,
    grad_spk: Float[Tensor, "time n"] | None,
    grad_mem: Float[Tensor, "time n"] | None,
    grad: Float[Tensor, "steps n"],
) -> None:
    """Compute what `torch_backward` computes, compiled for the CPU."""
    from privsearch.models import kernels

    mem, dynamics = fired.compared, fired.dynamics
    none = mem.new_empty((0, mem.shape[1]))
    inside = none.to(torch.uint8) if fired.inside is None else fired.inside
    for_spk, for_mem = (as_array(none if given is None else given) for given in (grad_spk, grad_mem))
    neurons = compiled_neurons(dynamics, fired.quantizer)
    kernels.scan_backward(as_array(mem), for_spk, for_mem, as_array(inside), neurons, as_array(grad))


def compiled_neurons(
    dynamics: Dynamics, quantizer: StateQuantizer | None, dtype: torch.dtype = torch.float32
) -> "kernels.Neurons":
    """Return the neurons as the kernels take them; `dtype` is the type of their spikes."""
    from privsearch.models import kernels

    levels, place, clips = kernels.UNQUANTIZED, 0, False
    if quantizer is not None:
        clips = quantizer.clips_gradient
        numbers = (np.float32(x) for x in (quantizer.lowest, quantizer.step, quantizer.exact_below))
        levels = kernels.Levels(quantizer.levels.numpy(), quantizer.boundaries.numpy(), *numbers)
        place = kernels.PLACES.index(quantizer.place)
    code = kernels.SURROGATE_CODES.index(dynamics.surrogate_gradient)
    spike = np.uint16(0x3F80) if dtype == torch.bfloat16 else np.float32(1)
    return kernels.Neurons(np.float32(dynamics.beta), np.float32(dynamics.threshold), levels, place, clips, code, spike)


def _empty(current: Float[Tensor, "steps n"], dynamics: Dynamics, quantizer: StateQuantizer | None) -> Scanned:
    """Return the arrays that a scan fills, not yet filled."""
    shape = (dynamics.num_steps, current.shape[1])
    mem, spk = current.new_empty(shape, dtype=torch.float32), current.new_empty(shape)
    compared = mem if quantizer is None or quantizer.place == "before_firing" else torch.empty_like(mem)
    clips = quantizer is not None and quantizer.clips_gradient
    return Scanned(spk, mem, compared, current.new_empty(shape, dtype=torch.uint8) if clips else None)
