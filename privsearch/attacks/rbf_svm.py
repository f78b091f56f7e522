"""The RBF-SVM of scikit-learn, in less time: the only file that knows scikit-learn-intelex."""

from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import sklearn
from jaxtyping import Bool, Float
from numpy import ndarray as Array
from sklearn.svm import SVC
from threadpoolctl import ThreadpoolController

MANY: Final = 6000
"""Examples above which scikit-learn-intelex fits faster."""

BLOCK: Final = 2**20
"""Values of the kernel that are computed at once where scores are: 8 MB, more would leave the caches."""


def rbf_svm_scores(
    learnt: Float[Array, "learnt features"], is_member: Bool[Array, " learnt"], asked: Float[Array, "asked features"]
) -> Float[Array, " asked"]:
    """`SVC(kernel="rbf").fit(learnt, is_member).decision_function(asked)`, up to rounding, and on one thread.

    Fitting is scikit-learn's, so that up to 6,000 examples nothing but the last digits of the scores differs: they are
    within 1e-10. Above, scikit-learn-intelex fits where it is installed. Both solvers stop within the same tolerance of
    the optimum, 1e-3, but not at the same point: scores differ by up to 2e-3 and AUCs by less than 1e-4.

    Equal inputs have equal scores, whatever else is asked about.

    Args:
        learnt: `(learnt, features)`, finite.
        is_member: `(learnt,)`, of both kinds.
        asked: `(asked, features)`, finite.

    Returns:
        `(asked,)`, float64, the signed distance from the boundary, unitless; higher means more likely a member.
    """
    learnt, (distinct, where) = learnt.astype(np.float64), _distinct_rows(asked.astype(np.float64))
    width = 1 / (learnt.shape[1] * learnt.var() or 1.0)
    # What scikit-learn would check of its arguments takes as long as a small fit.
    with (
        _thread_pools().limit(limits=1),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        model = _svc(width, many=len(learnt) > MANY).fit(learnt, is_member)
        scores = _weighted_kernel(distinct, learnt[model.support_], width, model.dual_coef_[0])
    found: Array = (scores + model.intercept_)[where]
    return found


def _svc(width: float, *, many: bool) -> Any:
    """The faster solver for few or for many examples."""
    if many and find_spec("sklearnex"):
        from sklearnex import svm as intelex

        # Left to itself it takes every core.
        return intelex.SVC(kernel="rbf", gamma=width, n_jobs=1)
    return SVC(kernel="rbf", gamma=width)


@cache
def _thread_pools() -> ThreadpoolController:
    """The thread pools of the process; finding them takes longer than a small fit."""
    return ThreadpoolController()


def _weighted_kernel(
    asked: Float[Array, "asked features"],
    support: Float[Array, "support features"],
    width: float,
    weights: Float[Array, " support"],
) -> Float[Array, " asked"]:
    """The kernel between each of `asked` and all of `support`, summed with their weights."""
    # The kernel depends on differences alone, and the nearer all is to 0, the less is rounded off them.
    centre = support.mean(axis=0)
    asked, support = asked - centre, support - centre
    # exp(-width * |a - b|^2), with the square written out, so that one matrix product gives the exponents.
    left = np.column_stack([asked, np.ones(len(asked)), np.square(asked).sum(axis=1)])
    right = width * np.column_stack([2 * support, -np.square(support).sum(axis=1), -np.ones(len(support))]).T
    size = max(1, BLOCK // len(support))
    # One block for all: fresh memory costs as much as what is computed in it.
    kernel, sums = np.empty((min(size, len(left)), len(support))), np.empty(len(left))
    for start in range(0, len(left), size):
        part = left[start : start + size]
        block = np.matmul(part, right, out=kernel[: len(part)])
        np.matmul(np.exp(block, out=block), weights, out=sums[start : start + size])
    return sums


def _distinct_rows(rows: Float[Array, "n features"]) -> tuple[Float[Array, "distinct features"], Array]:
    """Each row once, and where each of the `rows` stands among them.

    A matrix product may round equal rows differently by where they stand, which would break ties by their place.
    """
    # As bytes, which sort faster than numbers; adding 0 gives both zeros the same.
    as_bytes = np.ascontiguousarray(rows + 0.0).view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, where = np.unique(as_bytes, return_index=True, return_inverse=True)
    return rows[first], where
