from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from privsearch.analysis.metrics import attack_auc
from privsearch.api.study import Study
from privsearch.report.page.document import Document
from privsearch.report.page.roc import curve, roc
from privsearch.spec import HalvesProtocol, QuantileRegressionAttack, ThresholdAttack, TrialSpec
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.trial import run_trial


def _area(found: Any) -> float:
    members, others = np.array(found["members"]), np.array(found["non_members"])
    return float(np.trapezoid(members / members[-1], others / others[-1]))


def test_the_curves_have_the_recorded_auc(study: Study, document: Document) -> None:
    """Computed again from the signals, the area below each curve is the AUC that is recorded of that target."""
    results = {result.trial_id: result for result in study.results() if isinstance(result, Completed)}
    assert len(document["roc"]["trials"]) == len(results) == 4
    for trial in document["roc"]["trials"]:
        for attack in trial["attacks"]:
            recorded = [
                replicate.attacks[attack["attack"]].auc.value for replicate in results[trial["trial_id"]].replicates
            ]
            areas = [_area(curve) for curve in attack["targets"]]
            assert areas == pytest.approx(recorded, abs=1e-9)


@given(arrays(np.int64, st.integers(2, 300), elements=st.integers(0, 40)), st.randoms())
def test_a_curve_begins_ends_and_rises(scores: np.ndarray, random: Any) -> None:
    """From nobody accused to all, never falling; with room for all, its area is the AUC, ties as halves."""
    is_member = np.array([random.random() < 0.5 for _ in scores])
    is_member[:2] = True, False
    found = curve(scores.astype(float), is_member, most=1000)
    assert (found["members"][0], found["non_members"][0]) == (0, 0)
    assert (found["members"][-1], found["non_members"][-1]) == (is_member.sum(), (~is_member).sum())
    assert (np.diff(found["members"]) >= 0).all()
    assert (np.diff(found["non_members"]) >= 0).all()


def test_a_thinned_curve_keeps_its_lowest_rates() -> None:
    """Of ten thousand thresholds 200 points are left; the lowest false positive rates are all there, exactly."""
    rng = np.random.default_rng(0)
    is_member = rng.random(20_000) < 0.5
    scores = rng.normal(size=20_000) + 0.3 * is_member
    found = curve(scores, is_member, most=200)
    assert len(found["members"]) <= 200
    others = np.array(found["non_members"])
    assert set(range(10)) <= set(others.tolist())
    thresholds = np.sort(scores[~is_member])[::-1]
    for count in range(1, 10):
        wanted = (scores[is_member] > thresholds[count]).sum()
        assert found["members"][int(np.flatnonzero(others == count)[-1])] == wanted
    area = _area(found)
    assert area == pytest.approx(attack_auc(scores, is_member), abs=2e-3)


def test_who_has_no_curves_is_said(study: Study) -> None:
    """Trials beyond those that were asked for are counted; signals kept elsewhere are not opened."""
    results = {result.trial_id: result for result in study.results() if isinstance(result, Completed)}
    found = roc(study.load().kept_signals, results, list(results), 1, 10**6)
    assert len(found["trials"]) == 1
    assert found["left_out"] == [
        "3 of 4 trials have no ROC curves here, which take time to compute (privsearch report --roc N shows more)."
    ]


def test_signals_of_another_trial_are_not_drawn(study: Study) -> None:
    """Signals that do not have the examples that the result was judged on are told, not attacked."""
    trial_id, result = next((r.trial_id, r) for r in study.results() if isinstance(r, Completed))
    others = {
        name: found.model_copy(update={"num_members": found.num_members + 1})
        for name, found in result.replicates[0].attacks.items()
    }
    first = result.replicates[0].model_copy(update={"attacks": others})
    changed = result.model_copy(update={"replicates": (first, *result.replicates[1:])})
    found = roc(study.load().kept_signals, {trial_id: changed}, [trial_id], 5, 10**6)
    assert found["trials"] == []
    assert found["left_out"] == ["1 of 1 trials has signals that do not fit what is recorded of it."]


def test_an_attack_that_reads_the_examples_has_no_curve(tmp_path: Path) -> None:
    """A page opens no data, as a stranger's study may name any file; it says so, and has the others' curves."""
    archive, attacks = SignalArchive(tmp_path), (ThresholdAttack(kind="loss"), QuantileRegressionAttack())
    protocol = HalvesProtocol(networks=4)
    result = run_trial(
        TrialSpec(dataset="iris", model="ann", epochs=1, protocol=protocol, attacks=attacks), archive=archive
    )
    assert isinstance(result, Completed)
    results = {result.trial_id: result}
    found = roc(KeptSignals.of(archive, results), results, list(results), 1, 10**6)
    assert [attack["attack"] for attack in found["trials"][0]["attacks"]] == ["loss"]
    assert found["left_out"] == [
        "quantile_regression has no curve: it reads the examples themselves, and this page opens no data."
    ]
