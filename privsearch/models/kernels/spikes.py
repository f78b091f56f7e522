"""Lists of the neurons that fire, or of those that do not where these are fewer."""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, live
from privsearch.models.kernels.registers import WIDTH
from privsearch.models.kernels.vectors import aligned, count_bits, fired, lowest_bit

BUILT_ON: Final = "5d4d81fbc38ce231"
"""The version of the kernels' files that this one imports (see `compiled`)."""
WORD: Final = 64
"""The neurons whose spikes are looked at together."""


@kernel
def list_row(compared: Any, threshold: np.float32, listed: Any, start: int) -> Any:
    """List the neurons that fire; or, if they are more than half, those that do not.

    Args:
        compared: `(n,)`: what was compared with the threshold.
        threshold: the threshold.
        listed: an int32 array, written from `start` on: the neurons, in ascending order.
        start: where in `listed` the list begins.

    Returns:
        Where the list ends, and whether it is of silent neurons.
    """
    n = compared.shape[0]
    num_fired = 0
    for first in range(0, n, WORD):
        num_fired += count_bits(_bits(compared, first, threshold))
    are_silent = 2 * num_fired > n
    end = start
    for first in range(0, n, WORD):
        bits = _bits(compared, first, threshold)
        if are_silent:
            bits = ~bits
            if n - first < WORD:
                bits &= (1 << (n - first)) - 1
        while bits:
            listed[end] = first + lowest_bit(bits)
            end += 1
            bits &= bits - 1
    return end, are_silent


@kernel
def _bits(compared: Any, first: int, threshold: np.float32) -> int:
    """Return a bit for each of 64 neurons, or of the fewer that are left."""
    bits = 0
    for start in range(first, min(first + WORD, compared.shape[0]), WIDTH):
        if start + WIDTH <= compared.shape[0]:
            bits |= fired(compared, start, threshold) << (start - first)
        else:
            for i in range(start, compared.shape[0]):
                bits |= int(compared[i] > threshold) << (i - first)
    return bits


@kernel
def list_rows(current: Any, neurons: Neurons, most: int, listed: Any, first: Any, are_silent: Any) -> bool:
    """Take neurons through all time steps, and list those of each example that fire at each step.

    A row is an example at a step; the steps of an example follow on one another. Where more than half of a row's
    neurons fire, those that do not are listed.

    Args:
        current: `(num_steps, batch, n)`, or `(1, batch, n)` for one current at every step.
        neurons: the neurons' parameters.
        most: the number of neurons beyond which listing does not pay.
        listed: `(most + n,)`, int32, written: the neurons, row after row.
        first: `(batch * num_steps + 1,)`, written: where each row begins, and the last one ends.
        are_silent: `(batch * num_steps,)`, written: 1 where a row lists the neurons that do not fire, else 0.

    Returns:
        False if there were more than `most`; then nothing else is of use.
    """
    _, batch, n = current.shape
    num_steps = are_silent.shape[0] // batch
    mem = aligned(num_steps * n).reshape((num_steps, n))
    compared, inside = neurons_at_work(num_steps, n, neurons)
    count = 0
    first[0] = 0
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        for t in range(num_steps):
            row = compared[t] if compared.shape[0] else mem[t]
            count, are_silent[b * num_steps + t] = list_row(row, neurons.threshold, listed, count)
            if count > most:
                return False
            first[b * num_steps + t + 1] = count
    return True


@kernel
def neurons_at_work(num_steps: int, n: int, neurons: Neurons) -> Any:
    """Return the arrays `compared` and `inside` that `live` fills for these neurons."""
    apart = num_steps if neurons.levels.levels.shape[0] and neurons.place else 0
    asked = num_steps if neurons.clips_gradient else 0
    return np.empty((apart, n), np.float32), np.empty((asked, n), np.uint8)
