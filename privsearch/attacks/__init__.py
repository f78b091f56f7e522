"""Membership inference attacks. Each is one file with one pure function from signals to scores, and one case here."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import AttackSet
from privsearch.attacks.svm import svm_scores
from privsearch.spec import Attack

__all__ = ["AttackSet", "attack_scores"]


def attack_scores(attack: Attack, fit: AttackSet, query: AttackSet, rng: np.random.Generator) -> Float[Array, " n"]:
    """The scores that `attack`, having learnt from `fit`, gives to the examples of `query`.

    Returns:
        `(n,)`; higher means more likely a member.

    Raises:
        MetricError: the examples cannot carry the attack.
    """
    match attack.kind:
        case "svm":
            return svm_scores(fit, query, rng, per_class=attack.per_class, undersample=attack.undersample)
