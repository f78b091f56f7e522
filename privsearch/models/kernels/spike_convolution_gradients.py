"""The gradients of a 3x3 convolution of spikes with 2x2 max pooling.

Three quarters of a pooled gradient are 0: each of the others takes a patch of weights to the gradient of the spikes.
To the gradient of the weights, each spike takes a patch of the gradient; where too many neurons fire for that to pay,
each number of the pooled gradient takes a patch of spikes. Which of the two it is depends on the spikes alone.
Membranes are computed again, which takes less time than to keep them.

Images lie as in `spike_convolution`.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from privsearch.models.kernels.compiled import kernel
from privsearch.models.kernels.leaky import Neurons, copy, live, scan_backward
from privsearch.models.kernels.patches import (
    CHANNELS,
    PATCH,
    add_chosen_patches,
    add_patches,
    add_winning_patches,
    has_won,
    unpool_channels,
)
from privsearch.models.kernels.spike_convolution import places_of, row_of
from privsearch.models.kernels.spikes import list_row, neurons_at_work
from privsearch.models.kernels.vectors import aligned

BUILT_ON: Final = "6a4ffcf5c10aecfa"
"""The version of the kernels' files that this one imports (see `compiled`)."""
MOST_LISTED: Final = 0.2
"""The share of neurons that may be listed; with more, the pooled gradient has fewer numbers than there are lists."""


class Images(NamedTuple):
    """Where the pixels of images with a margin lie.

    Attributes:
        row: the distance from one row to the next.
        plane: the numbers of an image of 32 channels.
        around: `(height * width,)`, where the patch around each pixel begins.
        of_neuron: `(height * width * channels,)`, where the patch around each neuron's pixel begins.
        channel: `(height * width * channels,)`, each neuron's channel.
        windows: `(height // 2 * width // 2,)`, where the patch around the first pixel of each window begins.
    """

    row: int
    plane: int
    around: Any
    of_neuron: Any
    channel: Any
    windows: Any


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
    grad_patches: Any,
) -> None:
    """Compute the gradients of `convolve_spikes`.

    That of the weights is the sum of `grad_weight`, from steps with many spikes, and `grad_patches`, from the others.

    Args:
        current: the argument of `convolve_spikes`.
        neurons: the argument of `convolve_spikes`.
        image: the height and the width of the image of spikes.
        weight: `(outputs, blocks, 288)`: the weights of an output for a block of 32 channels, in reading order; 0 for
            channels that there are not.
        place: `(num_steps, batch, height // 2, width // 2, groups * 32)`, as `convolve_spikes` wrote it.
        grad_out: the gradient of its outputs, in the same shape.
        grad: the gradient of `current`, in its shape; written.
        grad_weight: a gradient of `weight`, in its shape; written.
        grad_patches: `(groups, channels, 288)`, a gradient of the `patches` of `convolve_spikes`; written.
    """
    num_steps, batch = grad_out.shape[:2]
    n, outputs, blocks = current.shape[2], weight.shape[0], weight.shape[1]
    groups, channels = grad_patches.shape[0], grad_patches.shape[1]
    images = _images(image[0], image[1], channels)
    spikes, received = aligned(blocks * images.plane), aligned(blocks * images.plane)
    given = aligned(groups * images.plane)
    spikes[:] = 0
    given[:] = 0
    of_example, patches_of_example = aligned(weight.size), aligned(groups * (channels + 1) * PATCH)
    mem, grad_spk = aligned(num_steps * n).reshape((num_steps, n)), aligned(num_steps * n).reshape((num_steps, n))
    grad_current = np.empty((current.shape[0], n), np.float32)
    compared, inside = neurons_at_work(num_steps, n, neurons)
    nothing = np.empty((0, n), np.float32)
    listed, offsets, first_of = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(channels + 1, np.int64)
    most = int(MOST_LISTED * n)
    grad_weight[:] = 0
    grad_patches[:] = 0
    for b in range(batch):
        live(current, b, neurons, mem, compared, inside)
        fires = compared if compared.shape[0] else mem
        of_example[:] = 0
        patches_of_example[:] = 0
        for t in range(num_steps):
            count, are_silent = list_row(fires[t], neurons.threshold, listed, 0)
            if count <= most:
                _unpool(place[t, b], grad_out[t, b], are_silent, images, given)
                _by_channel(listed[:count], images, offsets, first_of)
                _add_spikes(given, are_silent, images, offsets, first_of, patches_of_example)
            else:
                _spread(fires[t], images, neurons.threshold, spikes)
                _add_winners(spikes, place[t, b], grad_out[t, b], images, outputs, of_example)
            _return(weight, place[t, b], grad_out[t, b], images, received)
            _gather(received, images, grad_spk[t])
        scan_backward(fires, grad_spk, nothing, inside, neurons, grad_current)
        for t in range(current.shape[0]):
            copy(grad_current[t], grad[t, b])
        _add_flat(grad_weight, of_example)
        _add_patches(grad_patches, patches_of_example)


@kernel
def _images(height: int, width: int, channels: int) -> Images:
    row = row_of(width)
    around = places_of(height, width, row)
    channel = np.empty(height * width * channels, np.int32)
    for neuron in range(channel.shape[0]):
        channel[neuron] = neuron % channels
    windows = np.empty((height // 2) * (width // 2), np.int32)
    for window in range(windows.shape[0]):
        windows[window] = 2 * (window // (width // 2)) * row + 2 * (window % (width // 2)) * CHANNELS
    return Images(row, (height + 2) * row, around, np.repeat(around, channels), channel, windows)


@kernel
def _unpool(place: Any, grad_out: Any, changes_sign: bool, images: Images, given: Any) -> None:
    """Write the gradient of an image of currents from that of its largest, with the other sign if asked for.

    Args:
        place: `(height, width, groups * 32)`, the winners.
        grad_out: the gradient, in the same shape.
        changes_sign: True for the other sign.
        images: where pixels lie.
        given: `(groups * plane,)`, written.
    """
    outputs = grad_out.shape[2]
    for group in range(outputs // CHANNELS):
        for window in range(images.windows.shape[0]):
            at = group * images.plane + images.windows[window] + images.row + CHANNELS
            unpool_channels(given, at, images.row, grad_out, window * outputs + group * CHANNELS, place)
    if changes_sign:
        for i in range(given.shape[0]):
            given[i] = -given[i]


@kernel
def _by_channel(listed: Any, images: Images, offsets: Any, first_of: Any) -> None:
    """Sort neurons by their channel.

    Args:
        listed: the neurons.
        images: where pixels lie.
        offsets: written: where the patch around each one's pixel begins, channel after channel.
        first_of: `(channels + 1,)`, written: where each channel begins, and the last one ends.
    """
    channels = first_of.shape[0] - 1
    first_of[:] = 0
    for neuron in listed:
        first_of[images.channel[neuron]] += 1
    end = 0
    for channel in range(channels):
        end += first_of[channel]
        first_of[channel] = end
    first_of[channels] = end
    # From the last on, so that each channel's place for the next is in the end its beginning.
    for k in range(listed.shape[0] - 1, -1, -1):
        channel = images.channel[listed[k]]
        first_of[channel] -= 1
        offsets[first_of[channel]] = images.of_neuron[listed[k]]


@kernel
def _add_spikes(given: Any, are_silent: bool, images: Images, offsets: Any, first_of: Any, patches: Any) -> None:
    """Add the patches of a gradient around the spikes of each channel; of silent neurons, around all pixels but theirs.

    Args:
        given: as `_unpool` wrote it, with the other sign if neurons are silent.
        are_silent: True if silent neurons are listed.
        images: where pixels lie.
        offsets: as `_by_channel` wrote it.
        first_of: likewise.
        patches: `(groups * (channels + 1) * 288,)`, added to; the last of a group is added to each of the others
            in the end.
    """
    channels = first_of.shape[0] - 1
    for group in range(given.shape[0] // images.plane):
        start, plane = group * (channels + 1) * PATCH, group * images.plane
        for channel in range(channels):
            first = first_of[channel]
            count = first_of[channel + 1] - first
            add_patches(patches, start + channel * PATCH, given, plane, images.row, offsets, first, count)
        if are_silent:
            everywhere = aligned(PATCH)
            everywhere[:] = 0
            add_patches(everywhere, 0, given, plane, images.row, images.around, 0, images.around.shape[0])
            of_all = patches[start + channels * PATCH : start + (channels + 1) * PATCH]
            for i in range(PATCH):
                of_all[i] -= everywhere[i]


@kernel
def _spread(compared: Any, images: Images, threshold: np.float32, spikes: Any) -> None:
    """Write spikes as numbers to the places of their pixels, block after block of channels."""
    pixels = images.around.shape[0]
    channels = compared.shape[0] // pixels
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            source = compared[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = _inside(first, pixel, images)
            into = spikes[at : at + source.shape[0]]
            for i in range(into.shape[0]):
                into[i] = np.float32(1) if source[i] > threshold else np.float32(0)


@kernel
def _gather(received: Any, images: Images, grad_spk: Any) -> None:
    """Copy from where `_spread` writes to."""
    pixels = images.around.shape[0]
    channels = grad_spk.shape[0] // pixels
    for first in range(0, channels, CHANNELS):
        for pixel in range(pixels):
            into = grad_spk[pixel * channels + first : pixel * channels + min(channels, first + CHANNELS)]
            at = _inside(first, pixel, images)
            source = received[at : at + into.shape[0]]
            for i in range(into.shape[0]):
                into[i] = source[i]


@kernel
def _inside(channel: int, pixel: int, images: Images) -> Any:
    """Return where the block of channels that begins with this one lies at a pixel."""
    return channel // CHANNELS * images.plane + images.around[pixel] + images.row + CHANNELS


@kernel
def _add_winners(spikes: Any, place: Any, grad_out: Any, images: Images, outputs: int, of_example: Any) -> None:
    """Add the patches of spikes around the winners of each output, times their gradients.

    Args:
        spikes: as `_spread` wrote it.
        place: `(height, width, groups * 32)`, the winners.
        grad_out: their gradients, in the same shape.
        images: where pixels lie.
        outputs: the number of outputs.
        of_example: `(outputs * blocks * 288,)`, added to.
    """
    blocks, apart = spikes.shape[0] // images.plane, place.shape[2]
    for output in range(outputs):
        for block in range(blocks):
            add_winning_patches(
                of_example,
                (output * blocks + block) * PATCH,
                spikes,
                block * images.plane,
                images.row,
                images.windows,
                place,
                output,
                apart,
                grad_out,
                output,
                apart,
            )


@kernel
def _return(weight: Any, place: Any, grad_out: Any, images: Images, received: Any) -> None:
    """Compute the gradient of an image of spikes.

    Args:
        weight: the argument of `convolve_spikes_backward`.
        place: `(height, width, groups * 32)`, the winners.
        grad_out: their gradients, in the same shape.
        images: where pixels lie.
        received: `(blocks * plane,)`, written.
    """
    outputs, blocks, _ = weight.shape
    apart, step = place.shape[2], blocks * PATCH
    received[:] = 0
    # The weights of one group at a time stay in the core's nearest cache.
    for first in range(0, outputs, CHANNELS):
        exist = (1 << min(CHANNELS, outputs - first)) - 1
        for window in range(images.windows.shape[0]):
            at = window * apart + first
            for which in range(4):
                won = has_won(place, at, which) & exist
                pixel = images.windows[window] + which // 2 * images.row + which % 2 * CHANNELS
                for block in range(blocks):
                    start = first * step + block * PATCH
                    around = block * images.plane + pixel
                    add_chosen_patches(received, around, images.row, weight, start, step, grad_out, at, won)


@kernel
def _add_patches(total: Any, more: Any) -> None:
    """Add what `_add_spikes` wrote to `(groups, channels, 288)`: of each channel, its own and what all have."""
    groups, channels, _ = total.shape
    of_groups = more.reshape((groups, channels + 1, PATCH))
    for group in range(groups):
        of_all = of_groups[group, channels]
        for channel in range(channels):
            for i in range(PATCH):
                total[group, channel, i] += of_groups[group, channel, i] + of_all[i]


@kernel
def _add_flat(total: Any, more: Any) -> None:
    flat = total.reshape(-1)
    for i in range(more.shape[0]):
        flat[i] += more[i]
