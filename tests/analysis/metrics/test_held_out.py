import math
from dataclasses import astuple
from statistics import NormalDist

import numpy as np
import pytest
from scored_examples import normal_scores, random_halves
from sklearn.metrics import roc_curve

from privsearch.analysis.metrics import direction, held_out_advantage, held_out_tpr, needed_for_held_out, tpr_at_fpr
from privsearch.errors import MetricError


def guesses(members: int, others: int, count: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Guessing attacks, with halves."""
    rng = np.random.default_rng(0)
    drawn = [normal_scores(members, others, 0, rng) for _ in range(count)]
    return [(*guess, random_halves(members + others, rng)) for guess in drawn]


def test_advantage_of_a_guessing_attack_is_zero_on_average() -> None:
    """Of 600 guessing attacks the mean is 0 within three standard errors, where the best in sample averages 0.16."""
    drawn = guesses(25, 20, 600)
    found = [held_out_advantage(*guess) for guess in drawn]
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(0, abs=3 * values.std() / math.sqrt(600))
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.95
    curves = [roc_curve(is_member, scores) for scores, is_member, _ in drawn[:200]]
    assert np.mean([(true - false).max() for false, true, _ in curves]) > 0.15


def test_tpr_of_a_guessing_attack_is_the_rate_on_average() -> None:
    """Of 600 guessing attacks the mean is the false positive rate within three standard errors."""
    drawn = guesses(60, 40, 600)
    values = np.array([held_out_tpr(scores, is_member, 0.1, first).value for scores, is_member, first in drawn])
    assert values.mean() == pytest.approx(0.1, abs=3 * values.std() / math.sqrt(len(values)))


def test_advantage_interval_is_newcombes() -> None:
    """His worked example, 56 of 70 against 48 of 80: 0.2 (0.0524 to 0.3339)."""
    scores = np.concatenate([np.arange(70) < 56, np.arange(80) < 48]).astype(float)
    found = held_out_advantage(scores, np.arange(150) < 70, np.arange(150) % 2 == 0)
    assert astuple(found) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_advantage_nears_the_best_there_is() -> None:
    """With many examples, a threshold chosen on one half serves the other as well as the best one."""
    rng = np.random.default_rng(0)
    found = held_out_advantage(*normal_scores(20_000, 10_000, 1, rng), random_halves(30_000, rng))
    assert found.low < 2 * NormalDist().cdf(0.5) - 1 < found.high
    assert found.high - found.low < 0.03


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_are_turned_where_the_other_half_is_sure(sign: int) -> None:
    """Advantage and TPR are those of the scores as they are meant, whichever way round they come."""
    rng = np.random.default_rng(0)
    scores, is_member = normal_scores(500, 500, 1.5, rng)
    first = random_halves(1000, rng)
    assert direction(sign * scores, is_member) == sign
    found = held_out_tpr(sign * scores, is_member, 0.1, first)
    straight = tpr_at_fpr(scores, is_member, 0.1)
    assert found.value == pytest.approx(straight.value, abs=0.03)
    assert (found.low, found.high) == pytest.approx((straight.low, straight.high))
    assert held_out_advantage(sign * scores, is_member, first).value > 0.4


def test_guessing_is_rarely_turned() -> None:
    """The scores' own direction holds unless the whole interval speaks against it: in one case of 40."""
    turned = [direction(scores, is_member) < 0 for scores, is_member, _ in guesses(100, 100, 800)]
    assert np.mean(turned) == pytest.approx(0.025, abs=3 * math.sqrt(0.025 * 0.975 / 800))


def test_a_tpr_needs_enough_non_members_for_either_half() -> None:
    """Twice as many as one threshold needs, and the error says so."""
    assert needed_for_held_out(0.01) == 200
    scores, is_member, first = guesses(100, 199, 1)[0]
    with pytest.raises(MetricError, match=r"FPR of 0\.01 needs at least 200 non-members, .* but got 199"):
        held_out_tpr(scores, is_member, 0.01, first)
