"""The cost of checkpoints: of writing one, and of looking at the clock after every step."""

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import torch

from benchmarks.data import image_splits
from benchmarks.ours import new_network, training_epoch
from benchmarks.row import Bound, Ratio, Round
from benchmarks.rows.epochs import FCNET_BATCH, NUM_STEPS, breast_cancer
from benchmarks.trained import same_training
from privsearch.models.checkpoint import Checkpoints, Keeper
from privsearch.models.epochs import Learner, Pass, Progress, train_pass
from privsearch.spec import TrialSpec
from privsearch.spec.resources import CHECKPOINT_MINUTES
from privsearch.study.checkpoints import CheckpointArchive

FCNET: Final = TrialSpec(dataset="breast_cancer", model="snn", num_steps=NUM_STEPS, batch_size=FCNET_BATCH)
CONVNET: Final = TrialSpec(dataset="cifar10", model="snn", num_steps=2, batch_size=16).canonical(
    "convnet", augments=True
)


def write_one(quick: bool) -> Round:  # noqa: ARG001  # a smaller network would be another question
    """Prepare a checkpoint of the largest network of the paper's, with Adam's state, written to the disk and synced."""
    splits = image_splits("cifar10", CONVNET.batch_size)
    learner = Learner.of(new_network(CONVNET, splits), CONVNET, splits, seed=0)
    progress = Progress([], Pass.over(torch.arange(CONVNET.batch_size), splits.device))
    assert progress.current
    train_pass(learner, progress.current, CONVNET.batch_size)
    folder = Path(tempfile.mkdtemp(prefix="privsearch-benchmark-"))
    keeper = Keeper(Checkpoints(CheckpointArchive(folder), 0.0), "network")

    def share() -> float:
        started = time.perf_counter()
        keeper(learner, progress)
        seconds = time.perf_counter() - started
        return seconds / (60 * CHECKPOINT_MINUTES + seconds)

    return share


def our_fcnet(quick: bool) -> Round:  # noqa: ARG001  # an epoch is short enough
    """Prepare an epoch that asks after every step whether it is time for a checkpoint."""
    keeper = Keeper(Checkpoints(CheckpointArchive(Path("never")), 1e9), "network")
    return training_epoch(FCNET, breast_cancer(), after_step=keeper)


def plain_fcnet(quick: bool) -> Round:  # noqa: ARG001  # likewise
    """Prepare the same epoch without checkpoints."""
    return training_epoch(FCNET, breast_cancer())


ROWS: Final = (
    Bound(
        name="checkpoint",
        what=f"one checkpoint of a ConvNet, CIFAR-10, every {CHECKPOINT_MINUTES:.0f} minutes: share of the training",
        target=0.01,
        unit="share",
        measure=write_one,
        value="answer",
    ),
    Ratio(
        name="checkpoint_clock",
        what=f"FCNet SNN epoch, Breast Cancer, T = {NUM_STEPS}, batch {FCNET_BATCH}, that looks at the clock each step",
        peer="the same epoch without checkpoints",
        target=0.99,
        ours=our_fcnet,
        theirs=plain_fcnet,
        compare=partial(same_training, logits=0.0, gradients=0.0, loss=0.0),
        rounds=25,
        quick_rounds=15,
    ),
)
