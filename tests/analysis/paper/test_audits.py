from collections.abc import Callable

import numpy as np
import pytest
from builders import not_learnt

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.audits import Audit, PublishedAudit, StudyAudit, Success
from privsearch.analysis.paper.cells import StudyCells
from privsearch.analysis.targets import target_numbers
from privsearch.study.result import Completed, TrialResult

StudyOf = Callable[..., list[TrialResult]]


def study_audit(results: list[TrialResult], success: Success = Success.PUBLISHED) -> Audit:
    numbers = {r.trial_id: target_numbers(r) for r in results if isinstance(r, Completed)}
    return StudyAudit(StudyCells(results_frame(results)), numbers, "svm", success, "iris")


def test_study_has_a_number_for_each_replicate(study_of: StudyOf) -> None:
    """As published it is the AUC; as an excess it is what is above the placebo, plus a half."""
    results = study_of(lambda spec: {"accuracy": 0.8, "auc": 0.7, "placebo": 0.6}, noise=1e-6)
    published, excess = (study_audit(results, success) for success in Success)
    assert published.accuracy("ann").shape == published.auc("ann", weight_bit_width=4).shape == (5,)
    assert excess.auc("snn") == pytest.approx(published.auc("snn") - 0.6 + 0.5, abs=1e-4)
    assert published.thresholds("ann", 2, 8) == [0.5, 1.0, 1.5]


def test_configuration_that_is_not_there_is_nan(study_of: StudyOf) -> None:
    """What a study was not asked for has no number, and what has not learnt has an accuracy alone."""
    audit = study_audit([not_learnt(result) if isinstance(result, Completed) else result for result in study_of(dict)])
    assert np.isnan(audit.auc("ann", weight_bit_width=3)).all()
    assert np.isnan(audit.auc("ann")).all()
    assert not np.isnan(audit.accuracy("ann")).any()


@pytest.mark.parametrize(
    ("axes", "auc", "accuracy"),
    [
        ({}, 0.5728, 1.0),
        ({"surrogate_gradient": "fast_sigmoid"}, 0.654, 0.9),
        ({"surrogate_gradient": "straight_through"}, 0.542, 1.0),
        ({"weight_bit_width": 2}, 0.538, 0.9222),
    ],
)
def test_published_means_are_those_of_the_table_that_is_meant(
    axes: dict[str, str], auc: float, accuracy: float
) -> None:
    """The spiking network with fast sigmoid is that of Table III where the surrogate gradient is named, else of II."""
    audit: Audit = PublishedAudit("iris")
    assert (audit.auc("snn", **axes).tolist(), audit.accuracy("snn", **axes).tolist()) == ([auc], [accuracy])


def test_nothing_is_published_of_quantised_activations_or_of_other_datasets() -> None:
    """Figures have no numbers, and Digits is not in the paper."""
    assert PublishedAudit("iris").thresholds("ann", 8) == []
    assert np.isnan(PublishedAudit("iris").auc("ann", act_bit_width=8, threshold=1.0)).all()
    assert np.isnan(PublishedAudit("digits").accuracy("ann")).all()
