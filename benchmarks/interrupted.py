"""One long training, killed at random moments: `python -m benchmarks.interrupted [--minutes 10] [--kills 5]`.

Trains the spiking ConvNet on CIFAR-10, augmented, twice at the same time: undisturbed and without checkpoints, and with
checkpoints and SIGKILL. Prints what each kill cost, compares all outputs of both to the bit, and exits with status 1 if
one differs, or if a kill cost more than the time between two checkpoints.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.data import image_splits
from privsearch.models.checkpoint import Checkpoints
from privsearch.models.training import Listeners, train_cohort
from privsearch.spec import TrialSpec
from privsearch.study.checkpoints import CheckpointArchive
from privsearch.study.result import Cohort

NUM_TRAIN: Final = 512
STEPS_PER_EPOCH: Final = 16
SPEC: Final = TrialSpec(dataset="cifar10", model="snn", batch_size=NUM_TRAIN // STEPS_PER_EPOCH)
NETWORK: Final = "network"
ALLOWED: Final = 1.1
"""The parts of an interval that a kill may cost: a checkpoint waits for the end of a step."""


@dataclass(frozen=True)
class Kill:
    """A kill, and what it cost.

    Attributes:
        trained: the seconds that this life of the training took from its first step on.
        lost: the seconds of them after the last checkpoint.
    """

    trained: float
    lost: float


def train(epochs: int, checkpoints: Checkpoints | None, on_start: Callable[[], object] = lambda: None) -> Cohort:
    """Train one network for some epochs, and call `on_start` before the first step."""
    splits = image_splits("cifar10", NUM_TRAIN)
    spec = SPEC.model_copy(update={"epochs": epochs}).canonical("convnet", augments=True)
    everybody = np.ones((1, NUM_TRAIN), bool)
    on_start()
    return train_cohort(spec, splits, everybody, [0], Listeners(), checkpoints=checkpoints, network_ids=[NETWORK])


def main() -> None:
    """Run the command of the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interrupted", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the undisturbed training, about (default: 10)")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two checkpoints (default: 60)")
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "EPOCHS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _be_child(Path(arguments.child[0]), int(arguments.child[1]), arguments.interval)
        return
    with tempfile.TemporaryDirectory() as name:
        sys.exit(_run(Path(name), arguments.minutes, arguments.kills, arguments.interval))


def _run(folder: Path, minutes: float, kills: int, interval: float) -> int:
    epochs = max(1, round(60 * minutes / _epoch_seconds()))
    _say(f"{epochs * STEPS_PER_EPOCH} steps, a checkpoint every {interval:.0f} s")
    undisturbed, disturbed = folder / "undisturbed", folder / "disturbed"
    started = time.monotonic()
    with _start(undisturbed, epochs, interval=0) as alone:
        costs = [_killed(disturbed, epochs, interval, 60 * minutes / (kills + 1)) for _ in range(kills)]
        with _start(disturbed, epochs, interval) as last:
            last.wait()
        _say(f"all lives together: {time.monotonic() - started:.0f} s")
        alone.wait()
    equal = _digest(undisturbed) == _digest(disturbed)
    _say(f"undisturbed: {float((undisturbed / 'seconds').read_text()):.0f} s; outputs equal to the bit: {equal}")
    return 0 if equal and all(cost.lost <= ALLOWED * interval for cost in costs) else 1


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201  # a script


def _epoch_seconds() -> float:
    """Measure how long an epoch takes, the first one's warm-up aside."""
    seconds = []
    for epochs in (1, 2):
        started = time.monotonic()
        train(epochs, None)
        seconds.append(time.monotonic() - started)
    return max(seconds[1] - seconds[0], seconds[1] / 4)


def _killed(folder: Path, epochs: int, interval: float, about: float) -> Kill:
    """Start the training, kill it at a random moment, and return what that cost."""
    folder.mkdir(exist_ok=True)
    begun, checkpoint = folder / "begun", folder / f"{NETWORK}.pt"
    begun.unlink(missing_ok=True)
    with _start(folder, epochs, interval) as process:
        while not begun.exists():
            time.sleep(0.05)
        started = begun.stat().st_mtime
        time.sleep(about * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
        process.kill()
        killed = time.time()
    since = max(started, checkpoint.stat().st_mtime) if checkpoint.exists() else started
    cost = Kill(killed - started, killed - since)
    _say(f"killed after {cost.trained:.0f} s, of which {cost.lost:.1f} s are lost")
    return cost


def _start(folder: Path, epochs: int, interval: float) -> "subprocess.Popen[bytes]":
    folder.mkdir(exist_ok=True)
    words = ["-m", "benchmarks.interrupted", "--interval", str(interval), "--child", str(folder), str(epochs)]
    return subprocess.Popen([sys.executable, *words])  # noqa: S603  # our own module


def _be_child(folder: Path, epochs: int, interval: float) -> None:
    checkpoints = Checkpoints(CheckpointArchive(folder), interval) if interval else None
    started = time.monotonic()
    cohort = train(epochs, checkpoints, (folder / "begun").touch)
    np.savez(folder / "outputs.npz", *(cohort.signals.outputs[key] for key in sorted(cohort.signals.outputs)))
    (folder / "history").write_text(repr(cohort.networks))
    (folder / "seconds").write_text(str(time.monotonic() - started))


def _digest(folder: Path) -> str:
    """Return a digest of all numbers of a training."""
    with np.load(folder / "outputs.npz") as outputs:
        content = b"".join(outputs[name].tobytes() for name in sorted(outputs.files))
    return hashlib.sha256(content + (folder / "history").read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
