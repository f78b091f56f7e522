from typing import get_args

import numpy as np
import pytest
from numpy.typing import ArrayLike

from privsearch.attacks.base import Outputs
from privsearch.attacks.thresholds import threshold_scores
from privsearch.spec.attacks import ThresholdKind

kinds = pytest.mark.parametrize("kind", get_args(ThresholdKind))


def asked(logits: ArrayLike, labels: list[int]) -> Outputs:
    target = np.array(logits, dtype=float)
    return Outputs(target, target[None][:0], np.array(labels))


@pytest.mark.parametrize(
    ("kind", "score"),
    [
        ("loss", np.log(0.2)),
        ("confidence", np.log(0.7)),
        ("entropy", 0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1)),
        ("modified_entropy", 0.8 * np.log(0.2) + 0.7 * np.log(0.3) + 0.1 * np.log(0.9)),
    ],
)
def test_the_numbers_are_those_of_the_formulas(kind: ThresholdKind, score: float) -> None:
    """Softmax 0.7, 0.2, 0.1, of which the second is the label's."""
    assert threshold_scores(kind, asked([[list(np.log([0.7, 0.2, 0.1]))]], [1])) == pytest.approx([score], rel=1e-14)


@kinds
def test_a_surer_target_scores_strictly_higher(kind: ThresholdKind) -> None:
    """Long after the probability is 1 in floating point, up to where the square of its distance from 1 underflows."""
    gaps = np.linspace(0.1, 350, 3500)
    zeros = np.zeros_like(gaps)
    sure = asked([np.stack([gaps, zeros, zeros], axis=-1)], [0] * len(gaps))
    assert (np.diff(threshold_scores(kind, sure)) > 0).all()


def test_who_is_surely_wrong_differs_in_what_knows_the_label() -> None:
    """Loss and modified entropy call a confident mistake the surest non-member, confidence and entropy a member."""
    right_unsure_wrong = asked([[[9.0, 0.0], [0.1, 0.0], [0.0, 9.0]]], [0, 0, 0])
    for kind in ("loss", "modified_entropy"):
        right, unsure, wrong = threshold_scores(kind, right_unsure_wrong)
        assert right > unsure > wrong
    for kind in ("confidence", "entropy"):
        right, unsure, wrong = threshold_scores(kind, right_unsure_wrong)
        assert right == wrong > unsure


@kinds
def test_views_are_averaged(kind: ThresholdKind) -> None:
    """The score over two views is the mean of the scores of each."""
    views = [[[1.0, 2.0, 4.0]], [[3.0, 0.0, 1.0]]]
    both = threshold_scores(kind, asked(views, [2]))
    assert both == pytest.approx(np.mean([threshold_scores(kind, asked([view], [2])) for view in views], axis=0))
