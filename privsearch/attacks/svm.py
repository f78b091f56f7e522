"""The paper's attack: an RBF-kernel SVM that is fitted on a shadow's outputs."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray as Array

from privsearch.attacks.base import AttackView, Fold
from privsearch.attacks.rbf_svm import rbf_svm_scores
from privsearch.errors import MetricError
from privsearch.spec.attacks import KernelWidth

ALL: Final = "all classes"


def svm_scores(
    view: AttackView,
    rng: np.random.Generator,
    *,
    per_class: bool = False,
    undersample: bool = True,
    width: KernelWidth = "variance",
) -> Float[Array, " n"]:
    """Score the target's outputs by an SVM that is fitted on the first shadow's, a new one for each fold.

    The features are the logits of the first view as they are; the kernel's width is scikit-learn's default,
    1 / (C * variance); with the width `robust` the variance is one that a few odd outputs cannot move. With
    `undersample`, the SVM learns from as many members as non-members. With `per_class`, one SVM is fitted for each
    class on that class's examples, so the scores of different classes come from different models.

    Returns:
        `(n,)`, the signed distance from the SVM's boundary (`decision_function`), unitless; higher means more likely
        a member.

    Raises:
        MetricError: the examples that a fold is fitted on lack members or non-members, in all or, with `per_class`, of
            a class that is scored.

    Source: Moshruba et al. 2025, section III-B.
    """
    is_member, outputs = view.shadow_is_member[0], view.queried.shadows[0, 0]
    # An example that no fold scores keeps a score that every metric refuses.
    scores = np.full(len(view.queried.labels), np.nan)
    for fold, part in _folds(view, per_class):
        members, others = np.flatnonzero(fold.fit & is_member), np.flatnonzero(fold.fit & ~is_member)
        _check_both_kinds(members, others, part)
        fit = np.sort(np.concatenate(undersampled(members, others, rng) if undersample else (members, others)))
        target = view.queried.target[0, fold.score]
        scores[fold.score] = rbf_svm_scores(outputs[fit], is_member[fit], target, width)
    return scores


def undersampled(
    members: Int[Array, " members"], others: Int[Array, " others"], rng: np.random.Generator
) -> tuple[Int[Array, " each"], Int[Array, " each"]]:
    """Draw as many members as non-members: all of the rarer kind, and a random part of the other."""
    size = min(len(members), len(others))
    return rng.choice(members, size, replace=False), rng.choice(others, size, replace=False)


def _folds(view: AttackView, per_class: bool) -> Iterator[tuple[Fold, str]]:
    """Yield the fold of each SVM, and the words for its classes in an error."""
    for fold in view.folds:
        if not per_class:
            yield fold, ALL
            continue
        for label in np.unique(view.queried.labels[fold.score]):
            of_class = view.queried.labels == label
            yield Fold(fold.fit & of_class, fold.score & of_class), f"class {label}"


def _check_both_kinds(members: Int[Array, " members"], others: Int[Array, " others"], part: str) -> None:
    if not (len(members) and len(others)):
        remedy = "use more data" + (", or per_class: false" if part != ALL else "")
        raise MetricError(
            f"the svm attack needs members and non-members to learn from, but in {part} it has {len(members)} members "
            f"and {len(others)} non-members; {remedy}"
        )
