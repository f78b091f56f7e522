"""Image files turned into arrays of 8 bits a channel, whoever made them."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jaxtyping import UInt8

from privsearch._util.npz import MAX_BYTES
from privsearch.errors import DataError
from privsearch.spec.dataset_fields import Colour

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS: Final = 2**26
"""The most pixels of one image: a few kilobytes can unpack to more than any memory."""

_FORMATS: Final = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_MODES: Final = {
    **dict.fromkeys(("1", "L"), "L"),
    **dict.fromkeys(("RGB", "P", "CMYK", "YCbCr"), "RGB"),
    **dict.fromkeys(("RGBA", "LA", "PA", "RGBa", "La"), "RGBA"),
}
"""What an image of a mode, in Pillow's terms, is read as, if all are alike. Modes of more than 8 bits have no entry."""

_CHANNELS: Final = {"L": 1, "RGB": 3, "RGBA": 4}
_SHOWN: Final = {"L": "grey", "RGB": "colour", "RGBA": "colour with transparency"}
_THREADS: Final = 4
_TURNED: Final = (5, 6, 7, 8)
"""The orientations, in a camera's notes, at which height and width change places."""


@dataclass(frozen=True)
class _Header:
    """What an image's file says before it is unpacked: its mode, one of `_CHANNELS`, and its size as it is seen."""

    mode: str
    height: int
    width: int


def read_pictures(
    parts: Sequence[Sequence[Path]], size: tuple[int, int] | None, colour: Colour
) -> list[UInt8[np.ndarray, "n channels height width"]]:
    """Read image files of one size and one kind.

    Images are turned as their camera noted. Those of another size than `size` are resized to it by Pillow's bilinear
    filter, which is antialiased where it shrinks, without regard to their proportions.

    Args:
        parts: the files, in several sequences that become an array each.
        size: the height and width that all images get; None if all have one already.
        colour: `grey` for one channel, by Pillow's weights of 0.299, 0.587 and 0.114, or `rgb` for three. None if all
            are of one kind: one channel, three, or four with transparency.

    Raises:
        DataError: a file is damaged, too large, transparent where `colour` is given, or unlike the others.
    """
    files = [file for part in parts for file in part]
    headers = _in_threads(_header, files)
    mode = {"grey": "L", "rgb": "RGB", None: None}[colour] or _one_mode(files, headers)
    height, width = size or _one_size(files, headers)
    needed = len(files) * height * width * _CHANNELS[mode]
    if needed > MAX_BYTES:
        raise DataError(
            f"{files[0].parent}: all images together must have at most {MAX_BYTES:,} bytes, but {len(files):,} of "
            f"{height} x {width} have {needed:,}. Give a smaller size, such as size: 32."
        )
    arrays = []
    for part in parts:
        array = np.empty((len(part), _CHANNELS[mode], height, width), np.uint8)
        _in_threads(_read, part, array, repeat(mode), repeat((height, width)))
        arrays.append(array)
    return arrays


def _in_threads(function: Callable[..., Any], *arguments: Any) -> list[Any]:
    # Pillow lets go of the interpreter while it unpacks. Its warnings are of sizes that are refused here, and of odd
    # notes in a file.
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore")
        return list(pool.map(function, *arguments))


@contextmanager
def _opened(path: Path) -> "Iterator[Image]":
    """Open an image whose header is sound; whatever is wrong with it is one kind of error."""
    from PIL import Image  # not needed for data that are no images

    try:
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DataError(
                    f"{path}: an image must have at most {MAX_PIXELS:,} pixels, but claims {width} x {height}. Make it "
                    "smaller, or take it out of the folder."
                )
            # A photograph may have a preview behind it; other images of several are films.
            if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                raise DataError(f"{path}: a file must hold one image, but holds several. Write one, or take it out.")
            yield image
    except DataError:
        raise
    # Pillow's readers raise whatever a hostile file makes them.
    except Exception as error:
        raise DataError(
            f"{path}: this must be a readable image ({', '.join(_FORMATS)}), but: "
            f"{' '.join(str(error).split()) or type(error).__name__}. Write it again, or take it out of the folder."
        ) from error


def _header(path: Path) -> _Header:
    with _opened(path) as image:
        if image.mode not in _MODES:
            raise DataError(
                f"{path}: an image must have 8 bits a channel, but is of Pillow's mode {image.mode}. Convert it, or "
                "give the images as an array."
            )
        mode = "RGBA" if "transparency" in image.info else _MODES[image.mode]
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return _Header(mode, height, width)


_ORIENTATION: Final = 0x0112
"""The number under which a camera notes how it was held."""


def _read(path: Path, place: UInt8[np.ndarray, "channels height width"], mode: str, size: tuple[int, int]) -> None:
    from PIL import Image, ImageOps

    with _opened(path) as stored:
        is_transparent = _MODES[stored.mode] == "RGBA" or "transparency" in stored.info
        image = ImageOps.exif_transpose(stored)
        if is_transparent and mode != "RGBA":
            image = image.convert("RGBA")
            if image.getchannel("A").getextrema() != (255, 255):
                raise DataError(
                    f"{path}: where colour is given, every image must be opaque, but this one is transparent in "
                    "places. Lay it on a background, or leave colour out."
                )
        if stored.mode == "P" and mode == "L":
            image = image.convert("RGB")
        image = image.convert(mode)
        height, width = size
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        place[...] = np.moveaxis(np.asarray(image).reshape(height, width, -1), 2, 0)


def _one_mode(files: Sequence[Path], headers: Sequence[_Header]) -> str:
    first = {header.mode: file for file, header in zip(reversed(files), reversed(headers), strict=True)}
    if len(first) > 1:
        one, other = list(first.items())[:2]
        raise DataError(
            f"{files[0].parent.parent}: all images must be of one kind, but {one[1]} is {_SHOWN[one[0]]} and "
            f"{other[1]} is {_SHOWN[other[0]]}. Add to this dataset's entry\n    colour: grey\n  or\n    colour: rgb"
        )
    return headers[0].mode


def _one_size(files: Sequence[Path], headers: Sequence[_Header]) -> tuple[int, int]:
    sizes = [(header.height, header.width) for header in headers]
    for file, size in zip(files, sizes, strict=True):
        if size != sizes[0]:
            height, width = max(sorted(set(sizes)), key=sizes.count)
            raise DataError(
                f"{files[0].parent.parent}: all images must have one size, but {files[0]} has {sizes[0][0]} x "
                f"{sizes[0][1]} and {file} {size[0]} x {size[1]} (height x width). Add to this dataset's entry\n"
                f"    size: [{height}, {width}]\n  or another size, to which all others are then resized."
            )
    return sizes[0]
