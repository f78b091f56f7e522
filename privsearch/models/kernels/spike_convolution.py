"""A 3x3 convolution of spikes with 2x2 max pooling, without a dense image of products.

Each spike adds a patch of weights to the image of currents. Membranes are those of `leaky`. Sums have an order of their
own, the same for an example whatever else is in its batch.

Images lie with their channels last, those of the currents and the spikes in blocks of 32 and with a margin of a pixel.
"""

from typing import Any, Final

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, live
from privsearch.models.kernels.patches import CHANNELS, PATCH, RUN, add_patch, pool_channels, subtract_patch
from privsearch.models.kernels.spikes import list_row, neurons_at_work
from privsearch.models.kernels.vectors import aligned

BUILT_ON: Final = "ecb6130b04db0eda"
"""The version of the kernels' files that this one imports (see `compiled`)."""
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
    row = row_of(width)
    plane = (height + 2) * row
    image, at_rest = aligned(plane), aligned(2 * patches.shape[0] * plane)
    places = places_of(height, width, row)
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
def row_of(width: int) -> int:
    """Return the distance from one row of an image with a margin to the next.

    Rows of a patch must not lie whole pages apart: a processor that has written the one would wait to read the other.
    """
    row = (width + 2) * CHANNELS
    while not (RUN <= row % PAGE <= PAGE - RUN and RUN <= 2 * row % PAGE <= PAGE - RUN):
        row += CHANNELS
    return row


@kernel
def places_of(height: int, width: int, row: int) -> Any:
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
