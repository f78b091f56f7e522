import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.models.kernels.spikes import list_row


@given(st.integers(1, 200), st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]), st.integers(0, 2**32 - 1))
def test_a_row_lists_the_fewer(n: int, share: float, seed: int) -> None:
    """Those that fire, in ascending order, or those that do not where these are fewer; and nothing beyond the row."""
    fires = np.random.default_rng(seed).random(n) < share
    listed = np.full(n + 5, -1, np.int32)
    end, are_silent = list_row(np.where(fires, np.float32(2), np.float32(1)), np.float32(1), listed, 3)
    assert are_silent == (2 * fires.sum() > n)
    assert listed[3:end].tolist() == np.flatnonzero(~fires if are_silent else fires).tolist()
    assert (listed[:3] == -1).all()
    assert (listed[end:] == -1).all()


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1.0])
def test_what_is_not_above_the_threshold_is_silent(value: float) -> None:
    """A membrane that is no number never fires, and one at its threshold does not either."""
    listed = np.empty(100, np.int32)
    assert list_row(np.full(100, value, np.float32), np.float32(1), listed, 0) == (0, False)
