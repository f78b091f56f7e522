from pathlib import Path

import pytest
from command_line import INLINE, files, numbers, record_lines, run
from s3_server import S3Server

from privsearch.api.study import Study
from privsearch.spec.storage import folder_in
from privsearch.study.signal_archive import SignalArchive
from privsearch.study.storage import open_folder

pytestmark = pytest.mark.usefixtures("blank_fronts")

SWEEP = ("sweep", "tiny.yaml", *INLINE, "--set", "grids={one: {model: [ann]}}")
"""A sweep of one trial."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def signals_in(uri: str) -> set[str]:
    """The trials whose signals lie in a storage."""
    return SignalArchive(folder_in(uri, "tiny", "signals")).trial_ids()


def test_signals_lie_where_they_are_asked_for(s3: S3Server) -> None:
    """None in the study, which knows where they are: attacks to come, and the same sweep again, need not be told."""
    bucket = s3.new_bucket()
    assert run(*SWEEP, "--storage", bucket).exit_code == 0
    study = Path("studies/tiny")
    assert signals_in(bucket) == numbers(study).keys()
    assert not (study / "signals").exists()
    attacked = run("attack", study, "--attack", "loss", *INLINE)
    assert "trials: 1 finished, 0 recorded already, 0 failed" in attacked.stdout
    assert "trials: 0 finished, 1 recorded already, 0 failed" in run(*SWEEP).stdout
    assert Study(study).sweep().storage == bucket


def test_studies_may_share_what_is_trained(folder: Path) -> None:
    """The second of the same name trains nothing, and finds the same."""
    run(*SWEEP, "--storage", "kept")
    assert signals_in(str(folder / "kept")) == numbers(folder / "studies" / "tiny").keys()
    assert "0 networks" in run("plan", *SWEEP[1:2], *SWEEP[4:], "--study", "other", "--set", "storage=kept").stdout
    run(*SWEEP, "--storage", "kept", "--study", "other")
    assert numbers(folder / "other") == numbers(folder / "studies" / "tiny")


def test_a_storage_that_cannot_be_used_is_told_before_anything_is_trained(s3: S3Server) -> None:
    """A wrong name of a bucket costs no training, and does not stick to the study."""
    refused = run(*SWEEP, "--storage", s3.uri("no-such-bucket"))
    assert refused.exit_code == 2
    assert "error: s3://no-such-bucket/tiny/signals?" in refused.stderr
    assert "NO_SUCH_BUCKET" in refused.stderr
    assert not Study(Path("studies/tiny")).exists()
    assert record_lines(Path("studies/tiny")) == []


def test_a_secret_never_reaches_the_study(folder: Path) -> None:
    """It is refused before anything is written, and not repeated."""
    before = files(folder)
    refused = run(*SWEEP, "--storage", "s3://key:hush@bucket")
    assert refused.exit_code == 2
    assert "--set storage: storage: must have no password, key or token in it" in refused.stderr
    assert "hush" not in refused.stderr
    assert files(folder) == before


def test_signals_that_cannot_be_kept_cost_no_numbers(
    s3: S3Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that is gone once the sweep has begun: every result is recorded as ever, and what it lacks is told."""
    run(*SWEEP, "--study", "undisturbed")
    monkeypatch.setattr(SignalArchive, "probe", lambda archive: None)
    swept = run(*SWEEP, "--storage", s3.uri("gone"))
    assert swept.exit_code == 0
    assert "trials: 1 finished, 0 recorded already, 0 failed\nthe signals of 1 trial could not be kept" in swept.stdout
    assert "NO_SUCH_BUCKET" in swept.stdout
    assert numbers(folder / "studies" / "tiny") == numbers(folder / "undisturbed")
    results = Study(folder / "studies" / "tiny").results()
    assert all("NO_SUCH_BUCKET" in (result.unkept or "") for result in results)


def test_a_damaged_object_is_trained_again(s3: S3Server) -> None:
    """It counts as not there, for a sweep as for an attack, which says so."""
    bucket = s3.new_bucket()
    run(*SWEEP, "--storage", bucket)
    signals = open_folder(folder_in(bucket, "tiny", "signals"))
    for name in signals.names():
        signals.write(name, (signals.read(name) or b"")[:-200])
    attacked = run("attack", "studies/tiny", "--attack", "loss", *INLINE)
    assert "trials: 0 finished, 0 recorded already, 1 failed" in attacked.stdout
    swept = run(*SWEEP, "--set", "attacks=[svm, loss]")
    assert "trials: 1 finished, 0 recorded already, 0 failed" in swept.stdout
    assert SignalArchive(folder_in(bucket, "tiny", "signals")).damaged() == {}
