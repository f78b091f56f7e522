from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pytest
from attack_views import make_cohort
from scipy.special import logit
from scipy.stats import norm, t

from privsearch.analysis.metrics import attack_auc
from privsearch.analysis.shrinkage import shrunken_means, shrunken_variances
from privsearch.attacks import AttackView, Outputs
from privsearch.attacks.lira import lira_scores
from privsearch.errors import MetricError
from privsearch.spec.attacks import Means, Variance

Mode = Literal["online", "offline"]

modes = pytest.mark.parametrize("mode", ["online", "offline"])
variances = pytest.mark.parametrize("variance", get_args(Variance))
both_means = pytest.mark.parametrize("means", get_args(Means))


def view(target: list[float], shadows: list[list[float]], is_member: list[list[bool]]) -> AttackView:
    """Networks with the given log-odds of the label on each example: one of two classes, the other's logit being 0."""

    def logits(odds: np.ndarray) -> np.ndarray:
        return np.stack([odds, np.zeros_like(odds)], axis=-1)[..., None, :, :]

    asked = Outputs(logits(np.array(target)), logits(np.array(shadows)), np.zeros(len(target), dtype=int))
    return AttackView(asked, np.array(is_member), (), asked[np.array([], dtype=int)])


def scores(
    asked: AttackView, mode: Mode = "online", variance: Variance = "pooled", means: Means = "per_example"
) -> np.ndarray:
    return lira_scores(asked, np.random.default_rng(0), mode=mode, variance=variance, means=means)


STATES = [[True, False], [True, False], [False, True], [False, True]]
# Means in and out: 4 and 1, then 2 and 7. Variances in and out: 2 and 8, then 18 and 32.
SHADOWS = [[3.0, 3.0], [5.0, 11.0], [-1.0, -1.0], [3.0, 5.0]]


@pytest.mark.parametrize(("variance", "inside", "outside"), [("per_example", 2.0, 8.0), ("pooled", 10.0, 20.0)])
def test_the_numbers_are_those_of_the_formulas(variance: Variance, inside: float, outside: float) -> None:
    """Two shadows in each state: the first example's own variances, or the means over both examples."""
    asked = view([2.0, 0.0], SHADOWS, STATES)
    above_out = norm.cdf(2.0, 1.0, np.sqrt(outside))
    ratio = norm.logpdf(2.0, 4.0, np.sqrt(inside)) - norm.logpdf(2.0, 1.0, np.sqrt(outside))
    assert scores(asked, "online", variance)[0] == pytest.approx(ratio, rel=1e-12)
    assert scores(asked, "offline", variance)[0] == pytest.approx(logit(above_out), rel=1e-12)


@modes
def test_how_hard_an_example_is_does_not_widen_the_pooled_variance(mode: Mode) -> None:
    """Shifting what all networks say of an example leaves every score where it was."""
    shift = np.array([0.0, 300.0])
    shifted = view(list(np.array([2.0, 0.0]) + shift), (np.array(SHADOWS) + shift).tolist(), STATES)
    assert scores(shifted, mode) == pytest.approx(scores(view([2.0, 0.0], SHADOWS, STATES), mode), rel=1e-9)


@variances
def test_offline_saturates_at_neither_end(variance: Variance) -> None:
    """Far beyond where the normal distribution's CDF is 0 or 1 in floating point, surer is higher."""
    found = [scores(view([odds, 0.0], SHADOWS, STATES), "offline", variance)[0] for odds in np.linspace(-900, 900, 99)]
    assert (np.diff(found) > 0).all()


@modes
@variances
@both_means
def test_shadows_that_agree_do_not_divide_by_zero(mode: Mode, variance: Variance, means: Means) -> None:
    """A target that answers unlike identical shadows is judged by the direction, in finite numbers."""
    agreeing = [[5.0, 5.0], [5.0, 5.0], [1.0, 1.0], [1.0, 1.0]]
    asked = view([5.0, 1.0], agreeing, [[True] * 2, [True] * 2, [False] * 2, [False] * 2])
    member, other = scores(asked, mode, variance, means)
    assert np.isfinite([member, other]).all()
    assert member > other


@modes
def test_four_networks_are_enough_for_a_pooled_variance_alone(mode: Mode) -> None:
    """One shadow in a state has no variance of its own, and the reader learns what to do."""
    four = make_cohort(0, networks=4).view()
    assert np.isfinite(scores(four, mode, "pooled")).all()
    assert np.array_equal(scores(four, mode, "shrunken"), scores(four, mode, "pooled"))
    with pytest.raises(MetricError, match="have 1; use variance: pooled, or the protocol halves with at least 6"):
        scores(four, mode, "per_example")


def test_one_shadow_in_each_state_has_no_variance_at_all() -> None:
    """Nor do all examples together where none has two shadows in a state."""
    with pytest.raises(MetricError, match="have 1; use the protocol halves with at least 4 networks"):
        scores(view([0.0], [[1.0], [2.0]], [[True], [False]]))


@modes
@variances
@both_means
def test_each_view_has_statistics_of_its_own(mode: Mode, variance: Variance, means: Means) -> None:
    """The score over three views is the mean of the scores of each."""
    asked = make_cohort(0, views=3).view()
    singly = [
        scores(
            replace(
                asked,
                queried=replace(
                    asked.queried, target=asked.queried.target[v, None], shadows=asked.queried.shadows[:, v, None]
                ),
            ),
            mode,
            variance,
            means,
        )
        for v in range(3)
    ]
    assert scores(asked, mode, variance, means) == pytest.approx(np.mean(singly, axis=0))


def hard_and_easy(num_examples: int, networks: int, *, seed: int, gaps_differ: bool, noises_differ: bool) -> AttackView:
    """A target among shadows that are surer of members by a gap; an even number of examples, the first half members."""
    rng = np.random.default_rng(seed)
    half = networks // 2
    is_member = np.arange(networks) < half
    easy = rng.normal(5.0, 3.0, size=num_examples)
    gap = rng.normal(1.5, 1.5, size=num_examples) if gaps_differ else np.full(num_examples, 1.5)
    noise = np.exp(rng.normal(0.0, 0.7, size=num_examples)) if noises_differ else np.ones(num_examples)
    shadows = easy + gap * is_member[:, None] + noise * rng.normal(size=(networks, num_examples))
    target = easy + gap * members(num_examples) + noise * rng.normal(size=num_examples)
    return view(list(target), shadows.tolist(), np.repeat(is_member[:, None], num_examples, axis=1).tolist())


def members(num_examples: int) -> np.ndarray:
    return np.arange(num_examples) < num_examples // 2


@pytest.mark.parametrize("gaps_differ", [True, False])
@pytest.mark.parametrize("noises_differ", [True, False])
@pytest.mark.parametrize("shadows", [6, 32])
def test_shrinking_never_costs_power(gaps_differ: bool, noises_differ: bool, shadows: int) -> None:
    """Whether examples differ or not, with few shadows or many, it does as well as the best of what lies between."""
    made = hard_and_easy(3000, shadows, seed=0, gaps_differ=gaps_differ, noises_differ=noises_differ)

    def auc(variance: Variance, means: Means) -> float:
        return attack_auc(scores(made, "online", variance, means), members(3000))

    best = max(auc("pooled", "per_example"), auc("per_example", "per_example"))
    assert auc("shrunken", "shrunken") > best - 0.005
    if shadows == 6:
        assert auc("shrunken", "shrunken") > best + 0.004


def test_shrunken_is_students_t_about_shrunken_means() -> None:
    """The densities of scipy, with the shrunken variances and their degrees of freedom."""
    made = hard_and_easy(40, 8, seed=0, gaps_differ=True, noises_differ=True)
    # Each state has as many shadows for all examples, so that all of them are chosen.
    odds = made.queried.shadows[:, 0, :, 0]
    states = odds[4:], odds[:4]
    shrunken = [shrunken_variances(values.var(axis=0, ddof=1), 3) for values in states]
    centres = shrunken_means(
        np.stack([values.mean(axis=0) for values in states]),
        np.stack([squares / 4 for squares, _ in shrunken], axis=-1)[:, :, None] * np.eye(2),
    )
    out, inside = (
        t.logpdf(made.queried.target[0, :, 0], degrees, centre, np.sqrt(squares * (degrees - 2) / degrees))
        for centre, (squares, degrees) in zip(centres, shrunken, strict=True)
    )
    assert max(degrees for _, degrees in shrunken) < 20
    assert scores(made, "online", "shrunken", "shrunken") == pytest.approx(inside - out, rel=1e-9)
