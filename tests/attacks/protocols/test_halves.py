import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Float

from privsearch.analysis.metrics import attack_auc
from privsearch.attacks.protocols.halves import HalvesRules, half_members, shadows_of
from privsearch.errors import DataError
from privsearch.spec import Attack, HalvesProtocol, LiraAttack, RmiaAttack, SvmAttack, ThresholdAttack
from privsearch.study.signals import Signals

TRAIN, TEST, K = 120, 60, 6
ATTACKS = [SvmAttack(), ThresholdAttack(kind="loss"), LiraAttack(), LiraAttack(mode="offline"), RmiaAttack()]


def cohort(member_shift: float, seed: int = 0, difficulty: float = 3.0, blocks: int = 1) -> Signals:
    """Outputs of K networks that find the same examples easy, each surer of its own training examples by a shift."""
    rng = np.random.default_rng(seed)
    size = TRAIN + TEST
    is_member = np.zeros((blocks * K, size), dtype=bool)
    is_member[:, :TRAIN] = np.concatenate([half_members(TRAIN, rng) for _ in range(blocks * K // 2)])
    labels = rng.integers(2, size=size)
    margin = difficulty * rng.normal(size=size) + rng.normal(size=is_member.shape) + member_shift * is_member
    logits = np.stack([np.where(labels == c, margin, 0) for c in (0, 1)], axis=-1)
    return Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(size), TRAIN)


def rules(networks: int, block: int | None = None) -> HalvesRules:
    return HalvesRules(HalvesProtocol(networks=networks, networks_per_attack=block))


def aucs(signals: Signals, attack: Attack, seed: int = 0, block: int | None = None) -> Float[np.ndarray, " targets"]:
    """The AUC on each target alone, as the other numbers of an evaluation take most of its time."""
    scores = rules(len(signals.is_member), block).scores(signals, attack, seed)
    members = signals.is_member[:, : signals.num_train]
    return np.array([attack_auc(*of_target) for of_target in zip(scores, members, strict=True)])


@given(num_train=st.integers(4, 300), seed=st.integers(0, 2**32))
def test_the_networks_of_a_pair_share_all_examples_between_them(num_train: int, seed: int) -> None:
    """Each example is in one of the two halves, and neither has two examples more than the other."""
    first, second = half_members(num_train, np.random.default_rng(seed))
    assert np.array_equal(first, ~second)
    assert abs(int(first.sum()) - int(second.sum())) == num_train % 2


def test_halves_are_drawn_at_random() -> None:
    """Any two examples are as likely to be together as chance has it, and an odd example goes to either network."""
    rng = np.random.default_rng(0)
    draws = np.concatenate([half_members(8, rng) for _ in range(6000)]).astype(float)
    # Of the 4 examples that a network has beside this one, each of the 7 others is one with probability 3/7.
    expected = np.where(np.eye(8, dtype=bool), 0.5, 0.5 * 3 / 7)
    assert np.abs(draws.T @ draws / len(draws) - expected).max() < 5 * np.sqrt(0.25 / 6000)
    sizes = [int(half_members(9, rng)[0].sum()) for _ in range(1000)]
    assert set(sizes) == {4, 5}
    assert abs(np.mean(sizes) - 4.5) < 5 * np.sqrt(0.25 / 1000)


@given(pairs=st.integers(2, 6), more=st.integers(0, 6), num_train=st.integers(4, 200), seed=st.integers(0, 2**62))
def test_the_networks_of_a_cohort_are_the_first_ones_of_any_larger_cohort(
    pairs: int, more: int, num_train: int, seed: int
) -> None:
    """Their subsets and seeds are the same, so that a cohort grows by training the new networks alone."""
    small, large = (rules(2 * count).draw_cohort(num_train, seed) for count in (pairs, pairs + more))
    assert np.array_equal(large[0][: 2 * pairs], small[0])
    assert large[1][: 2 * pairs] == small[1]
    assert len(set(large[1])) == 2 * (pairs + more)
    assert (large[0].sum(0) == pairs + more).all()


def test_the_pairs_of_a_cohort_are_drawn_independently() -> None:
    """Two networks of different pairs share, over many seeds, half of their examples; another seed draws others."""
    cohorts = np.stack([rules(4).draw_cohort(40, seed)[0] for seed in range(1500)])
    shared = (cohorts[:, 0] & cohorts[:, 2]).mean(axis=1)
    assert abs(shared.mean() - 0.25) < 4 * shared.std(ddof=1) / np.sqrt(len(shared))
    assert not np.array_equal(cohorts[0], cohorts[1])


@given(pairs=st.integers(3, 8), seed=st.integers(0, 2**32), data=st.data())
def test_the_shadows_of_a_target_are_the_other_pairs(pairs: int, seed: int, data: st.DataObject) -> None:
    """So they are drawn independently of it, and every example is in one half of them, member or not."""
    rng = np.random.default_rng(seed)
    is_member = np.concatenate([half_members(20, rng) for _ in range(pairs)])
    target = data.draw(st.integers(0, 2 * pairs - 1))
    shadows = shadows_of(target, is_member)
    assert sorted([*shadows, target, target ^ 1]) == list(range(2 * pairs))
    assert shadows[0] // 2 == (target // 2 + 1) % pairs
    assert (is_member[shadows].sum(axis=0) == pairs - 1).all()


def test_few_networks_and_those_that_are_no_pairs_are_all_shadows() -> None:
    """Of four, and in what was trained before networks came in pairs."""
    rng = np.random.default_rng(0)
    four = np.concatenate([half_members(20, rng) for _ in range(2)])
    assert sorted(shadows_of(1, four)) == [0, 2, 3]
    no_pairs = rng.random((6, 20)) < 0.5
    assert sorted(shadows_of(2, no_pairs)) == [0, 1, 3, 4, 5]


def test_what_networks_learn_from_other_examples_is_no_leak() -> None:
    """Whoever was trained on the rest has learnt the opposite of it; as a shadow it would look like membership."""
    means = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        is_member = np.zeros((K, TRAIN + TEST), dtype=bool)
        is_member[:, :TRAIN] = np.concatenate([half_members(TRAIN, rng) for _ in range(K // 2)])
        features = rng.normal(size=(TRAIN + TEST, 3))
        signs = 2.0 * is_member - 1
        # What the other examples of a training set do to the output for an example, which does nothing itself.
        margin = signs @ features @ features.T - signs * (features**2).sum(axis=1)
        margin = margin / margin.std() + 0.1 * rng.normal(size=margin.shape)
        logits = np.stack([margin, np.zeros_like(margin)], axis=-1)[:, None]
        labels = np.zeros(TRAIN + TEST, dtype=np.int64)
        signals = Signals({("final_mem", "plain"): logits}, is_member, labels, np.arange(TRAIN + TEST), TRAIN)
        means.append([aucs(signals, attack, seed).mean() for attack in (LiraAttack(), RmiaAttack(), SvmAttack())])
    found = np.array(means)
    errors = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - 0.5) < 3 * errors + 0.01).all(), (found.mean(axis=0), errors)


def test_a_training_split_of_three_is_refused() -> None:
    """There is no half of it worth the name."""
    with pytest.raises(DataError, match="at least 4 examples, but this one has 3; keep more"):
        half_members(3, np.random.default_rng(0))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_network_is_the_target_in_turn(attack: Attack) -> None:
    """Each is asked about the whole training split, half of which are its members, and leakage is found on each."""
    signals = cohort(member_shift=6.0, difficulty=0.5)
    audits = rules(K).evaluate(signals, attack, seed=0)
    assert [judged.result.auc.value for judged in audits] == pytest.approx(aucs(signals, attack))
    for judged in audits:
        assert (judged.result.num_members, judged.result.num_non_members) == (TRAIN // 2, TRAIN // 2)
        assert judged.result.auc.value > 0.9
        assert judged.result.placebo is None


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_examples_that_are_recognised_are_not_taken_for_members(attack: Attack) -> None:
    """Without any leakage the AUC is 0.5 within three standard errors, however alike the networks' outputs are."""
    means = np.array([aucs(cohort(0.0, seed=seed, difficulty=10.0), attack, seed).mean() for seed in range(40)])
    assert abs(means.mean() - 0.5) < 3 * means.std(ddof=1) / np.sqrt(len(means))


def test_an_attack_that_knows_shares_of_members_is_not_misled() -> None:
    """Shadow and target have each other's share of members in a half of the examples; an unbalanced SVM is at 0.5."""
    means = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        is_member = np.zeros((4, 60), dtype=bool)
        is_member[:, :50] = np.concatenate([half_members(50, rng) for _ in range(2)])
        logits = rng.normal(size=(4, 1, 60, 2))
        noise = Signals({("final_mem", "plain"): logits}, is_member, rng.integers(2, size=60), np.arange(60), 50)
        means.append(aucs(noise, SvmAttack(undersample=False), seed).mean())
    assert abs(np.mean(means) - 0.5) < 3 * np.std(means, ddof=1) / np.sqrt(len(means))


def test_the_strength_of_an_attack_grows_with_the_leak() -> None:
    """A stronger membership signal gives a higher AUC, and the likelihood ratio beats the global threshold."""
    weak, strong = (aucs(cohort(shift), LiraAttack()).mean() for shift in (1.0, 3.0))
    assert 0.5 < weak < strong
    assert aucs(cohort(3.0), ThresholdAttack(kind="loss")).mean() < strong


def test_the_same_seed_gives_the_same_scores() -> None:
    """Whatever an attack leaves to chance follows from the seed."""
    signals = cohort(1.0)
    for attack in ATTACKS:
        assert np.array_equal(aucs(signals, attack, seed=5), aucs(signals, attack, seed=5))
    assert not np.array_equal(aucs(signals, SvmAttack(), seed=5), aucs(signals, SvmAttack(), seed=6))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_block_is_attacked_as_if_there_were_no_other(attack: Attack) -> None:
    """The scores of the first block are those of a cohort that is this block; those of the next are others."""
    both = cohort(1.0, blocks=2)
    first = Signals(
        {key: answers[:K] for key, answers in both.outputs.items()},
        both.is_member[:K],
        both.labels,
        both.rows,
        both.num_train,
    )
    in_blocks = list(rules(2 * K, K).scores(both, attack, 0))
    assert len(in_blocks) == 2 * K
    assert np.array_equal(in_blocks[:K], list(rules(K).scores(first, attack, 0)))
    assert not np.array_equal(in_blocks[:K], in_blocks[K:])


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_in_blocks_too_guessing_is_guessing(attack: Attack) -> None:
    """Without any leakage the AUC is 0.5 within three standard errors, however alike the networks' outputs are."""
    made = (cohort(0.0, seed=seed, difficulty=10.0, blocks=2) for seed in range(30))
    means = np.array([aucs(signals, attack, seed, block=K).mean() for seed, signals in enumerate(made)])
    assert abs(means.mean() - 0.5) < 3 * means.std(ddof=1) / np.sqrt(len(means))


def test_every_example_is_in_half_of_each_block() -> None:
    """The halves of the first block are those of a cohort that is this block, so that a cohort can grow by blocks."""
    subsets, seeds = rules(12, 4).draw_cohort(120, seed=0)
    small = rules(4).draw_cohort(120, seed=0)
    assert np.array_equal(subsets[:4], small[0])
    assert seeds[:4] == small[1]
    assert (subsets.reshape(3, 4, 120).sum(axis=1) == 2).all()
    assert len({subset.tobytes() for subset in subsets}) == 12
