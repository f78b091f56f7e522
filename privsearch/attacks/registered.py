"""The attacks of a user's own, registered with `privsearch.register_attack`."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.attacks.base import AttackView
from privsearch.errors import TrialError
from privsearch.spec import RegisteredAttack, registry


def registered_scores(attack: RegisteredAttack, view: AttackView) -> Float[Array, " n"]:
    """Score the examples with the function that is registered under the attack's name.

    Raises:
        SpecError: the attack is not registered in this process, or in another version.
        TrialError: the function does not return a finite number for each example.
        MetricError: the function reports that it cannot be run on the examples.
    """
    given = registry.needed("attack", attack.attack, attack.version).function(view)
    scores: Array = np.asarray(given)
    wanted = view.queried.labels.shape
    if scores.shape != wanted or scores.dtype.kind not in "biuf" or not np.isfinite(scores).all():
        raise TrialError(
            f"the attack {attack.name} must give finite numbers of shape {wanted}, one for each example, but gave "
            f"shape {scores.shape} and type {scores.dtype}" + (", not all finite" if scores.dtype.kind == "f" else "")
        )
    return scores.astype(np.float64)
