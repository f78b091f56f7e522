"""Leaky neurons through all time steps.

Arithmetic is that of the torch version (privsearch.models.scan), operation by operation and without fused
multiply-adds, so that membranes, spikes and their gradients are the same to the bit. Exponentials alone are not
torch's.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from privsearch.models.kernels.compiled import inlined, kernel, load, store
from privsearch.models.kernels.exponential import exp
from privsearch.models.kernels.levels import ONE, ZERO, Levels, quantize

BUILT_ON: Final = "ca9a8e78a33d36e5"
"""The version of the kernels' files that this one imports (see `compiled`)."""
BLOCK: Final = 4096
"""The number of neurons that go through all time steps together: few enough for a core's own cache."""
SLOPE, PI = np.float32(25), np.float32(math.pi)
SURROGATE_CODES: Final = ("straight_through", "fast_sigmoid", "atan", "triangular", "spike_rate_escape")
"""The surrogate gradients, by the place of which a kernel is told which one it is."""
PLACES: Final = ("before_firing", "after_firing", "for_firing")
"""Where in a step a membrane is rounded, as in `StateQuantizer`."""
BEFORE_FIRING, AFTER_FIRING, FOR_FIRING = 0, 1, 2


class Neurons(NamedTuple):
    """The parameters that all neurons of a layer have in common.

    Attributes:
        beta: decay of the membrane per step.
        threshold: the membrane above which a neuron fires.
        levels: the levels of the membrane.
        place: where in a step it is rounded, as the place in `PLACES`.
        clips_gradient: True if rounding passes the gradient of membranes within the levels alone.
        surrogate_gradient: the surrogate gradient's place in `SURROGATE_CODES`.
        fired: the number that stands for a spike in the array of spikes.
    """

    beta: np.float32
    threshold: np.float32
    levels: Levels
    place: int
    clips_gradient: bool
    surrogate_gradient: int
    fired: np.float32 | np.uint16


@inlined
def step(current: Any, last: Any, mem: Any, neurons: Neurons) -> None:
    """Write the membranes that follow on those of the last step."""
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + load(current, i)
        mem[i] = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)


@inlined
def _fire(mem: Any, spk: Any, neurons: Neurons) -> None:
    for i in range(mem.shape[0]):
        spk[i] = neurons.fired if mem[i] > neurons.threshold else spk.dtype.type(0)


@inlined
def _step_and_fire(current: Any, last: Any, mem: Any, spk: Any, neurons: Neurons) -> None:
    # `step` and `_fire` in one pass: the memory is slower than the arithmetic.
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + load(current, i)
        now = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)
        mem[i] = now
        spk[i] = neurons.fired if now > neurons.threshold else spk.dtype.type(0)


@kernel
def scan(current: Any, mem: Any, spk: Any, compared: Any, inside: Any, neurons: Neurons) -> None:
    """Take neurons through all time steps; the formula stands at `privsearch.models.Leaky`.

    Args:
        current: `(num_steps, n)`, or `(1, n)` for one current at every step.
        mem: `(num_steps, n)`, written.
        spk: `(num_steps, n)`, written.
        compared: `(num_steps, n)`, written: what is compared with the threshold; `(0, n)` if that is `mem`.
        inside: `(num_steps, n)`, written: 1 where a membrane was within the levels before it was rounded, else 0; or
            `(0, n)` if nobody asks.
        neurons: the neurons' parameters.
    """
    num_steps, n = mem.shape
    at_rest, unasked = np.zeros(BLOCK, np.float32), np.empty(0, np.uint8)
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        last = at_rest[: end - first]
        for t in range(num_steps):
            now, fired = mem[t, first:end], spk[t, first:end]
            drive = current[min(t, current.shape[0] - 1), first:end]
            if neurons.levels.levels.shape[0]:
                other = compared[t, first:end] if compared.shape[0] else now
                within = inside[t, first:end] if inside.shape[0] else unasked
                _step_and_round(drive, last, now, other, within, neurons)
                _fire(other, fired, neurons)
            else:
                _step_and_fire(drive, last, now, fired, neurons)
            last = now


@kernel
def live(current: Any, example: int, neurons: Neurons, mem: Any, compared: Any, inside: Any) -> None:
    """Take the neurons of one example through all time steps, without writing their spikes.

    Args:
        current: `(num_steps, batch, n)`, or `(1, batch, n)` for one current at every step.
        example: the example.
        neurons: the neurons' parameters.
        mem: `(num_steps, n)`, written.
        compared: `(num_steps, n)`, written, or `(0, n)`, as in `scan`.
        inside: `(num_steps, n)`, written, or `(0, n)`, as in `scan`.
    """
    num_steps, n = mem.shape
    at_rest, unasked = np.zeros(BLOCK, np.float32), np.empty(0, np.uint8)
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        last = at_rest[: end - first]
        for t in range(num_steps):
            drive, now = current[min(t, current.shape[0] - 1), example, first:end], mem[t, first:end]
            if neurons.levels.levels.shape[0]:
                other = compared[t, first:end] if compared.shape[0] else now
                within = inside[t, first:end] if inside.shape[0] else unasked
                _step_and_round(drive, last, now, other, within, neurons)
            else:
                step(drive, last, now, neurons)
            last = now


@kernel
def _step_and_round(current: Any, last: Any, mem: Any, compared: Any, inside: Any, neurons: Neurons) -> None:
    """Take one step, and round the membrane, what is compared with the threshold, or both, which are then one row."""
    step(current, last, mem, neurons)
    if inside.shape[0]:
        lowest, highest = neurons.levels.levels[0], neurons.levels.levels[-1]
        for i in range(mem.shape[0]):
            inside[i] = lowest <= mem[i] <= highest
    if neurons.place != BEFORE_FIRING:
        copy(mem, compared)
    quantize(compared if neurons.place == FOR_FIRING else mem, neurons.levels)


@inlined
def _fast_sigmoid(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        root = SLOPE * abs(mem[i] - threshold) + ONE
        received[i] = load(grad, i) / (root * root)


@inlined
def _atan(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        scaled = PI * (mem[i] - threshold)
        received[i] = load(grad, i) / (scaled * scaled + ONE)


@inlined
def _triangular(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        g = load(grad, i)
        received[i] = -g if mem[i] - threshold >= ZERO else g


@inlined
def _spike_rate_escape(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        received[i] = exp(-abs((mem[i] - threshold) - ONE)) * SLOPE * load(grad, i)


@inlined
def _straight_through(grad: Any, received: Any) -> None:
    for i in range(received.shape[0]):
        received[i] = load(grad, i)


@kernel
def received_through(mem: Any, grad: Any, neurons: Neurons, received: Any) -> None:
    """Compute the gradient that a row of membranes receives through its spikes: `grad * S'(mem - threshold)`."""
    if neurons.surrogate_gradient == 0:
        _straight_through(grad, received)
    elif neurons.surrogate_gradient == 1:
        _fast_sigmoid(mem, grad, neurons.threshold, received)
    elif neurons.surrogate_gradient == 2:
        _atan(mem, grad, neurons.threshold, received)
    elif neurons.surrogate_gradient == 3:
        _triangular(mem, grad, neurons.threshold, received)
    else:
        _spike_rate_escape(mem, grad, neurons.threshold, received)


@kernel
def scan_backward(compared: Any, grad_spk: Any, grad_mem: Any, inside: Any, neurons: Neurons, grad: Any) -> None:
    """Compute the gradient of `scan`'s current, by the linear recurrence that stands at `privsearch.models.Leaky`.

    Args:
        compared: `(num_steps, n)`: what was compared with the threshold.
        grad_spk: `(num_steps, n)`, or `(0, n)` for none.
        grad_mem: `(num_steps, n)`, or `(0, n)` for none.
        inside: `(num_steps, n)`, as `scan` wrote it; or `(0, n)` if rounding passes every gradient.
        neurons: the neurons' parameters.
        grad: `(num_steps, n)`, or `(1, n)` for the sum over time; written.
    """
    num_steps, n = compared.shape
    carries, receiveds = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    totals, nothing = np.empty(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    is_sum = grad.shape[0] == 1
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        carry, received, total = carries[: end - first], receiveds[: end - first], totals[: end - first]
        carry[:] = ZERO
        total[:] = ZERO
        for t in range(num_steps - 1, -1, -1):
            if grad_spk.shape[0]:
                received_through(compared[t, first:end], grad_spk[t, first:end], neurons, received)
            else:
                received[:] = ZERO
            if inside.shape[0]:
                held = grad_mem[t, first:end] if grad_mem.shape[0] else nothing[: end - first]
                _carry_inside(carry, received, held, inside[t, first:end], neurons)
            else:
                if grad_mem.shape[0]:
                    add(received, grad_mem[t, first:end])
                carry_back(carry, received, neurons.beta)
            if is_sum:
                add(total, carry)
            else:
                copy(carry, grad[t, first:end])
        if is_sum:
            copy(total, grad[0, first:end])


@kernel
def _carry_inside(carry: Any, received: Any, held: Any, inside: Any, neurons: Neurons) -> None:
    """Do what `carry_back` does where rounding passes the gradient of membranes inside of their range alone."""
    for i in range(carry.shape[0]):
        passed = ONE if inside[i] else ZERO
        if neurons.place == BEFORE_FIRING:
            carry[i] = passed * (neurons.beta * carry[i] + (received[i] + held[i]))
        elif neurons.place == AFTER_FIRING:
            carry[i] = passed * (neurons.beta * carry[i] + held[i]) + received[i]
        else:
            carry[i] = neurons.beta * carry[i] + (passed * received[i] + held[i])


@inlined
def carry_back(carry: Any, received: Any, beta: np.float32) -> None:
    """Turn the gradient of the next step's membranes into that of this step's."""
    for i in range(carry.shape[0]):
        carry[i] = beta * carry[i] + received[i]


@inlined
def add(total: Any, row: Any) -> None:
    """Add a row to a row of float32."""
    for i in range(total.shape[0]):
        total[i] += load(row, i)


@inlined
def copy(row: Any, out: Any) -> None:
    """Copy a row into another, each of either type."""
    for i in range(row.shape[0]):
        store(out, i, load(row, i))
