"""A classifier's answer to whether two samples of examples differ."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from privsearch._util.interval import Interval
from privsearch.analysis.metrics import auc_interval, random_half

FEWEST: Final = 20
"""The examples of either sample below which a classifier has too few to learn from and to be judged on."""

_MOST_INPUTS: Final = 64
"""Inputs above which their principal components stand for them."""

_COMPONENTS: Final = 48
_MOST_PROJECTED: Final = 2000
"""The examples that the principal components are computed from, at most: enough for so few components."""


def classifier_auc(
    inputs: Float[Array, "n features"],
    labels: Int[Array, " n"],
    is_first: Bool[Array, " n"],
    rng: np.random.Generator,
) -> tuple[Interval, int, int]:
    """Measure how well gradient-boosted trees tell the examples of a first sample from those of a second.

    They learn from a random half of either sample and are judged on the other, so that the interval is that of any AUC
    on new examples: if the samples are alike, it lies wholly above 0.5 in 1 of 40 cases. (Cross-validation would use
    each example for both. But its folds' classifiers learn from one another's examples, and DeLong's interval, which
    does not know this, left out 0.5 in up to 1 of 6 simulated cases.)

    Inputs that are many, such as pixels, are replaced by their first 48 principal components, computed without regard
    to the sample. The label is one more input.

    Args:
        inputs: `(n, features)`, finite.
        labels: `(n,)`, class indices.
        is_first: `(n,)`, True for the examples of the first sample, of which, as of the others, there are at least
            `FEWEST`.
        rng: the source of the halves and of what the classifier leaves to chance.

    Returns:
        The AUC with DeLong's interval of 95 %, and the numbers of examples of the first and of the second sample that
        it was computed from.

    Source: Lopez-Paz and Oquab 2017, classifier two-sample tests.
    """
    # Here, because whoever only reads results should not wait for scikit-learn.
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    learnt = random_half(is_first, rng)
    seed = int(rng.integers(2**32))
    # On one thread, as sums over several depend on their number.
    with threadpool_limits(limits=1):
        features = np.column_stack([_few(inputs.astype(np.float32), rng), labels])
        model = HistGradientBoostingClassifier(max_iter=50, min_samples_leaf=10, random_state=seed)
        model.fit(features[learnt], is_first[learnt])
        scores = model.decision_function(features[~learnt])
    judged = is_first[~learnt]
    return auc_interval(scores, judged), int(judged.sum()), int((~judged).sum())


def _few(inputs: Float[Array, "n features"], rng: np.random.Generator) -> Float[Array, "n few"]:
    """Return the inputs, or their first principal components if they are many."""
    if inputs.shape[1] <= _MOST_INPUTS:
        return inputs
    from sklearn.decomposition import PCA

    few = min(_COMPONENTS, len(inputs))
    seed = int(rng.integers(2**32))
    projection = PCA(few, svd_solver="randomized", iterated_power=2, random_state=seed)
    projected: Array = projection.fit(inputs[rng.permutation(len(inputs))[:_MOST_PROJECTED]]).transform(inputs)
    return projected
