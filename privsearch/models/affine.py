"""Convolutions, matrix products and pooling, as this machine does them fastest.

On a CPU, torch hands fp32 matrix products to MKL, which is up to 1.9 times as fast as oneDNN on Intel's processors and
half as fast on others; oneDNN is what torch uses for convolutions. So linear layers call MKL on the former and oneDNN
on the latter, forward and backward. The processor's name decides, not a measurement, which a busy machine would change
and the numbers with it. Images lie in memory with their channels last, the layout in which convolutions, and pooling,
are fastest.
"""

from typing import Any, Final, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from privsearch._util.machine import processor_name
from privsearch.models.rows import as_array

HAS_ONEDNN: Final = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
PREFERS_MKL: Final = torch.backends.mkl.is_available() and "Intel" in processor_name()
HAS_ONEDNN_BF16: Final = HAS_ONEDNN and torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""True if oneDNN multiplies 16-bit numbers here; that needs instructions (AVX-512) that not every processor has."""


def linear(
    x: Float[Tensor, "n inputs"], weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, " outputs"]
) -> Float[Tensor, "n outputs"]:
    """Compute `x @ weight.T + bias`."""
    if x.device.type == "cpu" and (HAS_ONEDNN_BF16 if x.dtype == torch.bfloat16 else HAS_ONEDNN):
        return cast("Tensor", _Linear.apply(x, weight, bias))
    return functional.linear(x, weight, bias)


def linear_on_images(
    x: Float[Tensor, "n channels height width"],
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "n outputs"]:
    """Compute `linear` of images laid flat, channels first; of images and weights, only the smaller is copied."""
    if len(x) < len(weight):
        return linear(x.flatten(1), weight, bias)
    last = weight.view(len(weight), *x.shape[1:]).permute(0, 2, 3, 1).flatten(1)
    return linear(x.permute(0, 2, 3, 1).flatten(1), last, bias)


def conv_and_pool(
    x: Float[Tensor, "n inputs height width"],
    weight: Float[Tensor, "outputs inputs 3 3"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "n outputs half_height half_width"]:
    """Compute a 3x3 convolution with padding 1, then 2x2 max pooling."""
    return pool(convolution(x, weight, bias))


def convolution(
    x: Float[Tensor, "n inputs height width"],
    weight: Float[Tensor, "outputs inputs 3 3"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "n outputs height width"]:
    """Compute a 3x3 convolution with padding 1."""
    weight = weight.contiguous(memory_format=torch.channels_last)
    return functional.conv2d(_channels_last(x), weight, bias, padding=1)


def pool(current: Float[Tensor, "n outputs height width"]) -> Float[Tensor, "n outputs half_height half_width"]:
    """Compute 2x2 max pooling."""
    if current.device.type == "cpu":
        return cast("Tensor", _MaxPool.apply(current))
    return functional.max_pool2d(current, 2)


def _channels_last(x: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n channels height width"]:
    if x.shape[1] > 1:
        return x.contiguous(memory_format=torch.channels_last)
    # A single channel lies both first and last; only its stride tells torch which of the two is meant.
    n, _, height, width = x.shape
    return x.reshape(n, height, width, 1).permute(0, 3, 1, 2)


class _Linear(torch.autograd.Function):
    """A matrix product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        for_x, for_weight, for_bias = ctx.needs_input_grad
        return (
            product(grad, weight.t()) if for_x else None,
            product(grad.t(), x.t()) if for_weight else None,
            grad.sum(0) if for_bias else None,
        )


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute `x @ weight.T + bias` on a CPU, by the library that is faster on this processor."""
    if x.dtype == torch.float32 and PREFERS_MKL:
        return torch.mm(x, weight.t()) if bias is None else torch.addmm(bias, x, weight.t())
    return cast("Tensor", torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], ""))


class _MaxPool(torch.autograd.Function):
    """2x2 max pooling on a CPU, which keeps the place of each maximum in 1 byte instead of torch's 8."""

    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "n channels height width"]) -> Tensor:
        from privsearch.models import kernels

        images = x.permute(0, 2, 3, 1).contiguous()
        n, height, width, channels = images.shape
        out = x.new_empty((n, height // 2, width // 2, channels))
        place = x.new_empty(out.shape, dtype=torch.uint8)
        kernels.max_pool(as_array(images), as_array(out), place.numpy())
        ctx.save_for_backward(place)
        ctx.shape = images.shape
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        from privsearch.models import kernels

        (place,) = ctx.saved_tensors
        out = grad.new_empty(ctx.shape)
        kernels.max_pool_backward(as_array(grad.permute(0, 2, 3, 1).contiguous()), place.numpy(), as_array(out))
        return out.permute(0, 3, 1, 2)
