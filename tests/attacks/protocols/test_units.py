from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from privsearch.analysis.metrics import auc_interval
from privsearch.attacks import AttackView, attack_scores
from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.evaluation import evaluate
from privsearch.attacks.protocols.units import Units
from privsearch.data.grouped import Groups
from privsearch.errors import DataError
from privsearch.spec import (
    Attack,
    HalvesProtocol,
    LiraAttack,
    OneRunProtocol,
    PaperProtocol,
    Protocol,
    RmiaAttack,
    SvmAttack,
    ThresholdAttack,
)
from privsearch.study.signals import Signals

PROTOCOLS = [
    PaperProtocol(replicates=2, resplit=True, placebo_cuts=3),
    PaperProtocol(replicates=2, resplit=False, placebo_cuts=3),
    HalvesProtocol(networks=6),
    OneRunProtocol(audited_fraction=0.8, replicates=2),
]
NAMES = ["paper, resplit", "paper", "halves", "one_run"]


def cohort(protocol: Protocol, seed: int = 0, persons: int = 80) -> Signals:
    """Outputs that owe nothing to membership, and are much alike for the 1 to 12 examples of a person."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(persons), rng.integers(1, 13, size=persons))
    size = len(units)
    labels = np.where(rng.random(size) < 0.2, rng.integers(2, size=size), (np.arange(persons) % 2)[units])
    rules = rules_of(protocol)
    is_test = Groups(units, are_persons=True).draw(size // 5, rng, labels=labels)
    order = np.argsort(is_test, kind="stable")
    units, labels, num_train = units[order], labels[order], int((~is_test).sum())
    groups = Groups(units, are_persons=True)
    own = rules.draw_splits(labels, num_train, seed, groups)
    training = np.tile(np.arange(size) < num_train, (protocol.networks, 1)) if own is None else own
    subsets, _ = rules.draw_cohort(num_train, seed, [groups[in_training] for in_training in training])
    is_member = np.zeros((protocol.networks, size), dtype=bool)
    for members, in_training, subset in zip(is_member, training, subsets, strict=True):
        members[np.flatnonzero(in_training)[subset[: in_training.sum()]]] = True
        assert not subset[in_training.sum() :].any()
    # What a person is to all networks, what it is to each, and what one example is.
    logits = rng.normal(size=(persons, 2))[units] + 0.7 * rng.normal(size=(len(subsets), persons, 2))[:, units]
    logits = logits + 0.25 * rng.normal(size=(len(subsets), size, 2)) + 0.8 * np.eye(2)[labels]
    return Signals(
        {("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(size), num_train, units=units
    )


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=NAMES)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_no_person_is_in_part_a_member(protocol: Protocol, seed: int) -> None:
    """For no network of any protocol; and what is asked about has persons as wholes."""
    signals = cohort(protocol, seed)
    assert signals.units is not None
    for is_member in signals.is_member:
        assert not set(signals.units[is_member]) & set(signals.units[~is_member])
    assert not set(signals.units[: signals.num_train]) & set(signals.units[signals.num_train :])
    queried = rules_of(protocol).queried(signals, seed)
    assert not set(signals.units[queried]) & set(np.delete(signals.units, queried))


def test_every_person_is_a_member_of_half_of_the_networks() -> None:
    """As every example is of `halves`; the halves have as many persons, and about as many examples."""
    signals = cohort(HalvesProtocol(networks=6))
    members = signals.is_member[:, : signals.num_train]
    assert set(members.sum(0)) == {3}
    assert np.abs(members.sum(1) - members.shape[1] / 2).max() <= 6
    units = Units.numbered(signals.units, len(signals.labels)).among(np.arange(signals.num_train))
    counts = np.array([units.shared(one).sum() for one in members])
    assert np.abs(counts - len(units) / 2).max() <= 0.5


def _views(signals: Signals, protocol: Protocol) -> Iterator[AttackView]:
    """The views that an attack is given."""
    seen: list[AttackView] = []

    def spy(attack: Attack, view: AttackView, rng: np.random.Generator) -> np.ndarray:
        seen.append(view)
        return attack_scores(attack, view, rng)

    with patch("privsearch.attacks.protocols.halves.attack_scores", spy):
        list(rules_of(protocol).scores(signals, SvmAttack(), seed=0))
    return iter(seen)


def test_an_attack_judges_nobody_that_it_learnt_from() -> None:
    """The folds of `halves` have persons as wholes."""
    protocol = HalvesProtocol(networks=4)
    signals = cohort(protocol)
    assert signals.units is not None
    units = signals.units[: signals.num_train]
    for view in _views(signals, protocol):
        for fold in view.folds:
            assert not set(units[fold.fit]) & set(units[fold.score])
        assert np.logical_xor(*(fold.score for fold in view.folds)).all()


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=4, max_size=30),
    seed=st.integers(0, 2**32),
    tied=st.booleans(),
    add=st.booleans(),
)
def test_the_numbers_are_those_of_joint_scores(sizes: list[int], seed: int, tied: bool, add: bool) -> None:
    """Every number as scikit-learn, and the metrics themselves, compute it from one score a person, in any order."""
    rng = np.random.default_rng(seed)
    units = rng.permutation(np.repeat(np.arange(len(sizes)) * 3, sizes))
    in_training = rng.permutation(len(sizes)) < len(sizes) // 2
    is_member = in_training[units // 3]
    # Right or wrong, as the attack that knows the label alone has it, or any number.
    scores = rng.integers(2, size=len(units)).astype(float) if tied else rng.normal(size=len(units))
    labels = rng.integers(2, size=len(units))
    logits = rng.normal(size=(1, 1, len(units), 2))
    rows = np.arange(len(units)) + 100
    signals = Signals({("final_mem", "plain"): logits}, is_member[None], labels, rows, len(units), units=units)
    found = evaluate(scores, signals, 0, np.arange(len(units)), 0, bounds_epsilon=True, add=add)
    joint = np.sum if add else np.mean
    means = np.array([joint(scores[units == 3 * person]) for person in range(len(sizes))])
    assert found.result.auc.value == pytest.approx(roc_auc_score(in_training, means))
    assert found.result.auc == auc_interval(found.scores, in_training)
    np.testing.assert_allclose(found.scores, means)
    assert (found.result.num_members, found.result.num_non_members) == (in_training.sum(), (~in_training).sum())
    assert found.rows.tolist() == [100 + np.flatnonzero(units == 3 * person)[0] for person in range(len(sizes))]
    for label, auc in found.result.by_class.items():
        of_class = labels == label
        there = np.unique(units[of_class])
        known = in_training[there // 3]
        within = [joint(scores[of_class & (units == unit)]) for unit in there]
        assert auc == (pytest.approx(roc_auc_score(known, within)) if len(set(known)) == 2 else None)


def test_a_person_with_one_example_is_that_example() -> None:
    """Without persons, or with persons of one example, every number is the same, to the last bit."""
    for protocol in PROTOCOLS:
        signals = cohort(protocol)
        alone = replace(signals, units=np.arange(len(signals.labels)))
        for attack in (ThresholdAttack(kind="loss"), *([] if protocol.kind == "one_run" else [SvmAttack()])):
            plain, other = (rules_of(protocol).evaluate(s, attack, 0) for s in (replace(signals, units=None), alone))
            assert [found.result for found in plain] == [found.result for found in other]


def test_equal_scores_have_that_score_as_their_mean() -> None:
    """Sums of different lengths would be rounded differently, and break ties by the number of examples."""
    units = Units.numbered(np.repeat(np.arange(30), np.arange(1, 31)), 465)
    assert set(units.joined(np.full(465, 0.1), add=False)) == {0.1}


def test_likelihoods_add_up() -> None:
    """A person's score by LiRA is the sum over its examples, by any other attack their mean."""
    protocol = HalvesProtocol(networks=6)
    signals, rules = cohort(protocol), rules_of(protocol)
    units = rules.judged(signals, 0)
    for attack, joint in ((LiraAttack(), np.sum), (RmiaAttack(), np.mean), (ThresholdAttack(kind="loss"), np.mean)):
        alone = next(rules.scores(signals, attack, 0))
        scores, _ = next(rules.target_scores(signals, attack, 0))
        np.testing.assert_allclose(scores, [joint(alone[units.of == person]) for person in range(len(units))])
        assert np.array_equal(scores, rules.evaluate(signals, attack, 0)[0].scores)


@pytest.mark.parametrize(
    ("protocol", "attack"),
    [
        (PROTOCOLS[2], ThresholdAttack(kind="loss")),
        (PROTOCOLS[2], LiraAttack()),
        (PROTOCOLS[3], ThresholdAttack(kind="loss")),
    ],
    ids=["halves, loss", "halves, lira", "one_run, loss"],
)
def test_intervals_of_persons_hold_the_null(protocol: Protocol, attack: Attack) -> None:
    """Where nothing leaks, theirs hold 0.5 as often as they promise; those of their examples, which are alike, do not.

    (In 200 cohorts it is 0.95 to 0.97 of persons' intervals and 0.59 to 0.72 of examples'.)
    """
    held: dict[str, list[bool]] = {"persons": [], "examples": []}
    means = []
    for seed in range(15):
        signals = cohort(protocol, seed)
        for kind, seen in (("persons", signals), ("examples", replace(signals, units=None))):
            aucs = [found.result.auc for found in rules_of(protocol).evaluate(seen, attack, seed)]
            held[kind] += [auc.low <= 0.5 <= auc.high for auc in aucs]
            means += [np.mean([auc.value for auc in aucs])] if kind == "persons" else []
    assert np.mean(held["persons"]) > 0.88
    assert np.mean(held["examples"]) < 0.85
    assert abs(np.mean(means) - 0.5) < 3 * np.std(means, ddof=1) / np.sqrt(len(means))


def test_a_placebo_has_whole_persons() -> None:
    """Or an attack would recognise a person whose other examples it learnt from, and the excess would be off 0."""
    protocol = PROTOCOLS[0]
    excess = []
    for seed in range(10):
        for found in rules_of(protocol).evaluate(cohort(protocol, seed), ThresholdAttack(kind="loss"), seed):
            assert found.result.matched
            assert found.result.placebo
            excess.append(found.result.matched.auc - found.result.placebo.auc)
    assert abs(np.mean(excess)) < 3 * np.std(excess, ddof=1) / np.sqrt(len(excess))


@pytest.mark.parametrize(
    "protocol", [HalvesProtocol(), OneRunProtocol(audited_fraction=1.0)], ids=["halves", "one_run"]
)
def test_too_few_persons_are_refused(protocol: Protocol) -> None:
    """However many examples they have."""
    groups = Groups(np.repeat(np.arange(3), 40), are_persons=True)
    with pytest.raises(DataError, match="person"):
        rules_of(protocol).draw_cohort(120, 0, [groups] * protocol.networks)


def test_a_person_has_one_coin() -> None:
    """And a canary is a person, all of whose labels are wrong."""
    protocol = OneRunProtocol(audited_fraction=0.5, canaries=True, replicates=3)
    signals = cohort(protocol)
    assert signals.units is not None
    train, rules = slice(0, signals.num_train), rules_of(protocol)
    groups = Groups(signals.units[train], are_persons=True)
    wrong = rules.training_labels(signals.labels[train], 2, 0, groups) != signals.labels[train]
    assert np.array_equal(np.flatnonzero(wrong), rules.queried(signals, 0))
    judged = rules.judged(signals, 0)
    assert len(judged) == round(len(np.unique(groups.numbers)) / 2)
    found = rules.evaluate(signals, ThresholdAttack(kind="loss"), 0)[0].result
    assert found.num_members + found.num_non_members == len(judged)
