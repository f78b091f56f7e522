"""Leaky neurons together with the narrow linear layer that reads their spikes.

Membranes and spikes are those of `leaky`. The sums of the linear layer have an order of their own: always the same on
one processor, and for an example whatever else is in its batch.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from privsearch.models.kernels.compiled import inlined, kernel
from privsearch.models.kernels.leaky import Neurons, add, carry_back, copy, received_through, step
from privsearch.models.kernels.levels import ONE, ZERO

BUILT_ON: Final = "06962e8694542d1c"
"""The version of the kernels' files that this one imports (see `compiled`)."""


@kernel
def scan_to_linear(  # noqa: PLR0913, PLR0917  # arrays to read, and arrays to write
    current: Any,
    weight: Any,
    bias: Any,
    neurons: Neurons,
    out: Any,
    first: int,
    by_step: Any,
    by_neuron: Any,
) -> None:
    """Compute `scan`, and at each step the linear layer of the spikes, which never leave the core's cache.

    Membranes are not quantised. The spikes of some examples are counted in passing.

    Args:
        current: `(num_steps, batch, n)`, or `(1, batch, n)` for one current at every step.
        weight: `(outputs, n)`.
        bias: `(outputs,)`.
        neurons: the neurons' parameters.
        out: `(num_steps, batch, outputs)`, written.
        first: the first example whose spikes are counted; the size of the batch for none.
        by_step: `(num_steps,)`, which grows by the spikes at each step.
        by_neuron: `(n,)`, which grows by the spikes of each neuron.
    """
    num_steps, batch, num_outputs = out.shape
    n = weight.shape[1]
    at_rest, mems = np.zeros(n, np.float32), np.empty((2, n), np.float32)
    ones = np.ones(n, np.float32)
    for b in range(batch):
        last = at_rest
        for t in range(num_steps):
            now = mems[t % 2]
            step(current[min(t, current.shape[0] - 1), b], last, now, neurons)
            for k in range(num_outputs):
                out[t, b, k] = _sum_of_fired(now, weight[k], neurons.threshold) + bias[k]
            if b >= first:
                by_step[t] += _sum_of_fired(now, ones, neurons.threshold)
                _add_where_fired(by_neuron, now, neurons.threshold, ONE)
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
            step(current[min(t, current.shape[0] - 1), b], last, mems[t], neurons)
            last = mems[t]
        carry[:] = ZERO
        total[:] = ZERO
        for t in range(num_steps - 1, -1, -1):
            grad_spk[:] = ZERO
            for k in range(num_outputs):
                _add_scaled(grad_spk, weight[k], grad_out[t, b, k])
                _add_where_fired(grad_weight[k], mems[t], neurons.threshold, grad_out[t, b, k])
            received_through(mems[t], grad_spk, neurons, received)
            carry_back(carry, received, neurons.beta)
            if grad.shape[0] == 1:
                add(total, carry)
            else:
                copy(carry, grad[t, b])
        if grad.shape[0] == 1:
            copy(total, grad[0, b])


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
