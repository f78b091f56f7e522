import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from privsearch.data.precision import in_enough_bits

RNG = np.random.default_rng(0)
TIMES = 1_700_000_000 + RNG.uniform(0, 20, (200, 1))
DATES = np.array([20261100 + day for day in range(1, 27)] * 2, dtype=float)[:, None]


@pytest.mark.parametrize(
    ("column", "distinct"), [(TIMES, 200), (DATES, 26), (1e7 + RNG.normal(size=(100, 1)), 100)], ids=str
)
def test_a_large_number_in_common_costs_no_difference(column: np.ndarray, distinct: int) -> None:
    """Times, dates and offsets: as many values as there are, and the same once scaled as without the offset."""
    assert len(np.unique(column.astype(np.float32))) < distinct
    read, _, merged = in_enough_bits(column)
    assert read.dtype == np.float64
    assert len(np.unique(read)) == distinct
    assert merged == []


@pytest.mark.parametrize(
    "table",
    [
        RNG.normal(size=(300, 2)),
        1000 + RNG.normal(size=(300, 2)),
        np.arange(9).reshape(3, 3),
        np.exp(RNG.normal(size=(300, 1))),
    ],
    ids=["numbers", "a small offset", "whole numbers", "a long tail"],
)
def test_what_32_bits_tell_apart_has_32_bits(table: np.ndarray) -> None:
    """As ever, so that such data stay the same data."""
    read, _, merged = in_enough_bits(table)
    np.testing.assert_array_equal(read, table.astype(np.float32), strict=True)
    assert merged == []


def test_one_column_leaves_the_others_as_they_were() -> None:
    """The others are rounded to 32 bits, however many the table has."""
    ordinary = RNG.normal(size=(200, 1))
    read, test, _ = in_enough_bits(np.hstack([ordinary, TIMES]), np.hstack([ordinary, TIMES])[:3])
    np.testing.assert_array_equal(read[:, :1], ordinary.astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(read[:, 1:], TIMES)
    np.testing.assert_array_equal(test, read[:3], strict=True)


def test_a_constant_that_32_bits_round_is_still_a_constant() -> None:
    """Nothing is merged that was apart."""
    read, _, merged = in_enough_bits(np.full((20, 1), 0.1))
    assert len(np.unique(read)) == 1
    assert merged == []


def test_values_that_no_scaling_keeps_apart_are_told() -> None:
    """Half near 0, half near 1.7e9: beside that range, differences of 1 vanish for a network."""
    halves = np.where(np.arange(200)[:, None] % 2, TIMES, 0.0)
    assert in_enough_bits(np.hstack([RNG.normal(size=(200, 1)), halves]))[2] == [1]


@given(npst.arrays(np.float32, (6, 2), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_numbers_of_32_bits_stay_as_they_are(table: np.ndarray) -> None:
    """To the bit."""
    for given_as in (table, table.astype(np.float64)):
        read, _, merged = in_enough_bits(given_as)
        np.testing.assert_array_equal(read, table, strict=True)
        assert merged == []
