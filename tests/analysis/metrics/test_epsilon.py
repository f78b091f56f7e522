import math

import numpy as np
import pytest
from scipy.stats import beta
from scored_examples import normal_scores, random_halves

from privsearch.analysis.metrics import bound_over_targets, epsilon_lower_bound, largest_epsilon


def bound(scores: np.ndarray, is_member: np.ndarray, rng: np.random.Generator) -> float:
    return epsilon_lower_bound(scores, is_member, random_halves(len(scores), rng), confidence=0.95)


def test_epsilon_of_randomised_response_is_bounded_from_below() -> None:
    """An answer that is right with probability e / (1 + e) has epsilon 1: the bound is below it in 95 % and near it."""
    rng = np.random.default_rng(0)
    is_member = np.arange(2000) < 1000
    answers = [is_member == (rng.random(2000) < 1 / (1 + math.exp(-1))) for _ in range(500)]
    bounds = np.array([bound(answer.astype(float), is_member, rng) for answer in answers])
    assert np.mean(bounds <= 1) >= 0.95
    assert bounds.mean() > 0.75


def test_epsilon_is_bounded_on_other_examples_than_it_was_chosen_on() -> None:
    """The Laplace mechanism has epsilon 1 at many thresholds: the luckiest exceeds it in 7 %, an honest one in 2 %."""
    rng = np.random.default_rng(0)
    is_member = np.arange(2000) < 1000
    bounds = [bound(rng.laplace(size=2000) + is_member, is_member, rng) for _ in range(300)]
    assert np.mean(np.array(bounds) <= 1) >= 0.98


def test_epsilon_of_a_guessing_attack_is_zero() -> None:
    """An attack that finds nothing proves nothing, in at least 95 of 100 attempts."""
    rng = np.random.default_rng(0)
    bounds = np.array([bound(*normal_scores(200, 200, 0, rng), rng) for _ in range(300)])
    assert np.mean(bounds == 0) >= 0.95


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_epsilon_of_a_perfect_attack_is_the_largest_that_the_examples_can_show(sign: float) -> None:
    """Perfectly right or perfectly wrong: all of 250 held-out members and 100 non-members are told apart."""
    is_member = np.arange(700) < 500
    first = np.arange(700) % 2 == 0
    found = epsilon_lower_bound(sign * is_member, is_member, first, confidence=0.95)
    assert found == largest_epsilon(250, 100, 0.95)
    assert found == pytest.approx(math.log(beta.ppf(0.025, 100, 1) / (1 - beta.ppf(0.025, 250, 1))))


@pytest.mark.parametrize(("confidence", "divisor"), [(0.95, 3.7), (0.975, 4.4)])
def test_the_largest_epsilon_is_about_a_logarithm(confidence: float, divisor: float) -> None:
    """ln(n / 3.7) at 0.95, as is said of it; and nothing at all can be shown by a single pair."""
    assert largest_epsilon(1000, 1000, confidence) == pytest.approx(math.log(1000 / divisor), abs=0.01)
    assert largest_epsilon(1, 1, confidence) == 0


@pytest.mark.parametrize("sure_of", [True, False])
def test_epsilon_sees_who_is_accused_surely_and_who_is_cleared_surely(sure_of: bool) -> None:
    """A third of one kind known for certain bounds epsilon far above the 0.4 that the other ratio, 3 / 2, allows."""
    is_member = np.arange(600) < 300
    known = (is_member == sure_of) & (np.arange(600) % 3 == 0)
    scores = np.where(known, is_member - 0.5, 0.0)
    assert bound(scores, is_member, np.random.default_rng(0)) > 2


def test_the_bound_over_targets_is_the_upper_median() -> None:
    """At least half of the targets' bounds must be too high for it to be."""
    assert bound_over_targets([0.3]) == 0.3
    assert bound_over_targets([0.1, 0.4]) == 0.4
    assert bound_over_targets([0.9, 0.0, 0.2]) == 0.2


@pytest.mark.parametrize("targets", [2, 5, 8])
def test_the_bound_over_targets_holds_even_where_all_targets_fail_together(targets: int) -> None:
    """The worst case of dependence: bounds of 97.5 % fail in one case of 20, half of the targets at a time."""
    rng = np.random.default_rng(0)
    half = math.ceil(targets / 2)
    fails = [rng.random() < 0.025 * targets / half for _ in range(20_000)]
    bounds = [bound_over_targets([2.0] * half + [0.0] * (targets - half)) if fail else 0.0 for fail in fails]
    assert np.mean(np.array(bounds) > 1) <= 0.055
