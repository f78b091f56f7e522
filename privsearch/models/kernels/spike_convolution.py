"""A 3x3 convolution of spikes with 2x2 max pooling, and its gradients, without a dense image of products.

Forward, each spike adds a patch of weights to the image of currents. Backward, three quarters of a pooled gradient are 0:
each of the others takes a patch of spikes to the gradient of the weights, and a patch of weights to that of the spikes.
Membranes are those of `leaky`; they are computed again on the way back, which takes less time than to keep them. Sums
have an order of their own, the same for an example whatever else is in its batch.

Images lie with their channels last, those of the currents and the spikes in blocks of 32 and with a margin of a pixel.
"""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, live, scan_backward
from privsearch.models.kernels.spikes import list_pixels, neurons_at_work
from privsearch.models.kernels.vectors import (
    CHANNELS,
    RUN,
    add_patch,
    add_scaled_patches,
    aligned,
    pool_channels,
    subtract_patch,
)

BUILT_ON: Final = "727485776d63fdb5"
"""The version of the kernels' files that this one imports (see `compiled`)."""
PATCH: Final = 3 * RUN
"""The numbers of a patch."""


@kernel
def convolve_spikes(  # noqa: PLR0913, PLR0917  # arrays to read, and arrays to write
    current: Any, neurons: Neurons, width: int, patches: Any, bias: Any, out: Any, place: Any
) -> None:
    """Compute neurons through all time steps, and the convolution with pooling of their spikes.

    Args:
        current: `(num_steps, batch, height * width * channels)`, or `(1, ...)` for one current at every step.
        neurons: the neurons' parameters.
        width: the pixels of a row.
        patches: `(blocks, channels + 1, 288)`: for a block of 32 outputs, what a spike of each channel adds to the
            currents of its neighbours, in reading order; the last is the sum of the others.
        bias: `(blocks * 32,)`.
        out: `(num_steps, batch, height // 2, width // 2, blocks * 32)`, written.
        place: in the shape of `out`, the winner's place among the four inputs, in reading order; written.
    """
    num_steps, batch, out_height, out_width, outputs = out.shape
    n, channels = current.shape[2], patches.shape[1] - 1
    height = n // (width * channels)
    row = (width + 2) * CHANNELS
    image = aligned((height + 2) * row)
    mem = aligned(num_steps * n).reshape((num_steps, n))
    compared, inside = neurons_at_work(num_steps, n, neurons)
    added = np.empty((height * width * (channels // 2 + 1), 2), np.int32)
    removed = np.empty_like(added)
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        for t in range(num_steps):
            fires = compared[t] if compared.shape[0] else mem[t]
            num_added, num_removed = list_pixels(fires, width, channels, neurons.threshold, added, removed)
            for block in range(patches.shape[0]):
                first = block * (channels + 1) * PATCH
                _fill(image, bias[block * CHANNELS : (block + 1) * CHANNELS])
                for k in range(num_added):
                    at = _margin_before(added[k, 0], width)
                    add_patch(image, at, row, patches, first + added[k, 1] * PATCH)
                for k in range(num_removed):
                    at = _margin_before(removed[k, 0], width)
                    subtract_patch(image, at, row, patches, first + removed[k, 1] * PATCH)
                into = ((t * batch + b) * out_height * out_width) * outputs + block * CHANNELS
                for i in range(out_height):
                    for j in range(out_width):
                        at = (2 * i + 1) * row + (2 * j + 1) * CHANNELS
                        pool_channels(image, at, row, out, into + (i * out_width + j) * outputs, place)


@kernel
def convolve_spikes_backward(  # noqa: PLR0913, PLR0917  # arrays to read, and arrays to write
    current: Any,
    neurons: Neurons,
    image: tuple[int, int],
    weight: Any,
    place: Any,
    grad_out: Any,
    grad: Any,
    grad_weight: Any,
) -> None:
    """Compute the gradients of `convolve_spikes`.

    Args:
        current: the argument of `convolve_spikes`.
        neurons: the argument of `convolve_spikes`.
        image: the height and the width of the image of spikes.
        weight: `(outputs, blocks, 288)`: the weights of an output for a block of 32 channels, in reading order; 0 for
            channels that there are not.
        place: `(num_steps, batch, height // 2, width // 2, outputs or more)`, as `convolve_spikes` wrote it.
        grad_out: `(num_steps, batch, height // 2, width // 2, outputs)`.
        grad: the gradient of `current`, in its shape; written.
        grad_weight: the gradient of `weight`, in its shape; written.
    """
    num_steps, batch, out_height, out_width, outputs = grad_out.shape
    n, blocks, windows = current.shape[2], weight.shape[1], out_height * out_width
    height, width = image
    channels = n // (height * width)
    row = (width + 2) * CHANNELS
    plane = (height + 2) * row
    spikes, received = aligned(blocks * plane), aligned(blocks * plane)
    spikes[:] = 0
    of_example = aligned(weight.size)
    mem, grad_spk = aligned(num_steps * n).reshape((num_steps, n)), aligned(num_steps * n).reshape((num_steps, n))
    grad_current = np.empty((current.shape[0], n), np.float32)
    compared, inside = neurons_at_work(num_steps, n, neurons)
    nothing = np.empty((0, n), np.float32)
    offsets, scales = np.empty((outputs, windows), np.int32), np.empty((outputs, windows), np.float32)
    chosen = np.empty((4, outputs), np.int32), np.empty((4, outputs), np.float32)
    grad_weight[:] = 0
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        of_example[:] = 0
        for t in range(num_steps):
            _spread(compared[t] if compared.shape[0] else mem[t], channels, width, neurons.threshold, spikes)
            _find_winners(place[t, b], grad_out[t, b], row, offsets, scales)
            for output in range(outputs):
                for block in range(blocks):
                    add_scaled_patches(
                        of_example,
                        (output * blocks + block) * PATCH,
                        RUN,
                        spikes,
                        block * plane,
                        row,
                        offsets,
                        scales,
                        output * windows,
                        windows,
                    )
            _return(place[t, b], grad_out[t, b], weight, row, chosen, received)
            _gather(received, channels, width, grad_spk[t])
        fires = compared if compared.shape[0] else mem
        scan_backward(fires, grad_spk, nothing, inside, neurons, grad_current)
        for t in range(current.shape[0]):
            grad[t, b] = grad_current[t]
        _add_flat(grad_weight, of_example)


@kernel
def _margin_before(pixel: int, width: int) -> int:
    """Return where the patch around a pixel begins in an image with a margin."""
    return (pixel // width * (width + 2) + pixel % width) * CHANNELS


@kernel
def _fill(image: Any, bias: Any) -> None:
    for start in range(0, image.shape[0], CHANNELS):
        for i in range(CHANNELS):
            image[start + i] = bias[i]


@kernel
def _spread(compared: Any, channels: int, width: int, threshold: np.float32, spikes: Any) -> None:
    """Write spikes as numbers into an image with a margin, block after block of channels."""
    pixels = compared.shape[0] // channels
    plane = (pixels // width + 2) * (width + 2) * CHANNELS
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            source = compared[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = first // CHANNELS * plane + _margin_before(pixel, width) + (width + 3) * CHANNELS
            into = spikes[at : at + source.shape[0]]
            for i in range(into.shape[0]):
                into[i] = np.float32(1) if source[i] > threshold else np.float32(0)


@kernel
def _gather(received: Any, channels: int, width: int, grad_spk: Any) -> None:
    """Copy what `_spread` would write, the other way round."""
    pixels = grad_spk.shape[0] // channels
    plane = (pixels // width + 2) * (width + 2) * CHANNELS
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            into = grad_spk[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = first // CHANNELS * plane + _margin_before(pixel, width) + (width + 3) * CHANNELS
            source = received[at : at + into.shape[0]]
            for i in range(into.shape[0]):
                into[i] = source[i]


@kernel
def _find_winners(place: Any, grad_out: Any, row: int, offsets: Any, scales: Any) -> None:
    """For each output, list where the patches of the inputs that won begin, and the gradients that they get."""
    height, width, outputs = grad_out.shape
    for i in range(height):
        for j in range(width):
            at, window = np.int32(2 * i * row + 2 * j * CHANNELS), i * width + j
            for output in range(outputs):
                winner = np.int32(place[i, j, output])
                offsets[output, window] = at + (winner >> 1) * np.int32(row) + (winner & 1) * np.int32(CHANNELS)
                scales[output, window] = grad_out[i, j, output]


@kernel
def _return(place: Any, grad_out: Any, weight: Any, row: int, chosen: Any, received: Any) -> None:
    """Compute the gradient of an image of spikes, with a margin."""
    height, width, outputs = grad_out.shape
    blocks = weight.shape[1]
    plane = received.shape[0] // blocks
    offsets, scales = chosen
    received[:] = 0
    counts = np.empty(4, np.int64)
    # Half of the weights at a time stay in the core's nearest cache.
    for start in range(0, outputs, CHANNELS):
        for i in range(height):
            for j in range(width):
                counts[:] = 0
                for output in range(start, min(outputs, start + CHANNELS)):
                    winner = place[i, j, output]
                    k = counts[winner]
                    offsets[winner, k] = output * blocks * PATCH
                    scales[winner, k] = grad_out[i, j, output]
                    counts[winner] = k + 1
                for winner in range(4):
                    at = (2 * i + winner // 2) * row + (2 * j + winner % 2) * CHANNELS
                    for block in range(blocks):
                        add_scaled_patches(
                            received,
                            block * plane + at,
                            row,
                            weight,
                            block * PATCH,
                            RUN,
                            offsets,
                            scales,
                            winner * outputs,
                            counts[winner],
                        )


@kernel
def _add_flat(total: Any, more: Any) -> None:
    flat = total.reshape(-1)
    for i in range(more.shape[0]):
        flat[i] += more[i]
