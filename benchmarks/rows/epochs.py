"""Whole epochs: the spiking FCNet on a table, and the ANN ConvNet on augmented images."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import torch

from benchmarks.data import image_splits
from benchmarks.ours import new_network, training_epoch
from benchmarks.row import Agreement, Ratio, Round
from benchmarks.trained import Trained, apart, largest_drift, same_training, training_round
from privsearch.data.splits import Splits, load_splits
from privsearch.spec import TrialSpec

NUM_STEPS: Final = 25
FCNET_BATCH: Final = 32
NUM_IMAGES: Final = 5120
QUICK_NUM_IMAGES: Final = 1280

ANN: Final = TrialSpec(dataset="cifar10", model="ann").canonical("convnet", augments=True)


def breast_cancer() -> Splits:
    """Load Breast Cancer: 455 training examples of 30 features."""
    return load_splits("breast_cancer", seed=0, train_size=None, test_size=None)


def our_fcnet(quick: bool) -> Round:  # noqa: ARG001  # an epoch is short enough
    """Prepare an epoch on Breast Cancer, as a trial trains it."""
    spec = TrialSpec(dataset="breast_cancer", model="snn", num_steps=NUM_STEPS, batch_size=FCNET_BATCH)
    return training_epoch(spec, breast_cancer())


def their_fcnet(quick: bool) -> Round:  # noqa: ARG001  # likewise
    """Prepare an epoch on the same batches, ready in memory."""
    from benchmarks.peers.snntorch_loops import FCNetLoop
    from benchmarks.peers.training import train_epoch

    splits = breast_cancer()
    batches = list(zip(splits.x_train.split(FCNET_BATCH), splits.y_train.split(FCNET_BATCH), strict=True))
    torch.manual_seed(0)
    network = FCNetLoop(NUM_STEPS, splits.info.input_shape[0], splits.info.num_classes)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    return training_round(network, lambda: train_epoch(network, optimizer, batches))


def our_ann(quick: bool) -> Round:
    """Prepare an epoch on CIFAR-10, cropped and flipped, as a trial trains it."""
    splits = image_splits("cifar10", QUICK_NUM_IMAGES if quick else NUM_IMAGES)
    with torch.inference_mode():
        plain = new_network(ANN, splits)(splits.inputs(splits.x_train[: ANN.batch_size])).numpy()
    return with_logits(plain, training_epoch(ANN, splits, shuffled=True))


def their_ann(quick: bool) -> Round:
    """Prepare an epoch on the same images, through a DataLoader."""
    from benchmarks.peers.torchvision_ann import AUGMENTED, NORMALIZED, SomeOfCifar10, convnet, loader
    from benchmarks.peers.training import train_epoch

    splits = image_splits("cifar10", QUICK_NUM_IMAGES if quick else NUM_IMAGES)
    images, targets = splits.x_train.permute(0, 2, 3, 1).contiguous().numpy(), splits.y_train.tolist()
    torch.manual_seed(0)
    network = convnet()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    with torch.inference_mode():
        first, _ = next(iter(loader(SomeOfCifar10(images, targets, NORMALIZED), shuffle=False)))
        plain = network(first).numpy()
    batches = loader(SomeOfCifar10(images, targets, AUGMENTED), shuffle=True)
    return with_logits(plain, training_round(network, lambda: train_epoch(network, optimizer, batches)))


def with_logits(logits: np.ndarray, train: Round) -> Round:
    """Replace the logits in the answers of a round."""
    return lambda: Trained(train().loss, logits)


def same_up_to_chance(ours: Sequence[Trained], theirs: Sequence[Trained]) -> Agreement:
    """Compare trainings that draw their own orders, crops and flips: closely before the first step, roughly after."""
    logits_apart, drift = apart(ours[0].logits, theirs[0].logits), largest_drift(ours, theirs)
    return Agreement(
        logits_apart <= 1e-4 and drift <= 0.1,
        f"same weights; at first, logits of plain images {logits_apart:.1e} of their norm apart (1e-4 allowed); order, "
        f"crops and flips are each side's own: mean losses of {len(ours)} epochs {drift:.1e} apart (0.1)",
    )


ROWS: Final = (
    Ratio(
        name="fcnet_epoch",
        what=f"FCNet SNN epoch, Breast Cancer, T = {NUM_STEPS}, batch {FCNET_BATCH}",
        peer="snnTorch, step by step",
        target=7.0,
        ours=our_fcnet,
        theirs=their_fcnet,
        compare=partial(same_training, logits=1e-4, gradients=0.1, loss=0.1),
        packages=("snntorch", "torch"),
        rounds=25,
        quick_rounds=15,
    ),
    Ratio(
        name="ann_epoch",
        what=f"ANN ConvNet epoch, {NUM_IMAGES:,} CIFAR-10 images cropped and flipped, batch {ANN.batch_size}",
        peer="torchvision Dataset, transforms and DataLoader",
        target=1.4,
        ours=our_ann,
        theirs=their_ann,
        compare=same_up_to_chance,
        packages=("torchvision", "torch"),
        quick_note=f"{QUICK_NUM_IMAGES:,} images",
    ),
)
