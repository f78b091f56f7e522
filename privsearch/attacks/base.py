"""What every attack is given, and the balancing that every fitted attack shares."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array


@dataclass(frozen=True)
class AttackSet:
    """One network's outputs on n examples, with the membership that an attack learns from or is judged by.

    Attributes:
        logits: `(n, C)`, unitless.
        labels: `(n,)`, class indices.
        is_member: `(n,)`.
    """

    logits: Float[Array, "n classes"]
    labels: Int[Array, " n"]
    is_member: Bool[Array, " n"]

    def __getitem__(self, chosen: Array) -> "AttackSet":
        """The examples that `chosen`, an index array or a mask, picks."""
        return AttackSet(self.logits[chosen], self.labels[chosen], self.is_member[chosen])


def undersampled(examples: AttackSet, rng: np.random.Generator) -> AttackSet:
    """As many members as non-members: all of the rarer kind, and a random part of the other, order kept."""
    members, others = np.flatnonzero(examples.is_member), np.flatnonzero(~examples.is_member)
    size = min(len(members), len(others))
    kept = np.concatenate([rng.choice(kind, size, replace=False) for kind in (members, others)])
    return examples[np.sort(kept)]
