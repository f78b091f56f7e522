import numpy as np
import pytest

from privsearch.attacks.paper import audit_pair
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


def audit(signals: Signals, seed: int = 0, **fields: bool) -> tuple[float, float]:
    result = audit_pair(signals, SvmAttack(**fields), placebo_cuts=10, seed=seed)
    assert (result.num_members, result.num_non_members) == (TRAIN, TEST)
    return result.auc, result.placebo_auc


@pytest.mark.parametrize("per_class", [False, True])
def test_leakage_is_found_and_the_placebo_stays_at_one_half(per_class: bool) -> None:
    """A real membership signal raises the AUC, and nothing else."""
    auc, placebo = audit(pair(member_shift=3.0), per_class=per_class)
    assert auc > 0.9
    assert placebo == pytest.approx(0.5, abs=0.06)


def test_without_leakage_both_stay_at_one_half() -> None:
    """Nothing to find, nothing found."""
    aucs, placebos = zip(*(audit(pair(0.0, seed=seed), seed) for seed in range(8)), strict=True)
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.03)
    assert np.mean(placebos) == pytest.approx(0.5, abs=0.03)


def test_recognising_examples_raises_the_placebo() -> None:
    """Shadow and target see the same examples: an attack scores above 0.5 on examples nobody was trained on."""
    _, placebo = audit(pair(member_shift=0.0, example_shift=10.0))
    assert placebo > 0.6


def test_the_same_seed_gives_the_same_result() -> None:
    """Undersampling and cuts follow from the seed."""
    assert audit(pair(1.0), seed=5) == audit(pair(1.0), seed=5)
    assert audit(pair(1.0), seed=5) != audit(pair(1.0), seed=6)


def test_one_cut_has_no_spread() -> None:
    """A standard deviation of one number is not zero but unknown."""
    assert audit_pair(pair(1.0), SvmAttack(), placebo_cuts=1, seed=0).placebo_auc_sd is None
