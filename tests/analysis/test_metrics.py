import math
from collections.abc import Callable
from dataclasses import astuple
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binomtest
from sklearn.metrics import roc_curve

from privsearch.analysis.metrics import (
    FPRS,
    attack_auc,
    auc_interval,
    cross_fitted_advantage,
    epsilon_lower_bound,
    needed_non_members,
    noise_floor,
    tpr_at_fpr,
)
from privsearch.errors import MetricError

EVERY_METRIC = [
    attack_auc,
    auc_interval,
    lambda scores, is_member: tpr_at_fpr(scores, is_member, 0.5),
    lambda scores, is_member: cross_fitted_advantage(scores, is_member, np.random.default_rng(0)),
    lambda scores, is_member: epsilon_lower_bound(scores, is_member, np.random.default_rng(0)),
]
MIXED = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({member for _, member in pairs}) == 2
)
PAIRED = MIXED.filter(lambda pairs: 2 <= sum(member for _, member in pairs) <= len(pairs) - 2)


def columns(pairs: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, is_member = zip(*pairs, strict=True)
    return np.array(scores, float), np.array(is_member)


def normal_scores(members: int, others: int, shift: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores whose AUC is Phi(shift / sqrt 2), and whose best advantage is 2 Phi(shift / 2) - 1."""
    is_member = np.arange(members + others) < members
    return rng.normal(size=len(is_member)) + shift * is_member, is_member


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


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("member", [True, False])
def test_one_kind_alone_has_no_metric(metric: Callable[..., object], member: bool) -> None:
    """Nothing can be told apart where there is one kind."""
    with pytest.raises(MetricError, match="needs members and non-members, but all 3 examples are"):
        metric(np.arange(3.0), np.full(3, member))


@pytest.mark.parametrize("metric", EVERY_METRIC)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_refused(metric: Callable[..., object], bad: float) -> None:
    """NaN must never pass for a number that looks fine, nor an infinity for a score."""
    with pytest.raises(MetricError, match="1 of 4 are not"):
        metric(np.array([1.0, 2.0, 3.0, bad]), np.array([True, True, False, False]))


@pytest.mark.parametrize("metric", EVERY_METRIC[3:])
def test_a_threshold_chosen_on_other_examples_needs_two_of_each_kind(metric: Callable[..., object]) -> None:
    """Each half must hold both kinds."""
    with pytest.raises(MetricError, match="at least 2 members and 2 non-members, but got 1 and 3"):
        metric(np.arange(4.0), np.arange(4) < 1)


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


@given(PAIRED, st.integers(0, 1000))
def test_the_order_of_examples_means_nothing(pairs: list[tuple[int, bool]], seed: int) -> None:
    """Shuffled examples give the same numbers, and every interval holds its value and stays within [0, 1]."""
    scores, is_member = columns(pairs)
    order = np.random.default_rng(seed).permutation(len(scores))
    for metric in EVERY_METRIC[1:3]:
        found = metric(scores, is_member)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert astuple(metric(scores[order], is_member[order])) == pytest.approx(astuple(found), abs=1e-12)


@given(PAIRED)
def test_the_scale_of_scores_means_nothing(pairs: list[tuple[int, bool]]) -> None:
    """Every number depends on who scores above whom, and on nothing else."""
    scores, is_member = columns(pairs)
    for metric in EVERY_METRIC:
        assert metric(np.exp(scores), is_member) == metric(scores, is_member)


@given(PAIRED, st.sampled_from([0.5, 0.6, 0.75, 0.9]))
def test_tpr_at_fpr_is_the_highest_that_the_roc_curve_allows(pairs: list[tuple[int, bool]], fpr: float) -> None:
    """scikit-learn's ROC curve, ties included: the best TPR among the thresholds that keep to the FPR."""
    scores, is_member = columns(pairs)
    false, true, _ = roc_curve(is_member, scores, drop_intermediate=False)
    assert tpr_at_fpr(scores, is_member, fpr).value == pytest.approx(true[false <= fpr + 1e-12].max())


def test_tied_non_members_are_accused_together_or_not_at_all() -> None:
    """Of ten non-members one may be accused; where two share the second-highest score, only the highest is."""
    others = np.array([9, 8, 8, 1, 1, 1, 1, 1, 1, 1], float)
    is_member = np.arange(14) < 4
    assert tpr_at_fpr(np.append([10.0, 9, 8.5, 8], others), is_member, 0.1).value == 0.75
    assert tpr_at_fpr(np.append([10.0, 9, 8.5, 8], np.ones(10)), is_member, 0.1).value == 1.0
    assert tpr_at_fpr(np.append([10.0, 9, 8.5, 8], np.full(10, 10)), is_member, 0.1).value == 0.0


def test_an_fpr_means_its_decimal() -> None:
    """0.29 of 100 are 29, although 0.29 * 100 is less than 29 in binary."""
    assert tpr_at_fpr(np.append(70.5, np.arange(100.0)), np.arange(101) < 1, 0.29).value == 1.0


@pytest.mark.parametrize("found", [0, 1, 7, 20])
def test_tpr_interval_is_clopper_and_pearsons(found: int) -> None:
    """As scipy's exact interval for the members found among all."""
    scores = np.concatenate([np.arange(20) < found, np.zeros(10)]).astype(float)
    exact = binomtest(found, 20).proportion_ci(0.9, method="exact")
    interval = tpr_at_fpr(scores, np.arange(30) < 20, 0.1, confidence=0.9)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))


def test_an_fpr_that_the_non_members_cannot_resolve_is_refused() -> None:
    """0.1 % needs a thousand non-members, and the error says so."""
    assert [needed_non_members(fpr) for fpr in (*FPRS, 0.07)] == [10, 100, 1000, 15]
    assert tpr_at_fpr(np.arange(1001.0), np.arange(1001) < 1, 0.001).value == 0.0
    with pytest.raises(MetricError, match=r"FPR of 0\.001 needs at least 1000 non-members, but got 999"):
        tpr_at_fpr(np.arange(1000.0), np.arange(1000) < 1, 0.001)


@pytest.mark.parametrize("fpr", [0.0, 1.0, 10.0])
def test_an_fpr_is_a_fraction(fpr: float) -> None:
    """A percentage must never pass for a rate."""
    with pytest.raises(MetricError, match="0 < fpr < 1"):
        needed_non_members(fpr)


def test_advantage_of_a_guessing_attack_is_zero_on_average() -> None:
    """Of 1,000 guessing attacks the mean is 0 within three standard errors, where the best in sample averages 0.16."""
    rng = np.random.default_rng(0)
    guesses = [normal_scores(25, 20, 0, rng) for _ in range(1000)]
    found = [cross_fitted_advantage(*guess, rng).advantage for guess in guesses]
    values = np.array([interval.value for interval in found])
    assert values.mean() == pytest.approx(0, abs=3 * values.std() / math.sqrt(1000))
    assert np.mean([interval.low <= 0 <= interval.high for interval in found]) >= 0.95
    curves = [roc_curve(is_member, scores) for scores, is_member in guesses[:200]]
    assert np.mean([(true - false).max() for false, true, _ in curves]) > 0.15


def test_advantage_interval_is_newcombes() -> None:
    """His worked example, 56 of 70 against 48 of 80: 0.2 (0.0524 to 0.3339)."""
    scores = np.concatenate([np.arange(70) < 56, np.arange(80) < 48]).astype(float)
    found = cross_fitted_advantage(scores, np.arange(150) < 70, np.random.default_rng(0))
    assert astuple(found.advantage) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.balanced_accuracy == pytest.approx(0.6)


def test_advantage_nears_the_best_there_is() -> None:
    """With many examples, a threshold chosen on one half serves the other as well as the best one."""
    rng = np.random.default_rng(0)
    found = cross_fitted_advantage(*normal_scores(20_000, 10_000, 1, rng), rng).advantage
    assert found.low < 2 * NormalDist().cdf(0.5) - 1 < found.high
    assert found.high - found.low < 0.03


def test_epsilon_of_randomised_response_is_bounded_from_below() -> None:
    """An answer that is right with probability e / (1 + e) has epsilon 1: the bound is below it in 95 % and near it."""
    rng = np.random.default_rng(0)
    is_member = np.arange(2000) < 1000
    answers = [is_member == (rng.random(2000) < 1 / (1 + math.exp(-1))) for _ in range(500)]
    bounds = np.array([epsilon_lower_bound(answer.astype(float), is_member, rng) for answer in answers])
    assert np.mean(bounds <= 1) >= 0.95
    assert bounds.mean() > 0.75


def test_epsilon_is_bounded_on_other_examples_than_it_was_chosen_on() -> None:
    """The Laplace mechanism has epsilon 1 at many thresholds: the luckiest exceeds it in 7 %, an honest one in 2 %."""
    rng = np.random.default_rng(0)
    is_member = np.arange(2000) < 1000
    bounds = [epsilon_lower_bound(rng.laplace(size=2000) + is_member, is_member, rng) for _ in range(300)]
    assert np.mean(np.array(bounds) <= 1) >= 0.98


def test_epsilon_of_a_guessing_attack_is_zero() -> None:
    """An attack that finds nothing proves nothing, in at least 95 of 100 attempts."""
    rng = np.random.default_rng(0)
    bounds = np.array([epsilon_lower_bound(*normal_scores(200, 200, 0, rng), rng) for _ in range(300)])
    assert np.mean(bounds == 0) >= 0.95


def test_epsilon_of_a_perfect_attack_is_as_large_as_the_examples_can_show() -> None:
    """None of 250 held-out members is cleared, but all of 100 non-members: the ratio of the exact limits."""
    is_member = np.arange(700) < 500
    bound = epsilon_lower_bound(is_member.astype(float), is_member, np.random.default_rng(0))
    assert bound == pytest.approx(math.log(0.025 ** (1 / 100) / (1 - 0.025 ** (1 / 250))))


@pytest.mark.parametrize("sure_of", [True, False])
def test_epsilon_sees_who_is_accused_surely_and_who_is_cleared_surely(sure_of: bool) -> None:
    """A third of one kind known for certain bounds epsilon far above the 0.4 that the other ratio, 3 / 2, allows."""
    is_member = np.arange(600) < 300
    known = (is_member == sure_of) & (np.arange(600) % 3 == 0)
    scores = np.where(known, is_member - 0.5, 0.0)
    assert epsilon_lower_bound(scores, is_member, np.random.default_rng(0)) > 2
