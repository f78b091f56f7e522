"""A study in other people's trackers, each written for real and read back by the tracker's own means."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import make_completed, make_failed
from command_line import run

import privsearch
from privsearch.api.study import Study
from privsearch.report.loggers import destinations
from privsearch.spec import SweepSpec
from privsearch.study.record import RecordWriter

WHOLE, FAILED, LATER = "1" * 16, "2" * 16, "3" * 16


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A completed trial and a failed one; the page, which has tests of its own, is a stub."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("privsearch.api.trackers._page", lambda _, to: to.write_text("the page") and to)
    made = Study(tmp_path / "study")
    made.begin(tiny_sweep, dict.fromkeys((WHOLE, FAILED, LATER), "iris"), {})
    record(made, make_completed(WHOLE, weight_bit_width=4), make_failed(FAILED, model="snn"))
    return made


def record(study: Study, *results: object) -> None:
    """Add results to a study."""
    with RecordWriter(study.record_path) as writer:
        for result in results:
            writer.append(result)


def counts(report: privsearch.LogReport) -> tuple[int, int]:
    """How many runs were written, and how many were there."""
    return report.written, report.unchanged


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MLflow's own code, and of SQLAlchemy's about it
def test_mlflow_has_a_run_for_each_trial(study: Study, tmp_path: Path) -> None:
    """Parameters, metrics, state and report are there once, whatever is logged again."""
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny, as of `uv sync`")
    where = f"sqlite:///{tmp_path}/mlflow.db"
    assert counts(privsearch.log_study(study, "mlflow", where)) == (2, 0)
    assert counts(privsearch.log_study(study, "mlflow", where)) == (0, 2)
    record(study, make_completed(LATER, weight_bit_width=2))
    assert counts(privsearch.log_study(study, "mlflow", where)) == (1, 2)
    client = mlflow.MlflowClient(tracking_uri=where)
    experiment = client.get_experiment_by_name("tiny")
    runs = {run.data.tags["privsearch.trial_id"]: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {WHOLE, FAILED, LATER, "report"}
    assert runs[WHOLE].data.params["weight_bit_width"] == "4"
    assert runs[WHOLE].data.metrics["test_accuracy"] == pytest.approx(0.9)
    assert runs[WHOLE].data.metrics["svm.auc"] == pytest.approx(0.55)
    assert {name: run.info.status for name, run in runs.items() if name != "report"} == {
        WHOLE: "FINISHED",
        LATER: "FINISHED",
        FAILED: "FAILED",
    }
    assert runs[FAILED].data.tags["error"]
    assert [file.path for file in client.list_artifacts(runs["report"].info.run_id)] == ["report.html"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_trial_that_gained_numbers_keeps_its_run(study: Study, tmp_path: Path) -> None:
    """One that was logged as failed and has completed since has the new numbers in the same run."""
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny, as of `uv sync`")
    where = f"sqlite:///{tmp_path}/mlflow.db"
    privsearch.log_study(study, "mlflow", where)
    record(study, make_completed(FAILED, model="snn"))
    assert counts(privsearch.log_study(study, "mlflow", where)) == (1, 1)
    client = mlflow.MlflowClient(tracking_uri=where)
    experiment = client.get_experiment_by_name("tiny")
    runs = client.search_runs([experiment.experiment_id], f"tags.`privsearch.trial_id` = '{FAILED}'")
    assert [(run.info.status, "svm.auc" in run.data.metrics) for run in runs] == [("FINISHED", True)]
    assert "error" not in runs[0].data.tags


def test_tensorboard_has_a_folder_for_each_trial(study: Study) -> None:
    """Its event files are read back by TensorBoard itself; the report lies beside them."""
    pytest.importorskip("tensorboardX", reason="needs tensorboardX, which Ray Tune brings")
    assert counts(privsearch.log_study(study, "tensorboard")) == (2, 0)
    assert counts(privsearch.log_study(study, "tensorboard")) == (0, 2)
    folder = study.path / "tensorboard"
    assert {path.name for path in folder.iterdir()} == {WHOLE, FAILED, "report"}
    assert (folder / "report" / "report.html").read_text() == "the page"
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard, as of `uv sync`"
    )
    events = event_accumulator.EventAccumulator(str(folder / WHOLE)).Reload()
    (accuracy,) = events.Scalars("test_accuracy")
    assert accuracy.value == pytest.approx(0.9)
    assert "_hparams_/session_start_info" in events.summary_metadata


@pytest.mark.slow
def test_wandb_has_a_run_for_each_trial(study: Study, tmp_path: Path) -> None:
    """Offline, the files of each run are there once, by the id of its trial, and no link lies in the study."""
    pytest.importorskip("wandb", reason="needs wandb, as of `pip install 'privsearch[wandb]'`")
    code = f"import privsearch; print(privsearch.log_study({str(study.path)!r}, 'wandb'))"
    environment = {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    for told in ("2 runs written, 0 were", "0 runs written, 2 were"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert told in done.stdout
        assert "wandb sync" in done.stdout
    names = {path.name.split("-", 3)[-1] for path in (tmp_path / "wandb").glob("offline-run-*")}
    assert names == {WHOLE, FAILED, "report-tiny"}
    memory = json.loads((study.path / ".logged-wandb.json").read_text())
    assert set(memory["/tiny"]) == {WHOLE, FAILED, "report"}
    assert not [path for path in study.path.rglob("*") if path.is_symlink()]


def test_what_a_tracker_does_not_take_is_told(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing, and one that fails, end in a sentence that says what to do."""
    monkeypatch.setattr(destinations, "find_spec", lambda _: None)
    result = run("log", study.path, "--to", "wandb")
    assert result.exit_code == 2
    assert "install it with `pip install 'privsearch[wandb]'`" in result.stderr
    monkeypatch.undo()

    class Full:
        place = "nowhere"

        def written(self) -> dict[str, str]:
            raise ConnectionError("no route to the host")

    monkeypatch.setattr(destinations, "check_tracker", lambda name: name)
    monkeypatch.setattr(destinations, "open_destination", lambda *_: Full())
    result = run("log", study.path, "--to", "mlflow")
    assert result.exit_code == 2
    assert "mlflow: the tracker must take the runs, but failed ('no route to the host')" in result.stderr
    assert f"`privsearch log {study.path} --to mlflow` goes on where it was" in result.stderr


def test_nothing_of_a_tracker_fails_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its trials are recorded and its exit status is its own; a missing library is told before anything is trained."""
    sweep = tmp_path / "tiny.yaml"
    sweep.write_text(
        "name: tiny\ndatasets: [iris]\nprotocol: {kind: paper, replicates: 2, placebo_cuts: 2}\n"
        "grids: {g: {model: [ann]}}\nrecipe: {epochs: 1}\n"
    )
    words = ("sweep", sweep, "--study", tmp_path / "study", "--runner", "inline", "--log", "mlflow")
    monkeypatch.setattr(destinations, "find_spec", lambda _: None)
    assert run(*words).exit_code == 2
    assert not (tmp_path / "study").exists()
    monkeypatch.setattr(destinations, "find_spec", lambda _: object())

    def broken(*_: object) -> None:
        raise RuntimeError("the disk of the tracker is full")

    monkeypatch.setattr(destinations, "open_destination", broken)
    result = run(*words)
    assert result.exit_code == 0
    assert (
        "note: mlflow: the tracker must take the runs, but failed ('the disk of the tracker is full')" in result.stderr
    )
    assert len(Study(tmp_path / "study").results()) == 1
