"""Trials and studies whose networks are kept."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from privsearch.api.study import Study
from privsearch.spec import PaperProtocol, SweepSpec, TrialSpec
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.record import RecordWriter
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.cohort import Keeping
from privsearch.sweep.plan import make_plan
from privsearch.sweep.trial import run_trial


def small_images(folder: Path) -> dict[str, Any]:
    """A dataset of small images."""
    rng = np.random.default_rng(0)
    np.savez(folder / "images.npz", x=rng.random((60, 1, 8, 8), np.float32), y=np.arange(60) % 2)
    return {"name": "images", "path": str(folder / "images.npz"), "kind": "npz"}


def short_sequences(folder: Path) -> dict[str, Any]:
    """A dataset over time, of one to five steps."""
    x, y = np.random.default_rng(0).normal(size=(60, 5, 3)), np.arange(60) % 2
    np.savez(folder / "sequences.npz", x=x, y=y, lengths=np.arange(60) % 5 + 1)
    return {"name": "sequences", "path": str(folder / "sequences.npz"), "kind": "npz"}


def short_films(folder: Path) -> dict[str, Any]:
    """A dataset of one to three frames."""
    x, y = np.random.default_rng(0).random((60, 3, 2, 8, 8), np.float32), np.arange(60) % 2
    np.savez(folder / "films.npz", x=x, y=y, lengths=np.arange(60) % 3 + 1)
    return {"name": "films", "path": str(folder / "films.npz"), "kind": "npz"}


def trained_trial(folder: Path, **axes: Any) -> tuple[Completed, Path]:
    """A trial whose signals and networks are kept below `folder`."""
    protocol = axes.pop("protocol", PaperProtocol(replicates=1, placebo_cuts=2))
    spec = TrialSpec.model_validate({"dataset": "iris", "epochs": 1, "protocol": protocol, **axes})
    keep = Keeping(networks=NetworkArchive(folder / "networks"))
    result = run_trial(spec, archive=SignalArchive(folder / "signals"), keep=keep)
    assert isinstance(result, Completed), result
    return result, folder / "networks" / f"{result.trial_id}.pt"


def recorded_sweep(sweep: dict[str, Any], folder: Path) -> Study:
    """A study below `folder` with all trials of a sweep, and their networks."""
    study = Study(folder / "study")
    plan = make_plan(SweepSpec.model_validate(sweep), study)
    study.begin(plan.sweep, {trial.trial_id: trial.spec.dataset_name for trial in plan.trials}, {})
    with RecordWriter(study.record_path) as record:
        for trial in plan.trials:
            record.append(run_trial(trial.spec, keep=Keeping(networks=study.networks)))
    return study


def without_networks(study: Study, folder: Path) -> Study:
    """A copy of a study below `folder`, without its networks."""
    copy = Study(folder / "study")
    shutil.copytree(study.path, copy.path, ignore=shutil.ignore_patterns("networks", "exports"))
    return copy
