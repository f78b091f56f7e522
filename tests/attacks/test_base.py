import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from privsearch.attacks.base import AttackSet, undersampled


@given(st.lists(st.booleans(), max_size=50), st.integers(0, 2**32))
def test_undersampling_keeps_the_rarer_kind_whole(membership: list[bool], seed: int) -> None:
    """As many of one kind as of the other, none twice, in their order."""
    is_member = np.array(membership, dtype=bool)
    size = len(is_member)
    examples = AttackSet(np.arange(size, dtype=float)[:, None], np.arange(size), is_member)
    kept = undersampled(examples, np.random.default_rng(seed))
    rarer = min(is_member.sum(), (~is_member).sum())
    assert kept.is_member.sum() == (~kept.is_member).sum() == rarer
    assert (np.diff(kept.labels) > 0).all()
    assert (kept.logits[:, 0] == kept.labels).all()
