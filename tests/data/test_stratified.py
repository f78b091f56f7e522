import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data.stratified import draw_stratified, draw_training_split

COUNTS = st.lists(st.integers(2, 40), min_size=2, max_size=6)


@given(counts=COUNTS, share=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_both_parts_of_a_cut_have_every_class(counts: list[int], share: float, seed: int) -> None:
    """As many examples as asked for, each class in proportion, and each in both parts if it has two examples."""
    labels = np.random.default_rng(seed).permutation(np.repeat(range(len(counts)), counts))
    num_train = round(len(counts) + share * (len(labels) - 2 * len(counts)))
    in_training = draw_training_split(labels, num_train, np.random.default_rng(seed))
    assert (in_training.shape, in_training.dtype, in_training.sum()) == (labels.shape, np.bool_, num_train)
    for label, count in enumerate(counts):
        drawn = in_training[labels == label].sum()
        assert 1 <= drawn <= count - 1
        # A rare class that gets its one example takes it from the others.
        assert abs(drawn - count * num_train / len(labels)) <= len(counts)
    again = draw_training_split(labels, num_train, np.random.default_rng(seed))
    np.testing.assert_array_equal(in_training, again)


@pytest.mark.parametrize("num_train", [20, 80])
def test_cuts_are_drawn_alike(num_train: int) -> None:
    """Every example is as likely as any other of its class to be in the training split, whichever part is smaller."""
    labels, rng = np.repeat([0, 1], [60, 40]), np.random.default_rng(0)
    share = np.mean([draw_training_split(labels, num_train, rng) for _ in range(2000)], axis=0)
    assert np.abs(share - num_train / 100).max() < 4 * np.sqrt(0.2 * 0.8 / 2000)


def test_a_draw_has_every_class() -> None:
    """Even one of a single example, in a draw of no more than the classes."""
    labels = np.repeat([0, 1, 2], [97, 2, 1])
    chosen = draw_stratified(labels, 3, np.random.default_rng(0))
    assert sorted(labels[chosen]) == [0, 1, 2]
