import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.api.study import Study
from privsearch.api.views import write_report
from privsearch.report.page.document import Document
from privsearch.report.page.roc import roc
from privsearch.report.page.roc_from_signals import curves_from_signals
from privsearch.spec import (
    HalvesProtocol,
    OneRunProtocol,
    PaperProtocol,
    Protocol,
    QuantileRegressionAttack,
    SvmAttack,
    ThresholdAttack,
    TrialSpec,
)
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.study.roc_curves import CurveArchive
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.cohort import Keeping
from privsearch.sweep.trial import run_trial


def _area(found: Any) -> float:
    members, others = np.array(found["members"]), np.array(found["non_members"])
    return float(np.trapezoid(members / members[-1], others / others[-1]))


def test_the_curves_have_the_recorded_auc(study: Study, document: Document) -> None:
    """The area below each curve is the AUC that is recorded of that target."""
    results = {result.trial_id: result for result in study.results() if isinstance(result, Completed)}
    assert len(document["roc"]["trials"]) == len(results) == 4
    for trial in document["roc"]["trials"]:
        for attack in trial["attacks"]:
            recorded = [
                replicate.attacks[attack["attack"]].auc.value for replicate in results[trial["trial_id"]].replicates
            ]
            areas = [_area(curve) for curve in attack["targets"]]
            assert areas == pytest.approx(recorded, abs=1e-9)


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


@pytest.mark.parametrize(
    "protocol", [HalvesProtocol(networks=4), PaperProtocol(replicates=2, placebo_cuts=2), OneRunProtocol(replicates=2)]
)
def test_curves_that_are_kept_are_those_that_the_signals_give(tmp_path: Path, protocol: Protocol) -> None:
    """A page is the same, whether the curves were kept when the trial was attacked, or are made for it."""
    archive, attacks = SignalArchive(tmp_path), (ThresholdAttack(kind="loss"),)
    if protocol.kind != "one_run":  # which has no shadows
        attacks = (SvmAttack(), *attacks)
    spec = TrialSpec(dataset="iris", model="ann", epochs=1, protocol=protocol, attacks=attacks)
    result = run_trial(spec, archive=archive, keep=Keeping(curves=CurveArchive(archive)))
    assert isinstance(result, Completed), result
    kept, names = CurveArchive(archive).of(result), {attack.name for attack in attacks}
    made = curves_from_signals(KeptSignals.of(archive, {result.trial_id: result}), result, names)
    assert made is not None
    assert kept == {name: of_attack.targets for name, of_attack in made.items()}
    assert kept.keys() == names


def test_a_report_in_the_study_keeps_what_it_had_to_make(study: Study, document: Document, tmp_path: Path) -> None:
    """As of a study of before; a page elsewhere, such as of a colleague's study, leaves the study as it is."""
    older = Study(tmp_path / "older")
    shutil.copytree(study.path, older.path)
    for path in (older.path / "signals").glob("*.roc.json"):
        path.unlink()
    before = {path.name for path in (older.path / "signals").iterdir()}
    write_report(older, tmp_path / "elsewhere.html")
    assert {path.name for path in (older.path / "signals").iterdir()} == before
    write_report(older)
    content = older.load()
    kept = CurveArchive(content.signals)
    assert all(kept.of(result) for result in content.completed.values())
    found = roc(content.kept_signals, content.completed, [t["trial_id"] for t in document["roc"]["trials"]], 9, 10**6)
    assert found == document["roc"]
