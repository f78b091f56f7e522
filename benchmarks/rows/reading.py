"""The time that commands take which only read a study, against a plain script on the tables that the study has."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.row import Agreement, Ratio, Round

STUDY: Final = Path(__file__).parents[2] / "studies" / "tabular"
"""Two fronts, each of 42 configurations with 5 targets."""

SCRIPT: Final = """\
import json, sys
import matplotlib.figure, optuna, pandas, scipy.stats
from optuna.study._multi_objective import _is_pareto_front
rows = pandas.read_csv(sys.argv[1])
rows["loss"] = (rows["svm.auc"] - 0.5).abs().round(12)
rows["error"] = -rows["test_accuracy"]
fronts = {
    dataset: sorted(part["trial_id"][_is_pareto_front(part[["error", "loss"]].to_numpy(), False)])
    for dataset, part in rows.groupby("dataset")
}
print(json.dumps(fronts))
"""
"""A script that a user would write: the libraries for tables, tests and figures, and the fronts of the means."""

Fronts = dict[str, list[str]]
"""The ids of the trials on the front, in order, by dataset."""


def our_front(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch front` of a study that is drawn already."""
    return _reading("front")


def our_pick(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch pick`."""
    return _reading("pick")


def our_report(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare `privsearch report`."""
    return _reading("report")


def _reading(command: str) -> Round:
    from privsearch.api.study import load_study

    folder = Path(shutil.copytree(STUDY, Path(tempfile.mkdtemp(prefix="privsearch-benchmark-")) / "tabular"))
    rows = load_study(folder).front()
    fronts = {str(name): sorted(part["trial_id"]) for name, part in rows.groupby("dataset")}
    program = str(Path(sys.executable).with_name("privsearch"))

    def run() -> Fronts:
        subprocess.run([program, command, str(folder)], check=True, capture_output=True)  # noqa: S603  # our own command line
        return fronts

    return run


def their_script(quick: bool) -> Round:  # noqa: ARG001  # quick anyway
    """Prepare the plain script."""

    def run() -> Fronts:
        command = [sys.executable, "-c", SCRIPT, str(STUDY / "results.csv")]
        found: Fronts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603  # our own words
        return found

    return run


def same_fronts(ours: Sequence[Fronts], theirs: Sequence[Fronts]) -> Agreement:
    """Compare the fronts: the script draws them from means alone, as privsearch does."""
    same = all(mine == other for mine, other in zip(ours, theirs, strict=True))
    return Agreement(
        same, f"{'the same' if same else 'NOT the same'} {sum(map(len, ours[-1].values()))} configurations"
    )


_PEER: Final = "plain script: imports pandas, scipy.stats, matplotlib, Optuna; reads results.csv, works out both fronts"

ROWS: Final = (
    Ratio("front", "`privsearch front`, drawn already", _PEER, 0.9, our_front, their_script, same_fronts, ("pandas",)),
    Ratio("pick", "`privsearch pick`", _PEER, 1.2, our_pick, their_script, same_fronts, ("pandas",)),
    Ratio("report", "`privsearch report`", _PEER, 0.3, our_report, their_script, same_fronts, ("pandas",)),
)
