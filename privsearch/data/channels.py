"""Channels of images that tell nothing, as of opaque or grey images: told, or left out if `colour` says so."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Shaped

from privsearch.errors import DataError
from privsearch.spec.dataset_fields import Colour

_BLOCK: Final = 2**24
"""The values that are compared at a time."""

_Images = Shaped[np.ndarray, "_ _ height width"]


def fewer_channels(parts: Sequence[_Images], colour: Colour, where: str) -> tuple[list[_Images], list[str]]:
    """Return images with the channels that `colour` asks for, and sentences on channels that tell nothing.

    Nothing is left out unless `colour` says so. `rgb` leaves out a constant fourth channel. `grey` keeps one of three
    equal channels, and leaves out a constant transparency behind one or three.

    Args:
        parts: images `(n, channels, height, width)`, of both splits if there are two.
        colour: `grey`, `rgb` or None.
        where: the file and the array, for the error message.

    Raises:
        DataError: what `colour` asks for would leave out something that differs.
    """
    channels = parts[0].shape[1]
    has_alpha = channels in (2, 4) and _is_constant(parts, channels - 1)
    colours = channels - has_alpha
    is_grey = colours == 1 or (colours == 3 and _are_equal(parts))
    if colour:
        wanted = 1 if colour == "grey" else 3
        if colours != wanted and not (colour == "grey" and is_grey):
            rule = (
                "one channel, or three that are equal in every pixel"
                if colour == "grey"
                else "three channels, or four of which the last is the same in every pixel"
            )
            raise DataError(
                f"{where}: colour: {colour} needs images of {rule}, so that nothing is lost, but these have {channels} "
                "others. Leave colour out, or convert the images yourself."
            )
        return [part[:, :wanted] for part in parts], []
    told = []
    if has_alpha:
        remedy = "grey" if is_grey else "rgb"
        told.append(
            f"The last of the {channels} channels is {parts[0][0, -1, 0, 0]:g} in every pixel, like "
            f"the transparency of opaque images, and tells a network nothing: colour: {remedy} leaves it out."
        )
    if is_grey and colours == 3:
        told.append("The three channels are equal in every pixel: the images are grey. colour: grey keeps one of them.")
    return list(parts), told


def _is_constant(parts: Sequence[_Images], channel: int) -> bool:
    value = parts[0][0, channel, 0, 0]
    return _throughout(parts, lambda images: images[:, channel] == value)


def _are_equal(parts: Sequence[_Images]) -> bool:
    return _throughout(parts, lambda images: images[:, :1] == images[:, 1:3])


def _throughout(parts: Sequence[_Images], holds: Callable[[_Images], Bool[np.ndarray, "..."]]) -> bool:
    """Tell whether something holds of all images; it is tried on one image first, as most often it does not hold."""
    for part in parts:
        step = max(1, _BLOCK // part[0].size)
        if not holds(part[:1]).all() or not all(
            holds(part[start : start + step]).all() for start in range(0, len(part), step)
        ):
            return False
    return True
