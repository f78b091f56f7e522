"""Membership inference attacks, and the protocols that they are evaluated under.

An attack is one file with one pure function from an `AttackView` to scores, and one case in `attack_scores`.

base.py                the input of every attack, and the log-odds that most attacks compute from it
kernel_ridge.py        a number of each example as a function of its inputs and its label
label_only.py          the gap attack, on the predicted class alone
lira.py                the likelihood ratio attack of Carlini et al. 2022
protocols/             which networks a trial trains on what, and how an attack is evaluated on them
quantile_regression.py the attack of Bertran et al. 2023, which knows the examples themselves and needs no shadow
rbf_svm.py             the RBF-SVM of scikit-learn, in less time
registered.py          attacks of a user's own
rmia.py                the robust membership inference attack of Zarifzadeh et al. 2024
svm.py                 the paper's RBF-SVM on a shadow's outputs
thresholds.py          loss, confidence and entropy, without any shadow
trajectory.py          the likelihood ratio attack on a spiking network's membrane at every time step
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import AttackView, Fold, Outputs
from privsearch.attacks.label_only import label_only_scores
from privsearch.attacks.lira import lira_scores
from privsearch.attacks.quantile_regression import quantile_regression_scores
from privsearch.attacks.registered import registered_scores
from privsearch.attacks.rmia import rmia_scores
from privsearch.attacks.svm import svm_scores
from privsearch.attacks.thresholds import threshold_scores
from privsearch.attacks.trajectory import trajectory_scores
from privsearch.spec import Attack

__all__ = ["AttackView", "Fold", "Outputs", "attack_scores"]


def attack_scores(  # noqa: PLR0911  # one for each attack
    attack: Attack, view: AttackView, rng: np.random.Generator
) -> Float[Array, " n"]:
    """Score the examples that the target was queried with.

    Args:
        attack: the attack. The outputs of the view are already those of its readout and its queries.
        view: all that the attacker knows.
        rng: the source of every random choice, such as the examples that undersampling leaves out.

    Returns:
        `(n,)`, float64, finite; higher means more likely a member.

    Raises:
        MetricError: the attack cannot be run on the examples, or on the shadows, or needs inputs that the view lacks.
        SpecError, TrialError: a registered attack is not registered in this process, or gives no scores.
    """
    match attack.kind:
        case "svm":
            return svm_scores(view, rng, per_class=attack.per_class, undersample=attack.undersample, width=attack.width)
        case "lira":
            return (
                trajectory_scores(view, rng, variance=attack.variance, means=attack.means)
                if attack.signals == "mem_trajectory"
                else lira_scores(view, rng, mode=attack.mode, variance=attack.variance, means=attack.means)
            )
        case "rmia":
            return rmia_scores(view, rng, mode=attack.mode, a=attack.a, gamma=attack.gamma)
        case "label_only":
            return label_only_scores(view.queried)
        case "quantile_regression":
            return quantile_regression_scores(view, rng)
        case "registered":
            return registered_scores(attack, view)
        case _:
            return threshold_scores(attack.kind, view.queried)
