from dataclasses import replace
from pathlib import Path

import pytest

from privsearch.spec import HalvesProtocol, SvmAttack, ThresholdAttack, TrialSpec
from privsearch.study.result import Completed
from privsearch.study.roc_curves import Curve, CurveArchive, KeptCurves
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.cohort import Keeping
from privsearch.sweep.trial import attack_trial, run_trial

LOSS = ThresholdAttack(kind="loss")
SPEC = TrialSpec(dataset="iris", model="ann", epochs=1, protocol=HalvesProtocol(networks=4), attacks=(LOSS,))


@pytest.fixture
def archive(tmp_path: Path) -> SignalArchive:
    return SignalArchive(tmp_path / "signals")


@pytest.fixture
def result(archive: SignalArchive) -> Completed:
    """A trial whose signals and curves are kept."""
    result = run_trial(SPEC, archive=archive, keep=Keeping(curves=CurveArchive(archive)))
    assert isinstance(result, Completed), result
    return result


def test_curves_end_with_all_examples(archive: SignalArchive, result: Completed) -> None:
    kept = CurveArchive(archive).of(result)
    assert kept.keys() == {"loss"}
    ends = [(curve.members[-1], curve.non_members[-1]) for curve in kept["loss"]]
    recorded = [replicate.attacks["loss"] for replicate in result.replicates]
    assert ends == [(one.num_members, one.num_non_members) for one in recorded]


def test_later_attacks_are_added(archive: SignalArchive, result: Completed) -> None:
    both = result.spec.model_copy(update={"attacks": (SvmAttack(),)})
    later = attack_trial(both, result.trial_id, archive, curves=CurveArchive(archive))
    assert isinstance(later, Completed), later
    kept = CurveArchive(archive)
    assert (kept.of(result).keys(), kept.of(later).keys()) == ({"loss"}, {"svm"})


def test_curves_of_other_numbers_are_not_shown(archive: SignalArchive, result: Completed) -> None:
    """As after another training, whose numbers are recorded meanwhile."""
    first = result.replicates[0]
    interval = first.attacks["loss"].auc
    other = first.attacks["loss"].model_copy(update={"auc": replace(interval, value=interval.value + 1e-15)})
    changed = first.model_copy(update={"attacks": {"loss": other}})
    assert not CurveArchive(archive).of(result.model_copy(update={"replicates": (changed, *result.replicates[1:])}))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"loss": 1}', b'{"loss": {"aucs": [], "targets": []}}', b"\0"])
def test_what_is_damaged_counts_as_missing(archive: SignalArchive, result: Completed, content: bytes) -> None:
    archive.files.write(f"{result.trial_id}.roc.json", content)
    kept = CurveArchive(archive)
    assert kept.of(result) == {}
    kept.add(result.trial_id, {})
    assert kept.of(result) == {}


@pytest.mark.parametrize(
    "curve", [Curve([], []), Curve([0, 1], [0]), Curve([0, 9, 3], [0, 1, 2]), Curve([0, 1], [0, 1]), Curve([-1], [-1])]
)
def test_what_is_no_curve_of_these_examples_is_not_shown(
    archive: SignalArchive, result: Completed, curve: Curve
) -> None:
    """A stranger may have written anything."""
    aucs = [replicate.attacks["loss"].auc.value for replicate in result.replicates]
    kept = CurveArchive(archive)
    kept.add(result.trial_id, {"loss": KeptCurves(aucs, [curve] * len(aucs))})
    assert kept.of(result) == {}


def test_curves_that_cannot_be_kept_cost_nothing(tmp_path: Path, result: Completed) -> None:
    """All of them can be made again from the signals."""
    (tmp_path / "file").touch()
    CurveArchive(SignalArchive(tmp_path / "file")).add(result.trial_id, {})
    assert CurveArchive(SignalArchive(tmp_path / "file")).of(result) == {}
