"""The traces of neurons that are presented with one current at every step: what a loss needs to know of all steps.

Membranes are those of `leaky`. Sums over time are taken from the first step to the last.
"""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils

from privsearch.models.kernels.compiled import kernel, load
from privsearch.models.kernels.exponential import exponential
from privsearch.models.kernels.leaky import PI, SLOPE, Neurons
from privsearch.models.kernels.levels import ZERO
from privsearch.models.kernels.registers import (
    INT,
    VECTOR,
    WIDTH,
    constant,
    fill,
    intrinsic,
    new_registers,
    repeated,
    set_vector,
    unpacked,
)
from privsearch.models.kernels.vectors import aligned

BUILT_ON: Final = "023fda978d285c0d"
"""The version of the kernels' files that this one imports (see `compiled`)."""

_VECTORS: Final = 4
"""The vectors of neurons that are traced together, so that one division need not wait for another."""
_BLOCK: Final = _VECTORS * WIDTH


def _tracer(slope: Callable[[Any, Any, Any], Any]) -> Any:
    """Return what that traces 64 neurons; `slope` writes a scale times the surrogate gradient at an overdrive."""

    @intrinsic
    def trace_block(  # type: ignore[no-untyped-def]
        typing,
        current,
        place,
        beta,
        threshold,
        of_spikes,
        of_slopes,
        num_steps,
        spikes,
        slopes,
    ):
        """Trace the neurons from a place on, in registers through all steps; see `trace`."""

        def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
            current, place, beta, threshold, *weights, num_steps, spikes, slopes = unpacked(
                context, builder, signature, args
            )
            current, spikes, slopes = (builder.gep(base, [place]) for base in (current, spikes, slopes))
            beta, threshold, zero = repeated(builder, beta), repeated(builder, threshold), constant(0)
            drives, mems, fireds, slopeds = (new_registers(builder, _VECTORS) for _ in range(4))
            fill(builder, drives, current)
            for register in (*mems, *fireds, *slopeds):
                builder.store(zero, register)
            with cgutils.for_range(builder, num_steps, intp=INT) as loop:
                for_spike, for_slope = (
                    repeated(builder, builder.load(builder.gep(base, [loop.index]))) for base in weights
                )
                for drive, mem, fired, sloped in zip(drives, mems, fireds, slopeds, strict=True):
                    last = builder.load(mem)
                    decayed = builder.fadd(builder.fmul(beta, last), builder.load(drive))
                    reset = builder.select(builder.fcmp_ordered(">", last, threshold), threshold, zero)
                    now = builder.fsub(decayed, reset)
                    builder.store(now, mem)
                    spike = builder.select(builder.fcmp_ordered(">", now, threshold), for_spike, zero)
                    builder.store(builder.fadd(builder.load(fired), spike), fired)
                    received = slope(builder, builder.fsub(now, threshold), for_slope)
                    builder.store(builder.fadd(builder.load(sloped), received), sloped)
            for v in range(_VECTORS):
                set_vector(builder, spikes, v, builder.load(fireds[v]))
                set_vector(builder, slopes, v, builder.load(slopeds[v]))
            return context.get_dummy_value()

        number, whole = types.float32, types.int64
        return types.void(current, whole, number, number, of_spikes, of_slopes, whole, spikes, slopes), generate

    return trace_block


def _of_fast_sigmoid(builder: Any, overdrive: Any, scale: Any) -> Any:
    root = builder.fadd(builder.fmul(constant(float(SLOPE)), _absolute(builder, overdrive)), constant(1))
    return builder.fdiv(scale, builder.fmul(root, root))


def _of_atan(builder: Any, overdrive: Any, scale: Any) -> Any:
    scaled = builder.fmul(constant(float(PI)), overdrive)
    return builder.fdiv(scale, builder.fadd(builder.fmul(scaled, scaled), constant(1)))


def _of_triangular(builder: Any, overdrive: Any, scale: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">=", overdrive, constant(0)), builder.fneg(scale), scale)


def _of_spike_rate_escape(builder: Any, overdrive: Any, scale: Any) -> Any:
    shifted = _absolute(builder, builder.fsub(overdrive, constant(1)))
    return builder.fmul(builder.fmul(exponential(builder, builder.fneg(shifted)), constant(float(SLOPE))), scale)


def _absolute(builder: Any, x: Any) -> Any:
    name = f"llvm.fabs.v{WIDTH}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(VECTOR, [VECTOR]), name), [x])


_trace_straight_through = _tracer(lambda _, __, scale: scale)
_trace_fast_sigmoid = _tracer(_of_fast_sigmoid)
_trace_atan = _tracer(_of_atan)
_trace_triangular = _tracer(_of_triangular)
_trace_spike_rate_escape = _tracer(_of_spike_rate_escape)


@kernel
def trace(current: Any, neurons: Neurons, of_spikes: Any, of_slopes: Any, spikes: Any, slopes: Any) -> None:
    """Add up, over all steps, the spikes of neurons and the surrogate gradient at their membranes.

    Membranes are not quantised.

    Args:
        current: `(batch, n)`, the current at every step.
        neurons: the neurons' parameters.
        of_spikes: `(num_steps,)`, what a spike counts for at each step.
        of_slopes: `(num_steps,)`, what a surrogate gradient counts for at each step.
        spikes: `(batch, n)`, written.
        slopes: `(batch, n)`, written.
    """
    batch, n = current.shape
    size = (n + _BLOCK - 1) // _BLOCK * _BLOCK  # whole blocks, the last of which may be part padding
    drive, fired, sloped = aligned(size), aligned(size), aligned(size)
    drive[:] = ZERO
    for b in range(batch):
        row = current[b]
        for i in range(n):
            drive[i] = load(row, i)
        for place in range(0, size, _BLOCK):
            _trace_block(drive, place, neurons, of_spikes, of_slopes, fired, sloped)
        spikes[b] = fired[:n]
        slopes[b] = sloped[:n]


@kernel
def _trace_block(
    drive: Any, place: int, neurons: Neurons, of_spikes: Any, of_slopes: Any, fired: Any, sloped: Any
) -> None:
    beta, threshold, num_steps = neurons.beta, neurons.threshold, of_spikes.shape[0]
    if neurons.surrogate_gradient == 0:
        _trace_straight_through(drive, place, beta, threshold, of_spikes, of_slopes, num_steps, fired, sloped)
    elif neurons.surrogate_gradient == 1:
        _trace_fast_sigmoid(drive, place, beta, threshold, of_spikes, of_slopes, num_steps, fired, sloped)
    elif neurons.surrogate_gradient == 2:
        _trace_atan(drive, place, beta, threshold, of_spikes, of_slopes, num_steps, fired, sloped)
    elif neurons.surrogate_gradient == 3:
        _trace_triangular(drive, place, beta, threshold, of_spikes, of_slopes, num_steps, fired, sloped)
    else:
        _trace_spike_rate_escape(drive, place, beta, threshold, of_spikes, of_slopes, num_steps, fired, sloped)
