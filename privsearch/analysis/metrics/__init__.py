"""The numbers that privsearch reports of an attack on one target: their only definitions.

auc.py        the AUC, its interval, the noise floor
binomial.py   intervals of a share of independent trials
epsilon.py    lower bounds on the epsilon of differential privacy
held_out.py   TPR and advantage, with threshold and direction chosen on other examples
one_run.py    a bound on epsilon from guesses about one training run
roc.py        the ROC curves of an attack
tpr.py        the TPR at a fixed FPR
"""

from privsearch.analysis.metrics.auc import attack_auc, auc_interval, noise_floor
from privsearch.analysis.metrics.epsilon import bound_over_targets, epsilon_lower_bound, largest_epsilon
from privsearch.analysis.metrics.held_out import (
    direction,
    directions,
    held_out_advantage,
    held_out_tpr,
    needed_for_held_out,
    random_half,
)
from privsearch.analysis.metrics.one_run import guessed_epsilon
from privsearch.analysis.metrics.roc import roc_curve, roc_curves
from privsearch.analysis.metrics.tpr import FPRS, needed_non_members, rate_key, threshold_at_fpr, tpr_at_fpr

__all__ = [
    "FPRS",
    "attack_auc",
    "auc_interval",
    "bound_over_targets",
    "direction",
    "directions",
    "epsilon_lower_bound",
    "guessed_epsilon",
    "held_out_advantage",
    "held_out_tpr",
    "largest_epsilon",
    "needed_for_held_out",
    "needed_non_members",
    "noise_floor",
    "random_half",
    "rate_key",
    "roc_curve",
    "roc_curves",
    "threshold_at_fpr",
    "tpr_at_fpr",
]
