import numpy as np
import pytest

from privsearch.attacks.paper import audit_pair
from privsearch.result import AttackResult
from privsearch.signals import Signals
from privsearch.spec import SvmAttack

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
    return Signals(logits, is_member, rng.integers(2, size=size), TRAIN)


def audit(signals: Signals, seed: int = 0, **fields: bool) -> AttackResult:
    result = audit_pair(signals, SvmAttack(**fields), placebo_cuts=10, seed=seed)
    assert (result.num_members, result.num_non_members) == (TRAIN, TEST)
    return result


@pytest.mark.parametrize("fields", [{}, {"per_class": True}, {"undersample": False}])
def test_leakage_is_found_and_the_placebo_stays_at_one_half(fields: dict[str, bool]) -> None:
    """A real membership signal raises the AUC, at the placebo's sample size too, and nothing else."""
    found = audit(pair(member_shift=3.0), **fields)
    assert found.auc > 0.9
    assert found.matched_auc > 0.9
    assert found.placebo_auc == pytest.approx(0.5, abs=0.06)
    assert found.excess_auc == found.matched_auc - found.placebo_auc


@pytest.mark.parametrize("example_shift", [0.0, 3.0])
def test_without_leakage_there_is_no_excess(example_shift: float) -> None:
    """Nothing to find: the excess is 0, up to three standard errors, even where examples are recognised."""
    found = [audit(pair(0.0, example_shift, seed=seed), seed) for seed in range(12)]
    excess = np.array([result.excess_auc for result in found])
    assert abs(excess.mean()) < 3 * excess.std(ddof=1) / np.sqrt(len(excess))
    assert excess.std(ddof=1) < 0.05
    assert (np.mean([result.auc for result in found]) > 0.55) == (example_shift > 0)


def test_recognising_examples_raises_the_placebo() -> None:
    """Shadow and target see the same examples: an attack scores above 0.5 on examples nobody was trained on."""
    assert audit(pair(member_shift=0.0, example_shift=10.0)).placebo_auc > 0.6


def test_the_same_seed_gives_the_same_result() -> None:
    """Undersampling and cuts follow from the seed."""
    assert audit(pair(1.0), seed=5) == audit(pair(1.0), seed=5)
    assert audit(pair(1.0), seed=5) != audit(pair(1.0), seed=6)


def test_a_test_split_of_a_few_examples_is_cut_all_the_same() -> None:
    """Two examples of each class are one of either kind."""
    signals = pair(1.0)
    few = np.concatenate(
        [np.arange(TRAIN), TRAIN + np.array([np.flatnonzero(signals.labels[TRAIN:] == c)[:2] for c in (0, 1)]).ravel()]
    )
    small = Signals(signals.logits[:, few], signals.is_member[:, few], signals.labels[few], TRAIN)
    result = audit_pair(small, SvmAttack(), placebo_cuts=5, seed=0)
    assert 0 <= result.placebo_auc <= 1
