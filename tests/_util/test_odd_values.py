import numpy as np
import pytest

from privsearch._util.odd_values import FAR, odd_values

RNG = np.random.default_rng(0)


def test_one_value_far_out_is_found_with_its_distance() -> None:
    """Whatever the column's unit; and the distance is about that in standard deviations of a normal distribution."""
    values = RNG.normal(size=(200, 2)) * [1.0, 1e6] + [0.0, 1e9]
    values[7, 1] = 1e9 - 1e9
    is_odd, distance = odd_values(values)
    assert np.argwhere(is_odd).tolist() == [[7, 1]]
    assert 800 < distance[7, 1] < 1500
    assert distance[:, 0].max() < 10


@pytest.mark.parametrize(
    "draw", [RNG.standard_normal, RNG.standard_exponential, RNG.random, lambda n: RNG.standard_t(5, n)]
)
def test_no_value_of_a_common_distribution_is_odd(draw: object) -> None:
    """Tails of such data do not reach so far out."""
    assert not odd_values(draw(100_000)[:, np.newaxis])[0].any()  # type: ignore[operator]


def test_many_far_values_are_a_part_of_the_data() -> None:
    """Two in a hundred are a class of their own; a column whose middle is one value has no scale to judge by."""
    values = RNG.normal(size=(100, 1))
    values[:2] = 1e6
    assert not odd_values(values)[0].any()
    assert not odd_values(np.r_[np.zeros(99), 5.0][:, np.newaxis])[0].any()


def test_missing_values_are_not_odd() -> None:
    """They take the place of the median, and hide no other value."""
    values = RNG.normal(size=(100, 1))
    values[:40] = np.nan
    values[50] = 1e4
    is_odd, distance = odd_values(values)
    assert np.flatnonzero(is_odd[:, 0]).tolist() == [50]
    assert distance[50, 0] > FAR
