import numpy as np
import pytest
from scipy.stats import t

from privsearch._util.interval import Interval
from privsearch.analysis.bootstrap import hierarchical_auc_interval
from privsearch.analysis.intervals import highest_mean_interval, mean_interval, spread_interval
from privsearch.analysis.metrics import auc_interval


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_interval_is_as_wide_as_the_bootstraps(spread: float, shared: bool) -> None:
    """From eight targets' own intervals comes that of the hierarchical bootstrap of their scores, within 20 %."""
    rng = np.random.default_rng(0)
    is_member = [np.arange(400) < 200 if shared else rng.permutation(400) < 200 for _ in range(8)]
    common = rng.normal(size=400) * shared
    scores = [common + rng.normal(size=400) + rng.normal(0.4, spread) * members for members in is_member]
    bootstrap = hierarchical_auc_interval(scores, is_member, rng)
    approximate = mean_interval([auc_interval(*pair) for pair in zip(scores, is_member, strict=True)], shared=shared)
    assert approximate.value == pytest.approx(bootstrap.value)
    assert approximate.high - approximate.low == pytest.approx(bootstrap.high - bootstrap.low, rel=0.2)


def test_one_target_keeps_its_own_interval() -> None:
    """A single target says nothing about others: its interval stays as it is."""
    assert mean_interval([Interval(0.6, 0.5, 0.65)], shared=False) == Interval(0.6, 0.5, 0.65)
    assert spread_interval([0.9]) is None


def test_intervals_stay_among_what_is_possible() -> None:
    """No interval of fractions leaves [0, 1], none of differences [-1, 1]."""
    wide = mean_interval([Interval(0.0, 0.0, 0.9), Interval(1.0, 0.1, 1.0)], shared=False)
    assert (wide.low, wide.high) == (0.0, 1.0)
    assert mean_interval([Interval(-0.9, -1.0, 1.0)] * 2, shared=False, lowest=-1.0).low == -1.0
    gap = spread_interval([-0.9, 0.9], lowest=-1.0)
    assert gap is not None
    assert (gap.low, gap.high) == (-1.0, 1.0)


def test_spread_between_networks_gives_students_interval() -> None:
    """The interval of a mean accuracy is the textbook one."""
    accuracies = [0.5, 0.52, 0.55, 0.51]
    interval = spread_interval(accuracies)
    assert interval is not None
    expected = t.interval(0.95, 3, np.mean(accuracies), np.std(accuracies, ddof=1) / 2)
    assert (interval.low, interval.high) == pytest.approx(expected)


def test_highest_of_several_means_lies_in_its_interval() -> None:
    """Of attacks that are alike, or of which one is stronger, in 95 % of cases or more; one alone keeps its own."""
    rng = np.random.default_rng(0)
    for truths in ((0.5, 0.5, 0.5, 0.5), (0.5, 0.52, 0.56)):
        held = []
        for _ in range(200):
            values = np.array(truths)[:, None] + rng.normal(0, 0.03, (len(truths), 8))
            estimates = [[Interval(v, v - 0.04, v + 0.04) for v in of_one] for of_one in values.tolist()]
            found = highest_mean_interval(estimates, shared=False)
            assert found.value == pytest.approx(values.mean(axis=1).max())
            held.append(found.low <= max(truths) <= found.high)
        assert np.mean(held) >= 0.95
    one = [Interval(0.6, 0.5, 0.7), Interval(0.7, 0.6, 0.8)]
    assert highest_mean_interval([one], shared=False) == mean_interval(one, shared=False)
