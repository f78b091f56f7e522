"""The functions that are written in LLVM's vectors, called from compiled code, against numpy."""

import numpy as np
import pytest
from numba import njit

from privsearch.models.kernels import vectors
from privsearch.models.kernels.vectors import COLUMNS

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
