import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import completed_of
from command_line import run
from page_study import OpenPage

from privsearch.api.study import Study
from privsearch.report.page.budget import MOST_BYTES
from privsearch.report.page.html import write_report
from privsearch.spec import SweepSpec, TrialSpec
from privsearch.study.environment import describe_environment
from privsearch.study.result import Completed, Epoch

ATTACKS = ("svm", "loss", "confidence", "entropy", "label_only", "lira", "rmia")


def _study(folder: Path, count: int) -> Study:
    """A study of so many trials, each of 8 targets, 7 attacks and 30 epochs."""
    sweep = SweepSpec.model_validate(
        {
            "name": "large",
            "datasets": ["breast_cancer"],
            "protocol": {"kind": "halves", "networks": 8},
            "grids": {"a": {"model": ["ann", "snn"], "epochs": list(range(1, count // 2 + 1))}},
            "attacks": list(ATTACKS),
        }
    )
    rng = np.random.default_rng(0)
    results = [_result(number, sweep, rng) for number in range(count)]
    study = Study(folder)
    study.begin(sweep, {result.trial_id: "breast_cancer" for result in results}, describe_environment())
    study.record_path.write_text("".join(result.model_dump_json() + "\n" for result in results))
    return study


def _result(number: int, sweep: SweepSpec, rng: np.random.Generator) -> Completed:
    shared: dict[str, Any] = {"dataset": "breast_cancer", "protocol": sweep.protocol[0], "attacks": sweep.attacks}
    spec = TrialSpec(model=("ann", "snn")[number % 2], epochs=number // 2 + 1, **shared)
    gain = rng.random()
    accuracies, aucs = 0.6 + 0.3 * gain + rng.normal(0, 0.01, 8), 0.5 + 0.1 * gain**2 + rng.normal(0, 0.01, 8)
    result = completed_of(f"{number:016x}", accuracies.clip(0, 1).tolist(), aucs.clip(0, 1).tolist(), spec)
    history = tuple(Epoch(loss=loss, accuracy=1 - loss / 2) for loss in rng.random(30).tolist())
    learnt = [r.target.model_copy(update={"history": history}) for r in result.replicates]
    replicates = [r.model_copy(update={"target": t}) for r, t in zip(result.replicates, learnt, strict=True)]
    return result.model_copy(update={"replicates": tuple(replicates)})


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 2000])
def test_two_trials_and_two_thousand_have_a_page(tmp_path: Path, open_page: OpenPage, count: int) -> None:
    """The page is at most 10 MB, opens in seconds, has all configurations, and says what it leaves out."""
    file = write_report(_study(tmp_path / "large", count), tmp_path / "report.html")
    assert file.stat().st_size <= MOST_BYTES
    started = time.perf_counter()
    page = open_page(file)
    assert time.perf_counter() - started < 30
    assert f"{count} configurations, 8 targets each" in (page.locator("#fronts").text_content() or "")
    points = page.evaluate(
        "document.querySelector('.plot').data.reduce((sum, trace) => sum + (trace.customdata?.length ?? 0), 0)"
    )
    assert points == count
    left_out = "To keep this page small" in (page.locator("#training").text_content() or "")
    assert left_out == (count > 2)


def test_the_command_writes_the_page(study: Study, tmp_path: Path) -> None:
    """`privsearch report` writes into the study, or where it is told; ROC curves are as many as asked for."""
    outcome = run("report", study.path, "--roc", 1)
    assert outcome.exit_code == 0
    assert f"written: {study.outputs.report}" in outcome.output
    elsewhere = tmp_path / "page.html"
    assert run("report", study.path, "--output", elsewhere, "--roc", 0).exit_code == 0
    assert '"roc":{"trials":[],' in elsewhere.read_text(encoding="utf-8")
    assert '"roc":{"trials":[{' in study.outputs.report.read_text(encoding="utf-8")
    study.outputs.report.unlink()


def test_no_study_is_told(tmp_path: Path) -> None:
    """A directory that is no study ends with a message."""
    assert "must be a study" in run("report", tmp_path).output


def test_a_place_that_cannot_be_written_is_told(study: Study, tmp_path: Path) -> None:
    """Where there is no such directory, the message names the file."""
    outcome = run("report", study.path, "--roc", 0, "--output", tmp_path / "nowhere" / "page.html")
    assert outcome.exit_code == 2
    assert "nowhere" in outcome.output
