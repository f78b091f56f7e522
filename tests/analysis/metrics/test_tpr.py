from collections.abc import Iterator
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from scored_examples import PAIRED, columns, normal_scores
from sklearn.metrics import roc_curve

from privsearch.analysis.metrics import FPRS, needed_non_members, threshold_at_fpr, tpr_at_fpr
from privsearch.errors import MetricError


@given(PAIRED, st.sampled_from([0.5, 0.6, 0.75, 0.9]))
def test_tpr_at_fpr_lies_between_the_neighbours_on_the_roc_curve(pairs: list[tuple[int, bool]], fpr: float) -> None:
    """scikit-learn's ROC curve, ties included: no lower than where fewer are accused, no higher than where more are."""
    scores, is_member = columns(pairs)
    false, true, _ = roc_curve(is_member, scores, drop_intermediate=False)
    others = int((~is_member).sum())
    accused = np.round(false * others)
    rank = fpr * (others + 1)
    fewer, more = accused <= rank - 1 + 1e-9, accused >= rank - 1e-9
    value = tpr_at_fpr(scores, is_member, fpr).value
    assert true[fewer].max(initial=0) - 1e-9 <= value <= true[more].min(initial=1) + 1e-9


def orders(scores: np.ndarray, is_member: np.ndarray) -> Iterator[np.ndarray]:
    """The memberships from the highest score to the lowest, in every order that equal scores may have."""
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            yield is_member[list(order)]


@pytest.mark.parametrize("fpr", [0.5, 0.6, 0.9])
@pytest.mark.parametrize("scores", [[3, 2, 2, 2, 1, 1], [1, 1, 1, 1, 1, 1], [4, 4, 3, 2, 2, 1]])
def test_equal_scores_count_as_in_random_order(scores: list[float], fpr: float) -> None:
    """The estimate is the mean over all orders, of which each is a case without ties."""
    is_member = np.array([True, False, True, False, True, False])
    ranked = [tpr_at_fpr(-np.arange(6.0), order, fpr).value for order in orders(np.array(scores), is_member)]
    assert tpr_at_fpr(np.array(scores, float), is_member, fpr).value == pytest.approx(np.mean(ranked))


@pytest.mark.parametrize(("num", "fpr"), [(100, 0.01), (100, 0.1), (137, 0.01), (15, 0.1)])
@pytest.mark.parametrize("levels", [0, 3])
def test_guessing_gets_the_rate_itself(num: int, fpr: float, levels: int) -> None:
    """The mean over guessing attacks is the rate within three standard errors, with ties and without."""
    rng = np.random.default_rng(0)
    guesses = [normal_scores(40, num, 0, rng) for _ in range(800)]
    if levels:
        guesses = [(rng.integers(levels, size=len(scores)).astype(float), kind) for scores, kind in guesses]
    values = np.array([tpr_at_fpr(*guess, fpr).value for guess in guesses])
    assert abs(values.mean() - fpr) < 3 * values.std() / np.sqrt(len(values))


def test_accusing_above_the_next_score_would_double_the_rate_of_guessing() -> None:
    """Of 100 non-members one may be accused at 1 %: who scores above the second-highest is one in fifty."""
    rng = np.random.default_rng(0)
    values = []
    for _ in range(1000):
        scores, is_member = normal_scores(40, 100, 0, rng)
        values.append(np.mean(scores[is_member] > threshold_at_fpr(scores, is_member, 0.01)))
    assert np.mean(values) == pytest.approx(2 / 101, abs=0.003)


@pytest.mark.parametrize("num", [100, 200, 500])
@pytest.mark.parametrize(("fpr", "shift"), [(0.1, 0.0), (0.1, 1.0), (0.01, 1.0), (0.01, 2.0)])
def test_the_interval_covers_the_rate_at_the_true_threshold(num: int, fpr: float, shift: float) -> None:
    """In 95 of 100 simulated cases or more, less three standard errors; and it is not needlessly wide at 10 %."""
    rng = np.random.default_rng(num)
    truth = norm.sf(norm.isf(fpr) - shift)
    found = [tpr_at_fpr(*normal_scores(num, num, shift, rng), fpr) for _ in range(150)]
    held = np.mean([interval.low <= truth <= interval.high for interval in found])
    assert held > 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(found))
    if fpr == 0.1:
        ideal = 2 * 1.96 * np.std([interval.value for interval in found])
        assert np.mean([interval.high - interval.low for interval in found]) < 1.4 * ideal


def test_the_interval_is_clopper_and_pearsons_where_the_threshold_is_sure() -> None:
    """Where no member is near it, another threshold finds the same members."""
    scores = np.concatenate([np.full(7, 9.0), np.full(13, -9.0), np.linspace(-1, 1, 2000)])
    interval = tpr_at_fpr(scores, np.arange(2020) < 20, 0.1, confidence=0.9)
    exact = binomtest(7, 20).proportion_ci(0.9, method="exact")
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))


def test_an_fpr_means_its_decimal() -> None:
    """0.29 of 100 are 29, although 0.29 * 100 is less than 29 in binary."""
    scores = np.append(70.5, np.arange(99.0))
    assert tpr_at_fpr(scores, np.arange(100) < 1, 0.29).value == 1.0
    assert threshold_at_fpr(np.append(0.0, np.arange(100.0)), np.arange(101) < 1, 0.29) == 70


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
