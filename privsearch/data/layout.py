"""Arrays of images: their axes put in order where it is certain, and their values scaled."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Shaped, UInt8

from privsearch.data.channels import fewer_channels
from privsearch.data.precision import as_float32
from privsearch.data.raw import Preprocessing
from privsearch.errors import DataError
from privsearch.spec.dataset_fields import Colour, Layout

MIN_SIDE: Final = 4
"""The least side of an image: the ConvNet halves each side twice."""

_DARK: Final = 32
"""The greatest value of 8-bit images below which dividing by 255 leaves next to nothing of them."""

_BRIGHT: Final = 20.0
"""The absolute value from which on images that are not scaled are told."""


SCALED: Final = Preprocessing(mean=0.0, std=1.0)
"""The step from 8-bit images to a network's inputs: 0-255 becomes [0, 1]."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images with their channels first, as a `RawDataset` holds them.

    Attributes:
        x: `(n, channels, height, width)`.
        test_x: the data's own test split, likewise, or None.
        preprocessing: `SCALED` if the images stay in 8 bits until they are used; None if they are a network's inputs.
        warnings: sentences on what may not be meant.
    """

    x: Float32[np.ndarray, "n channels height width"] | UInt8[np.ndarray, "n channels height width"]
    test_x: Float32[np.ndarray, "m channels height width"] | UInt8[np.ndarray, "m channels height width"] | None
    preprocessing: Preprocessing | None
    warnings: tuple[str, ...]


def as_images(
    x: Shaped[np.ndarray, "n *shape"],
    test_x: Shaped[np.ndarray, "test_n *shape"] | None,
    layout: Layout,
    where: str,
    colour: Colour = None,
) -> Images:
    """Return images with their channels first, in 8 bits if they are to be scaled to [0, 1], else in 32.

    8-bit values are scaled unless they are 0 and 1 already. An array that has the right type and order is not copied.

    Args:
        x: `(n, height, width)`, or with the channels before or behind these.
        test_x: the data's own test split, likewise, or None.
        layout: where the channels are; None if the shape is to tell.
        where: the file and the array, for error messages.
        colour: the channels that are kept; None for all.

    Raises:
        DataError: the images are too small, the shape does not tell where the channels are, or `colour` does not fit.
    """
    order = _channel_axis(x.shape, layout, where)
    parts = [_ordered(part, order) for part in (x, test_x) if part is not None]
    height, width = parts[0].shape[2:]
    if min(height, width) < MIN_SIDE:
        raise DataError(
            f"{where}: images must be at least {MIN_SIDE} x {MIN_SIDE}, because the ConvNet halves each "
            f"side twice, but got {height} x {width} (height x width). Pad or enlarge them."
        )
    warnings = scale_warnings(x, test_x)
    parts, told = fewer_channels(parts, colour, where)
    is_scaled = is_of_bytes(x) and max(_most(x), _most(test_x)) > 1
    stored = [
        np.ascontiguousarray(part) if is_scaled or part.dtype == np.float32 else as_float32(part) for part in parts
    ]
    return Images(stored[0], stored[1] if len(stored) > 1 else None, SCALED if is_scaled else None, (*warnings, *told))


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
    values: Shaped[np.ndarray, "n *shape"], channels: int | None
) -> Shaped[np.ndarray, "n channels height width"]:
    return values[:, np.newaxis] if channels is None else np.moveaxis(values, channels, 1)
