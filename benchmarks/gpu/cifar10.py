"""The trial on CIFAR-10: the paper's protocol with one target and one shadow, and the SVM that attacks them."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.device import peak_bytes, wait_for
from benchmarks.gpu.settings import Settings
from privsearch.data import missing_data
from privsearch.data.image_sources import IMAGES
from privsearch.spec import PaperProtocol, TrialSpec
from privsearch.spec.datasets import Dataset, NpzDataset
from privsearch.study.result import Completed, Epoch
from privsearch.sweep.trial import run_trial


@dataclass(frozen=True)
class Prepared:
    """A trial whose data are at hand.

    Attributes:
        spec: the trial.
        data: what its data are, in words.
    """

    spec: TrialSpec
    data: str


@contextmanager
def cifar10_trial(settings: Settings, epochs: int) -> Iterator[Prepared]:
    """Yield the trial, on random images where there are none; these are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        dataset, data = _dataset(Path(folder), settings)
        spec = TrialSpec(
            dataset=dataset,
            model="snn",
            protocol=PaperProtocol(replicates=1),
            num_steps=settings.trial_steps,
            batch_size=settings.trial_batch,
            epochs=epochs,
            train_size=settings.train_size,
            test_size=settings.test_size,
        )
        yield Prepared(spec, data)


def timed_trial(spec: TrialSpec, device: str) -> dict[str, Any]:
    """Run a trial and return its numbers, with the seconds of its parts.

    Raises:
        RuntimeError: it failed.
    """
    started, ended = time.perf_counter(), list[float]()

    def note(network: int, epoch: int, measured: Epoch) -> None:  # noqa: ARG001  # as listeners are called
        wait_for(device)
        ended.append(time.perf_counter() - started)

    result = run_trial(spec, note, device=device)
    seconds = time.perf_counter() - started
    if not isinstance(result, Completed):
        raise RuntimeError(f"the trial failed: {result.error}: {result.message}\n{result.traceback}")
    (replicate,) = result.replicates
    svm = replicate.attacks.get("svm")
    return {
        "seconds": seconds,
        "epoch_ended_s": ended,
        "after_training_s": seconds - ended[-1],
        "test_accuracy": replicate.target.test_accuracy,
        "svm_auc": svm.auc.value if svm else None,
        "refused": dict(result.refused),
        "train_size": replicate.train_size,
        "peak_bytes": peak_bytes(device),
    }


def _dataset(folder: Path, settings: Settings) -> tuple[Dataset, str]:
    if not missing_data(["cifar10"]):
        return "cifar10", "CIFAR-10"
    source, rng, path = IMAGES["cifar10"], np.random.default_rng(0), folder / "random.npz"
    arrays: dict[str, Any] = {}
    for split, published, asked in (
        ("train", source.num_train, settings.train_size),
        ("test", source.num_test, settings.test_size),
    ):
        count = min(published, 2 * (asked or published))
        arrays[f"x_{split}"] = rng.integers(256, size=(count, *source.input_shape), dtype=np.uint8)
        arrays[f"y_{split}"] = np.arange(count) % len(source.class_names)
    np.savez(path, **arrays)
    return NpzDataset(name="random", path=str(path)), "random images of CIFAR-10's shape, neither cropped nor flipped"
