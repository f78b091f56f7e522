"""A linear layer of spikes, and the gradient of its weights, as sums of the rows that spikes choose.

Sums have an order of their own, which the spikes decide alone.
"""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, add, copy, live, scan_backward
from privsearch.models.kernels.registers import WIDTH
from privsearch.models.kernels.spikes import neurons_at_work
from privsearch.models.kernels.vectors import COLUMNS, add_rows, aligned

BUILT_ON: Final = "c599331d8c216c83"
"""The version of the kernels' files that this one imports (see `compiled`)."""


@kernel
def sum_spikes(listed: Any, first: Any, are_silent: Any, weights: Any, bias: Any, out: Any) -> None:
    """Compute a linear layer of spikes.

    Args:
        listed: the spikes, or silent neurons, as `list_rows` wrote them.
        first: likewise.
        are_silent: likewise.
        weights: `(blocks, n + 1, 64)`: for a block of 64 outputs, the weights of each neuron; the last row is the sum
            of the others.
        bias: `(blocks * 64,)`.
        out: `(num_steps, batch, outputs)`, written.
    """
    num_steps, batch, outputs = out.shape
    blocks, rows, _ = weights.shape
    sums = aligned(COLUMNS)
    for block in range(blocks):
        start, columns = block * COLUMNS, min(COLUMNS, outputs - block * COLUMNS)
        of_all = weights[block, rows - 1]
        for b in range(batch):
            for t in range(num_steps):
                row = b * num_steps + t
                sums[:] = 0
                at = block * rows * COLUMNS
                add_rows(sums, 0, weights, at, listed, first[row], first[row + 1] - first[row])
                into = out[t, b, start : start + columns]
                if are_silent[row]:
                    for i in range(columns):
                        into[i] = (of_all[i] - sums[i]) + bias[start + i]
                else:
                    for i in range(columns):
                        into[i] = sums[i] + bias[start + i]


@kernel
def lay_out(weight: Any, table: Any) -> None:
    """Write weights as `sum_spikes` reads them.

    Args:
        weight: `(outputs, n)`.
        table: `(blocks, n + 1, 64)`, written.
    """
    outputs, n = weight.shape
    for block in range(table.shape[0]):
        start, columns = block * COLUMNS, min(COLUMNS, outputs - block * COLUMNS)
        of_all = table[block, n]
        of_all[:] = 0
        # Some neurons at a time, as many as a cache line of the weights has.
        for neuron in range(0, n, WIDTH):
            end = min(n, neuron + WIDTH)
            table[block, neuron:end, columns:] = 0
            for column in range(columns):
                for k in range(neuron, end):
                    table[block, k, column] = weight[start + column, k]
            for k in range(neuron, end):
                add(of_all, table[block, k])


@kernel
def add_up_gradients(listed: Any, first: Any, are_silent: Any, grad_out: Any, pixels: int, grad_weight: Any) -> None:
    """Compute the gradient of the weights of `sum_spikes`.

    Args:
        listed: the argument of `sum_spikes`.
        first: the argument of `sum_spikes`.
        are_silent: the argument of `sum_spikes`.
        grad_out: `(num_steps, batch, outputs)`.
        pixels: the number of pixels of which each has n / pixels neurons; 1 where neurons are no image.
        grad_weight: `(outputs, n)`, written: the neurons of an image lie pixel by pixel in lists, and here channel by
            channel.
    """
    num_steps, batch, outputs = grad_out.shape
    n, rows = grad_weight.shape[1], num_steps * batch
    channels = n // pixels
    # A row that lists silent neurons counts for all neurons, less those that it lists, which have a table of their own.
    any_silent = are_silent.max()
    of_neuron, first_of = _by_neuron(listed, first, are_silent, n)
    table_rows = 2 * rows + 1 if any_silent else rows
    table = aligned(table_rows * COLUMNS).reshape((table_rows, COLUMNS))
    sums = aligned(WIDTH * COLUMNS).reshape((WIDTH, COLUMNS))
    for start in range(0, outputs, COLUMNS):
        columns = min(COLUMNS, outputs - start)
        _copy_block(grad_out, start, columns, are_silent, table)
        # Some neurons at a time, as many as a cache line of the gradient has.
        for place in range(0, n, WIDTH):
            end = min(n, place + WIDTH)
            for k in range(place, end):
                if any_silent:
                    sums[k - place] = table[2 * rows]
                else:
                    sums[k - place] = 0
                neuron = k % pixels * channels + k // pixels
                count = first_of[neuron + 1] - first_of[neuron]
                add_rows(sums, (k - place) * COLUMNS, table, 0, of_neuron, first_of[neuron], count)
            for column in range(columns):
                for k in range(place, end):
                    grad_weight[start + column, k] = sums[k - place, column]


@kernel
def _by_neuron(listed: Any, first: Any, are_silent: Any, n: int) -> Any:
    """Return the rows that list each neuron, those of silent neurons after all others, and where each list begins."""
    rows = are_silent.shape[0]
    of_neuron, first_of = np.empty(first[rows], np.int32), np.zeros(n + 1, np.int64)
    for k in range(first[rows]):
        first_of[listed[k] + 1] += 1
    for neuron in range(n):
        first_of[neuron + 1] += first_of[neuron]
    free = first_of.copy()
    for row in range(rows):
        number = row + rows if are_silent[row] else row
        for k in range(first[row], first[row + 1]):
            of_neuron[free[listed[k]]] = number
            free[listed[k]] += 1
    return of_neuron, first_of


@kernel
def _copy_block(grad_out: Any, start: int, columns: int, are_silent: Any, table: Any) -> None:
    """Copy a block of columns, row after row; then, if asked for, with the sign changed, and the sum of silent rows."""
    num_steps, batch, _ = grad_out.shape
    rows = num_steps * batch
    table[:] = 0
    for row in range(rows):
        source, into = grad_out[row % num_steps, row // num_steps, start : start + columns], table[row]
        for i in range(columns):
            into[i] = source[i]
        if table.shape[0] > rows:
            for i in range(columns):
                table[rows + row, i] = -into[i]
            if are_silent[row]:
                add(table[2 * rows], into)


@kernel
def live_backward(current: Any, neurons: Neurons, grad_spk: Any, grad: Any) -> None:
    """Compute the gradient of the current of neurons from that of their spikes, their membranes being computed again.

    Args:
        current: `(num_steps, batch, n)`, or `(1, batch, n)` for one current at every step.
        neurons: the neurons' parameters.
        grad_spk: `(num_steps, batch, n)`.
        grad: in the shape of `current`, written.
    """
    num_steps, batch, n = grad_spk.shape
    mem, received = aligned(num_steps * n).reshape((num_steps, n)), aligned(num_steps * n).reshape((num_steps, n))
    of_example = np.empty((current.shape[0], n), np.float32)
    compared, inside = neurons_at_work(num_steps, n, neurons)
    nothing = np.empty((0, n), np.float32)
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        for t in range(num_steps):
            copy(grad_spk[t, b], received[t])
        fires = compared if compared.shape[0] else mem
        scan_backward(fires, received, nothing, inside, neurons, of_example)
        for t in range(current.shape[0]):
            copy(of_example[t], grad[t, b])
