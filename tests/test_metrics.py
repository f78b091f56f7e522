import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.errors import MetricError
from privsearch.metrics import attack_auc, noise_floor

MIXED = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({member for _, member in pairs}) == 2
)


@given(MIXED)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    """The definition: over all (member, non-member) pairs, a win counts one and a tie one half."""
    scores, is_member = (np.array(column) for column in zip(*pairs, strict=True))
    wins = [(m > n) + 0.5 * (m == n) for m in scores[is_member] for n in scores[~is_member]]
    assert attack_auc(scores.astype(float), is_member) == pytest.approx(np.mean(wins))


def test_a_perfect_attack_scores_one_and_a_constant_one_half() -> None:
    """The two ends that every reader knows."""
    is_member = np.array([True, True, False])
    assert attack_auc(np.array([3.0, 2.0, 1.0]), is_member) == 1.0
    assert attack_auc(np.zeros(3), is_member) == 0.5


@pytest.mark.parametrize("member", [True, False])
def test_one_kind_alone_has_no_auc(member: bool) -> None:
    """Nothing can be told apart where there is one kind."""
    with pytest.raises(MetricError, match="needs members and non-members, but all 3 examples are"):
        attack_auc(np.arange(3.0), np.full(3, member))


def test_a_score_that_is_no_number_is_refused() -> None:
    """NaN must never pass for a number that looks fine."""
    with pytest.raises(MetricError, match="1 of 2 are not"):
        attack_auc(np.array([1.0, np.nan]), np.array([True, False]))


@pytest.mark.parametrize(("members", "others", "floor"), [(120, 30, 0.116), (455, 114, 0.059), (60_000, 10_000, 0.006)])
def test_noise_floor_of_known_datasets(members: int, others: int, floor: float) -> None:
    """Iris, Breast Cancer and MNIST under the paper's protocol."""
    assert noise_floor(members, others) == pytest.approx(floor, abs=5e-4)


def test_noise_floor_holds_what_it_promises() -> None:
    """Of 2,000 guessing attacks, 95 % stay within the floor, up to three standard errors of that share."""
    rng = np.random.default_rng(0)
    is_member = np.arange(80) < 50
    aucs = np.array([attack_auc(rng.random(80), is_member) for _ in range(2000)])
    assert np.mean(abs(aucs - 0.5) <= noise_floor(50, 30)) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 2000))


def test_noise_floor_needs_both_kinds() -> None:
    """There is no interval without a pair."""
    with pytest.raises(MetricError, match="0 members"):
        noise_floor(0, 5)
