"""The functions that are written in LLVM's vectors, called from compiled code, against numpy."""

import numpy as np
import pytest
from numba import njit

from privsearch.models.kernels import vectors
from privsearch.models.kernels.vectors import CHANNELS, COLUMNS, RUN

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def test_scratch_is_aligned() -> None:
    """It starts at a multiple of 64 bytes, and is as long as asked for."""
    for size in (1, 15, 1000):
        given = vectors.aligned(size)
        assert given.ctypes.data % 64 == 0
        assert given.shape == (size,)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8])
def test_rows_are_added(count: int) -> None:
    """The rows that are listed, an even number or not, are added at their place and nowhere else."""
    table, total = floats(7, COLUMNS), floats(3, COLUMNS)
    index = RANDOM.integers(0, 6, 10).astype(np.int32)
    before = total.copy()

    @njit
    def add(total, table, index, count):  # type: ignore[no-untyped-def]
        vectors.add_rows(total, COLUMNS, table, COLUMNS, index, 2, count)

    add(total, table, index, count)
    expected = before[1] + table[1 + index[2 : 2 + count]].sum(0)
    assert total[1] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert (total[[0, 2]] == before[[0, 2]]).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_patches_are_added_and_taken_away(sign: int) -> None:
    """Three runs of an image change, each by its own run of the table."""
    image, table = floats(5, 4 * CHANNELS), floats(2, 3, RUN)
    before, change = image.copy(), vectors.add_patch if sign > 0 else vectors.subtract_patch

    @njit
    def combine(image, table):  # type: ignore[no-untyped-def]
        change(image, 4 * CHANNELS + CHANNELS, 4 * CHANNELS, table, 3 * RUN)

    combine(image, table)
    expected = before.copy()
    expected[1:4, CHANNELS : CHANNELS + RUN] += sign * table[1]
    assert (image == expected).all()


@pytest.mark.parametrize("count", [0, 1, 4])
def test_scaled_patches_are_added(count: int) -> None:
    """Each patch times its number."""
    image, total = floats(6, 5 * CHANNELS), floats(3, RUN)
    rows, columns = RANDOM.integers(0, 3, 6), RANDOM.integers(0, 2, 6)
    offsets, scales = (rows * 5 * CHANNELS + columns * CHANNELS).astype(np.int32), floats(6)
    before = total.copy()

    @njit
    def add(total, image, offsets, scales, count):  # type: ignore[no-untyped-def]
        vectors.add_scaled_patches(total, 0, RUN, image, 0, 5 * CHANNELS, offsets, scales, 1, count)

    add(total, image, offsets, scales, count)
    for k in range(1, 1 + count):
        start = columns[k] * CHANNELS
        before += scales[k] * image[rows[k] : rows[k] + 3, start : start + RUN]
    assert total == pytest.approx(before, rel=1e-5, abs=1e-5)


def test_pooling_takes_the_first_of_the_largest_and_every_nan() -> None:
    """As the pooling of dense images does."""
    values = np.array([1.0, 2.0, np.nan, 2.0], np.float32)
    image = RANDOM.choice(values, (2, 2, CHANNELS)).astype(np.float32)
    out, winners = np.zeros(CHANNELS, np.float32), np.zeros(CHANNELS, np.uint8)

    @njit
    def pool(image, out, winners):  # type: ignore[no-untyped-def]
        vectors.pool_channels(image, 0, 2 * CHANNELS, out, 0, winners)

    pool(image, out, winners)
    for channel, four in enumerate(image.reshape(4, CHANNELS).T):
        winner = 0
        for place in range(1, 4):
            if four[place] > four[winner] or np.isnan(four[place]):
                winner = place
        assert winners[channel] == winner
        assert out[channel] == pytest.approx(four[winner], nan_ok=True)
