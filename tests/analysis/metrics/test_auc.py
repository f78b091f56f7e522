import math
from dataclasses import astuple
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from scipy.special import expit, logit
from scipy.stats import binomtest
from scored_examples import MIXED, PAIRED, columns, normal_scores

from privsearch.analysis.metrics import attack_auc, auc_interval, noise_floor
from privsearch.errors import MetricError


@given(MIXED)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    """The definition: over all (member, non-member) pairs, a win counts one and a tie one half."""
    scores, is_member = (np.array(column) for column in zip(*pairs, strict=True))
    wins = [(m > n) + 0.5 * (m == n) for m in scores[is_member] for n in scores[~is_member]]
    assert attack_auc(scores.astype(float), is_member) == pytest.approx(np.mean(wins))


def test_a_perfect_attack_scores_one_and_a_constant_one_half() -> None:
    """The two ends that every reader knows."""
    is_member = np.array([True, True, False])
    assert attack_auc(np.array([3.0, 2.0, 1.0]), is_member) == 1.0
    assert attack_auc(np.zeros(3), is_member) == 0.5


@pytest.mark.parametrize(("members", "others", "floor"), [(120, 30, 0.116), (455, 114, 0.059), (60_000, 10_000, 0.006)])
def test_noise_floor_of_known_datasets(members: int, others: int, floor: float) -> None:
    """Iris, Breast Cancer and MNIST under the paper's protocol."""
    assert noise_floor(members, others) == pytest.approx(floor, abs=5e-4)


def test_noise_floor_holds_what_it_promises() -> None:
    """Of 500 guessing attacks, 95 % stay within the floor, up to three standard errors of that share."""
    rng = np.random.default_rng(0)
    is_member = np.arange(80) < 50
    aucs = np.array([attack_auc(rng.random(80), is_member) for _ in range(500)])
    assert np.mean(abs(aucs - 0.5) <= noise_floor(50, 30)) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 500))


def test_noise_floor_needs_both_kinds() -> None:
    """There is no interval without a pair."""
    with pytest.raises(MetricError, match="0 members"):
        noise_floor(0, 5)


@given(PAIRED)
def test_auc_interval_is_delongs_on_the_logit_scale(pairs: list[tuple[int, bool]]) -> None:
    """By the definition: the variances of each example's share of pairs won, over the number of examples."""
    scores, is_member = columns(pairs)
    members, others = scores[is_member, None], scores[~is_member]
    wins = (members > others) + 0.5 * (members == others)
    variance = sum(wins.mean(axis).var(ddof=1) / wins.shape[1 - axis] for axis in (0, 1))
    found = auc_interval(scores, is_member)
    assert found.value == pytest.approx(wins.mean())
    if variance > 0:
        half_width = NormalDist().inv_cdf(0.975) * math.sqrt(variance) / (found.value * (1 - found.value))
        expected = expit(logit(found.value) - half_width), expit(logit(found.value) + half_width)
        assert (found.low, found.high) == pytest.approx(expected)


def test_auc_interval_is_as_wide_as_resampling_says() -> None:
    """DeLong's standard error and that of 400 bootstrap AUCs agree to 10 %, ties included."""
    rng = np.random.default_rng(0)
    scores, is_member = normal_scores(120, 60, 0.5, rng)
    scores = scores.round(1)
    draws = (
        np.concatenate([rng.choice(scores[is_member], 120), rng.choice(scores[~is_member], 60)]) for _ in range(400)
    )
    resampled = np.std([attack_auc(draw, np.arange(180) < 120) for draw in draws])
    interval = auc_interval(scores, is_member)
    assert (interval.high - interval.low) / 2 / 1.96 == pytest.approx(resampled, rel=0.1)


@pytest.mark.parametrize("auc", [0.5, 0.9])
def test_auc_interval_covers_the_truth(auc: float) -> None:
    """Of 300 intervals over 30 members and 30 non-members, 95 % hold the AUC, up to three standard errors."""
    rng = np.random.default_rng(0)
    shift = NormalDist().inv_cdf(auc) * math.sqrt(2)
    found = [auc_interval(*normal_scores(30, 30, shift, rng)) for _ in range(300)]
    covered = np.mean([interval.low <= auc <= interval.high for interval in found])
    assert covered == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 300))


def test_auc_interval_of_separated_examples_is_that_of_the_pairs() -> None:
    """Four of four independent pairs in order: Clopper-Pearson, whose lower end is the fourth root of 0.025."""
    is_member = np.arange(10) < 4
    assert astuple(auc_interval(-np.arange(10.0), is_member)) == pytest.approx((1, 0.025 ** (1 / 4), 1))
    assert astuple(auc_interval(np.arange(10.0), is_member)) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 4)))


def test_auc_interval_of_equal_scores_has_a_width() -> None:
    """Scores that are all equal show no variance, yet say little about the next example."""
    found = auc_interval(np.zeros(20), np.arange(20) < 10)
    exact = binomtest(5, 10).proportion_ci()
    assert astuple(found) == pytest.approx((0.5, exact.low, exact.high))


@pytest.mark.parametrize("members", [1, 9])
def test_auc_interval_of_a_single_example_of_a_kind_excludes_nothing(members: int) -> None:
    """One example shows no variance between examples."""
    found = auc_interval(np.arange(10.0), np.arange(10) < members)
    assert (found.low, found.high) == (0.0, 1.0)
