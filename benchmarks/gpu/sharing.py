"""Trials that share the device, each in a process of its own, against one trial alone."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.gpu.cifar10 import cifar10_trial, timed_trial
from benchmarks.gpu.settings import Settings
from benchmarks.worker import Side
from privsearch.spec import TrialSpec
from privsearch.sweep.splits import prepared_splits


def measure(settings: Settings) -> dict[str, Any]:
    """Run one trial alone, then several at once, and compare the trials in a second."""
    with cifar10_trial(settings, settings.shared_epochs) as prepared:
        alone, together = (_at_once(prepared.spec, settings.device, n) for n in (1, settings.shared_trials))
        data = prepared.data
    trained_alone, trained_together = map(_training_seconds, (alone, together))
    same = {(trial["test_accuracy"], trial["svm_auc"]) for trial in (*alone["trials"], *together["trials"])}
    return {
        "data": data,
        "epochs": settings.shared_epochs,
        "at_once": settings.shared_trials,
        "alone": alone,
        "together": together,
        "throughput": settings.shared_trials * alone["wall_s"] / together["wall_s"],
        "training_throughput": settings.shared_trials * trained_alone / trained_together,
        "same_numbers": len(same) == 1,
    }


def prepared(quick: bool, *, spec: TrialSpec, device: str) -> Callable[[], dict[str, Any]]:  # noqa: ARG001  # as sides are called
    """Load the data and train a small network, so that what is compiled is, and the device is at work."""
    prepared_splits(spec)
    timed_trial(TrialSpec(dataset="iris", model="snn", num_steps=2, epochs=1, protocol=spec.protocol), device)
    return partial(timed_trial, spec, device)


def _training_seconds(run: dict[str, Any]) -> float:
    """Return the seconds until the last network of the last trial was trained; attacks compute on the processor."""
    return max(float(trial["epoch_ended_s"][-1]) for trial in run["trials"])


def _at_once(spec: TrialSpec, device: str, count: int) -> dict[str, Any]:
    with ExitStack() as stack:
        sides = [
            stack.enter_context(Side(partial(prepared, spec=spec, device=device), quick=False)) for _ in range(count)
        ]
        with ThreadPoolExecutor(count) as threads:
            started = time.perf_counter()
            rounds = list(threads.map(Side.round, sides))
            wall = time.perf_counter() - started
    return {"wall_s": wall, "trials": [trial for _, trial in rounds]}
