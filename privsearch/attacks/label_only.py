"""The gap attack, which needs only the class that the target predicts."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import Outputs


def label_only_scores(outputs: Outputs) -> Float[Array, " n"]:
    """Call an example a member if the target classifies it correctly; the advantage is the generalization gap.

    Returns:
        `(n,)`, 1 if the class predicted for the first view is the label, else 0.

    Source: Yeom et al. 2018; the baseline of Choquette-Choo et al. 2021.
    """
    is_right: Array = outputs.target[0].argmax(axis=-1) == outputs.labels
    return is_right.astype(np.float64)
