"""Quantised weights, ReLUs and membranes, each checked as built; the only file that knows brevitas.

brevitas swallows keyword arguments that it does not know, and scales by learned statistics unless told otherwise. So
every function here sends a ramp through the layer that it has built and raises ConstructionError unless the levels
that come out are the expected ones. The probe draws no random number and leaves no trace in the layer.

brevitas takes seconds to import: a full-precision trial never does.
"""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple, cast

import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from privsearch.errors import ConstructionError
from privsearch.spec.axes import QuantizeState, StateGradient

SMALLEST_SCALE: Final = 1e-10
SNNTORCH_RANGE: Final = (-1.0, 1.2)
"""The range of snnTorch's levels unless told otherwise, in thresholds."""
PROBES: Final = 4096
"""The points of a ramp: several for each of the 256 levels of the widest bit width."""


def load_brevitas() -> ModuleType:
    """Import brevitas with the parts that this file needs, without its warnings, and return the package."""
    # brevitas imports torch's C++ tools, which complain if a CUDA toolkit is installed without a GPU.
    complaints = logging.getLogger("torch.utils.cpp_extension")
    level = complaints.level
    complaints.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # brevitas' docstrings hold invalid escapes, which Python warns of whenever it compiles them.
        warnings.simplefilter("ignore")
        with _without_compiler():
            import brevitas.core.scaling
            import brevitas.nn
    # brevitas names the dimensions of tensors, which torch before 2.12 calls experimental.
    warnings.filterwarnings("ignore", message="Named tensors and all their associated APIs")
    complaints.setLevel(level)
    return cast("ModuleType", brevitas)


class _Compiler:
    """A stand-in for torch's compiler that answers whether it is compiling; for any other question it is imported."""

    is_compiling = staticmethod(torch.compiler.is_compiling)

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("torch._dynamo"), name)


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Keep brevitas from importing torch's compiler, which takes over a second, just to ask if it is compiling."""
    if "torch._dynamo" not in sys.modules:
        torch._dynamo = _Compiler()  # type: ignore[assignment]
    try:
        yield
    finally:
        if "torch._dynamo" not in sys.modules:
            del torch._dynamo


def quant_linear(in_features: int, out_features: int, bit_width: int) -> nn.Module:
    """Build a `brevitas.nn.QuantLinear` of k = `bit_width` bits: 2^k - 1 levels per tensor, symmetric about 0.

    The scale follows the largest weight (quantisation-aware training, straight-through gradient). The bias stays in
    full precision. The initial weights are those of `nn.Linear` for the same state of torch's generator.

    Raises:
        ConstructionError: the built layer has other levels.

    Source: brevitas, `Int8WeightPerTensorFloat`.
    """
    layer = load_brevitas().nn.QuantLinear(in_features, out_features, bias=True, weight_bit_width=bit_width)
    return _checked(f"QuantLinear({in_features}, {out_features})", layer, bit_width)


def quant_conv2d(in_channels: int, out_channels: int, bit_width: int) -> nn.Module:
    """Build a 3x3 `brevitas.nn.QuantConv2d` with padding 1; weights are quantised and drawn as in `quant_linear`.

    Raises:
        ConstructionError: the built layer has other levels.
    """
    layer = load_brevitas().nn.QuantConv2d(
        in_channels, out_channels, kernel_size=3, padding=1, bias=True, weight_bit_width=bit_width
    )
    return _checked(f"QuantConv2d({in_channels}, {out_channels})", layer, bit_width)


def effective_weight(layer: nn.Module) -> Float[Tensor, "*shape"]:
    """Return the weight that a layer computes with: in a quantised layer, its weight rounded, with a gradient."""
    weight, bit_width = cast("Tensor", layer.weight), getattr(layer, "weight_bit_width", None)
    return weight if bit_width is None else cast("Tensor", _QuantWeight.apply(weight, bit_width))


class _QuantWeight(torch.autograd.Function):
    """The rounding of brevitas' `Int8WeightPerTensorFloat`, in less than half the time.

    The step s is the largest weight, in absolute value, divided by 2^(k-1) - 1; a weight w becomes s round(w / s). The
    gradient passes through the rounding. The gradient of the step goes to the largest weight, or evenly to tied ones.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bit_width: int) -> Tensor:
        rounded, step, largest, error = _rounded(weight, bit_width)
        ctx.num_steps = num_steps(bit_width)
        ctx.save_for_backward(weight, largest, error)
        quantized: Tensor = rounded.mul_(step)
        return quantized

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        weight, largest, error = ctx.saved_tensors
        return _largest(weight, largest, error, ctx.num_steps).gradient(grad), None


class Rounding(NamedTuple):
    """The rounding of a layer's weights, as the gradient sees it.

    Attributes:
        error: what rounding added to each weight, in steps, `(*shape)`.
        places: the flat indices of the largest weights, which the step follows: one, or several tied ones.
        signs: the signs of these.
        num_steps: the steps from 0 to the largest weight.
    """

    error: Float[Tensor, "*shape"]
    places: Int[Tensor, " largest"]
    signs: Float[Tensor, " largest"]
    num_steps: int

    def gradient(self, grad: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the gradient of the weights from that of the rounded weights, in which it is linear."""
        for_step = torch.dot(grad.flatten(), self.error.flatten()) / self.num_steps
        grad = grad.clone(memory_format=torch.contiguous_format)
        grad.view(-1)[self.places] += self.signs * (for_step / len(self.places))
        return grad


def rounding_of(layer: nn.Module) -> Rounding | None:
    """Return the rounding of a layer's weights as they are now; None if they are in full precision."""
    bit_width = getattr(layer, "weight_bit_width", None)
    if bit_width is None:
        return None
    weight = cast("Tensor", layer.weight).detach()
    _, _, largest, error = _rounded(weight, bit_width)
    return _largest(weight, largest, error, num_steps(bit_width))


def quantized_levels(
    weight: Float[Tensor, "*shape"], bit_width: int
) -> tuple[Int8[Tensor, "*shape"], Float[Tensor, ""]]:
    """Return rounded weights as whole numbers of steps, and the step; their product is the `effective_weight`."""
    rounded, step, _, _ = _rounded(weight.detach(), bit_width)
    return rounded.to(torch.int8), step


def num_steps(bit_width: int) -> int:
    """Return the number of steps from 0 to the largest level of quantised weights."""
    return int(2 ** (bit_width - 1) - 1)


def _rounded(
    weight: Float[Tensor, "*shape"], bit_width: int
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, "*shape"]]:
    """Return the weights rounded to whole steps, the step, the largest weight, and what rounding added, in steps."""
    lowest, highest = weight.aminmax()
    largest = torch.maximum(-lowest, highest).clamp_(min=SMALLEST_SCALE)
    step = largest / num_steps(bit_width)
    exact = weight / step
    rounded = exact.round()
    return rounded, step, largest, rounded - exact


def _largest(
    weight: Float[Tensor, "*shape"], largest: Float[Tensor, ""], error: Float[Tensor, "*shape"], steps: int
) -> Rounding:
    places = (weight.abs() == largest).flatten().nonzero()[:, 0]
    return Rounding(error, places, weight.flatten()[places].sign(), steps)


def quant_relu(bit_width: int, threshold: float) -> nn.Module:
    """Build a ReLU clipped at `threshold`, with 2^k evenly spaced levels from 0 to `threshold`, k = `bit_width`.

    Raises:
        ConstructionError: the built layer has other levels.

    Source: `brevitas.nn.QuantReLU` with a constant scale.
    """
    brevitas = load_brevitas()
    layer = brevitas.nn.QuantReLU(
        bit_width=bit_width, max_val=threshold, scaling_impl_type=brevitas.core.scaling.ScalingImplType.CONST
    )
    with torch.no_grad():
        output = layer(torch.linspace(-threshold, 4 * threshold, PROBES))
    _check_levels("QuantReLU", output, 2**bit_width, (0.0, threshold))
    return cast("nn.Module", layer)


class StateQuantizer(nn.Module):
    """A quantiser of membranes to the nearest of 2^k evenly spaced levels, those of snnTorch unless told otherwise.

    Bit-equal to snnTorch's `state_quant` for every number, ties to the lower level included. snnTorch compares each
    membrane with all 2^k levels; this one guesses the level below by division and compares with one boundary.
    If membranes are so large (beyond some 2^14 thresholds) that fp32 distances to different levels tie, both fall back
    towards the lowest level. Only a NaN differs: here it stays a NaN, so that a network that has diverged shows it.

    Args:
        bit_width: k, 2 to 8.
        clip: the unit of the range, in the units of the membrane.
        state_range: the lowest and the highest level, in units of `clip`.
        place: what `Leaky` rounds: the membrane, before the neuron fires, so that what fires, what is kept and what is
            read are rounded; the membrane after it has fired, so that what fires is exact; or for firing alone, so that
            what is kept and read is exact.
        gradient: `straight_through`: rounding passes every gradient; `clipped`: it passes that of membranes within the
            range alone, ends included.

    Raises:
        ConstructionError: the quantiser has other levels.

    Source: `snntorch.functional.quant.state_quant(num_bits=k, uniform=True, threshold=clip, ...)`; for the clipped
    gradient Hubara et al. 2018.
    """

    levels: Float[Tensor, " levels"]
    boundaries: Float[Tensor, " levels-1"]

    def __init__(
        self,
        bit_width: int,
        clip: float,
        state_range: tuple[float, float] = SNNTORCH_RANGE,
        *,
        place: QuantizeState = "before_firing",
        gradient: StateGradient = "straight_through",
    ) -> None:
        super().__init__()
        # As snnTorch computes them, which moves a rounding. (1.2 - 1 is not 0.2, hence the rounding here.)
        below, above = (round(limit - 1, 12) for limit in (-state_range[0], state_range[1]))
        levels = torch.linspace(-clip - clip * below, clip + clip * above, 2**bit_width)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer("boundaries", _boundaries(levels), persistent=False)
        self.place, self.clips_gradient = place, gradient == "clipped"
        self.lowest, self.highest = float(levels[0]), float(levels[-1])
        self.step = (self.highest - self.lowest) / (len(levels) - 1)
        # For larger membranes, the rounding of a distance (a 2^-24th of it) is no longer small against the step.
        self.exact_below = self.step * 2**22
        lower, upper = (clip * limit for limit in state_range)
        beyond = (upper - lower) / 8
        ramp = self(torch.linspace(lower - beyond, upper + beyond, PROBES))
        _check_levels("StateQuantizer", ramp, 2**bit_width, (lower, upper))

    def forward(self, mem: Float[Tensor, "*neuron"]) -> Float[Tensor, "*neuron"]:
        """Return the nearest level of each membrane, both `(*neuron)`; the caller must provide the gradient."""
        flat = mem.reshape(-1)
        below = flat.sub(self.lowest).div_(self.step).clamp_(max=len(self.levels) - 2).int().clamp_(min=0)
        below.add_(flat > self.boundaries.index_select(0, below))
        nearest = self.levels.index_select(0, below)
        if not flat.amax() <= self.exact_below:
            far = flat > self.exact_below
            nearest[far] = self.levels[(self.levels - flat[far, None]).abs().argmin(-1)]
            nearest = torch.where(flat.isnan(), flat, nearest)
        return nearest.view_as(mem)


def _boundaries(levels: Float[Tensor, " levels"]) -> Float[Tensor, " levels-1"]:
    """Find, for each level but the last, the largest fp32 number that is not nearer (in fp32) to the next level.

    By bisection over the fp32 numbers, in their order: around 0 they lie far denser than the distances that they are
    compared by.
    """
    lower, upper = levels[:-1], levels[1:]
    low, high = _in_order(lower), _in_order(upper)
    while (high - low > 1).any():
        middle = (low + high) // 2
        number = _number(middle)
        is_low = (lower - number).abs() <= (upper - number).abs()
        low, high = torch.where(is_low, middle, low), torch.where(is_low, high, middle)
    return _number(low)


def _in_order(numbers: Float[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Return the place of fp32 numbers among all of them, as integers; both zeros have the place 0."""
    bits = numbers.view(torch.int32).long()
    return torch.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _number(places: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Undo `_in_order`."""
    numbers = places.abs().int().view(torch.float32)
    return torch.where(places < 0, -numbers, numbers)


def _checked(name: str, layer: Any, bit_width: int) -> nn.Module:
    """Return the layer if it has the expected levels, and the same weights by brevitas and `effective_weight`."""
    with torch.no_grad():
        # The scale is the largest number of the ramp, here 1.
        output = layer.weight_quant(torch.linspace(-1, 1, PROBES)).value
        expected = layer.quant_weight().value
    _check_levels(name, output, 2**bit_width - 1, (-1.0, 1.0))
    layer.weight_bit_width = bit_width
    if not torch.equal(effective_weight(layer), expected):
        raise ConstructionError(
            f"{name} must quantise its weights as privsearch does, but they differ. Check that the installed version "
            "of brevitas still scales by the largest weight."
        )
    return cast("nn.Module", layer)


def _check_levels(name: str, output: Float[Tensor, "*probe"], count: int, bounds: tuple[float, float]) -> None:
    got = torch.unique(output)
    if len(got) != count or not torch.allclose(got[[0, -1]], torch.tensor(bounds), rtol=1e-4, atol=1e-7):
        raise ConstructionError(
            f"{name} must have {count} levels from {bounds[0]:g} to {bounds[1]:g}, "
            f"but a ramp sent through it came out with {len(got)} from {got[0]:g} to {got[-1]:g}. "
            "Check that the installed version of the quantisation library still knows the keywords it is given."
        )
