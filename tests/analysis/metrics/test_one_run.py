import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from privsearch.analysis.metrics.one_run import guessed_epsilon, lowest_epsilon, p_value
from privsearch.errors import MetricError

SIMULATIONS = 200
ALLOWED = int(binom.ppf(0.999, SIMULATIONS, 0.05))
"""So many of the simulated bounds may be above epsilon, where 5 % may be."""


def plain_p_value(epsilon: float, delta: float, m: int, r: int, v: int) -> float:
    """Appendix D of the paper, term by term: the tail, and the steepest rise of the distribution below it."""
    accuracy = 1 / (1 + np.exp(-epsilon))
    below, steepest = 0.0, 0.0
    for i in range(1, v + 1):
        below += float(binom.pmf(v - i, r, accuracy))
        steepest = max(steepest, below / i)
    return min(1.0, float(binom.sf(v - 1, r, accuracy)) + 2 * m * delta * steepest)


@st.composite
def guesses(draw: st.DrawFn) -> tuple[int, int, int]:
    """Some examples, some of which are guessed, some of these rightly."""
    examples = draw(st.integers(1, 400))
    guessed = draw(st.integers(0, examples))
    return examples, guessed, draw(st.integers(0, guessed))


@given(guesses(), st.floats(0, 8), st.sampled_from([0.0, 1e-6, 1e-3, 0.3]))
def test_the_p_value_is_that_of_the_paper(counts: tuple[int, int, int], epsilon: float, delta: float) -> None:
    """The code of the paper's appendix, written again with another library, gives the same."""
    assert p_value(epsilon, delta, *counts) == pytest.approx(plain_p_value(epsilon, delta, *counts), abs=1e-12)


@given(guesses(), st.floats(0, 8))
def test_without_a_delta_the_p_value_is_a_binomial_tail(counts: tuple[int, int, int], epsilon: float) -> None:
    """The number of right guesses of an auditor who is right with probability e^epsilon / (1 + e^epsilon)."""
    _, guessed, right = counts
    tail = binom.sf(right - 1, guessed, 1 / (1 + np.exp(-epsilon)))
    assert p_value(epsilon, 0.0, *counts) == pytest.approx(tail, abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "delta", "epsilon"), [((1000, 100, 75), 1e-4, 0.673), ((100_000, 1510, 1439), 1e-5, 2.675)]
)
def test_the_bounds_that_the_paper_prints_come_out(counts: tuple[int, int, int], delta: float, epsilon: float) -> None:
    """The example of appendix D and the one of section 7, to the digits that are printed."""
    assert lowest_epsilon(delta, *counts) == pytest.approx(epsilon, abs=1e-3)


@given(guesses(), st.sampled_from([0.0, 1e-5, 1e-2]))
def test_every_epsilon_below_the_bound_is_refuted_and_none_above(counts: tuple[int, int, int], delta: float) -> None:
    """The p-value rises with epsilon, so there is one epsilon where 5 % is passed."""
    values = [p_value(epsilon, delta, *counts) for epsilon in np.linspace(0, 8, 60)]
    assert (np.diff(values) > -1e-12).all()
    bound = lowest_epsilon(delta, *counts)
    assert p_value(bound + 1e-6, delta, *counts) >= 0.05 - 1e-9
    assert bound == 0 or p_value(bound - 1e-6, delta, *counts) < 0.05


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 2.0])
def test_randomised_response_is_bounded_below_its_epsilon(epsilon: float) -> None:
    """In 95 % of cases at least, whether many guess or few; with many guesses the bound is near it."""
    rng = np.random.default_rng(0)
    accuracy = 1 / (1 + np.exp(-epsilon))
    for guessed, near in [(100, 1.5), (20_000, 0.1)]:
        right = rng.binomial(guessed, accuracy, size=SIMULATIONS)
        by_count = {v: lowest_epsilon(0.0, guessed, guessed, v) for v in set(right.tolist())}
        bounds = np.array([by_count[v] for v in right.tolist()])
        assert (bounds > epsilon).sum() <= ALLOWED
        assert (bounds > epsilon - near).mean() > 0.9


def test_a_delta_pays_for_what_is_given_away_with_that_probability() -> None:
    """Examples that are revealed with probability delta refute every epsilon of pure privacy, and none with delta."""
    rng = np.random.default_rng(0)
    examples, delta = 2000, 0.01
    revealed = (rng.random((50, examples)) < delta).sum(axis=1)
    pure, approximate = (
        np.array([lowest_epsilon(allowed, examples, int(r), int(r)) for r in revealed]) for allowed in (0.0, delta)
    )
    assert pure.min() > 0.5
    assert approximate.max() == 0.0


def simulated(rng: np.random.Generator, strength: float, size: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of examples, their coins, and a random half to choose thresholds on."""
    is_member = rng.random(size) < 0.5
    return rng.normal(size=size) + strength * is_member, is_member, rng.permutation(size) < size // 2


def test_guessing_shows_nothing() -> None:
    """Scores without a trace of the coins give a bound above 0 in 5 % of cases at most."""
    rng = np.random.default_rng(0)
    bounds = [guessed_epsilon(*simulated(rng, 0.0), confidence=0.95).low for _ in range(SIMULATIONS)]
    assert (np.array(bounds) > 0).sum() <= ALLOWED


def test_thresholds_judged_where_they_were_chosen_would_show_what_is_not_there() -> None:
    """The other half is needed: the best of many thresholds looks good on its own examples."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(50):
        scores, is_member, fit = simulated(rng, 0.0)
        twice = (np.concatenate([part[fit], part[fit]]) for part in (scores, is_member))
        found += guessed_epsilon(*twice, np.arange(2 * fit.sum()) < fit.sum()).low > 0
    assert found > 10


def test_a_perfect_attack_shows_nearly_all_that_can_be_shown() -> None:
    """All are guessed but those between the two thresholds; a weaker attack shows less, none more than the ceiling."""
    rng = np.random.default_rng(0)
    perfect, strong, weak = (guessed_epsilon(*simulated(rng, strength, 2000)) for strength in (50.0, 2.0, 1.0))
    assert 0.9 * perfect.ceiling < perfect.low <= perfect.ceiling
    assert 0 < weak.low < strong.low < perfect.low
    assert perfect.ceiling == strong.ceiling == pytest.approx(np.log(0.025 ** (1 / 1000) / (1 - 0.025 ** (1 / 1000))))


def test_scores_that_are_wrong_for_certain_show_as_much() -> None:
    """They are turned, as the half that is not judged says."""
    scores, is_member, fit = simulated(np.random.default_rng(0), 2.0, 1000)
    right, wrong = (guessed_epsilon(sign * scores, is_member, fit).low for sign in (1, -1))
    assert right == wrong > 0


def test_equal_scores_are_guessed_alike() -> None:
    """An attack that only says yes or no is judged by all of its answers."""
    rng = np.random.default_rng(0)
    is_member, fit = rng.random(1000) < 0.5, rng.permutation(1000) < 500
    answers = np.where(rng.random(1000) < 0.8, is_member, ~is_member).astype(float)
    right = int((answers[~fit] == is_member[~fit]).sum())
    assert guessed_epsilon(answers, is_member, fit, confidence=0.95).low == lowest_epsilon(0.0, 500, 500, right)


def test_no_example_to_judge_shows_nothing() -> None:
    """Nor does a half without an example to choose on."""
    scores, is_member, _ = simulated(np.random.default_rng(0), 5.0, 20)
    assert guessed_epsilon(scores, is_member, np.ones(20, dtype=bool)) == guessed_epsilon(
        scores[:0], is_member[:0], is_member[:0]
    )
    assert guessed_epsilon(scores, is_member, np.zeros(20, dtype=bool)).low == 0.0


def test_impossible_counts_and_scores_are_refused() -> None:
    """With what must hold."""
    for counts in [(10, 11, 3), (10, 5, 6), (10, 5, -1)]:
        with pytest.raises(MetricError, match="0 <= right <= guesses <= examples"):
            p_value(1.0, 0.0, *counts)
    for epsilon, delta in [(-0.1, 0.0), (1.0, 1.0), (1.0, -0.1)]:
        with pytest.raises(MetricError, match="an epsilon of at least 0 and a delta"):
            p_value(epsilon, delta, 10, 5, 3)
    scores, is_member, fit = simulated(np.random.default_rng(0), 0.0)
    with pytest.raises(MetricError, match="scores that are all finite"):
        guessed_epsilon(np.where(fit, np.nan, scores), is_member, fit)
