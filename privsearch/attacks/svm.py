"""The paper's attack: an RBF-kernel SVM that learns from the shadow's outputs what membership looks like."""

from typing import Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array
from sklearn.svm import SVC

from privsearch.attacks.base import AttackSet, undersampled
from privsearch.errors import MetricError

ALL: Final = "all classes"


def svm_scores(
    fit: AttackSet,
    query: AttackSet,
    rng: np.random.Generator,
    *,
    per_class: bool = False,
    undersample: bool = True,
) -> Float[Array, " n"]:
    """Score the examples of `query` by an SVM fitted on those of `fit`.

    The features are the logits as they are; the kernel's width is scikit-learn's default, 1 / (C * variance). With
    `undersample`, the SVM learns from as many members as non-members. With `per_class`, one SVM is fitted for each
    class on that class's examples, so the scores of different classes come from different models.

    Returns:
        `(n,)`, the signed distance from the SVM's boundary (`decision_function`), unitless; higher means more likely
        a member.

    Raises:
        MetricError: `fit` lacks members or non-members, in all or, with `per_class`, of a class that `query` holds.

    Source: Moshruba et al. 2025, section III-B.
    """
    if not per_class:
        _check_both_kinds(fit, ALL)
        model = _fitted(undersampled(fit, rng) if undersample else fit)
        scores: Array = model.decision_function(query.logits)
        return scores
    scores = np.empty(len(query.labels))
    for label in np.unique(query.labels):
        of_class = fit[fit.labels == label]
        _check_both_kinds(of_class, f"class {label}")
        model = _fitted(undersampled(of_class, rng) if undersample else of_class)
        asked = query.labels == label
        scores[asked] = model.decision_function(query.logits[asked])
    return scores


def _check_both_kinds(fit: AttackSet, where: str) -> None:
    members = int(fit.is_member.sum())
    if members == 0 or members == len(fit.is_member):
        others = len(fit.is_member) - members
        remedy = "use more data" + (", or per_class: false" if where != ALL else "")
        raise MetricError(
            f"the svm attack needs members and non-members to learn from, but in {where} it has {members} members and "
            f"{others} non-members; {remedy}"
        )


def _fitted(fit: AttackSet) -> SVC:
    return SVC(kernel="rbf").fit(fit.logits, fit.is_member)
