"""Layers that read spikes, computed spike by spike together with the neurons before them, on a CPU.

Spikes are 0 or 1 and few: a layer's currents are sums of the weights that spikes choose, and so is the gradient of its
weights. Neurons and layer are one autograd node, so that spikes are lists, and never numbers in memory. Where too many
neurons fire for that to pay, `linear_of_spikes` is a matrix product; which of the two it is depends on the spikes
alone, and so do the numbers.
"""

from math import prod
from typing import Any, Final, NamedTuple, cast

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from privsearch.models.affine import HAS_ONEDNN_BF16, linear, linear_on_images, product
from privsearch.models.leaky import Leaky
from privsearch.models.rows import Rows, as_array
from privsearch.models.scan import compiled_neurons

HAS_TILES: Final = torch.cpu._is_amx_tile_supported()
"""True if the processor multiplies tiles of 16-bit numbers (AMX), so fast that no list of spikes pays."""
MOST_LISTED: Final = 0.2
"""The share of neurons that may be listed; with more, a matrix product takes less time than the sums."""


FEW_OUTPUTS: Final = 64
"""The outputs of a layer that any number of spikes are listed for: its sums take less time than writing its spikes."""


class Spikes(NamedTuple):
    """The spikes of a layer, or where fewer its silent neurons, row by row; a row is an example at a step.

    Attributes:
        listed: the neurons, row after row.
        first: `(batch * time + 1,)`, where each row begins, and the last one ends.
        are_silent: `(batch * time,)`, 1 where a row lists the neurons that do not fire.
    """

    listed: Int[Tensor, " spikes"]
    first: Int[Tensor, " rows+1"]
    are_silent: UInt8[Tensor, " rows"]


def is_spike_driven(neurons: Leaky, current: Tensor, weight: Tensor) -> bool:
    """Return True if layers are computed from spikes: on a CPU; in 16 bits only on one whose products are not faster.

    A weight that is not finite must show even if its neuron is silent, and is left to a matrix product; so is a layer
    of few outputs behind quantised membranes, which take longer to compute twice than a small product takes.
    """
    if current.device.type != "cpu" or (current.dtype == torch.bfloat16 and HAS_TILES):
        return False
    if neurons.quantizer is not None and weight.ndim == 2 and len(weight) <= FEW_OUTPUTS:
        return False
    return all(bool(end.isfinite()) for end in torch.aminmax(weight.detach()))


def convolution_of_spikes(
    current: Float[Tensor, "steps batch channels height width"],
    neurons: Leaky,
    weight: Float[Tensor, "outputs channels 3 3"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "time batch outputs half_height half_width"]:
    """Compute `conv_and_pool` of the spikes of neurons, step by step, in the type of the weight.

    With 16 bits, sums and pooling are in 32 bits, and rounded then.

    Args:
        current: `(num_steps, batch, channels, height, width)`, or one step for one current presented at every step.
        neurons: the neurons; `is_spike_driven` is true of them, the current and the weight.
        weight: `(outputs, channels, 3, 3)`.
        bias: `(outputs,)`.
    """
    return cast("Tensor", _ConvolutionOfSpikes.apply(current, weight, bias, neurons))


class _ConvolutionOfSpikes(torch.autograd.Function):
    """Neurons, convolution and pooling, example by example."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, weight: Tensor, bias: Tensor, neurons: Leaky) -> Tensor:
        from privsearch.models import kernels

        rows = Rows(tuple(current.shape[1:]), channels_last=True)
        _, batch, channels, height, width = current.shape
        flat = rows.flat(current).view(len(current), batch, -1)
        outputs, block = len(weight), kernels.CHANNELS
        blocks = -(-outputs // block)
        shape = neurons.dynamics.num_steps, batch, height // 2, width // 2, blocks * block
        out, place = torch.empty(shape), torch.empty(shape, dtype=torch.uint8)
        # A spike's neighbours see it through the kernel turned around.
        turned = functional.pad(weight.float().flip(2, 3), (0, 0, 0, 0, 0, 0, 0, blocks * block - outputs))
        turned = turned.view(blocks, block, channels, 9).permute(0, 2, 3, 1).reshape(blocks, channels, -1)
        patches = torch.cat([turned, turned.sum(1, keepdim=True)], 1)
        compiled = compiled_neurons(neurons.dynamics, neurons.quantizer)
        padded = functional.pad(bias.float(), (0, blocks * block - outputs))
        arrays = (as_array(x) for x in (patches, padded, out, place))
        kernels.convolve_spikes(as_array(flat), compiled, width, *arrays)
        ctx.save_for_backward(flat, weight, place)
        ctx.neurons, ctx.rows = compiled, rows
        return out[..., :outputs].permute(0, 1, 4, 2, 3).to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        from privsearch.models import kernels

        flat, weight, place = ctx.saved_tensors
        outputs, channels = weight.shape[:2]
        grad_out = grad_out.permute(0, 1, 3, 4, 2).float().contiguous()
        if padding := place.shape[-1] - outputs:  # which copies, even by nothing
            grad_out = functional.pad(grad_out, (0, padding))
        blocks, groups = -(-channels // kernels.CHANNELS), place.shape[-1] // kernels.CHANNELS
        padded = functional.pad(weight.float(), (0, 0, 0, 0, 0, blocks * kernels.CHANNELS - channels))
        by_place = padded.view(outputs, blocks, kernels.CHANNELS, 9).transpose(2, 3).reshape(outputs, blocks, -1)
        grad, grad_weight = torch.empty_like(flat), torch.empty_like(by_place)
        grad_patches = torch.empty((groups, channels, 9 * kernels.CHANNELS))
        image = ctx.rows.shape[-2:]
        arrays = (as_array(x) for x in (by_place, place, grad_out, grad, grad_weight, grad_patches))
        kernels.convolve_spikes_backward(as_array(flat), ctx.neurons, image, *arrays)
        grad_weight = grad_weight.view(outputs, blocks, 9, kernels.CHANNELS).transpose(2, 3)
        grad_weight = grad_weight.reshape(outputs, -1, 9)[:, :channels].reshape(weight.shape)
        turned = grad_patches.view(groups, channels, 9, kernels.CHANNELS).permute(0, 3, 1, 2)
        grad_weight = grad_weight + turned.reshape(-1, channels, 3, 3)[:outputs].flip(2, 3)
        shaped = ctx.rows.shaped(grad.view(len(grad), -1))
        grad_bias = grad_out.sum((0, 1, 2, 3))[:outputs]
        return shaped, grad_weight.to(weight.dtype), grad_bias.to(weight.dtype), None


def linear_of_spikes(
    current: Float[Tensor, "steps batch *neuron"],
    neurons: Leaky,
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "time batch outputs"]:
    """Compute `linear`, or `linear_on_images`, of the spikes of neurons, step by step, in the type of the weight.

    With 16 bits, sums of spikes are in 32 bits, and rounded then.

    Args:
        current: `(num_steps, batch, *neuron)`, or one step for one current presented at every step.
        neurons: the neurons; `is_spike_driven` is true of them, the current and the weight.
        weight: `(outputs, inputs)`.
        bias: `(outputs,)`.
    """
    rows = Rows.of(current)
    spikes = _listed(rows.flat(current), current.shape[1], neurons, MOST_LISTED if len(weight) > FEW_OUTPUTS else 1.0)
    if spikes is None:
        signal = neurons(current).to(weight.dtype)
        function = linear_on_images if signal.ndim == 5 else linear
        return function(signal.flatten(0, 1), weight, bias).view(*signal.shape[:2], -1)
    return cast("Tensor", _LinearOfSpikes.apply(current, weight, bias, neurons, spikes))


def _listed(flat: Float[Tensor, "steps n"], batch: int, neurons: Leaky, share: float) -> Spikes | None:
    """List the spikes of neurons, or return None if that were more than a share of them."""
    from privsearch.models import kernels

    current = flat.detach().view(len(flat), batch, -1)
    rows, n = batch * neurons.dynamics.num_steps, current.shape[2]
    most = int(share * rows * n)
    spikes = Spikes(
        torch.empty(most + n, dtype=torch.int32),
        torch.empty(rows + 1, dtype=torch.int64),
        torch.empty(rows, dtype=torch.uint8),
    )
    compiled = compiled_neurons(neurons.dynamics, neurons.quantizer)
    are_few = kernels.list_rows(as_array(current), compiled, most, *(as_array(x) for x in spikes))
    return spikes if are_few else None


class _LinearOfSpikes(torch.autograd.Function):
    """Neurons and a linear layer."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, weight: Tensor, bias: Tensor, neurons: Leaky, spikes: Spikes) -> Tensor:
        from privsearch.models import kernels

        rows = Rows.of(current)
        outputs, n = weight.shape
        by_neuron = weight.float()
        if rows.channels_last:
            by_neuron = by_neuron.view(outputs, *rows.shape[1:]).permute(0, 2, 3, 1).flatten(1)
        block = kernels.COLUMNS
        blocks = -(-outputs // block)
        table = torch.empty((blocks, n + 1, block))
        kernels.lay_out(as_array(by_neuron), as_array(table))
        out = torch.empty((neurons.dynamics.num_steps, current.shape[1], outputs))
        arrays = table, functional.pad(bias.float(), (0, blocks * block - outputs)), out
        kernels.sum_spikes(*(as_array(x) for x in (*spikes, *arrays)))
        ctx.save_for_backward(rows.flat(current), by_neuron, *spikes)
        ctx.neurons, ctx.rows = compiled_neurons(neurons.dynamics, neurons.quantizer), rows
        ctx.dtype = weight.dtype
        return out.to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        from privsearch.models import kernels

        flat, by_neuron, *spikes = ctx.saved_tensors
        received = grad_out.contiguous()
        grad_out = received.float()
        num_steps, batch, _ = grad_out.shape
        grad_weight = torch.empty_like(by_neuron)
        pixels = prod(ctx.rows.shape[-2:]) if ctx.rows.channels_last else 1
        listed, first, are_silent, given = (as_array(x) for x in (*spikes, grad_out))
        kernels.add_up_gradients(listed, first, are_silent, given, pixels, as_array(grad_weight))
        # What is in 16 bits is multiplied in 16 bits, where that is possible.
        factors = (received, by_neuron.to(ctx.dtype)) if HAS_ONEDNN_BF16 else (grad_out, by_neuron)
        grad_spk = product(factors[0].flatten(0, 1), factors[1].t()).view(num_steps, batch, -1)
        current = flat.view(len(flat), batch, -1)
        grad = torch.empty_like(current)
        kernels.live_backward(as_array(current), ctx.neurons, as_array(grad_spk), as_array(grad))
        shaped = ctx.rows.shaped(grad.view(len(grad), -1))
        return shaped, grad_weight.to(ctx.dtype), grad_out.sum((0, 1)).to(ctx.dtype), None, None
