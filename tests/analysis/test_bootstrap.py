import math
from statistics import NormalDist

import numpy as np
import pytest

from privsearch.analysis.bootstrap import hierarchical_auc_interval
from privsearch.analysis.metrics import attack_auc, auc_interval
from privsearch.errors import MetricError


def targets(
    count: int, members: int, others: int, spread: float, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Normal scores: members stand half a unit higher, give or take `spread` from network to network."""
    is_member = [rng.permutation(members + others) < members for _ in range(count)]
    shifts = 0.5 + spread * rng.normal(size=count)
    return [rng.normal(size=len(own)) + shift * own for own, shift in zip(is_member, shifts, strict=True)], is_member


def coverage(count: int, spread: float, simulations: int) -> float:
    """How many intervals hold the mean AUC of all networks: Phi(0.5 / sqrt(2 + spread^2))."""
    rng = np.random.default_rng(0)
    truth = NormalDist().cdf(0.5 / math.sqrt(2 + spread**2))
    found = [hierarchical_auc_interval(*targets(count, 40, 40, spread, rng), rng) for _ in range(simulations)]
    return float(np.mean([interval.low <= truth <= interval.high for interval in found]))


def test_the_value_is_the_mean_auc() -> None:
    """Every target counts alike, however many examples it has."""
    rng = np.random.default_rng(0)
    scores, is_member = (a + b for a, b in zip(targets(1, 20, 30, 0, rng), targets(1, 50, 10, 0, rng), strict=True))
    expected = np.mean([attack_auc(*pair) for pair in zip(scores, is_member, strict=True)])
    assert hierarchical_auc_interval(scores, is_member, rng).value == pytest.approx(expected)


def test_one_target_has_the_interval_of_its_examples() -> None:
    """Where there is one network, resampling and DeLong's variance agree, ties included."""
    rng = np.random.default_rng(0)
    scores, is_member = targets(1, 300, 150, 0, rng)
    scores = [scores[0].round(1)]
    found = hierarchical_auc_interval(scores, is_member, rng, resamples=4000)
    expected = auc_interval(scores[0], is_member[0])
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.005)


def test_networks_that_are_alike_are_covered_more_often_than_promised() -> None:
    """The spread between networks holds their examples' noise, which is then counted twice."""
    assert coverage(count=5, spread=0, simulations=40) >= 0.97


def test_networks_that_differ_are_covered() -> None:
    """Where the spread between 5 networks dwarfs their examples' noise, 95 % hold the truth, up to three errors."""
    assert coverage(count=5, spread=1, simulations=60) == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 60))


def test_members_that_all_networks_share_do_not_average_out() -> None:
    """Networks that find the same examples hard are as uncertain as one: 8 of them cover as often as promised."""
    rng = np.random.default_rng(0)
    is_member = np.arange(80) < 40
    truth, covered = NormalDist().cdf(0.5 / math.sqrt(2)), []
    for _ in range(60):
        common = math.sqrt(0.9) * rng.normal(size=80)
        scores = [common + math.sqrt(0.1) * rng.normal(size=80) + 0.5 * is_member for _ in range(8)]
        found = hierarchical_auc_interval(scores, [is_member] * 8, rng)
        covered.append(found.low <= truth <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 60))


def test_separated_targets_leave_nothing_to_resample() -> None:
    """Every resample of a perfect attack is perfect: no width, and no NaN."""
    is_member = np.arange(6) < 3
    found = hierarchical_auc_interval([-np.arange(6.0)] * 3, [is_member] * 3, np.random.default_rng(0))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_no_target_has_no_mean() -> None:
    """A mean over nothing must not pass for a number."""
    with pytest.raises(MetricError, match="at least one target"):
        hierarchical_auc_interval([], [], np.random.default_rng(0))


def test_every_target_needs_its_membership() -> None:
    """Scores without membership must not be dropped in silence."""
    scores, is_member = targets(2, 5, 5, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="zip"):
        hierarchical_auc_interval(scores, is_member[:1], np.random.default_rng(0))
