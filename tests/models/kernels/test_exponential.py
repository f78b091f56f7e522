import numpy as np
import pytest
from numba import njit

from privsearch.models.kernels.exponential import LOWEST, exp


@njit
def exps(x):  # type: ignore[no-untyped-def]
    """Of many numbers, by a loop."""
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = exp(x[i])
    return out


def test_it_is_exact_to_two_units_of_the_last_place() -> None:
    """On every number that matters, against 64 bits; 0 gives 1."""
    x = np.concatenate([np.linspace(LOWEST, 0, 1_000_001), -np.geomspace(1e-30, 87, 100_000)]).astype(np.float32)
    exact = np.exp(x.astype(np.float64))
    units = np.abs(exps(x) - exact) / np.spacing(exact.astype(np.float32))
    assert units.max() < 2
    assert exps(np.zeros(1, np.float32)) == 1


@pytest.mark.parametrize(("x", "result"), [(-87.1, 0.0), (-1e30, 0.0), (-np.inf, 0.0), (np.nan, np.nan)])
def test_what_is_too_small_is_0_and_nan_stays(x: float, result: float) -> None:
    """No number becomes subnormal."""
    assert exps(np.full(20, x, np.float32)) == pytest.approx(np.full(20, result), nan_ok=True)
