"""Scores of examples whose membership is known, to test metrics with."""

import numpy as np
from hypothesis import strategies as st

MIXED = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({member for _, member in pairs}) == 2
)
PAIRED = MIXED.filter(lambda pairs: 2 <= sum(member for _, member in pairs) <= len(pairs) - 2)


def columns(pairs: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, is_member = zip(*pairs, strict=True)
    return np.array(scores, float), np.array(is_member)


def normal_scores(members: int, others: int, shift: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores whose AUC is Phi(shift / sqrt 2), and whose best advantage is 2 Phi(shift / 2) - 1."""
    is_member = np.arange(members + others) < members
    return rng.normal(size=len(is_member)) + shift * is_member, is_member


def random_halves(size: int, rng: np.random.Generator) -> np.ndarray:
    """A mask of half of the examples, drawn without regard to what they are."""
    return rng.permutation(size) < size // 2
