from typing import Any

import numpy as np
import pytest

from privsearch.data.channels import fewer_channels
from privsearch.errors import DataError

RNG = np.random.default_rng(0)
GREY = RNG.random((5, 1, 6, 6))
RGB = RNG.random((5, 3, 6, 6))
OPAQUE = np.full((5, 1, 6, 6), 255.0)


def joined(*parts: np.ndarray) -> np.ndarray:
    """Images of the channels of all parts."""
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(
    ("images", "remedies"),
    [
        (GREY, []),
        (RGB, []),
        (joined(GREY, GREY, GREY), ["grey"]),
        (joined(RGB, OPAQUE), ["rgb"]),
        (joined(GREY, OPAQUE), ["grey"]),
        (joined(GREY, GREY, GREY, OPAQUE), ["grey", "grey"]),
        (joined(RGB, GREY), []),
        (joined(RGB, RGB), []),
    ],
)
def test_channels_that_tell_nothing_are_kept_and_told(images: np.ndarray, remedies: list[str]) -> None:
    """Each with the field that leaves it out, and the field does so without losing anything."""
    (kept,), told = fewer_channels([images], None, "here")
    assert kept.shape == images.shape
    assert [sentence.partition("colour: ")[2].split()[0] for sentence in told] == remedies
    for colour in remedies:
        (fewer,), told = fewer_channels([images], colour, "here")  # type: ignore[arg-type]
        np.testing.assert_array_equal(fewer, images[:, : 1 if colour == "grey" else 3])
        assert told == []


@pytest.mark.parametrize(
    ("images", "colour"), [(RGB, "grey"), (GREY, "rgb"), (joined(RGB, GREY), "rgb"), (joined(RGB, RGB), "grey")]
)
def test_no_channel_is_left_out_that_tells_something(images: np.ndarray, colour: Any) -> None:
    """Colours are no shade, and transparency that varies is part of the image."""
    with pytest.raises(DataError, match=f"here: colour: {colour} needs images of .* Leave colour out, or convert"):
        fewer_channels([images], colour, "here")


def test_one_pixel_of_either_split_is_enough() -> None:
    """A channel that differs in the last image of the test split tells something."""
    other = OPAQUE.copy()
    other[-1, 0, -1, -1] = 254
    parts = [joined(RGB, OPAQUE), joined(RGB, other)]
    assert fewer_channels(parts, None, "here")[1] == []
