import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data.grouped import draw_in_groups


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=30), seed=st.integers(0, 2**32), share=st.floats(0.05, 0.95)
)
def test_groups_are_drawn_whole(sizes: list[int], seed: int, share: float) -> None:
    """None is cut, and the size is never exceeded; it is met if there are enough single examples."""
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    size = max(1, round(share * len(groups)))
    drawn = draw_in_groups(groups, size, np.random.default_rng(seed))
    assert not set(groups[drawn]) & set(groups[~drawn])
    assert drawn.sum() <= size
    if sizes.count(1) >= 5:
        assert drawn.sum() == size


@given(counts=st.lists(st.integers(2, 20), min_size=2, max_size=5), seed=st.integers(0, 2**32))
def test_every_class_is_on_both_sides(counts: list[int], seed: int) -> None:
    """If it has two groups, in about its share."""
    y = np.repeat(np.arange(len(counts)), [2 * count for count in counts])
    groups = np.repeat(np.arange(sum(counts)), 2)
    size = max(2 * len(counts), len(y) // 5 // 2 * 2)
    drawn = draw_in_groups(groups, size, np.random.default_rng(seed), parts=y)
    assert set(y[drawn]) == set(y[~drawn]) == set(range(len(counts)))
    assert not set(groups[drawn]) & set(groups[~drawn])


def test_every_group_is_as_likely() -> None:
    """Half of the examples: a group of two is drawn in half of the cases, as is a single example."""
    rng, groups = np.random.default_rng(0), np.array([0, 0, 1, 1, 2, 3, 4, 5, 6, 7])
    share = np.mean([draw_in_groups(groups, 5, rng) for _ in range(3000)], axis=0)
    np.testing.assert_allclose(share, 0.5, atol=0.06)
