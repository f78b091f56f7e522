from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.attacks.protocols.evaluation import Evaluation
from privsearch.attacks.protocols.paper import PaperRules, shadow_members
from privsearch.errors import DataError, MetricError
from privsearch.spec import Attack, PaperProtocol, SvmAttack, ThresholdAttack
from privsearch.study.attack_result import AttackResult
from privsearch.study.signals import Signals

TRAIN, TEST = 400, 200


def pair(member_shift: float, example_shift: float = 0.0, seed: int = 0) -> Signals:
    """Outputs of a target (trained on all) and a shadow (on 80 %).

    `member_shift` moves the outputs of a network on its own training set; `example_shift` is how far an example's
    outputs lie from the others', the same for both networks.
    """
    rng = np.random.default_rng(seed)
    size = TRAIN + TEST
    is_member = np.zeros((2, size), dtype=bool)
    is_member[0, :TRAIN] = True
    is_member[1, :TRAIN] = rng.random(TRAIN) < 0.8
    logits = rng.normal(size=(2, size, 2)) + example_shift * rng.normal(size=(size, 2))
    logits[..., 0] += member_shift * is_member
    labels = rng.integers(2, size=size)
    return Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(size), TRAIN)


def audit(signals: Signals, seed: int = 0, placebo_cuts: int = 10, **fields: Any) -> AttackResult:
    protocol = PaperProtocol(replicates=1, placebo_cuts=placebo_cuts)
    (judged,) = PaperRules(protocol).evaluate(signals, SvmAttack(**fields), seed)
    assert (judged.result.num_members, judged.result.num_non_members) == (TRAIN, len(signals.labels) - TRAIN)
    return judged.result


@pytest.mark.parametrize("fields", [{}, {"per_class": True}, {"undersample": False}])
def test_leakage_is_found_and_the_placebo_stays_at_one_half(fields: dict[str, bool]) -> None:
    """A real membership signal raises the AUC, at the placebo's sample size too, and nothing else."""
    found = audit(pair(member_shift=3.0), **fields)
    assert found.auc.value > 0.9
    assert found.matched is not None
    assert found.matched.auc > 0.9
    assert found.placebo is not None
    assert found.placebo.auc == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("example_shift", [0.0, 3.0])
def test_without_leakage_there_is_no_excess(example_shift: float) -> None:
    """Nothing to find: the excess is 0, up to three standard errors, even where examples are recognised."""
    found = [audit(pair(0.0, example_shift, seed=seed), seed) for seed in range(12)]
    excess = np.array([result.matched.auc - result.placebo.auc for result in found])
    assert abs(excess.mean()) < 3 * excess.std(ddof=1) / np.sqrt(len(excess))
    assert excess.std(ddof=1) < 0.05
    assert (np.mean([result.auc.value for result in found]) > 0.55) == (example_shift > 0)


def test_recognising_examples_raises_the_placebo() -> None:
    """Shadow and target see the same examples: an attack scores above 0.5 on examples nobody was trained on."""
    placebo = audit(pair(member_shift=0.0, example_shift=10.0)).placebo
    assert placebo is not None
    assert placebo.auc > 0.6


def test_the_same_seed_gives_the_same_result() -> None:
    """Undersampling and cuts follow from the seed."""
    assert audit(pair(1.0), seed=5) == audit(pair(1.0), seed=5)
    assert audit(pair(1.0), seed=5) != audit(pair(1.0), seed=6)


def test_a_test_split_of_a_few_examples_is_cut_all_the_same() -> None:
    """Two examples of each class are one of either kind."""
    whole = pair(1.0)
    few = np.concatenate(
        [np.arange(TRAIN), TRAIN + np.array([np.flatnonzero(whole.labels[TRAIN:] == c)[:2] for c in (0, 1)]).ravel()]
    )
    outputs = {asked: array[:, :, few] for asked, array in whole.outputs.items()}
    small = Signals(outputs, whole.is_member[:, few], whole.labels[few], whole.rows[few], TRAIN)
    placebo = audit(small, placebo_cuts=5).placebo
    assert placebo is not None
    assert 0 <= placebo.auc <= 1


def test_a_test_split_with_one_example_of_each_class_is_refused() -> None:
    """It cannot be cut into members and non-members of one class, and the error says so."""
    whole = pair(1.0)
    few = np.concatenate([np.arange(TRAIN), [TRAIN + np.flatnonzero(whole.labels[TRAIN:] == c)[0] for c in (0, 1)]])
    outputs = {asked: array[:, :, few] for asked, array in whole.outputs.items()}
    small = Signals(outputs, whole.is_member[:, few], whole.labels[few], whole.rows[few], TRAIN)
    with pytest.raises(MetricError, match="placebo cuts each class of the test split in two"):
        audit(small)


def test_a_class_that_the_test_split_has_more_of_is_cut_to_what_there_are() -> None:
    """Matched and placebo have as many members of every class, however few the training split has."""
    signals = pair(0.0)
    few_in_training = signals.labels.copy()
    few_in_training[:TRAIN] = 0
    few_in_training[:3] = 1
    few_in_training[TRAIN:] = np.arange(TEST) % 4 > 0
    found = audit(replace(signals, labels=few_in_training))
    assert found.placebo is not None
    assert found.matched is not None
    assert found.placebo.auc == pytest.approx(0.5, abs=0.15)


def test_an_attack_without_a_shadow_has_an_honest_placebo() -> None:
    """A threshold learns nothing from the shadow, so it cannot recognise examples: the placebo is 0.5 on average."""
    signals = pair(member_shift=0.0, example_shift=10.0)
    rules = PaperRules(PaperProtocol(replicates=1, placebo_cuts=200))
    (judged,) = rules.evaluate(signals, ThresholdAttack(kind="loss"), 0)
    assert judged.result.placebo.auc == pytest.approx(0.5, abs=0.02)


def test_the_target_trains_on_all_and_the_shadow_on_its_share() -> None:
    """A new random share and new seeds for every replicate, the same ones for every configuration."""
    subsets, seeds = PaperRules(PaperProtocol(replicates=2)).draw_cohort(120, seed=0)
    assert subsets.sum(axis=1).tolist() == [120, 96, 120, 96]
    assert not np.array_equal(subsets[1], subsets[3])
    assert len(set(seeds)) == 4
    longer, longer_seeds = PaperRules(PaperProtocol(replicates=3)).draw_cohort(120, seed=0)
    assert np.array_equal(longer[:4], subsets)
    assert longer_seeds[:4] == seeds


@given(num_train=st.integers(5, 300), fraction=st.floats(0.2, 1), seed=st.integers(0, 2**32))
def test_shadow_members_are_the_nearest_share(num_train: int, fraction: float, seed: int) -> None:
    """The number of members is within a half of the share asked for, and the draw repeats with its seed."""
    is_member = shadow_members(num_train, fraction, np.random.default_rng(seed))
    assert (is_member.shape, is_member.dtype) == ((num_train,), np.bool_)
    assert abs(is_member.sum() - fraction * num_train) <= 0.5
    np.testing.assert_array_equal(is_member, shadow_members(num_train, fraction, np.random.default_rng(seed)))


def test_shadow_members_are_drawn_alike() -> None:
    """Every example is equally likely to be a member: 0.8, within four standard errors of 2000 draws."""
    rng = np.random.default_rng(0)
    share = np.mean([shadow_members(50, 0.8, rng) for _ in range(2000)], axis=0)
    assert np.abs(share - 0.8).max() < 4 * np.sqrt(0.8 * 0.2 / 2000)


@pytest.mark.parametrize(("fraction", "num_members"), [(0.01, 0), (1.2, 12)])
def test_a_shadow_needs_members(fraction: float, num_members: int) -> None:
    """A fraction that gives no member, or more than there are, is refused."""
    with pytest.raises(
        DataError, match=rf"1 to 10 examples .* fraction of {fraction} of 10 examples gives {num_members}"
    ):
        shadow_members(10, fraction, np.random.default_rng(0))


@pytest.mark.parametrize("lacking", ["training", "test"])
def test_a_class_of_one_split_alone_is_refused(lacking: str) -> None:
    """Members and others differ in their splits, so whatever tells classes would tell them apart."""
    signals = pair(member_shift=0.0)
    labels = signals.labels.copy()
    labels[:TRAIN] = 0 if lacking == "training" else labels[:TRAIN]
    labels[TRAIN:] = 0 if lacking == "test" else labels[TRAIN:]
    with pytest.raises(MetricError, match=r"every class must occur in the training split and in the .* class 1"):
        audit(replace(signals, labels=labels))


def recognisable(*, resplit: bool, pairs: int = 30) -> Signals:
    """Outputs that tell examples apart and no membership, of pairs of networks on one pool of 150 examples."""
    rules, rng = PaperRules(PaperProtocol(replicates=pairs, resplit=resplit)), np.random.default_rng(1)
    labels, examples = rng.integers(2, size=150), 3 * rng.normal(size=(150, 2))
    subsets, _ = rules.draw_cohort(120, seed=0)
    splits = rules.draw_splits(labels, 120, seed=0)
    in_training = np.tile(np.arange(150) < 120, (2 * pairs, 1)) if splits is None else splits
    is_member = np.zeros_like(in_training)
    is_member[in_training] = subsets.ravel()
    logits = examples + rng.normal(size=(2 * pairs, 150, 2))
    return Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(150), 120)


def excesses(evaluations: list[Evaluation]) -> np.ndarray:
    """The excess of each replicate."""
    cuts = [(judged.result.matched, judged.result.placebo) for judged in evaluations]
    return np.array([matched.auc - placebo.auc for matched, placebo in cuts if matched and placebo])


@pytest.mark.parametrize("attack", [SvmAttack(), ThresholdAttack(kind="loss")], ids=lambda attack: attack.name)
def test_over_new_splits_of_one_pool_there_is_no_excess_without_leakage(attack: Attack) -> None:
    """On one pool of examples that are told apart, what is no membership averages out over the replicates."""
    rules = PaperRules(PaperProtocol(replicates=30, placebo_cuts=4, resplit=True))
    excess = excesses(rules.evaluate(recognisable(resplit=True), attack, 0))
    assert abs(excess.mean()) < 3 * excess.std(ddof=1) / np.sqrt(len(excess))


def test_on_one_split_chance_is_taken_for_leakage() -> None:
    """Where the replicates share a split, they share its excess too, and their spread does not show it."""
    rules = PaperRules(PaperProtocol(replicates=30, placebo_cuts=4, resplit=False))
    excess = excesses(rules.evaluate(recognisable(resplit=False), ThresholdAttack(kind="loss"), 0))
    assert abs(excess.mean()) > 6 * excess.std(ddof=1) / np.sqrt(len(excess))


def test_every_replicate_cuts_the_examples_anew() -> None:
    """One split for the target and its shadow, of the same size, stratified, the same for every configuration."""
    labels, rules = np.repeat([0, 1, 2], 50), PaperRules(PaperProtocol(replicates=2, resplit=True))
    splits = rules.draw_splits(labels, 120, seed=0)
    assert splits is not None
    assert np.array_equal(splits[::2], splits[1::2])
    assert not np.array_equal(splits[0], splits[2])
    assert [np.bincount(labels[split]).tolist() for split in splits] == [[40, 40, 40]] * 4
    longer = PaperRules(PaperProtocol(replicates=3, resplit=True)).draw_splits(labels, 120, seed=0)
    assert longer is not None
    assert np.array_equal(longer[:4], splits)
    other = rules.draw_splits(labels, 120, seed=1)
    assert other is not None
    assert not np.array_equal(other, splits)
    assert PaperRules(PaperProtocol(resplit=False)).draw_splits(labels, 120, seed=0) is None


def test_a_class_of_one_replicates_split_alone_is_refused() -> None:
    """Whichever replicate it is."""
    signals = recognisable(resplit=True, pairs=2)
    labels = np.where(signals.is_member[2], 0, signals.labels)
    labels[signals.is_member[2] & ~signals.is_member[0]] = 1
    labels[~signals.is_member[2]] = 2
    with pytest.raises(MetricError, match="every class must occur in the training split and in the test split"):
        PaperRules(PaperProtocol(replicates=2, resplit=True)).evaluate(
            replace(signals, labels=labels), ThresholdAttack(kind="loss"), 0
        )
