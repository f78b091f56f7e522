"""The dense arithmetic of a training step: as many products as its layers have, and nothing else."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from benchmarks.row import Agreement, Round
from benchmarks.trained import Trained
from privsearch.spec import TrialSpec
from privsearch.spec.architecture import Layer, network_layers

SIZE: Final = 2048
"""The rows and columns of large matrices; their product takes 17 GFLOP."""
SPEC: Final = TrialSpec(dataset="mnist", model="snn", spiking_layers="all")
CLASSES: Final = 10


def step_layers(shape: tuple[int, ...]) -> tuple[Layer, ...]:
    """Return the layers of the spiking ConvNet for images of a shape."""
    return network_layers(SPEC, shape, CLASSES)


def presentations(layers: Sequence[Layer], num_steps: int) -> tuple[int, ...]:
    """Return the steps at which each layer's input changes; the first one's, the image, never does."""
    return (1, *[num_steps] * (len(layers) - 1))


def dense_flops(shape: tuple[int, ...], batch: int, num_steps: int) -> int:
    """Count a step's floating-point operations: forward, and backward for weights and all inputs but the images."""
    layers = step_layers(shape)
    macs = [layer.multiply_adds * steps for layer, steps in zip(layers, presentations(layers, num_steps), strict=True)]
    return 2 * batch * (2 * macs[0] + 3 * sum(macs[1:]))


def dense_products(quick: bool, *, shape: tuple[int, ...]) -> Round:  # noqa: ARG001
    """Prepare products of large matrices, with as many operations as a step has, by the faster of MKL and oneDNN.

    Args:
        quick: True if the run is quick, which changes nothing.
        shape: the shape of an image.
    """
    from benchmarks.rows import training_steps
    from benchmarks.worker import timed

    x, weight = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
    ways: list[Callable[[Tensor], Tensor]] = [lambda rows: torch.mm(rows, weight)]
    if hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        ways.append(lambda rows: torch.ops.mkldnn._linear_pointwise(rows, weight, None, "none", [], ""))
    seconds = [min(timed(lambda way=way: way(x))[0].cpu for _ in range(3)) for way in ways]  # type: ignore[misc]
    product = ways[seconds.index(min(seconds))]
    flops = dense_flops(shape, training_steps.BATCH, training_steps.NUM_STEPS)
    rows = math.ceil(flops / (2 * SIZE**2))

    def products() -> int:
        for first in range(0, rows, SIZE):
            product(x[: min(SIZE, rows - first)])
        return rows * 2 * SIZE**2

    return products


def dense_arithmetic(ours: Sequence[Trained], theirs: Sequence[int]) -> Agreement:
    """Check that the step trains, with finite losses and gradients, and tell how many operations dense layers take."""
    losses, gradients = [answer.loss for answer in ours], ours[0].gradients
    assert gradients is not None, "the first round keeps its gradients"
    trains = bool(np.isfinite(gradients).all() and gradients.any()) and all(map(math.isfinite, losses))
    return Agreement(
        trains,
        f"losses of {len(losses)} steps from {min(losses):.3g} to {max(losses):.3g}; the products have "
        f"{theirs[0] / 1e9:.0f} GFLOP. The rows against snnTorch compare what the step computes",
    )
