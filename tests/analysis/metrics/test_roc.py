from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from privsearch.analysis.metrics import attack_auc, roc_curve, roc_curves
from privsearch.study.roc_curves import Curve


def _area(found: Curve) -> float:
    members, others = np.array(found.members), np.array(found.non_members)
    return float(np.trapezoid(members / members[-1], others / others[-1]))


@given(arrays(np.int64, st.integers(2, 300), elements=st.integers(0, 40)), st.randoms())
def test_a_curve_begins_ends_and_rises(scores: np.ndarray, random: Any) -> None:
    """From nobody accused to all, never falling; with room for all, its area is the AUC, ties as halves."""
    is_member = np.array([random.random() < 0.5 for _ in scores])
    is_member[:2] = True, False
    found = roc_curve(scores.astype(float), is_member, most=1000)
    assert (found.members[0], found.non_members[0]) == (0, 0)
    assert (found.members[-1], found.non_members[-1]) == (is_member.sum(), (~is_member).sum())
    assert (np.diff(found.members) >= 0).all()
    assert (np.diff(found.non_members) >= 0).all()


def test_a_thinned_curve_keeps_its_lowest_rates() -> None:
    """Of ten thousand thresholds 200 points are left; the lowest false positive rates are all there, exactly."""
    rng = np.random.default_rng(0)
    is_member = rng.random(20_000) < 0.5
    scores = rng.normal(size=20_000) + 0.3 * is_member
    found = roc_curve(scores, is_member, most=200)
    assert len(found.members) <= 200
    others = np.array(found.non_members)
    assert set(range(10)) <= set(others.tolist())
    thresholds = np.sort(scores[~is_member])[::-1]
    for count in range(1, 10):
        wanted = (scores[is_member] > thresholds[count]).sum()
        assert found.members[int(np.flatnonzero(others == count)[-1])] == wanted
    area = _area(found)
    assert area == pytest.approx(attack_auc(scores, is_member), abs=2e-3)


def test_many_targets_share_their_points() -> None:
    """One target has 200 points, three have as many each, fifteen 40."""
    rng = np.random.default_rng(0)
    is_member = rng.random(20_000) < 0.5
    target = rng.normal(size=20_000), is_member
    for targets, most in ((1, 200), (3, 200), (6, 100), (15, 40)):
        found = roc_curves([target] * targets)
        assert len(found) == targets
        assert most / 2 < len(found[0].members) <= most
