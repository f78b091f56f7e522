"""Membership inference attacks. Each is one file with one pure function from outputs to scores, and one case here."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import AttackView, Fold, Outputs
from privsearch.attacks.label_only import label_only_scores
from privsearch.attacks.lira import lira_scores
from privsearch.attacks.registered import registered_scores
from privsearch.attacks.rmia import rmia_scores
from privsearch.attacks.svm import svm_scores
from privsearch.attacks.thresholds import threshold_scores
from privsearch.spec import Attack

__all__ = ["AttackView", "Fold", "Outputs", "attack_scores"]


def attack_scores(attack: Attack, view: AttackView, rng: np.random.Generator) -> Float[Array, " n"]:
    """The scores that `attack` gives to the examples that the target was asked about.

    Args:
        attack: the attack. Its readout and queries are in the outputs of the view already.
        view: what the attacker knows.
        rng: decides what is left out where an attack needs as many of one kind as of another.

    Returns:
        `(n,)`, float64, finite; higher means more likely a member.

    Raises:
        MetricError: the examples, or the shadows, cannot carry the attack.
        SpecError, TrialError: a registered attack is not registered here, or gives no scores.
    """
    match attack.kind:
        case "svm":
            return svm_scores(view, rng, per_class=attack.per_class, undersample=attack.undersample)
        case "lira":
            return lira_scores(view, rng, mode=attack.mode, variance=attack.variance)
        case "rmia":
            return rmia_scores(view, rng, mode=attack.mode, a=attack.a, gamma=attack.gamma)
        case "label_only":
            return label_only_scores(view.queried)
        case "registered":
            return registered_scores(attack, view)
        case _:
            return threshold_scores(attack.kind, view.queried)
