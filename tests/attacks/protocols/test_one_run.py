import numpy as np
import pytest
from scipy.stats import binom

from privsearch.attacks.protocols import rules_of
from privsearch.attacks.protocols.evaluation import Evaluation, first_half
from privsearch.errors import DataError
from privsearch.spec import Attack, LabelOnlyAttack, OneRunProtocol, ThresholdAttack
from privsearch.study.result import AttackResult
from privsearch.study.signals import Signals

TRAIN, TEST = 400, 60
ATTACKS: list[Attack] = [ThresholdAttack(kind="loss"), ThresholdAttack(kind="modified_entropy"), LabelOnlyAttack()]


def cohort(protocol: OneRunProtocol, member_shift: float, seed: int = 0) -> Signals:
    """Outputs of networks that are surer of their own training examples by a shift, with the coins of the protocol."""
    rng = np.random.default_rng([seed, 1])
    subsets, _ = rules_of(protocol).draw_cohort(TRAIN, seed)
    is_member = np.pad(subsets, ((0, 0), (0, TEST)))
    labels = rng.integers(2, size=TRAIN + TEST)
    margin = 3 * rng.normal(size=TRAIN + TEST) + rng.normal(size=is_member.shape) + member_shift * is_member
    logits = np.stack([np.where(labels == c, margin, 0) for c in (0, 1)], axis=-1)
    return Signals({("final_mem", "plain"): logits[:, None]}, is_member, labels, np.arange(TRAIN + TEST), TRAIN)


def evaluated(protocol: OneRunProtocol, shift: float, attack: Attack = ATTACKS[0], seed: int = 0) -> list[Evaluation]:
    return rules_of(protocol).evaluate(cohort(protocol, shift, seed), attack, seed)


def test_only_audited_examples_have_coins() -> None:
    """All others are in every training set; a coin is fair, and independent of the other coins and networks."""
    protocol = OneRunProtocol(replicates=2000, audited_fraction=0.25)
    subsets, seeds = rules_of(protocol).draw_cohort(48, seed=0)
    tossed = np.flatnonzero(~subsets.all(axis=0))
    assert len(tossed) == protocol.num_audited(48) == 12
    coins = subsets[:, tossed].astype(float)
    assert np.abs(coins.mean(axis=0) - 0.5).max() < 4 * np.sqrt(0.25 / 2000)
    correlation = np.corrcoef(coins.T) - np.eye(12)
    assert np.abs(correlation).max() < 4 / np.sqrt(2000)
    assert np.abs(np.corrcoef(coins[:-1].ravel(), coins[1:].ravel())[0, 1]) < 4 / np.sqrt(coins.size)
    assert len(set(seeds)) == 2000


def test_the_number_of_members_is_left_to_chance() -> None:
    """Exactly one half would make the coins depend on one another: their number is binomial."""
    subsets, _ = rules_of(OneRunProtocol(replicates=2000)).draw_cohort(40, seed=0)
    sizes = subsets.sum(axis=1)
    assert sizes.mean() == pytest.approx(20, abs=4 * np.sqrt(10 / 2000))
    assert sizes.var() == pytest.approx(10, rel=0.15)


def test_the_first_networks_are_those_of_a_smaller_cohort() -> None:
    """Another seed gives other coins, other audited examples and other seeds."""
    few, many = OneRunProtocol(replicates=2, audited_fraction=0.5), OneRunProtocol(replicates=4, audited_fraction=0.5)
    subsets, seeds = rules_of(few).draw_cohort(TRAIN, seed=0)
    more, more_seeds = rules_of(many).draw_cohort(TRAIN, seed=0)
    assert np.array_equal(more[:2], subsets)
    assert more_seeds[:2] == seeds
    other, other_seeds = rules_of(few).draw_cohort(TRAIN, seed=1)
    assert not np.array_equal(other, subsets)
    assert not set(other_seeds) & set(seeds)


def test_too_few_examples_are_refused() -> None:
    """With the share and the number that it comes to; and coins that leave a network nothing to train on."""
    with pytest.raises(DataError, match=r"at least 12 audited .* an audited_fraction of 0.05 of 100 gives 5; raise it"):
        rules_of(OneRunProtocol(audited_fraction=0.05)).draw_cohort(100, seed=0)
    with pytest.raises(DataError, match="all 12 coins of one came up tails"):
        rules_of(OneRunProtocol(replicates=10_000)).draw_cohort(12, seed=0)


def test_canaries_have_wrong_labels_each_as_likely() -> None:
    """All audited examples, no others; without canaries every label is right."""
    protocol = OneRunProtocol(audited_fraction=0.75, canaries=True)
    labels = np.arange(40_000) % 4
    trained = rules_of(protocol).training_labels(labels, 4, seed=0)
    audited = rules_of(protocol).queried(cohort_of(labels), seed=0)
    assert np.array_equal(np.flatnonzero(trained != labels), audited)
    counts = np.bincount((trained - labels)[audited] % 4, minlength=4)
    assert counts[0] == 0
    assert np.abs(counts[1:] / 30_000 - 1 / 3).max() < 4 * np.sqrt(2 / 9 / 30_000)
    assert np.array_equal(rules_of(OneRunProtocol()).training_labels(labels, 4, seed=0), labels)


def cohort_of(labels: np.ndarray) -> Signals:
    """Signals of one network without a test split."""
    n = len(labels)
    outputs = {("final_mem", "plain"): np.zeros((1, 1, n, 4))}
    return Signals(outputs, np.ones((1, n), dtype=bool), labels, np.arange(n), n)  # type: ignore[arg-type]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_leak_is_found_on_each_network(attack: Attack) -> None:
    """On the audited examples alone; a bound on epsilon is shown, below the highest that so many could show."""
    protocol = OneRunProtocol(replicates=2, audited_fraction=0.5)
    found = [evaluation.result for evaluation in evaluated(protocol, 8.0, attack)]
    assert len(found) == 2
    for result in found:
        assert result.num_members + result.num_non_members == 200
        assert result.auc.value > 0.6
        assert result.epsilon_low is not None
        assert result.epsilon_ceiling is not None
        assert 0 < result.epsilon_low < result.epsilon_ceiling
    assert found[0].num_members != found[1].num_members


def test_a_perfect_attack_shows_nearly_all_that_so_many_examples_can() -> None:
    """A half of 400 examples, all of them rightly guessed, show an epsilon of 4.0."""
    (evaluation,) = evaluated(OneRunProtocol(), 100.0)
    found = evaluation.result
    assert found.auc.value == 1.0
    assert found.epsilon_ceiling == pytest.approx(np.log(0.025 ** (1 / 200) / (1 - 0.025 ** (1 / 200))), rel=0.1)
    assert 0.85 * (found.epsilon_ceiling or 0) < (found.epsilon_low or 0) <= (found.epsilon_ceiling or 0)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_without_a_leak_nothing_is_found(attack: Attack) -> None:
    """The AUC is 0.5 within three standard errors, and at most 2.5 % of the bounds are above 0."""
    protocol = OneRunProtocol(replicates=40)
    found = [evaluation.result for seed in range(2) for evaluation in evaluated(protocol, 0.0, attack, seed)]
    aucs = np.array([result.auc.value for result in found])
    assert abs(aucs.mean() - 0.5) < 3 * aucs.std(ddof=1) / np.sqrt(len(aucs))
    assert sum((result.epsilon_low or 0) > 0 for result in found) <= binom.ppf(0.999, len(found), 0.025)


def test_a_delta_lowers_the_bound() -> None:
    """What may be given away with a small probability is no proof of a large epsilon."""
    pure, small, large = (
        evaluated(OneRunProtocol(delta=delta), 8.0)[0].result.epsilon_low or 0.0 for delta in (0.0, 1e-4, 1e-2)
    )
    assert large < small < pure


def test_the_bound_is_of_the_half_on_which_no_attack_is_chosen() -> None:
    """Scores that are right on the first half alone show nothing, though thresholds there look good."""
    in_first = first_half(TRAIN + TEST, 0)[:TRAIN]

    def found(where: np.ndarray) -> AttackResult:
        signals = cohort(OneRunProtocol(), 0.0)
        sure = 100.0 * (signals.is_member[0, :TRAIN] & where)
        signals.logits[0, np.arange(TRAIN), signals.labels[:TRAIN]] += sure
        return rules_of(OneRunProtocol()).evaluate(signals, ATTACKS[0], seed=0)[0].result

    on_first, on_both = found(in_first), found(np.ones(TRAIN, dtype=bool))
    assert on_first.auc_by_half[0] == on_both.auc_by_half[0] == 1.0
    assert (on_first.epsilon_low or 0.0) < 0.3
    assert (on_both.epsilon_low or 0.0) > 3.0
