"""The functions on patches and windows, called from compiled code, against numpy."""

import numpy as np
import pytest
from numba import njit

from privsearch.models.kernels import patches
from privsearch.models.kernels.patches import CHANNELS, PATCH, RUN

RANDOM = np.random.default_rng(0)
WIDTH, ROW = 6, 6 * CHANNELS


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def patch_at(image: np.ndarray, offset: int) -> np.ndarray:
    """The patch of an image that begins at a place."""
    row, column = divmod(offset, ROW)
    return image.reshape(-1, ROW)[row : row + 3, column : column + RUN]


def offsets(count: int, height: int) -> np.ndarray:
    """Where patches begin in an image of that height."""
    rows, columns = RANDOM.integers(0, height - 2, count), RANDOM.integers(0, WIDTH - 2, count)
    return (rows * ROW + columns * CHANNELS).astype(np.int32)


@pytest.mark.parametrize("sign", [1, -1])
def test_patches_are_added_and_taken_away(sign: int) -> None:
    """Three runs of an image change, each by its own run of the table."""
    image, table = floats(5, ROW), floats(2, 3, RUN)
    before, change = image.copy(), patches.add_patch if sign > 0 else patches.subtract_patch

    @njit
    def combine(image, table):  # type: ignore[no-untyped-def]
        change(image, ROW + CHANNELS, ROW, table, PATCH)

    combine(image, table)
    patch_at(before, ROW + CHANNELS)[:] += sign * table[1]
    assert (image == before).all()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_patches_of_an_image_are_added_up(count: int) -> None:
    """Those that are listed, and no other patch changes."""
    image, total, listed = floats(8, ROW), floats(3, 3, RUN), offsets(9, 7)
    before = total.copy()

    @njit
    def add(total, image, listed, count):  # type: ignore[no-untyped-def]
        patches.add_patches(total, PATCH, image, ROW, ROW, listed, 2, count)

    add(total, image, listed, count)
    before[1] += sum(patch_at(image, ROW + offset) for offset in listed[2 : 2 + count])
    assert total == pytest.approx(before, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_patches_around_winners_are_added_up(count: int) -> None:
    """Each window's winner is one of four pixels, and its factor that of the same channel."""
    image, total, windows = floats(10, ROW), floats(2, 3, RUN), offsets(count, 8)
    windows -= (windows // CHANNELS % WIDTH == WIDTH - 3) * np.int32(CHANNELS)
    winners, scales = RANDOM.integers(0, 4, (count + 1, 7)).astype(np.uint8), floats(count + 1, 5)
    before = total.copy()

    @njit
    def add(total, image, windows, winners, scales):  # type: ignore[no-untyped-def]
        patches.add_winning_patches(total, PATCH, image, ROW, ROW, windows, winners, 3, 7, scales, 4, 5)

    add(total, image, windows, winners, scales)
    for k in range(count):
        below, right = divmod(int(winners[k, 3]), 2)
        before[1] += scales[k, 4] * patch_at(image, ROW + windows[k] + below * ROW + right * CHANNELS)
    assert total == pytest.approx(before, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("chosen", [(), (0,), (31,), (1, 2, 17, 30), tuple(range(32))], ids=str)
def test_chosen_patches_are_added_up(chosen: tuple[int, ...]) -> None:
    """Each bit stands for a patch, the last one too."""
    image, table, scales = floats(5, ROW), floats(33, 2, 3, RUN), floats(40)
    before = image.copy()

    @njit
    def add(image, table, scales, bits):  # type: ignore[no-untyped-def]
        patches.add_chosen_patches(image, ROW + CHANNELS, ROW, table, PATCH, 2 * PATCH, scales, 3, bits)

    add(image, table, scales, sum(1 << k for k in chosen))
    patch_at(before, ROW + CHANNELS)[:] += sum(scales[3 + k] * table[k, 1] for k in chosen)
    assert image == pytest.approx(before, rel=1e-4, abs=1e-4)


def test_each_winner_has_its_bit() -> None:
    """The four pixels of a window share its channels out among themselves."""
    winners = RANDOM.integers(0, 4, 3 * CHANNELS).astype(np.uint8)

    @njit
    def bits(winners, which):  # type: ignore[no-untyped-def]
        return patches.has_won(winners, CHANNELS, which)

    for which in range(4):
        own = winners[CHANNELS : 2 * CHANNELS] == which
        assert bits(winners, which) == sum(1 << k for k in np.flatnonzero(own).tolist())


def test_pooling_takes_the_first_of_the_largest_and_every_nan() -> None:
    """As the pooling of dense images does."""
    values = np.array([1.0, 2.0, np.nan, 2.0], np.float32)
    image = RANDOM.choice(values, (2, 2, CHANNELS)).astype(np.float32)
    out, winners = np.zeros(CHANNELS, np.float32), np.zeros(CHANNELS, np.uint8)

    @njit
    def pool(image, out, winners):  # type: ignore[no-untyped-def]
        patches.pool_channels(image, 0, 2 * CHANNELS, out, 0, winners)

    pool(image, out, winners)
    for channel, four in enumerate(image.reshape(4, CHANNELS).T):
        winner = 0
        for place in range(1, 4):
            if four[place] > four[winner] or np.isnan(four[place]):
                winner = place
        assert winners[channel] == winner
        assert out[channel] == pytest.approx(four[winner], nan_ok=True)


def test_unpooling_gives_each_number_to_its_winner() -> None:
    """And 0 to the others, whatever was there; other pixels stay."""
    image, given = floats(3, ROW), floats(2, CHANNELS)
    winners = RANDOM.integers(0, 4, (2, CHANNELS)).astype(np.uint8)
    expected = image.copy()

    @njit
    def unpool(image, given, winners):  # type: ignore[no-untyped-def]
        patches.unpool_channels(image, ROW + CHANNELS, ROW, given, CHANNELS, winners)

    unpool(image, given, winners)
    window = expected.reshape(3, WIDTH, CHANNELS)[1:3, 1:3].reshape(4, CHANNELS)
    window = np.where(winners[1] == np.arange(4)[:, None], given[1], np.float32(0))
    expected.reshape(3, WIDTH, CHANNELS)[1:3, 1:3] = window.reshape(2, 2, CHANNELS)
    assert (image == expected).all()
