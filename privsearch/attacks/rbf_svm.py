"""The RBF-SVM of scikit-learn, in less time: the only file that knows scikit-learn-intelex."""

from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array
from threadpoolctl import ThreadpoolController

from privsearch.spec.attacks import KernelWidth

MANY: Final = 6000
"""Examples above which scikit-learn-intelex fits faster."""

_QUARTILES: Final = 1.349
"""The distance of the quartiles of a normal distribution, in standard deviations."""

BLOCK: Final = 2**20
"""Values of the kernel that are computed at once for scores: 8 MB, as more would leave the caches."""


def rbf_svm_scores(
    fit: Float[Array, "fit features"],
    is_member: Bool[Array, " fit"],
    scored: Float[Array, "scored features"],
    width: KernelWidth = "variance",
) -> Float[Array, " scored"]:
    """Compute `SVC(kernel="rbf").fit(fit, is_member).decision_function(scored)`, up to rounding, on one thread.

    Up to 6,000 examples scikit-learn fits, and only the last digits of the scores differ: they are within 1e-10. Above,
    scikit-learn-intelex fits if it is installed. Both solvers stop within the same tolerance of the optimum, 1e-3, but
    not at the same point: scores differ by up to 2e-3 and AUCs by less than 1e-4.

    Equal inputs have equal scores, whatever other examples are scored.

    Args:
        fit: `(fit, features)`, finite, the examples that the SVM is fitted on.
        is_member: `(fit,)`, of both kinds.
        scored: `(scored, features)`, finite, the examples that the SVM scores.
        width: what the kernel's width is taken from: the variance, as scikit-learn does, or `robust_variance`.

    Returns:
        `(scored,)`, float64, the signed distance from the boundary, unitless; higher means more likely a member.
    """
    import sklearn  # takes a second, and whoever reads a study seldom needs it
    import sklearn.svm  # brings thread pools of its own, which must be there before they are counted

    fit, (distinct, places) = fit.astype(np.float64), _distinct_rows(scored.astype(np.float64))
    variance = fit.var() if width == "variance" else robust_variance(fit)
    gamma = 1 / (fit.shape[1] * variance or 1.0)
    # scikit-learn's checks of its arguments take as long as a small fit.
    with (
        _thread_pools().limit(limits=1),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        model = _svc(gamma, many=len(fit) > MANY).fit(fit, is_member)
        sums = _weighted_kernel(distinct, fit[model.support_], gamma, model.dual_coef_[0])
    scores: Array = (sums + model.intercept_)[places]
    return scores


def robust_variance(values: Float[Array, "n features"]) -> float:
    """Return the square of the interquartile range over 1.349: the variance, if the values are normally distributed.

    One odd row cannot move it, as it moves the variance. Where the quartiles are one value, it is the variance.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    return float(((high - low) / _QUARTILES) ** 2 or values.var())


def _svc(width: float, *, many: bool) -> Any:
    """Return the faster solver for few or for many examples."""
    if many and find_spec("sklearnex"):
        from sklearnex import svm as intelex

        # By default it takes every core.
        return intelex.SVC(kernel="rbf", gamma=width, n_jobs=1)
    from sklearn.svm import SVC

    return SVC(kernel="rbf", gamma=width)


@cache
def _thread_pools() -> ThreadpoolController:
    """Return the thread pools of the process, cached, as finding them takes longer than a small fit."""
    return ThreadpoolController()


def _weighted_kernel(
    scored: Float[Array, "scored features"],
    support: Float[Array, "support features"],
    width: float,
    weights: Float[Array, " support"],
) -> Float[Array, " scored"]:
    """Sum the kernel between each scored example and all support vectors, with the weights of the support vectors."""
    # The kernel depends on differences alone, and differences of numbers near 0 are rounded least.
    centre = support.mean(axis=0)
    scored, support = scored - centre, support - centre
    # exp(-width * |a - b|^2), with the square written out, so that one matrix product gives the exponents.
    left = np.column_stack([scored, np.ones(len(scored)), np.square(scored).sum(axis=1)])
    right = width * np.column_stack([2 * support, -np.square(support).sum(axis=1), -np.ones(len(support))]).T
    size = max(1, BLOCK // len(support))
    # All parts share one block: fresh memory costs as much as the computing in it.
    kernel, sums = np.empty((min(size, len(left)), len(support))), np.empty(len(left))
    for start in range(0, len(left), size):
        part = left[start : start + size]
        block = np.matmul(part, right, out=kernel[: len(part)])
        np.matmul(np.exp(block, out=block), weights, out=sums[start : start + size])
    return sums


def _distinct_rows(rows: Float[Array, "n features"]) -> tuple[Float[Array, "distinct features"], Array]:
    """Return the distinct rows, and for each of the `rows` its index among them.

    A matrix product may round equal rows differently, depending on their place, which would break ties by their place.
    """
    # As bytes, which sort faster than numbers; adding 0 gives both zeros the same bytes.
    as_bytes = np.ascontiguousarray(rows + 0.0).view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, places = np.unique(as_bytes, return_index=True, return_inverse=True)
    return rows[first], places
