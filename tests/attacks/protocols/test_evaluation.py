import numpy as np
import pytest

from privsearch.attacks.protocols.evaluation import Evaluation, across_targets, evaluate, mean_cut, most_exposed
from privsearch.study.attack_result import Cut
from privsearch.study.signals import Signals

N = 400


def signals(targets: int = 2, seed: int = 0) -> Signals:
    """Two classes; each network was trained on its own random half, and is right about two in three."""
    rng = np.random.default_rng(seed)
    is_member = np.array([rng.permutation(N) < N // 2 for _ in range(targets)])
    labels = rng.integers(2, size=N)
    right = rng.random((targets, N)) < 2 / 3
    predicted = np.where(right, labels, 1 - labels)
    logits = np.eye(2)[predicted]
    return Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, 1000 + np.arange(N), N)


def judged(seen: Signals, target: int, strength: float, seed: int = 0) -> Evaluation:
    rng = np.random.default_rng([seed, target])
    scores = rng.normal(size=N) + strength * seen.is_member[target]
    return evaluate(scores, seen, target, np.arange(N), seed, bounds_epsilon=True)


def test_every_number_has_its_interval_around_it() -> None:
    """AUC, TPR and advantage lie in their intervals; balanced accuracy and advantage say the same thing."""
    found = judged(signals(), 0, strength=2.0).result
    for number in (found.auc, found.advantage, found.tpr_at_fpr["1e-1"], found.tpr_at_fpr["1e-2"]):
        assert number is not None
        assert number.low < number.value < number.high
    assert found.advantage is not None
    assert found.balanced_accuracy == pytest.approx((1 + found.advantage.value) / 2)
    assert found.epsilon_low is not None
    assert found.epsilon_low > 0


def test_a_rate_that_the_non_members_cannot_resolve_is_not_reported() -> None:
    """A hundred non-members on either half resolve one in a hundred, not one in a thousand."""
    found = judged(signals(), 0, strength=1.0).result
    assert found.tpr_at_fpr["1e-2"] is not None
    assert found.tpr_at_fpr["1e-3"] is None


def test_where_membership_is_not_random_no_epsilon_is_bounded() -> None:
    """An attack may tell members by what they are, which says nothing of what was trained on."""
    seen = signals()
    scores = seen.is_member[0] * 1.0
    found = evaluate(scores, seen, 0, np.arange(N), 0, bounds_epsilon=False).result
    assert (found.epsilon_low, found.epsilon_ceiling) == (None, None)
    bounded = evaluate(scores, seen, 0, np.arange(N), 0, bounds_epsilon=True).result
    assert bounded.epsilon_low == bounded.epsilon_ceiling > 2


def test_a_mean_cut_averages_what_is_there() -> None:
    """A number that some cuts lack is that of the others; one that all lack is missing."""
    one = Cut(auc=0.4, tpr_at_fpr={"1e-1": 0.2, "1e-2": None}, advantage=None, by_class={0: 0.5, 1: None})
    other = Cut(auc=0.6, tpr_at_fpr={"1e-1": None, "1e-2": None}, advantage=0.1, by_class={0: 0.7, 2: 0.3})
    mean = mean_cut([one, other])
    assert (mean.auc, mean.advantage) == (pytest.approx(0.5), 0.1)
    assert mean.tpr_at_fpr == {"1e-1": 0.2, "1e-2": None}
    assert mean.by_class == {0: pytest.approx(0.6), 1: None, 2: 0.3}


def test_slices_are_the_aucs_among_their_examples() -> None:
    """An attack that sees the members of one class alone is found out by its slices, and so for right and wrong."""
    seen = signals()
    only_class_1 = seen.is_member[0] * (seen.labels == 1) * 1.0
    found = evaluate(only_class_1, seen, 0, np.arange(N), seed=0, bounds_epsilon=True).result
    assert found.by_class == {0: 0.5, 1: 1.0}
    right = seen.logits[0].argmax(1) == seen.labels
    only_right = seen.is_member[0] * right * 1.0
    found = evaluate(only_right, seen, 0, np.arange(N), seed=0, bounds_epsilon=True).result
    assert found.by_correctness == {"correct": 1.0, "wrong": 0.5}


def test_halves_of_the_examples_are_the_same_for_all_targets_and_attacks() -> None:
    """Scores that are right on the first half alone have an AUC of 1 there, for every target, and the whole between."""
    seen = signals(targets=3)
    right = np.flatnonzero(judged_halves(seen))
    for target in range(3):
        scores = np.zeros(N)
        scores[right] = seen.is_member[target, right]
        found = evaluate(scores, seen, target, np.arange(N), seed=0, bounds_epsilon=True).result
        assert found.auc_by_half == (1.0, 0.5)


def judged_halves(seen: Signals) -> np.ndarray:
    """Which examples are in the first half: those whose score alone moves the first AUC."""
    base = np.zeros(N)
    members = seen.is_member[0]
    first = np.zeros(N, dtype=bool)
    for i in range(N):
        scores = base.copy()
        scores[i] = 1.0 if members[i] else -1.0
        by_half = evaluate(scores, seen, 0, np.arange(N), seed=0, bounds_epsilon=True).result.auc_by_half
        first[i] = by_half[0] != 0.5
    return first


def test_a_slice_without_one_kind_has_no_number() -> None:
    """A class of members alone tells nothing."""
    seen = signals()
    asked = np.flatnonzero((seen.labels == 0) | seen.is_member[0])
    found = evaluate(np.arange(float(len(asked))), seen, 0, asked, seed=0, bounds_epsilon=True).result
    assert found.by_class[1] is None


def test_too_few_examples_give_no_threshold() -> None:
    """One non-member cannot be on both sides of a cut: what needs a threshold from other examples is not reported."""
    seen = signals()
    asked = np.concatenate([np.flatnonzero(seen.is_member[0]), np.flatnonzero(~seen.is_member[0])[:1]])
    found = evaluate(np.arange(float(len(asked))), seen, 0, asked, seed=0, bounds_epsilon=True).result
    assert (found.advantage, found.balanced_accuracy, found.epsilon_low) == (None, None, None)
    assert found.tpr_at_fpr["1e-1"] is None


def test_the_mean_over_targets_has_an_interval() -> None:
    """It holds the mean, and is narrower with more targets."""
    few, many = (
        across_targets([judged(signals(k), t, 0.5) for t in range(k)], np.random.default_rng(0)).auc for k in (2, 20)
    )
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low


def test_the_most_exposed_are_accused_when_members_and_not_otherwise() -> None:
    """The example that every target gives away is first, under its row in the dataset."""
    seen = signals(targets=8)
    audits = []
    for target in range(8):
        own = judged(seen, target, strength=0.5)
        own.scores[7] = 100.0 if seen.is_member[target, 7] else -100.0
        audits.append(own)
    first, *others = most_exposed(audits)
    trained = int(seen.is_member[:, 7].sum())
    assert (first.row, first.label) == (1007, seen.labels[7])
    assert (first.accused, first.trained, first.falsely_accused) == (trained, trained, 0)
    assert first.trained + first.not_trained == 8
    assert first.mean_score == 100.0
    assert len(others) == 19


def test_an_attack_that_accuses_nobody_exposes_nobody() -> None:
    """Constant scores accuse no one at any rate."""
    seen = signals()
    constant = [evaluate(np.zeros(N), seen, t, np.arange(N), 0, bounds_epsilon=True) for t in range(2)]
    assert most_exposed(constant) == ()
