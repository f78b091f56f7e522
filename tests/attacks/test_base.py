from dataclasses import replace

import numpy as np
import pytest
from attack_views import make_cohort
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import softmax

from privsearch.attacks.base import CohortOutputs, Outputs, in_and_out, label_log_odds, log_odds
from privsearch.errors import MetricError


@given(st.integers(2, 12), st.integers(1, 30), st.integers(0, 2**32))
def test_each_example_gets_as_many_shadows_in_as_out(shadows: int, size: int, seed: int) -> None:
    """As many in one state as in the other, in that state indeed, none twice, and as many as there can be."""
    rng = np.random.default_rng(seed)
    is_member = rng.random((shadows, size)) < 0.5
    is_member[:2] = np.array([[True], [False]])
    inside, outside = in_and_out(is_member, rng)
    assert np.take_along_axis(is_member, inside, axis=0).all()
    assert not np.take_along_axis(is_member, outside, axis=0).any()
    count = is_member.sum(axis=0)
    for chosen in (inside, outside):
        assert len(chosen) == min(count.min(), (shadows - count).min())
        assert all(len(set(of_example)) == len(chosen) for of_example in chosen.T)


def test_which_shadow_is_left_out_is_left_to_chance() -> None:
    """Four shadows for three places: each is left out a quarter of the time."""
    is_member = np.tile([[True], [True], [True], [True], [False], [False], [False]], 4000)
    inside, _ = in_and_out(is_member, np.random.default_rng(0))
    taken = np.bincount(inside.ravel(), minlength=4)[:4] / 4000
    assert taken == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 4000))


@pytest.mark.parametrize("lacking", [True, False])
def test_an_example_without_shadows_in_one_state_is_refused(lacking: bool) -> None:
    """One such example is enough, and the reader learns what to do."""
    is_member = np.array([[True, True], [True, False], [False, False], [False, True]])
    is_member[:, 1] = not lacking
    with pytest.raises(MetricError, match="some example lacks one kind; use the protocol halves, with at least 4"):
        in_and_out(is_member, np.random.default_rng(0))


@given(hnp.arrays(float, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-10, 10)))
def test_log_odds_are_those_of_the_softmax(logits: np.ndarray) -> None:
    """Where the softmax does not saturate they are log(p / (1 - p)) by the book."""
    p = softmax(logits, axis=-1)
    np.testing.assert_allclose(log_odds(logits), np.log(p) - np.log(1 - p), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("gap", [40.0, 1e4])
def test_log_odds_do_not_saturate(gap: float) -> None:
    """A network as sure as single precision lets it be: the log-odds of two classes are their logits' difference."""
    assert log_odds(np.array([gap, 0.0], dtype=np.float32)) == pytest.approx([gap, -gap], rel=1e-15)
    assert log_odds(np.array([gap, 0.0, 0.0])) == pytest.approx([gap - np.log(2), -gap, -gap], rel=1e-15)


def test_every_network_and_view_is_asked_about_the_label() -> None:
    """The log-odds of the label, network by network, view by view, example by example."""
    asked = make_cohort(0, size=5, views=2).view().queried
    target, shadows = label_log_odds(asked)
    for view, example in np.ndindex(2, 5):
        label = asked.labels[example]
        assert target[view, example] == log_odds(asked.target[view, example])[label]
        for shadow in range(7):
            assert shadows[shadow, view, example] == log_odds(asked.shadows[shadow, view, example])[label]


def test_outputs_are_picked_by_example() -> None:
    """An index array or a mask picks the same examples from target, shadows and labels."""
    asked = make_cohort(0, size=4, views=2).view().queried
    for chosen in (np.array([1, 3]), np.array([False, True, False, True])):
        assert np.array_equal(asked[chosen].target, asked.target[:, [1, 3]])
        assert np.array_equal(asked[chosen].shadows, asked.shadows[:, :, [1, 3]])
        assert np.array_equal(asked[chosen].labels, asked.labels[[1, 3]])


def test_a_target_without_shadows_has_its_log_odds() -> None:
    """There are none of shadows then, on as many views and examples."""
    view = make_cohort(0, views=3).view()
    alone = replace(view.queried, shadows=view.queried.shadows[:0])
    target, shadows = label_log_odds(alone)
    assert np.array_equal(target, label_log_odds(view.queried)[0])
    assert shadows.shape == (0, *target.shape)


def test_log_odds_of_a_cohort_are_those_of_each_of_its_networks_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    answers, labels = 9 * rng.normal(size=(5, 3, 40, 7)).astype(np.float32), rng.integers(7, size=40)
    cohort, shadows, chosen = CohortOutputs(answers, labels), np.array([0, 3, 4]), rng.permutation(40)[:13]
    for target in (1, 2):
        outputs = Outputs(answers[target], answers[shadows], labels)
        shared = cohort.of(target, shadows)
        for computed, given_ in zip(label_log_odds(outputs[chosen]), label_log_odds(shared[chosen]), strict=True):
            np.testing.assert_array_equal(given_, computed)
