"""Lists of the neurons that fire, or of those that do not where these are fewer."""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, live
from privsearch.models.kernels.vectors import WIDTH, aligned, count_bits, fired, lowest_bit

BUILT_ON: Final = "9a8aca0db2aba17c"
"""The version of the kernels' files that this one imports (see `compiled`)."""


@kernel
def list_pixels(compared: Any, width: int, channels: int, threshold: np.float32, added: Any, removed: Any) -> Any:
    """List the spikes of an image pixel by pixel.

    A pixel of which more than half fire is listed as `channels`, which stands for all, and as the channels to remove.

    Args:
        compared: `(height * width * channels,)`: what was compared with the threshold.
        width: the pixels of a row.
        channels: the channels of a pixel.
        threshold: the threshold.
        added: `(most, 2)`, int32, written: the number of a pixel and a channel that fires.
        removed: `(most, 2)`, likewise.

    Returns:
        The number of rows written to `added` and to `removed`.
    """
    num_added = num_removed = 0
    for pixel in range(compared.shape[0] // channels):
        start = pixel * channels
        count = 0
        for channel in range(0, channels, WIDTH):
            count += count_bits(_bits(compared, start + channel, channels - channel, threshold))
        if 2 * count <= channels:
            for channel in range(0, channels, WIDTH) if count else range(0):
                bits = _bits(compared, start + channel, channels - channel, threshold)
                num_added = _append(added, num_added, pixel, channel, bits)
            continue
        added[num_added, 0], added[num_added, 1] = pixel, channels
        num_added += 1
        for channel in range(0, channels, WIDTH):
            bits = _bits(compared, start + channel, channels - channel, threshold)
            num_removed = _append(removed, num_removed, pixel, channel, _others(bits, channels - channel))
    return num_added, num_removed


@kernel
def _append(listed: Any, count: int, pixel: int, channel: int, bits: int) -> int:
    while bits:
        listed[count, 0], listed[count, 1] = pixel, channel + lowest_bit(bits)
        count += 1
        bits &= bits - 1
    return count


@kernel
def _bits(compared: Any, start: int, count: int, threshold: np.float32) -> int:
    """Return a bit for each of 16 neurons, or of the fewer that there are."""
    if count >= WIDTH:
        return fired(compared, start, threshold)  # type: ignore[no-any-return]
    bits = 0
    for i in range(count):
        if compared[start + i] > threshold:
            bits |= 1 << i
    return bits


@kernel
def _others(bits: int, count: int) -> int:
    return ~bits & ((1 << min(count, WIDTH)) - 1)


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
            num_fired = 0
            for start in range(0, n, WIDTH):
                num_fired += count_bits(_bits(row, start, n - start, neurons.threshold))
            silent = 2 * num_fired > n
            for start in range(0, n, WIDTH):
                bits = _bits(row, start, n - start, neurons.threshold)
                bits = _others(bits, n - start) if silent else bits
                while bits:
                    listed[count] = start + lowest_bit(bits)
                    count += 1
                    bits &= bits - 1
            if count > most:
                return False
            are_silent[b * num_steps + t] = silent
            first[b * num_steps + t + 1] = count
    return True


@kernel
def neurons_at_work(num_steps: int, n: int, neurons: Neurons) -> Any:
    """Return the arrays `compared` and `inside` that `live` fills for these neurons."""
    apart = num_steps if neurons.levels.levels.shape[0] and neurons.place else 0
    asked = num_steps if neurons.clips_gradient else 0
    return np.empty((apart, n), np.float32), np.empty((asked, n), np.uint8)
