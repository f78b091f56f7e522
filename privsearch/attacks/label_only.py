"""The gap attack, which needs no more than the class that the target predicts."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import Outputs


def label_only_scores(outputs: Outputs) -> Float[Array, " n"]:
    """Call a member what the target classifies correctly; the attack's advantage is the generalization gap.

    Returns:
        `(n,)`, 1 where the class predicted for the first view is the label, else 0.

    Source: Yeom et al. 2018; the baseline of Choquette-Choo et al. 2021.
    """
    is_right: Array = outputs.target[0].argmax(axis=-1) == outputs.labels
    return is_right.astype(np.float64)
