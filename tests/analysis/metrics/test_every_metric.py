from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scored_examples import PAIRED, columns

from privsearch._util.interval import Interval
from privsearch.analysis.metrics import (
    attack_auc,
    auc_interval,
    epsilon_lower_bound,
    held_out_advantage,
    held_out_tpr,
    tpr_at_fpr,
)
from privsearch.errors import MetricError

Metric = Callable[[np.ndarray, np.ndarray], Any]


def alternating(scores: np.ndarray, is_member: np.ndarray) -> np.ndarray:
    """A half with every other example of either kind, in the order of the scores."""
    first = np.zeros(len(scores), dtype=bool)
    for kind in (is_member, ~is_member):
        first[np.flatnonzero(kind)[np.argsort(scores[kind], kind="stable")][::2]] = True
    return first


WHOLE: list[Metric] = [attack_auc, auc_interval, lambda scores, is_member: tpr_at_fpr(scores, is_member, 0.5)]
BY_HALF: list[Metric] = [
    lambda scores, is_member: held_out_tpr(scores, is_member, 0.5, alternating(scores, is_member)),
    lambda scores, is_member: held_out_advantage(scores, is_member, alternating(scores, is_member)),
    lambda scores, is_member: epsilon_lower_bound(scores, is_member, alternating(scores, is_member)),
]
every_metric = pytest.mark.parametrize("metric", [*WHOLE, *BY_HALF])
ENOUGH = PAIRED.filter(lambda pairs: 4 <= sum(member for _, member in pairs) <= len(pairs) - 4)


@every_metric
@pytest.mark.parametrize("member", [True, False])
def test_one_kind_alone_has_no_metric(metric: Metric, member: bool) -> None:
    """Nothing can be told apart where there is one kind."""
    with pytest.raises(MetricError, match="needs members and non-members, but all 3 examples are"):
        metric(np.arange(3.0), np.full(3, member))


@every_metric
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_refused(metric: Metric, bad: float) -> None:
    """NaN must never pass for a number that looks fine, nor an infinity for a score."""
    with pytest.raises(MetricError, match="1 of 4 are not"):
        metric(np.array([1.0, 2.0, 3.0, bad]), np.array([True, True, False, False]))


@pytest.mark.parametrize("metric", BY_HALF)
def test_what_is_judged_on_other_examples_needs_both_kinds_on_either_half(metric: Metric) -> None:
    """One member cannot be on both halves."""
    with pytest.raises(MetricError, match="on either half of the examples"):
        metric(np.arange(5.0), np.arange(5) < 1)


@given(PAIRED, st.integers(0, 1000))
def test_the_order_of_examples_means_nothing(pairs: list[tuple[int, bool]], seed: int) -> None:
    """Shuffled examples give the same numbers, and every interval holds its value and stays within [0, 1]."""
    scores, is_member = columns(pairs)
    order = np.random.default_rng(seed).permutation(len(scores))
    for metric in WHOLE[1:]:
        found = metric(scores, is_member)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert astuple(metric(scores[order], is_member[order])) == pytest.approx(astuple(found), abs=1e-12)


@given(ENOUGH)
def test_the_scale_of_scores_means_nothing(pairs: list[tuple[int, bool]]) -> None:
    """Every number depends on who scores above whom, and on nothing else."""
    scores, is_member = columns(pairs)
    for metric in (*WHOLE, *BY_HALF):
        assert metric(np.exp(scores), is_member) == metric(scores, is_member)


@pytest.mark.parametrize("shift", [1.0, 2.0])
@pytest.mark.parametrize(
    "metric",
    [partial(held_out_tpr, fpr=0.1), held_out_advantage, epsilon_lower_bound],
    ids=["tpr", "advantage", "epsilon"],
)
def test_scores_that_are_wrong_for_certain_leak_as_much_as_right_ones(shift: float, metric: Any) -> None:
    """What is judged on other examples is the same for scores and for their negatives."""
    rng = np.random.default_rng(0)
    is_member, first = np.arange(600) < 300, np.arange(600) % 2 == 0
    scores = rng.normal(size=600) + shift * is_member
    right, turned = (numbers(metric(sign * scores, is_member, first=first)) for sign in (1, -1))
    assert turned == pytest.approx(right, abs=0.02)
    assert right[0] > 0.2


def numbers(found: Any) -> tuple[float, ...]:
    return astuple(found) if isinstance(found, Interval) else (found,)
