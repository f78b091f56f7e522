"""The attacks that read one number from the target's output alone, without any shadow."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from scipy.special import expit, log_expit

from privsearch.attacks.base import Outputs, log_odds
from privsearch.spec.attacks import ThresholdKind


def threshold_scores(kind: ThresholdKind, outputs: Outputs) -> Float[Array, " n"]:
    """Measure how sure the target is of each example, since networks are surer of their training examples.

    - `loss`: minus the cross-entropy of the label, log p_y.
    - `confidence`: the highest softmax probability, as its logarithm, which does not saturate.
    - `entropy`: minus the entropy, the sum of p_i log p_i.
    - `modified_entropy`: minus Mentr, (1 - p_y) log p_y + the sum of p_i log(1 - p_i) over the other classes. Unlike
      the entropy it is low if the target is sure of a wrong class.

    Returns:
        `(n,)`, in nats, the mean over the views; higher means more likely a member.

    Source: loss, Yeom et al. 2018; confidence and entropy, Salem et al. 2019; modified entropy, Song and Mittal 2021.
    """
    odds = log_odds(outputs.target)
    is_label = np.arange(odds.shape[-1]) == outputs.labels[:, None]
    match kind:
        case "loss":
            scores = log_expit(odds[:, is_label])
        case "confidence":
            scores = log_expit(odds.max(axis=-1))
        case "entropy":
            scores = (expit(odds) * log_expit(odds)).sum(axis=-1)
        case "modified_entropy":
            # The log-odds of a right answer for each class: yes for the label, no for the others.
            right = np.where(is_label, odds, -odds)
            scores = (expit(-right) * log_expit(right)).sum(axis=-1)
    mean: Array = scores.mean(axis=0)
    return mean
