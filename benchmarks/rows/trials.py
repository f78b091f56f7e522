"""The rows of a whole trial and a whole sweep, against a plain script of the same work."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks.row import Agreement, Ratio, Round

TRAIN, TEST = 6_000, 1_000
QUICK_TRAIN, QUICK_TEST = 1_000, 500
"""The sizes of a subset of MNIST, all of which would take the plain script an hour."""

GRID: Final[dict[str, list[Any]]] = {
    "dataset": ["iris", "breast_cancer"],
    "model": ["ann", "snn"],
    "weight_bit_width": [None, 8, 7, 6, 5, 4, 3, 2],
}
"""The trials of a sweep: a quarter of an hour's for the peer, so that start and end weigh little."""
QUICK_GRID: Final = {**GRID, "weight_bit_width": [None, 4, 2]}
RECIPE: Final = {"epochs": 20, "batch_size": 32}
REPLICATES: Final = 5
QUICK_REPLICATES: Final = 2
"""The replicates of a quick run.

RECIPE and REPLICATES are those of sweeps/tabular.yaml; GRID is its weight_quantization, with more bit widths.
"""


@dataclass(frozen=True)
class Found:
    """The numbers of a trial as fractions, means over its replicates."""

    test_accuracy: float
    auc: float


Trials = Mapping[tuple[Any, ...], Found]
"""The numbers of trials by dataset, model and weight_bit_width."""


def our_trial(quick: bool) -> Round:
    """Prepare a trial of the paper's protocol, its placebo included."""
    from privsearch.spec import PaperProtocol, SvmAttack, TrialSpec
    from privsearch.study.result import Completed
    from privsearch.sweep.trial import run_trial

    spec = TrialSpec(
        dataset="mnist",
        model="snn",
        spiking_layers="head",
        epochs=1,
        train_size=QUICK_TRAIN if quick else TRAIN,
        test_size=QUICK_TEST if quick else TEST,
        protocol=PaperProtocol(replicates=1),
        attacks=(SvmAttack(per_class=True),),
    )

    def trial() -> Trials:
        result = run_trial(spec)
        assert isinstance(result, Completed), result
        return {("mnist", "snn", None): _found(result)}

    return trial


def their_trial(quick: bool) -> Round:
    """Prepare the plain script's trial."""
    from benchmarks.peers.plain_trial import PlainTrial, run

    num_train, num_test = (QUICK_TRAIN, QUICK_TEST) if quick else (TRAIN, TEST)
    plain = PlainTrial("mnist", "snn", epochs=1, per_class=True, num_train=num_train, num_test=num_test)
    return lambda: {("mnist", "snn", None): Found(**run(plain))}


def our_sweep(quick: bool) -> Round:
    """Prepare a sweep by the command line, in a process of its own, with a study of its own."""
    from privsearch.api.study import Study

    grid, replicates = _sweep(quick)
    axes = {name: values for name, values in grid.items() if name != "dataset"}
    sweep = {
        "name": "benchmark",
        "datasets": grid["dataset"],
        "protocol": {"kind": "paper", "replicates": replicates},
        "grids": {"weight_quantization": axes},
        "recipe": RECIPE,
        "attacks": ["svm"],
        "objectives": {"test_accuracy": "maximize", "svm.auc": "minimize"},
    }

    def command() -> Trials:
        with tempfile.TemporaryDirectory() as folder:
            file, study = Path(folder, "sweep.yaml"), Path(folder, "study")
            file.write_text(json.dumps(sweep))  # which is YAML too
            _run(str(Path(sys.executable).with_name("privsearch")), "sweep", str(file), "--study", str(study))
            results = Study(study).record().results.values()
        return {
            (spec.dataset, spec.model, spec.weight_bit_width): _found(result)
            for result in results
            for spec in [result.spec]
        }

    return command


def their_sweep(quick: bool) -> Round:
    """Prepare a sweep by Ray Tune over the plain script, in a process of its own."""
    grid, replicates = _sweep(quick)
    words = [json.dumps(grid), json.dumps({**RECIPE, "replicates": replicates})]

    def command() -> Trials:
        lines = _run(sys.executable, "-m", "benchmarks.peers.plain_sweep", *words).splitlines()
        found = [json.loads(line) for line in lines if line.startswith('{"dataset"')]
        return {tuple(each[axis] for axis in GRID): Found(each["test_accuracy"], each["auc"]) for each in found}

    return command


def _sweep(quick: bool) -> tuple[dict[str, list[Any]], int]:
    return (QUICK_GRID, QUICK_REPLICATES) if quick else (GRID, REPLICATES)


def _found(result: Any) -> Found:
    (attack,) = result.across
    accuracy = fmean(replicate.target.test_accuracy for replicate in result.replicates)
    return Found(accuracy, result.across[attack].auc.value)


def _run(*words: str) -> str:
    """Run a command in a folder where it finds `benchmarks`, and return its output."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


def alike(ours: Sequence[Trials], theirs: Sequence[Trials], *, accuracy: float, auc: float) -> Agreement:
    """Compare the means over all trials of a dataset: networks, splits and cuts are drawn anew on either side.

    Args:
        ours: the answers of all rounds.
        theirs: the peer's answers of all rounds.
        accuracy: the greatest allowed difference of a dataset's mean test accuracies.
        auc: the greatest allowed difference of a dataset's mean AUCs.
    """
    mine, other = ours[-1], theirs[-1]
    same_trials = mine.keys() == other.keys()
    holds, words = same_trials, [f"{'the same' if same_trials else 'NOT the same'} {len(mine)} trials; means"]
    for dataset in sorted({trial[0] for trial in mine}):
        own, peer = (_mean([found for trial, found in side.items() if trial[0] == dataset]) for side in (mine, other))
        holds &= abs(own.test_accuracy - peer.test_accuracy) <= accuracy and abs(own.auc - peer.auc) <= auc
        words.append(
            f"{dataset} test accuracy {own.test_accuracy:.3f}, theirs {peer.test_accuracy:.3f}, AUC {own.auc:.3f}, "
            f"theirs {peer.auc:.3f};"
        )
    return Agreement(holds, f"{' '.join(words)} each side draws its own networks ({accuracy:g} and {auc:g} allowed)")


def _mean(found: Sequence[Found]) -> Found:
    return Found(fmean(each.test_accuracy for each in found), fmean(each.auc for each in found))


ROWS: Final = (
    Ratio(
        name="trial",
        what=f"A whole trial on {TRAIN:,} images of MNIST: `head`, T = 25, one epoch, one SVM for each class, placebo",
        peer="plain script: snnTorch, all in the time loop; DataLoader; one SVC for each class; no placebo",
        target=8.0,
        ours=our_trial,
        theirs=their_trial,
        compare=partial(alike, accuracy=0.1, auc=0.1),
        packages=("snntorch", "scikit-learn", "torch", "torchvision"),
        rounds=1,
        quick_rounds=1,
        quick_note=f"{QUICK_TRAIN:,} training and {QUICK_TEST:,} test images",
    ),
    Ratio(
        name="tabular_sweep",
        what="`privsearch sweep`: 32 trials like sweeps/tabular.yaml's (weights of 2 to 8 bits), placebo and report",
        peer="Ray Tune `grid_search` over the plain script, no placebo, no report",
        target=10.0,
        ours=our_sweep,
        theirs=their_sweep,
        compare=partial(alike, accuracy=0.08, auc=0.08),
        packages=("ray", "snntorch", "brevitas", "scikit-learn", "torch"),
        clock="wall",
        rounds=1,
        quick_rounds=1,
        quick_note=f"12 trials, {QUICK_REPLICATES} replicates instead of {REPLICATES}",
        warm_up=0,
    ),
)
