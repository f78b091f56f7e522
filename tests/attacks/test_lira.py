from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from attack_views import make_cohort
from scipy.special import logit
from scipy.stats import norm

from privsearch.attacks import AttackView, Outputs
from privsearch.attacks.lira import lira_scores
from privsearch.errors import MetricError

Mode = Literal["online", "offline"]
Variance = Literal["pooled", "per_example"]

modes = pytest.mark.parametrize("mode", ["online", "offline"])
variances = pytest.mark.parametrize("variance", ["pooled", "per_example"])


def view(target: list[float], shadows: list[list[float]], is_member: list[list[bool]]) -> AttackView:
    """Networks with the given log-odds of the label on each example: one of two classes, the other's logit being 0."""

    def logits(odds: np.ndarray) -> np.ndarray:
        return np.stack([odds, np.zeros_like(odds)], axis=-1)[..., None, :, :]

    asked = Outputs(logits(np.array(target)), logits(np.array(shadows)), np.zeros(len(target), dtype=int))
    return AttackView(asked, np.array(is_member), (), asked[np.array([], dtype=int)])


def scores(asked: AttackView, mode: Mode = "online", variance: Variance = "pooled", seed: int = 0) -> np.ndarray:
    return lira_scores(asked, np.random.default_rng(seed), mode=mode, variance=variance)


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
def test_shadows_that_agree_do_not_divide_by_zero(mode: Mode, variance: Variance) -> None:
    """A target that answers unlike identical shadows is judged by the direction, in finite numbers."""
    agreeing = [[5.0, 5.0], [5.0, 5.0], [1.0, 1.0], [1.0, 1.0]]
    member, other = scores(
        view([5.0, 1.0], agreeing, [[True] * 2, [True] * 2, [False] * 2, [False] * 2]), mode, variance
    )
    assert np.isfinite([member, other]).all()
    assert member > other


@modes
def test_four_networks_are_enough_for_a_pooled_variance_alone(mode: Mode) -> None:
    """One shadow in a state has no variance of its own, and the reader learns what to do."""
    four = make_cohort(0, networks=4).view()
    assert np.isfinite(scores(four, mode, "pooled")).all()
    with pytest.raises(MetricError, match="have 1; use variance: pooled, or the protocol halves with at least 6"):
        scores(four, mode, "per_example")


def test_one_shadow_in_each_state_has_no_variance_at_all() -> None:
    """Nor do all examples together where none has two shadows in a state."""
    with pytest.raises(MetricError, match="have 1; use the protocol halves with at least 4 networks"):
        scores(view([0.0], [[1.0], [2.0]], [[True], [False]]))


@modes
@variances
def test_each_view_has_statistics_of_its_own(mode: Mode, variance: Variance) -> None:
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
        )
        for v in range(3)
    ]
    assert scores(asked, mode, variance) == pytest.approx(np.mean(singly, axis=0))
