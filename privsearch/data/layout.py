"""Arrays of images: their axes put in order where it is certain, and their values scaled."""

from typing import Final

import numpy as np
from jaxtyping import Float32, Shaped

from privsearch.data.precision import as_float32
from privsearch.errors import DataError
from privsearch.spec.datasets import Layout

MIN_SIDE: Final = 4
"""The least side of an image: the ConvNet halves each side twice."""

_DARK: Final = 32
"""The greatest value of 8-bit images below which dividing by 255 leaves next to nothing of them."""

_BRIGHT: Final = 20.0
"""The absolute value from which on images that are not scaled are told."""


def as_images(
    x: Shaped[np.ndarray, "n *shape"], test_x: Shaped[np.ndarray, "test_n *shape"] | None, layout: Layout, where: str
) -> tuple[Float32[np.ndarray, "n channels height width"], Float32[np.ndarray, "test_n channels height width"] | None]:
    """Return images with their channels first. 8-bit values are scaled to [0, 1], unless they are 0 and 1 already.

    Args:
        x: `(n, height, width)`, or with the channels before or behind these.
        test_x: the data's own test split, likewise, or None.
        layout: where the channels are; None if the shape is to tell.
        where: the file and the array, for error messages.

    Raises:
        DataError: the images are too small, or the shape does not tell where the channels are.
    """
    order = _channel_axis(x.shape, layout, where)
    is_scaled = is_of_bytes(x) and max(_most(x), _most(test_x)) > 1
    images = _ordered(x, order, is_scaled=is_scaled)
    if min(images.shape[2:]) < MIN_SIDE:
        raise DataError(
            f"{where}: images must be at least {MIN_SIDE} x {MIN_SIDE}, because the ConvNet halves each "
            f"side twice, but got {images.shape[2]} x {images.shape[3]} (height x width). Pad or enlarge them."
        )
    return images, None if test_x is None else _ordered(test_x, order, is_scaled=is_scaled)


def scale_warnings(x: Shaped[np.ndarray, "n *shape"], test_x: Shaped[np.ndarray, "test_n *shape"] | None) -> list[str]:
    """Return a sentence if the values of images, as they are stored, are not what a network learns well from."""
    most = max(_most(x), _most(test_x))
    if is_of_bytes(x):
        if not 1 < most < _DARK:
            return []
        return [
            f"The images are of type uint8 and no value is above {most:g}, so that 0-255 scaled to [0, 1] leaves them "
            "almost black. Divide them by their own maximum, and store them as float32."
        ]
    most = max(most, -_least(x), -_least(test_x))
    if most < _BRIGHT:
        return []
    return [
        f"The images are of type {x.dtype}, whose values are not scaled, and reach {most:g}. Networks learn best from "
        "about 0 to 1: store 0-255 as uint8, or divide."
    ]


def is_of_bytes(x: Shaped[np.ndarray, "n *shape"]) -> bool:
    """Tell whether values are 8-bit integers from 0 on, as images are stored."""
    return x.dtype == np.uint8


def _most(x: Shaped[np.ndarray, "n *shape"] | None) -> float:
    return -np.inf if x is None else float(x.max())


def _least(x: Shaped[np.ndarray, "n *shape"] | None) -> float:
    return np.inf if x is None else float(x.min())


def _channel_axis(shape: tuple[int, ...], layout: Layout, where: str) -> int | None:
    """Return the axis of the channels, 1 or 3; None if there is none."""
    if len(shape) == 3:
        return None
    if layout:
        return 1 if layout == "channels_first" else 3
    first, middle, last = shape[1:]
    # What would make images too small is no way to read them.
    may_be_first, may_be_last = min(middle, last) >= MIN_SIDE, min(first, middle) >= MIN_SIDE
    if may_be_first and may_be_last:
        # Images are square more often than not, and few have more channels than a side has pixels.
        may_be_first = middle == last != first
        may_be_last = first == middle and last < middle
        if may_be_first == may_be_last:
            raise DataError(
                f"{where}: it must be clear which axis holds the channels, but the shape {shape} may be (n, channels, "
                f"height, width) or (n, height, width, channels). Add layout: channels_first, or layout: "
                "channels_last, to this dataset in the sweep."
            )
    return 3 if may_be_last and not may_be_first else 1


def _ordered(
    values: Shaped[np.ndarray, "n *shape"], channels: int | None, *, is_scaled: bool
) -> Float32[np.ndarray, "n channels height width"]:
    numbers = as_float32(values)
    numbers = numbers / 255 if is_scaled else numbers
    if channels is None:
        return numbers[:, np.newaxis]
    return np.ascontiguousarray(np.moveaxis(numbers, channels, 1))
