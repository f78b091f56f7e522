import numpy as np
import pytest
from sklearn.svm import SVC

from privsearch.attacks.base import AttackSet
from privsearch.attacks.svm import svm_scores
from privsearch.errors import MetricError
from privsearch.metrics import attack_auc, noise_floor


def examples(size: int, shift: float, seed: int, classes: int = 2) -> AttackSet:
    """Gaussian logits; those of members are moved by `shift`."""
    rng = np.random.default_rng(seed)
    is_member = np.arange(size) % 2 == 0
    logits = rng.normal(size=(size, 3)) + shift * is_member[:, None]
    return AttackSet(logits, rng.integers(classes, size=size), is_member)


def scores(fit: AttackSet, query: AttackSet, *, per_class: bool = False) -> np.ndarray:
    return svm_scores(fit, query, np.random.default_rng(0), per_class=per_class)


@pytest.mark.parametrize("per_class", [False, True])
def test_a_signal_that_is_there_is_found(per_class: bool) -> None:
    """Members far from non-members are told apart without a mistake."""
    query = examples(200, 10.0, seed=2)
    assert attack_auc(scores(examples(200, 10.0, seed=1), query, per_class=per_class), query.is_member) == 1.0


@pytest.mark.parametrize("per_class", [False, True])
def test_no_signal_gives_one_half_within_the_noise_floor(per_class: bool) -> None:
    """Where members and non-members are alike there is nothing to find, on average over many draws."""
    aucs = []
    for seed in range(30):
        query = examples(100, 0.0, seed=1000 + seed)
        aucs.append(attack_auc(scores(examples(100, 0.0, seed=seed), query, per_class=per_class), query.is_member))
    assert np.mean(aucs) == pytest.approx(0.5, abs=noise_floor(50, 50) / np.sqrt(30))


def test_permuting_the_examples_permutes_the_scores() -> None:
    """A score belongs to its example, not to its place."""
    fit, query = examples(80, 1.0, seed=1), examples(60, 1.0, seed=2)
    order = np.random.default_rng(3).permutation(60)
    assert np.array_equal(scores(fit, query[order]), scores(fit, query)[order])


def test_a_constant_signal_gives_one_half() -> None:
    """Equal outputs get equal scores."""
    fit = examples(40, 1.0, seed=1)
    query = AttackSet(np.ones((10, 3)), np.zeros(10, dtype=int), np.arange(10) < 5)
    assert attack_auc(scores(fit, query), query.is_member) == 0.5


def test_it_is_scikit_learns_svc_on_balanced_unscaled_logits() -> None:
    """On data that are balanced already the scores are the plain library call's."""
    fit, query = examples(80, 1.0, seed=1), examples(60, 1.0, seed=2)
    plain = SVC(kernel="rbf").fit(fit.logits, fit.is_member).decision_function(query.logits)
    assert np.array_equal(scores(fit, query), plain)


def test_without_undersampling_it_learns_from_all() -> None:
    """Four members to a non-member: the plain library call on all of them, and not on a balanced part."""
    fit, query = examples(100, 1.0, seed=1), examples(60, 1.0, seed=2)
    uneven = fit[np.flatnonzero(fit.is_member | (np.arange(100) % 8 == 1))]
    plain = SVC(kernel="rbf").fit(uneven.logits, uneven.is_member).decision_function(query.logits)
    rng = np.random.default_rng(0)
    assert np.array_equal(svm_scores(uneven, query, rng, undersample=False), plain)
    assert not np.array_equal(svm_scores(uneven, query, rng), plain)


def test_per_class_fits_each_class_alone() -> None:
    """A class's scores do not change when another class's examples do."""
    fit, query = examples(200, 1.0, seed=1), examples(60, 1.0, seed=2)
    ones = query.labels == 1
    disturbed = AttackSet(np.where(fit.labels[:, None] == 0, 7.0 * fit.logits, fit.logits), fit.labels, fit.is_member)
    # Equally many of each kind per class, so that undersampling draws nothing.
    even = np.concatenate(
        [np.flatnonzero((fit.labels == c) & (fit.is_member == m))[:40] for c in (0, 1) for m in (True, False)]
    )
    before, after = (scores(f[even], query, per_class=True) for f in (fit, disturbed))
    assert np.array_equal(before[ones], after[ones])
    assert not np.array_equal(before[~ones], after[~ones])


@pytest.mark.parametrize("member", [True, False])
def test_one_kind_alone_is_refused_with_the_reason(member: bool) -> None:
    """There is nothing to learn from members without non-members."""
    fit = examples(20, 0.0, seed=1)
    with pytest.raises(MetricError, match="needs members and non-members to learn from, but in all classes it has"):
        scores(fit[fit.is_member == member], fit)


def test_a_class_without_non_members_is_named() -> None:
    """The reader learns which class is too small."""
    fit = examples(40, 0.0, seed=1)
    with pytest.raises(MetricError, match=r"in class 1 it has \d+ members and 0 non-members"):
        scores(fit[(fit.labels == 0) | fit.is_member], fit, per_class=True)
