"""Leaky neurons through all time steps, alone or together with the narrow linear layer that reads their spikes.

Arithmetic is that of the torch version (privsearch.models.scan), operation by operation and without fused
multiply-adds, so that membranes, spikes and their gradients are the same to the bit. The sums of the linear layer have
an order of their own: always the same on one processor, and for an example whatever else is in its batch.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from privsearch.models.kernels.compiled import inlined, kernel, load, store

COMPILED: Final = "34b14d0b6f10711c"
"""The version of `privsearch.models.kernels.compiled` that the kernels here are compiled with."""
BLOCK: Final = 4096
"""The number of neurons that go through all time steps together: few enough for a core's own cache."""
FEW_LEVELS: Final = 32
"""The most levels that are faster to compare with a membrane one by one than to look up in a table."""
ZERO, ONE, SLOPE, PI = np.float32(0), np.float32(1), np.float32(25), np.float32(math.pi)
SURROGATE_CODES: Final = ("straight_through", "fast_sigmoid", "atan", "triangular")
"""The surrogate gradients that are compiled. (numba would compute exponentials one by one: torch is faster.)"""


class Levels(NamedTuple):
    """The levels of a membrane, as in `StateQuantizer`; if there are none, membranes are not quantised.

    Attributes:
        levels: `(levels,)`, ascending; or `(0,)`.
        boundaries: `(levels - 1,)`: the largest membranes that still belong to the level below.
        lowest: the first level.
        step: the distance from one level to the next.
        exact_below: the membrane above which levels are compared one by one.
    """

    levels: np.ndarray
    boundaries: np.ndarray
    lowest: np.float32
    step: np.float32
    exact_below: np.float32


class Neurons(NamedTuple):
    """The parameters that all neurons of a layer have in common.

    Attributes:
        beta: decay of the membrane per step.
        threshold: the membrane above which a neuron fires.
        levels: the levels of the membrane.
        surrogate_gradient: the surrogate gradient's place in `SURROGATE_CODES`.
        fired: the number that stands for a spike in the array of spikes.
    """

    beta: np.float32
    threshold: np.float32
    levels: Levels
    surrogate_gradient: int
    fired: np.float32 | np.uint16


UNQUANTIZED: Final = Levels(np.empty(0, np.float32), np.empty(0, np.float32), ZERO, ONE, ZERO)


@inlined
def _step(current: Any, last: Any, mem: Any, neurons: Neurons) -> None:
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + load(current, i)
        mem[i] = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)


@inlined
def _fire(mem: Any, spk: Any, neurons: Neurons) -> None:
    for i in range(mem.shape[0]):
        spk[i] = neurons.fired if mem[i] > neurons.threshold else spk.dtype.type(0)


@inlined
def _step_and_fire(current: Any, last: Any, mem: Any, spk: Any, neurons: Neurons) -> None:
    # `_step` and `_fire` in one pass: the memory is slower than the arithmetic.
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + load(current, i)
        now = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)
        mem[i] = now
        spk[i] = neurons.fired if now > neurons.threshold else spk.dtype.type(0)


@inlined
def _nearest(mem: np.float32, q: Levels) -> np.float32:
    last = np.float32(q.levels.shape[0] - 2)
    below = np.int32(max(min((mem - q.lowest) / q.step, last), ZERO))
    return q.levels[below + np.int32(mem > q.boundaries[below])]  # type: ignore[no-any-return]


@kernel
def _quantize(mem: Any, q: Levels) -> None:
    """Round each membrane of a row to its nearest level, as `StateQuantizer` does."""
    far = 0
    for i in range(mem.shape[0]):
        far += not mem[i] <= q.exact_below
    if far:
        _quantize_slowly(mem, q)
    elif q.levels.shape[0] <= FEW_LEVELS:
        _quantize_among_few(mem, q)
    else:
        for i in range(mem.shape[0]):
            mem[i] = _nearest(mem[i], q)


@kernel
def _quantize_among_few(mem: Any, q: Levels) -> None:
    level = np.full_like(mem, q.levels[0])
    for k in range(q.boundaries.shape[0]):
        _raise_above(mem, q.boundaries[k], q.levels[k + 1], level)
    mem[:] = level


@kernel
def _raise_above(mem: Any, boundary: np.float32, above: np.float32, level: Any) -> None:
    for i in range(mem.shape[0]):
        level[i] = above if mem[i] > boundary else level[i]


@kernel
def _quantize_slowly(mem: Any, q: Levels) -> None:
    for i in range(mem.shape[0]):
        if mem[i] <= q.exact_below:
            mem[i] = _nearest(mem[i], q)
        elif not math.isnan(mem[i]):
            mem[i] = q.levels[np.argmin(np.abs(q.levels - mem[i]))]


@kernel
def scan(current: Any, mem: Any, spk: Any, neurons: Neurons) -> None:
    """Take neurons through all time steps; the formula stands at `privsearch.models.Leaky`.

    Args:
        current: `(num_steps, n)`, or `(1, n)` for one current at every step.
        mem: `(num_steps, n)`, written.
        spk: `(num_steps, n)`, written.
        neurons: the neurons' parameters.
    """
    num_steps, n = mem.shape
    at_rest = np.zeros(BLOCK, np.float32)
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        last = at_rest[: end - first]
        for t in range(num_steps):
            now, fired = mem[t, first:end], spk[t, first:end]
            drive = current[min(t, current.shape[0] - 1), first:end]
            if neurons.levels.levels.shape[0]:
                _step(drive, last, now, neurons)
                _quantize(now, neurons.levels)
                _fire(now, fired, neurons)
            else:
                _step_and_fire(drive, last, now, fired, neurons)
            last = now


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
def _straight_through(grad: Any, received: Any) -> None:
    for i in range(received.shape[0]):
        received[i] = load(grad, i)


@kernel
def _received(mem: Any, grad: Any, neurons: Neurons, received: Any) -> None:
    """Compute the gradient that a row of membranes receives through its spikes: `grad * S'(mem - threshold)`."""
    if neurons.surrogate_gradient == 0:
        _straight_through(grad, received)
    elif neurons.surrogate_gradient == 1:
        _fast_sigmoid(mem, grad, neurons.threshold, received)
    elif neurons.surrogate_gradient == 2:
        _atan(mem, grad, neurons.threshold, received)
    else:
        _triangular(mem, grad, neurons.threshold, received)


@kernel
def scan_backward(mem: Any, grad_spk: Any, grad_mem: Any, neurons: Neurons, grad: Any) -> None:
    """Compute the gradient of `scan`'s current, by the linear recurrence that stands at `privsearch.models.Leaky`.

    Args:
        mem: `(num_steps, n)`.
        grad_spk: `(num_steps, n)`, or `(0, n)` for none.
        grad_mem: `(num_steps, n)`, or `(0, n)` for none.
        neurons: the neurons' parameters.
        grad: `(num_steps, n)`, or `(1, n)` for the sum over time; written.
    """
    num_steps, n = mem.shape
    carries, receiveds = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    totals = np.empty(BLOCK, np.float32)
    is_sum = grad.shape[0] == 1
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        carry, received, total = carries[: end - first], receiveds[: end - first], totals[: end - first]
        carry[:] = ZERO
        total[:] = ZERO
        for t in range(num_steps - 1, -1, -1):
            if grad_spk.shape[0]:
                _received(mem[t, first:end], grad_spk[t, first:end], neurons, received)
            else:
                received[:] = ZERO
            if grad_mem.shape[0]:
                _add(received, grad_mem[t, first:end])
            _carry(carry, received, neurons.beta)
            if is_sum:
                _add(total, carry)
            else:
                _copy(carry, grad[t, first:end])
        if is_sum:
            _copy(total, grad[0, first:end])


@inlined
def _carry(carry: Any, received: Any, beta: np.float32) -> None:
    for i in range(carry.shape[0]):
        carry[i] = beta * carry[i] + received[i]


@inlined
def _add(total: Any, row: Any) -> None:
    for i in range(total.shape[0]):
        total[i] += load(row, i)


@inlined
def _copy(row: Any, out: Any) -> None:
    for i in range(row.shape[0]):
        store(out, i, row[i])


@kernel
def scan_to_linear(current: Any, weight: Any, bias: Any, neurons: Neurons, out: Any) -> None:
    """Compute `scan`, and at each step the linear layer of the spikes, which never leave the core's cache.

    Membranes are not quantised.

    Args:
        current: `(num_steps, batch, n)`, or `(1, batch, n)` for one current at every step.
        weight: `(outputs, n)`.
        bias: `(outputs,)`.
        neurons: the neurons' parameters.
        out: `(num_steps, batch, outputs)`, written.
    """
    num_steps, batch, num_outputs = out.shape
    n = weight.shape[1]
    at_rest, mems = np.zeros(n, np.float32), np.empty((2, n), np.float32)
    for b in range(batch):
        last = at_rest
        for t in range(num_steps):
            now = mems[t % 2]
            _step(current[min(t, current.shape[0] - 1), b], last, now, neurons)
            for k in range(num_outputs):
                out[t, b, k] = _sum_of_fired(now, weight[k], neurons.threshold) + bias[k]
            last = now


@kernel
def scan_to_linear_backward(
    current: Any, weight: Any, neurons: Neurons, grad_out: Any, grad: Any, grad_weight: Any
) -> None:
    """Compute the gradients of `scan_to_linear`; computing membranes again takes less time than keeping them.

    Args:
        current: the argument of `scan_to_linear`.
        weight: the argument of `scan_to_linear`.
        neurons: the neurons' parameters.
        grad_out: `(num_steps, batch, outputs)`.
        grad: the gradient of `current`, in its shape; written.
        grad_weight: the gradient of `weight`, in its shape; written.
    """
    num_steps, batch, num_outputs = grad_out.shape
    n = weight.shape[1]
    at_rest, mems = np.zeros(n, np.float32), np.empty((num_steps, n), np.float32)
    # Not rows of one array: the compiler cannot tell that rows do not overlap.
    grad_spk, received = np.empty(n, np.float32), np.empty(n, np.float32)
    carry, total = np.empty(n, np.float32), np.empty(n, np.float32)
    grad_weight[:] = ZERO
    for b in range(batch):
        last = at_rest
        for t in range(num_steps):
            _step(current[min(t, current.shape[0] - 1), b], last, mems[t], neurons)
            last = mems[t]
        carry[:] = ZERO
        total[:] = ZERO
        for t in range(num_steps - 1, -1, -1):
            grad_spk[:] = ZERO
            for k in range(num_outputs):
                _add_scaled(grad_spk, weight[k], grad_out[t, b, k])
                _add_where_fired(grad_weight[k], mems[t], neurons.threshold, grad_out[t, b, k])
            _received(mems[t], grad_spk, neurons, received)
            _carry(carry, received, neurons.beta)
            if grad.shape[0] == 1:
                _add(total, carry)
            else:
                _copy(carry, grad[t, b])
        if grad.shape[0] == 1:
            _copy(total, grad[0, b])


@njit(fastmath={"reassoc"}, error_model="numpy")
def _sum_of_fired(mem: Any, weight: Any, threshold: np.float32) -> np.float32:
    # Weights are multiplied by zeros too, so that one that is not finite shows in every sum.
    total = ZERO
    for i in range(mem.shape[0]):
        total += weight[i] * (ONE if mem[i] > threshold else ZERO)
    return total


@inlined
def _add_scaled(total: Any, row: Any, scale: np.float32) -> None:
    for i in range(total.shape[0]):
        total[i] += scale * row[i]


@inlined
def _add_where_fired(total: Any, mem: Any, threshold: np.float32, grad: np.float32) -> None:
    for i in range(total.shape[0]):
        total[i] += grad * (ONE if mem[i] > threshold else ZERO)
