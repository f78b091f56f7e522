"""The loops that torch has no single call for, compiled for this processor by numba: Leaky neurons, and max pooling.

Written in torch, each step of a recurrence is several calls, each of which reads and writes all neurons; here it is one
pass. Arithmetic is that of the torch version (privsearch.models.scan), operation by operation and without fused
multiply-adds, so that the results are the same to the bit. numba compiles each kernel at its first call and keeps it on
the disk; no compiler need be installed.

Arrays are float32, or uint16 where they hold bfloat16, which numpy does not know.
"""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numba import njit, types
from numba.extending import overload

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

BLOCK: Final = 4096
"""Neurons that are taken through all time steps together: few enough for a core's own cache."""
ZERO, ONE, SLOPE, PI = np.float32(0), np.float32(1), np.float32(25), np.float32(math.pi)
SURROGATE_CODES: Final = ("straight_through", "fast_sigmoid", "atan", "triangular")
"""The surrogate gradients that are compiled. (numba would take exponentials one by one: torch is faster there.)"""


class Levels(NamedTuple):
    """The levels of a membrane, as in `StateQuantizer`; without any, membranes are not quantised.

    Attributes:
        levels: `(levels,)`, ascending; or none.
        boundaries: `(levels - 1,)`: the largest membrane that still belongs to the level below.
        lowest: the first level.
        step: from one level to the next.
        exact_below: above it, levels are compared one by one.
    """

    levels: np.ndarray
    boundaries: np.ndarray
    lowest: np.float32
    step: np.float32
    exact_below: np.float32


class Neurons(NamedTuple):
    """What all neurons of a layer have in common.

    Attributes:
        beta: decay of the membrane per step.
        threshold: above which a neuron fires.
        fired: a spike, as the array of spikes holds it.
    """

    beta: np.float32
    threshold: np.float32
    fired: np.float32 | np.uint16


UNQUANTIZED: Final = Levels(np.empty(0, np.float32), np.empty(0, np.float32), ZERO, ONE, ZERO)


def _kernel(function: Kernel) -> Kernel:
    """Compile `function`, once for all processes where the disk allows it."""
    try:
        return njit(function, cache=True, error_model="numpy")  # type: ignore[no-any-return]
    except RuntimeError:  # no directory to keep it in
        return njit(function, error_model="numpy")  # type: ignore[no-any-return]


def _inlined(function: Kernel) -> Kernel:
    return njit(function, inline="always", error_model="numpy")  # type: ignore[no-any-return]


def _load(row: Any, i: int) -> np.float32:
    """Element i as a float32."""
    raise NotImplementedError("compiled code only")


def _store(row: Any, i: int, value: np.float32) -> None:
    """Set element i, rounded to the nearest, ties to even, where the row holds bfloat16."""
    raise NotImplementedError("compiled code only")


# numba wants the same signatures of both functions, to the annotation.
@overload(_load, inline="always")
def _load_typed(row, i):  # type: ignore[no-untyped-def]  # noqa: ARG001
    if row.dtype == types.uint16:
        return lambda row, i: np.uint32(np.uint32(row[i]) << np.uint32(16)).view(np.float32)
    return lambda row, i: row[i]


@overload(_store, inline="always")
def _store_typed(row, i, value):  # type: ignore[no-untyped-def]  # noqa: ARG001
    if row.dtype == types.uint16:

        def store(row, i, value):  # type: ignore[no-untyped-def]
            bits = np.float32(value).view(np.uint32)
            row[i] = np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

    else:

        def store(row, i, value):  # type: ignore[no-untyped-def]
            row[i] = value

    return store


@_inlined
def _step(current: Any, last: Any, mem: Any, neurons: Neurons) -> None:
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + _load(current, i)
        mem[i] = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)


@_inlined
def _fire(mem: Any, spk: Any, neurons: Neurons) -> None:
    for i in range(mem.shape[0]):
        spk[i] = neurons.fired if mem[i] > neurons.threshold else spk.dtype.type(0)


@_inlined
def _step_and_fire(current: Any, last: Any, mem: Any, spk: Any, neurons: Neurons) -> None:
    # Both in one pass: the memory is slower than the arithmetic.
    for i in range(mem.shape[0]):
        decayed = neurons.beta * last[i] + _load(current, i)
        now = decayed - (neurons.threshold if last[i] > neurons.threshold else ZERO)
        mem[i] = now
        spk[i] = neurons.fired if now > neurons.threshold else spk.dtype.type(0)


@_inlined
def _nearest(mem: np.float32, q: Levels) -> np.float32:
    last = np.float32(q.levels.shape[0] - 2)
    below = np.int32(max(min((mem - q.lowest) / q.step, last), ZERO))
    return q.levels[below + np.int32(mem > q.boundaries[below])]  # type: ignore[no-any-return]


@_kernel
def _quantize(mem: Any, q: Levels) -> None:
    """Round each membrane of a row to its nearest level, as `StateQuantizer` does."""
    far = 0
    for i in range(mem.shape[0]):
        far += not mem[i] <= q.exact_below
    if far:
        _quantize_slowly(mem, q)
        return
    for i in range(mem.shape[0]):
        mem[i] = _nearest(mem[i], q)


@_kernel
def _quantize_slowly(mem: Any, q: Levels) -> None:
    for i in range(mem.shape[0]):
        if mem[i] <= q.exact_below:
            mem[i] = _nearest(mem[i], q)
        elif not math.isnan(mem[i]):
            mem[i] = q.levels[np.argmin(np.abs(q.levels - mem[i]))]


@_kernel
def scan(current: Any, mem: Any, spk: Any, neurons: Neurons, q: Levels) -> None:
    """Take neurons through all time steps; the formula stands at `privsearch.models.Leaky`.

    Args:
        current: `(num_steps, n)`, or `(1, n)` for one current at every step.
        mem: `(num_steps, n)`, written.
        spk: `(num_steps, n)`, written.
        neurons: how they behave.
        q: the levels of the membrane.
    """
    num_steps, n = mem.shape
    at_rest = np.zeros(BLOCK, np.float32)
    for first in range(0, n, BLOCK):
        end = min(n, first + BLOCK)
        last = at_rest[: end - first]
        for t in range(num_steps):
            now, fired = mem[t, first:end], spk[t, first:end]
            drive = current[min(t, current.shape[0] - 1), first:end]
            if q.levels.shape[0]:
                _step(drive, last, now, neurons)
                _quantize(now, q)
                _fire(now, fired, neurons)
            else:
                _step_and_fire(drive, last, now, fired, neurons)
            last = now


@_inlined
def _fast_sigmoid(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        root = SLOPE * abs(mem[i] - threshold) + ONE
        received[i] = _load(grad, i) / (root * root)


@_inlined
def _atan(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        scaled = PI * (mem[i] - threshold)
        received[i] = _load(grad, i) / (scaled * scaled + ONE)


@_inlined
def _triangular(mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    for i in range(received.shape[0]):
        g = _load(grad, i)
        received[i] = -g if mem[i] - threshold >= ZERO else g


@_inlined
def _straight_through(grad: Any, received: Any) -> None:
    for i in range(received.shape[0]):
        received[i] = _load(grad, i)


@_kernel
def _received(kind: int, mem: Any, grad: Any, threshold: np.float32, received: Any) -> None:
    """What a row of membranes receives through its spikes: `grad * S'(mem - threshold)`."""
    if kind == 0:
        _straight_through(grad, received)
    elif kind == 1:
        _fast_sigmoid(mem, grad, threshold, received)
    elif kind == 2:
        _atan(mem, grad, threshold, received)
    else:
        _triangular(mem, grad, threshold, received)


@_kernel
def scan_backward(kind: int, mem: Any, grad_spk: Any, grad_mem: Any, neurons: Neurons, grad: Any) -> None:
    """The gradient of `scan`'s current: the linear recurrence that stands at `privsearch.models.Leaky`.

    Args:
        kind: the surrogate gradient's place in `SURROGATE_CODES`.
        mem: `(num_steps, n)`.
        grad_spk: `(num_steps, n)`, or `(0, n)` for none.
        grad_mem: `(num_steps, n)`, or `(0, n)` for none.
        neurons: how they behave.
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
                _received(kind, mem[t, first:end], grad_spk[t, first:end], neurons.threshold, received)
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


@_inlined
def _carry(carry: Any, received: Any, beta: np.float32) -> None:
    for i in range(carry.shape[0]):
        carry[i] = beta * carry[i] + received[i]


@_inlined
def _add(total: Any, row: Any) -> None:
    for i in range(total.shape[0]):
        total[i] += _load(row, i)


@_inlined
def _copy(row: Any, out: Any) -> None:
    for i in range(row.shape[0]):
        _store(out, i, row[i])


@_inlined
def _pool_row(a: Any, b: Any, c: Any, d: Any, out: Any, place: Any) -> None:
    for i in range(out.shape[0]):
        largest, value, at = _load(a, i), a[i], np.uint8(0)
        x = _load(b, i)
        if x > largest or x != x:
            largest, value, at = x, b[i], np.uint8(1)
        x = _load(c, i)
        if x > largest or x != x:
            largest, value, at = x, c[i], np.uint8(2)
        x = _load(d, i)
        if x > largest or x != x:
            largest, value, at = x, d[i], np.uint8(3)
        out[i] = value
        place[i] = at


@_kernel
def max_pool(x: Any, out: Any, place: Any) -> None:
    """2x2 max pooling, the first of equals wins.

    Args:
        x: `(n, height, width, channels)`.
        out: `(n, height // 2, width // 2, channels)`, written.
        place: like `out`: which of the four won, in reading order; written.
    """
    n, height, width, _ = out.shape
    for k in range(n):
        for i in range(height):
            for j in range(width):
                above, below = x[k, 2 * i], x[k, 2 * i + 1]
                _pool_row(above[2 * j], above[2 * j + 1], below[2 * j], below[2 * j + 1], out[k, i, j], place[k, i, j])


@_inlined
def _unpool_row(grad: Any, place: Any, at: int, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = grad[i] if place[i] == at else 0


@_kernel
def max_pool_backward(grad: Any, place: Any, out: Any) -> None:
    """The gradient of `max_pool`: what came goes to the input that won; shapes are those of `max_pool`."""
    n, height, width, _ = grad.shape
    if out.shape[1] % 2 or out.shape[2] % 2:
        out[:] = 0
    for k in range(n):
        for i in range(height):
            for j in range(width):
                above, below = out[k, 2 * i], out[k, 2 * i + 1]
                _unpool_row(grad[k, i, j], place[k, i, j], 0, above[2 * j])
                _unpool_row(grad[k, i, j], place[k, i, j], 1, above[2 * j + 1])
                _unpool_row(grad[k, i, j], place[k, i, j], 2, below[2 * j])
                _unpool_row(grad[k, i, j], place[k, i, j], 3, below[2 * j + 1])
