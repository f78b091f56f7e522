"""A 3x3 convolution of spikes with 2x2 max pooling, and its gradients, without a dense image of products.

Forward, each spike adds a patch of weights to the image of currents. Backward, three quarters of a pooled gradient are
0: each of the others takes a patch of spikes to the gradient of the weights, and a patch of weights to that of the
spikes. Membranes are those of `leaky`; they are computed again on the way back, which takes less time than to keep
them. Sums have an order of their own, the same for an example whatever else is in its batch.

Images lie with their channels last, those of the currents and the spikes in blocks of 32 and with a margin of a pixel.
"""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, live, scan_backward
from privsearch.models.kernels.spikes import list_row, neurons_at_work
from privsearch.models.kernels.vectors import (
    CHANNELS,
    RUN,
    add_patch,
    add_scaled_patches,
    aligned,
    pool_channels,
    subtract_patch,
)

BUILT_ON: Final = "e46d80429cdead7a"
"""The version of the kernels' files that this one imports (see `compiled`)."""
PATCH: Final = 3 * RUN
"""The numbers of a patch."""
PAGE: Final = 1024
"""The numbers of a page of memory."""


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
    row = _row(width)
    plane = (height + 2) * row
    image, at_rest = aligned(plane), aligned(2 * patches.shape[0] * plane)
    places = _places(height, width, row)
    _lay_bases(patches, bias, places, row, at_rest)
    mem = aligned(num_steps * n).reshape((num_steps, n))
    compared, inside = neurons_at_work(num_steps, n, neurons)
    listed = np.empty(n, np.int32)
    # Where each neuron's patch begins in an image, and where its weights do.
    around, weights = np.repeat(places, channels), np.empty(n, np.int32)
    for neuron in range(n):
        weights[neuron] = neuron % channels * PATCH
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        for t in range(num_steps):
            fires = compared[t] if compared.shape[0] else mem[t]
            count, are_silent = list_row(fires, neurons.threshold, listed, 0)
            for block in range(patches.shape[0]):
                first, base = block * (channels + 1) * PATCH, (2 * block + are_silent) * plane
                image[:] = at_rest[base : base + plane]
                for neuron in listed[:count]:
                    if are_silent:
                        subtract_patch(image, around[neuron], row, patches, first + weights[neuron])
                    else:
                        add_patch(image, around[neuron], row, patches, first + weights[neuron])
                into = ((t * batch + b) * out_height * out_width) * outputs + block * CHANNELS
                for window in range(out_height * out_width):
                    at = (2 * (window // out_width) + 1) * row + (2 * (window % out_width) + 1) * CHANNELS
                    pool_channels(image, at, row, out, into + window * outputs, place)


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
    row = _row(width)
    plane, insides = (height + 2) * row, _places(height, width, row) + np.int32(row + CHANNELS)
    spikes, received = aligned(blocks * plane), aligned(blocks * plane)
    spikes[:] = 0
    of_example = aligned(weight.size)
    mem, grad_spk = aligned(num_steps * n).reshape((num_steps, n)), aligned(num_steps * n).reshape((num_steps, n))
    grad_current = np.empty((current.shape[0], n), np.float32)
    compared, inside = neurons_at_work(num_steps, n, neurons)
    nothing = np.empty((0, n), np.float32)
    offsets, scales = np.empty((outputs, windows), np.int32), np.empty((outputs, windows), np.float32)
    groups = -(-outputs // CHANNELS)
    weights = np.empty((groups, windows, 4, CHANNELS), np.int32)
    factors = np.empty((groups, windows, 4, CHANNELS), np.float32)
    counts = np.empty((groups, windows, 4), np.int64)
    grad_weight[:] = 0
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        of_example[:] = 0
        for t in range(num_steps):
            _spread(compared[t] if compared.shape[0] else mem[t], insides, plane, neurons.threshold, spikes)
            _find_winners(place[t, b], grad_out[t, b], row, blocks * PATCH, offsets, scales, weights, factors, counts)
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
            _return(weight, out_width, row, weights, factors, counts, received)
            _gather(received, insides, plane, grad_spk[t])
        fires = compared if compared.shape[0] else mem
        scan_backward(fires, grad_spk, nothing, inside, neurons, grad_current)
        for t in range(current.shape[0]):
            grad[t, b] = grad_current[t]
        _add_flat(grad_weight, of_example)


@kernel
def _row(width: int) -> int:
    """Return the distance from one row of an image with a margin to the next.

    Rows of a patch must not lie whole pages apart: a processor that has written the one would wait to read the other.
    """
    row = (width + 2) * CHANNELS
    while not (RUN <= row % PAGE <= PAGE - RUN and RUN <= 2 * row % PAGE <= PAGE - RUN):
        row += CHANNELS
    return row


@kernel
def _places(height: int, width: int, row: int) -> Any:
    """Return where the patch around each pixel begins in an image with a margin, whose rows are `row` apart."""
    places = np.empty(height * width, np.int32)
    for pixel in range(height * width):
        places[pixel] = pixel // width * row + pixel % width * CHANNELS
    return places


@kernel
def _lay_bases(patches: Any, bias: Any, places: Any, row: int, images: Any) -> None:
    """Write, for each block, the image of currents if no neuron fires, and if all do."""
    blocks, kinds, _ = patches.shape
    plane = images.shape[0] // (2 * blocks)
    for block in range(blocks):
        for of_all in range(2):
            image = images[(2 * block + of_all) * plane : (2 * block + of_all + 1) * plane]
            for place in range(0, plane, CHANNELS):
                image[place : place + CHANNELS] = bias[block * CHANNELS : (block + 1) * CHANNELS]
            if of_all:
                for place in places:
                    add_patch(image, place, row, patches, (block * kinds + kinds - 1) * PATCH)


@kernel
def _spread(compared: Any, insides: Any, plane: int, threshold: np.float32, spikes: Any) -> None:
    """Write spikes as numbers to the places of their pixels, block after block of channels, `plane` apart."""
    pixels = insides.shape[0]
    channels = compared.shape[0] // pixels
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            source = compared[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = first // CHANNELS * plane + insides[pixel]
            into = spikes[at : at + source.shape[0]]
            for i in range(into.shape[0]):
                into[i] = np.float32(1) if source[i] > threshold else np.float32(0)


@kernel
def _gather(received: Any, insides: Any, plane: int, grad_spk: Any) -> None:
    """Copy from where `_spread` writes to."""
    pixels = insides.shape[0]
    channels = grad_spk.shape[0] // pixels
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            into = grad_spk[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = first // CHANNELS * plane + insides[pixel]
            source = received[at : at + into.shape[0]]
            for i in range(into.shape[0]):
                into[i] = source[i]


@kernel
def _find_winners(  # noqa: PLR0913, PLR0917  # arrays to read, and arrays to write
    place: Any,
    grad_out: Any,
    row: int,
    step: int,
    offsets: Any,
    scales: Any,
    weights: Any,
    factors: Any,
    counts: Any,
) -> None:
    """List the inputs that won, and the gradients that they get, by output and by window.

    Args:
        place: `(height, width, outputs)`, the winners.
        grad_out: `(height, width, outputs)`.
        row: the distance from one row of an image with a margin to the next.
        step: the distance from the weights of one output to those of the next.
        offsets: `(outputs, windows)`, written: where the patch of the winner begins in such an image.
        scales: `(outputs, windows)`, written: its gradient.
        weights: `(groups, windows, 4, 32)`, written: for 32 outputs, by winner, where their weights begin.
        factors: `(groups, windows, 4, 32)`, written: their gradients.
        counts: `(groups, windows, 4)`, written: their numbers.
    """
    height, width, outputs = grad_out.shape
    for i in range(height):
        for j in range(width):
            window, at = i * width + j, 2 * i * row + 2 * j * CHANNELS
            for output in range(outputs):
                winner = np.int64(place[i, j, output])
                offsets[output, window] = at + (winner >> 1) * row + (winner & 1) * CHANNELS
                scales[output, window] = grad_out[i, j, output]
            for group in range(counts.shape[0]):
                # Four counts in one number, which stays in a register.
                numbers = np.int64(0)
                for output in range(group * CHANNELS, min(outputs, (group + 1) * CHANNELS)):
                    kind = np.int64(place[i, j, output])
                    k = numbers >> (16 * kind) & 0xFFFF
                    numbers += np.int64(1) << (16 * kind)
                    weights[group, window, kind, k] = output * step
                    factors[group, window, kind, k] = grad_out[i, j, output]
                for which in range(4):
                    counts[group, window, which] = numbers >> (16 * which) & 0xFFFF


@kernel
def _return(  # noqa: PLR0913, PLR0917  # what another has written
    weight: Any, width: int, row: int, weights: Any, factors: Any, counts: Any, received: Any
) -> None:
    """Compute the gradient of an image of spikes, with a margin, from what `_find_winners` wrote.

    Args:
        weight: the argument of `convolve_spikes_backward`.
        width: the windows of a row.
        row: the distance from one row of the image to the next.
        weights: as `_find_winners` wrote them.
        factors: likewise.
        counts: likewise.
        received: `(blocks * plane,)`, written.
    """
    blocks = weight.shape[1]
    plane = received.shape[0] // blocks
    groups, windows, _ = counts.shape
    received[:] = 0
    # The weights of one group at a time stay in the core's nearest cache.
    for group in range(groups):
        for window in range(windows):
            for winner in range(4):
                at = (2 * (window // width) + winner // 2) * row + (2 * (window % width) + winner % 2) * CHANNELS
                first = ((group * windows + window) * 4 + winner) * CHANNELS
                for block in range(blocks):
                    add_scaled_patches(
                        received,
                        block * plane + at,
                        row,
                        weight,
                        block * PATCH,
                        RUN,
                        weights,
                        factors,
                        first,
                        counts[group, window, winner],
                    )


@kernel
def _add_flat(total: Any, more: Any) -> None:
    flat = total.reshape(-1)
    for i in range(more.shape[0]):
        flat[i] += more[i]
