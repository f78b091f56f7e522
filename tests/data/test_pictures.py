import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from privsearch.data.pictures import read_pictures
from privsearch.errors import DataError

RNG = np.random.default_rng(0)
GREY = RNG.integers(256, size=(6, 5)).astype(np.uint8)
RGB = RNG.integers(256, size=(6, 5, 3)).astype(np.uint8)


def written(folder: Path, *images: Any, **options: Any) -> list[Path]:
    """Files of images, or of arrays as images."""
    paths = []
    for number, image in enumerate(images):
        paths.append(folder / f"{number}.png")
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(paths[-1], **options)
    return paths


def test_pixels_are_kept(tmp_path: Path) -> None:
    """Channels first, in 8 bits, in the order of the files, in as many arrays as asked for."""
    files = written(tmp_path, RGB, 255 - RGB, RGB // 2)
    train, test = read_pictures([files[:2], files[2:]], None, None)
    assert (train.shape, train.dtype) == ((2, 3, 6, 5), np.uint8)
    np.testing.assert_array_equal(train[1], np.moveaxis(255 - RGB, 2, 0))
    np.testing.assert_array_equal(test[0], np.moveaxis(RGB // 2, 2, 0))


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "ppm", "webp", "jpg"])
def test_formats(tmp_path: Path, ending: str) -> None:
    """Whatever the format, the image is there; JPEG blurs it."""
    flat = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    Image.fromarray(flat).save(tmp_path / f"x.{ending}", **({"lossless": True} if ending == "webp" else {}))
    (read,) = read_pictures([[tmp_path / f"x.{ending}"]], None, None)
    assert np.abs(read[0].astype(int) - np.moveaxis(flat, 2, 0)).max() <= (3 if ending == "jpg" else 0)


def test_one_bit_and_palettes(tmp_path: Path) -> None:
    """Black and white is grey of 0 and 255; a palette is its colours."""
    (mask,) = read_pictures([written(tmp_path, Image.fromarray(GREY > 99))], None, None)
    np.testing.assert_array_equal(mask[0, 0], np.where(GREY > 99, 255, 0))
    colours = Image.fromarray(RGB).quantize(16)
    (read,) = read_pictures([written(tmp_path, colours)], None, None)
    np.testing.assert_array_equal(read[0], np.moveaxis(np.asarray(colours.convert("RGB")), 2, 0))


def test_kinds_that_differ_are_refused_until_colour_says(tmp_path: Path) -> None:
    """With both files and both lines that mend it; grey as three equal channels is the same shades."""
    same = np.stack([GREY] * 3, axis=2)
    files = written(tmp_path, GREY, same)
    with pytest.raises(DataError) as caught:
        read_pictures([files], None, None)
    assert str(caught.value).endswith(
        f"all images must be of one kind, but {files[1]} is colour and {files[0]} is grey. Add to this dataset's "
        "entry\n    colour: grey\n  or\n    colour: rgb"
    )
    (grey,) = read_pictures([files], None, "grey")
    np.testing.assert_array_equal(grey, [[GREY], [GREY]])
    (rgb,) = read_pictures([files], None, "rgb")
    np.testing.assert_array_equal(rgb, [[GREY] * 3] * 2)


def test_transparency(tmp_path: Path) -> None:
    """It is a channel of its own where all have it; colour leaves it out of opaque images alone."""
    opaque = np.dstack([RGB, np.full((6, 5), 255, np.uint8)])
    files = written(tmp_path, opaque, opaque)
    (read,) = read_pictures([files], None, None)
    np.testing.assert_array_equal(read[0], np.moveaxis(opaque, 2, 0))
    (read,) = read_pictures([files], None, "rgb")
    np.testing.assert_array_equal(read[0], np.moveaxis(RGB, 2, 0))
    opaque[3, 3, 3] = 254
    files = written(tmp_path, opaque)
    with pytest.raises(DataError, match=r"0.png: where colour is given, every image must be opaque"):
        read_pictures([files], None, "rgb")


def test_sizes_that_differ_are_refused_until_size_says(tmp_path: Path) -> None:
    """With both files, and the size that most have; then all get it, by an antialiased bilinear filter."""
    large = np.kron(GREY, np.ones((2, 2), np.uint8))
    files = written(tmp_path, large, GREY, GREY)
    with pytest.raises(DataError, match=r"but .*0.png has 12 x 10 and .*1.png 6 x 5 .*\n    size: \[6, 5\]\n"):
        read_pictures([files], None, None)
    (read,) = read_pictures([files], (6, 5), None)
    np.testing.assert_array_equal(read[1, 0], GREY)
    expected = Image.fromarray(large).resize((5, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(read[0, 0], np.asarray(expected))
    stripes = written(tmp_path, np.tile(np.array([[0, 255]], np.uint8), (40, 20)))
    (read,) = read_pictures([stripes], (8, 8), None)
    assert np.abs(read.astype(int) - 127).max() < 20


def test_photographs_are_turned_as_the_camera_noted(tmp_path: Path) -> None:
    """An image is what people see of it, and so is its size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (read,) = read_pictures([written(tmp_path, GREY, exif=exif)], None, None)
    np.testing.assert_array_equal(read[0, 0], np.rot90(GREY, -1))


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to be this many pixels wide and high."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def png(image: Any, **options: Any) -> bytes:
    """An image's file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a readable image"),
        (b"hello", "must be a readable image"),
        (png(GREY)[:-30], "must be a readable image"),
        (png(GREY).replace(b"IDAT", b"IDAX"), "must be a readable image"),
        (bomb(10_000), "at most 67,108,864 pixels, but claims 10000 x 10000"),
        (bomb(100_000), "pixels"),
        (bomb(8000), "must be a readable image"),
        (png(GREY.astype(np.uint16) * 99), "8 bits a channel, but is of Pillow's mode I;16"),
        (png(GREY, save_all=True, append_images=[Image.fromarray(255 - GREY)]), "one image, but holds several"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "must be a readable image"),
    ],
    ids=["empty", "text", "cut", "no pixels", "large", "huge", "bomb", "16 bits", "film", "a program"],
)
def test_files_that_are_unfit_are_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    """Damaged, too large, or no image: before memory is taken, and whoever made them."""
    files = written(tmp_path, GREY)
    files.append(tmp_path / "odd.png")
    files[-1].write_bytes(content)
    with pytest.raises(DataError, match=f"odd.png: .*{message}"):
        read_pictures([files], (6, 5), None)


@given(data=st.data(), ending=st.sampled_from(["png", "jpeg", "bmp", "tiff", "ppm", "webp"]))
@settings(max_examples=60, deadline=None)
def test_a_damaged_image_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: Any, ending: str) -> None:
    """Whatever bytes change, nothing but a DataError with the file's name is raised."""
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, ending)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / f"x.{ending}"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    refused = ""
    try:
        read_pictures([[path]], (4, 4), "rgb")
    except DataError as error:
        refused = str(error)
    assert not refused or str(path) in refused
