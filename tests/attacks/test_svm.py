from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import SVC

from privsearch.attacks import AttackView, Fold, Outputs
from privsearch.attacks.svm import svm_scores, undersampled
from privsearch.errors import MetricError

LEARNT = 100


def view(learnt: np.ndarray | None = None, *, effect: float = 1.0, seed: int = 0) -> AttackView:
    """One round that learns from the first 100 of 160 examples and judges the rest; every other one is a member.

    `learnt` says which of the first 100 are learnt from.
    """
    rng = np.random.default_rng(seed)
    size = LEARNT + 60
    is_member = np.arange(size) % 2 == 0
    target, shadow = rng.normal(size=(2, 1, size, 3)) + effect * is_member[:, None]
    fit = np.arange(size) < LEARNT
    score = ~fit
    if learnt is not None:
        fit[:LEARNT] = learnt
    asked = Outputs(target, shadow[None], rng.integers(2, size=size))
    return AttackView(asked, is_member[None], (Fold(fit, score),), asked[np.array([], dtype=int)])


def judged(asked: AttackView, *, per_class: bool = False, undersample: bool = True) -> np.ndarray:
    scores = svm_scores(asked, np.random.default_rng(0), per_class=per_class, undersample=undersample)
    return scores[asked.folds[0].score]


def plain(asked: AttackView, fit: np.ndarray, score: np.ndarray) -> np.ndarray:
    model = SVC(kernel="rbf").fit(asked.queried.shadows[0, 0, fit], asked.shadow_is_member[0, fit])
    return model.decision_function(asked.queried.target[0, score])


def same(scores: np.ndarray, expected: np.ndarray) -> bool:
    """Up to rounding."""
    return np.allclose(scores, expected, rtol=0, atol=1e-10)


def test_it_is_scikit_learns_svc_on_balanced_unscaled_logits() -> None:
    """On data that are balanced already the scores are the plain library call's, of shadow and target."""
    asked = view()
    assert same(judged(asked), plain(asked, asked.folds[0].fit, asked.folds[0].score))


def test_without_undersampling_it_learns_from_all() -> None:
    """Four members to a non-member: the plain library call on all of them, and not on a balanced part."""
    asked = view(np.arange(LEARNT) % 8 != 3)
    everything = plain(asked, asked.folds[0].fit, asked.folds[0].score)
    assert same(judged(asked, undersample=False), everything)
    assert not same(judged(asked), everything)


def test_members_are_drawn_before_non_members_and_order_is_kept() -> None:
    """The draws that recorded results depend on: members, then non-members, then as they lie."""
    asked, rng = view(np.arange(LEARNT) % 8 != 3), np.random.default_rng(0)
    fit, is_member = asked.folds[0].fit, asked.shadow_is_member[0]
    members, others = np.flatnonzero(fit & is_member), np.flatnonzero(fit & ~is_member)
    drawn = [rng.choice(kind, len(others), replace=False) for kind in (members, others)]
    assert len(others) < len(members)
    assert same(judged(asked), plain(asked, np.sort(np.concatenate(drawn)), asked.folds[0].score))


def test_each_round_fits_anew() -> None:
    """Two rounds are two single ones, each judged by what was learnt in it."""
    asked = view()
    first = asked.folds[0]
    both = replace(asked, folds=(first, Fold(first.score, first.fit)))
    scores = svm_scores(both, np.random.default_rng(0))
    assert same(scores[first.score], plain(asked, first.fit, first.score))
    assert same(scores[first.fit], plain(asked, first.score, first.fit))


def test_the_first_view_of_the_first_shadow_is_read_alone() -> None:
    """What other views and other shadows answer changes nothing."""
    asked = view()
    target, shadows = asked.queried.target, asked.queried.shadows
    more = Outputs(
        np.concatenate([target, -target]),
        np.tile(np.concatenate([shadows, -shadows], axis=1), (2, 1, 1, 1)) * np.array([1, 3]).reshape(2, 1, 1, 1),
        asked.queried.labels,
    )
    of_more = replace(asked, queried=more, shadow_is_member=np.concatenate([asked.shadow_is_member] * 2))
    assert np.array_equal(judged(of_more), judged(asked))


def test_what_no_round_judges_has_no_score() -> None:
    """A hole in the rounds cannot pass for a score."""
    asked = view()
    scores = svm_scores(asked, np.random.default_rng(0))
    assert np.array_equal(np.isnan(scores), ~asked.folds[0].score)


def test_per_class_fits_each_class_alone() -> None:
    """A class's scores do not change when another class's examples do."""
    asked = view()
    zeros, is_member = asked.queried.labels == 0, asked.shadow_is_member[0]
    # Equally many of each kind per class, so that undersampling draws nothing.
    even = np.concatenate(
        [np.flatnonzero((asked.queried.labels == c) & (is_member == m))[:15] for c in (0, 1) for m in (True, False)]
    )
    fit = np.isin(np.arange(len(zeros)), even)
    asked = replace(asked, folds=(Fold(fit, np.ones_like(fit)),))
    disturbed = np.where(zeros[:, None], 7.0 * asked.queried.shadows, asked.queried.shadows)
    before = judged(asked, per_class=True)
    after = judged(replace(asked, queried=replace(asked.queried, shadows=disturbed)), per_class=True)
    assert np.array_equal(before[~zeros], after[~zeros])
    assert not np.array_equal(before[zeros], after[zeros])


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32))
def test_undersampling_keeps_the_rarer_kind_whole(members: int, others: int, seed: int) -> None:
    """As many of one kind as of the other, none twice."""
    kinds = np.arange(members), members + np.arange(others)
    kept = undersampled(*kinds, np.random.default_rng(seed))
    for kind, of_kind in zip(kinds, kept, strict=True):
        assert len(set(of_kind)) == min(members, others)
        assert set(of_kind) <= set(kind)


@pytest.mark.parametrize("member", [True, False])
def test_one_kind_alone_is_refused_with_the_reason(member: bool) -> None:
    """There is nothing to learn from members without non-members."""
    counts = "50 members and 0 non-members" if member else "0 members and 50 non-members"
    with pytest.raises(MetricError, match=f"in all classes it has {counts}; use more data$"):
        judged(view((np.arange(LEARNT) % 2 == 0) == member))


def test_a_class_without_non_members_is_named() -> None:
    """The reader learns which class is too small."""
    asked = view()
    learnt = (asked.queried.labels == 0) | asked.shadow_is_member[0]
    with pytest.raises(MetricError, match=r"in class 1 it has \d+ members and 0 non-members; .* per_class: false"):
        judged(view(learnt[:LEARNT]), per_class=True)
