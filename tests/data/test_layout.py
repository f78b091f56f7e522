from typing import Any

import numpy as np
import pytest

from privsearch.data.layout import SCALED, as_images, scale_warnings
from privsearch.errors import DataError

RNG = np.random.default_rng(0)


def first(x: np.ndarray, test_x: np.ndarray | None = None, layout: Any = None) -> np.ndarray:
    """The images as they are read."""
    return as_images(x, test_x, layout, "here").x


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8, 13, 31])
def test_square_images_with_their_channels_last_are_put_in_order(channels: int) -> None:
    """With transparency, or from a satellite: every pixel is where it was, and every channel whole."""
    x = RNG.random((5, 32, 32, channels), dtype=np.float32)
    np.testing.assert_array_equal(first(x), np.moveaxis(x, 3, 1), strict=True)
    np.testing.assert_array_equal(first(np.moveaxis(x, 3, 1)), np.moveaxis(x, 3, 1), strict=True)


@pytest.mark.parametrize("shape", [(7, 5, 6), (5, 6, 4), (8, 8, 8), (8, 8, 64)])
def test_a_shape_that_may_be_read_in_two_ways_is_refused(shape: tuple[int, ...]) -> None:
    """With the line that mends it, either way."""
    x = RNG.random((5, *shape), dtype=np.float32)
    with pytest.raises(
        DataError, match=r"here: it must be clear .* Add layout: channels_first, or layout: channels_la"
    ):
        first(x)
    np.testing.assert_array_equal(first(x, layout="channels_first"), x)
    np.testing.assert_array_equal(first(x, layout="channels_last"), np.moveaxis(x, 3, 1))


def test_bytes_are_scaled_unless_they_are_0_and_1() -> None:
    """0-255 becomes [0, 1] when it is used; a mask is that already. Both splits are taken alike."""
    mask, shades = (RNG.integers(most, size=(9, 6, 6)).astype(np.uint8) for most in (2, 256))
    read = as_images(mask, None, None, "here")
    assert (read.x.dtype, read.preprocessing) == (np.float32, None)
    for x, test_x in ((shades, None), (mask, shades)):
        read = as_images(x, test_x, None, "here")
        np.testing.assert_array_equal(read.x[:, 0], x, strict=True)
        assert read.preprocessing == SCALED
    np.testing.assert_array_equal(first(shades.astype(int))[:, 0], shades.astype(np.float32), strict=True)


@pytest.mark.parametrize("x", [RNG.integers(256, size=(9, 6, 6)).astype(np.uint8), np.ones((9, 3, 6, 6), np.float32)])
def test_what_is_in_order_is_not_copied(x: np.ndarray) -> None:
    """A large array, or one that is mapped from a file, is there once."""
    assert np.shares_memory(first(x), x)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (RNG.integers(2, size=(9, 6, 6)).astype(np.uint8), None),
        (RNG.integers(256, size=(9, 6, 6)).astype(np.uint8), None),
        (RNG.random((9, 6, 6)), None),
        (RNG.normal(size=(9, 6, 6)), None),
        (np.full((9, 6, 6), 16, dtype=np.uint8), "no value is above 16"),
        (np.full((9, 6, 6), 255.0, dtype=np.float32), "float32, whose values are not scaled, and reach 255"),
        (np.full((9, 6, 6), -1024, dtype=np.int16), "int16, whose values are not scaled, and reach 1024"),
    ],
)
def test_values_that_a_network_does_not_learn_well_from_are_told(images: np.ndarray, told: str | None) -> None:
    """Almost black, or far beyond 1."""
    warnings = scale_warnings(images, images)
    assert warnings == [] if told is None else told in warnings[0]
