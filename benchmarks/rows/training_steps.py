"""The rows of one training step of the spiking ConvNet, T = 25, against the usual ways to compute it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from benchmarks.data import plain_image_splits
from benchmarks.dense import dense_arithmetic, dense_products
from benchmarks.ours import training_epoch
from benchmarks.row import Ratio, Round
from benchmarks.trained import same_training, training_round
from privsearch.models.allocator import keep_freed_memory
from privsearch.spec import TrialSpec
from privsearch.spec.datasets import ImageName

NUM_STEPS: Final = 25
BATCH: Final = 128
QUICK_QUANTIZED_BATCH: Final = 32
"""The batch of a quick run with quantised membranes, whose peer takes two minutes for a step of 128."""

STEP: Final = f"ConvNet SNN training step, T = {NUM_STEPS}, batch {BATCH}"


@dataclass(frozen=True)
class Size:
    """The size of a step that is not the row's own, and where it is computed.

    Attributes:
        batch: the images of the batch.
        num_steps: T.
        device: the device, by torch's name.
    """

    batch: int
    num_steps: int
    device: str = "cpu"


Build = Callable[[int, tuple[int, ...]], nn.Module]
"""A function that builds a peer's network, given T and the shape of an image."""


def our_step(
    quick: bool,
    *,
    dataset: ImageName = "mnist",
    quick_batch: int | None = None,
    size: Size | None = None,
    **axes: Any,
) -> Round:
    """Prepare a step on one batch of images, as a trial takes it, but without augmentation.

    Args:
        quick: True if the run is quick.
        dataset: the dataset.
        quick_batch: the size of the batch if the run is quick; None for the same.
        size: another size; None for the row's own.
        axes: the values of axes.
    """
    size = size or _own_size(quick, quick_batch)
    spec = TrialSpec(dataset=dataset, model="snn", num_steps=size.num_steps, batch_size=size.batch, **axes)
    return training_epoch(spec, plain_image_splits(dataset, size.batch).to(size.device))


def their_step(  # noqa: PLR0913  # each with a default but the first two
    quick: bool,
    build: Build,
    *,
    dataset: ImageName = "mnist",
    tuned: bool = False,
    quick_batch: int | None = None,
    size: Size | None = None,
    after_step: str | None = None,
) -> Round:
    """Prepare a step on the same batch, as the tutorials take it.

    Args:
        quick: True if the run is quick.
        build: the function that builds the network.
        dataset: the dataset.
        tuned: True to have images lie with their channels last, and freed memory kept, as on our side.
        quick_batch: the size of the batch if the run is quick; None for the same.
        size: another size; None for the row's own.
        after_step: the name of the network's method to call after every step.
    """
    from benchmarks.peers.training import train_epoch

    size = size or _own_size(quick, quick_batch)
    splits = plain_image_splits(dataset, size.batch).to(size.device)
    x = splits.inputs(splits.x_train)
    torch.manual_seed(0)
    network = build(size.num_steps, splits.info.input_shape).to(size.device)
    if tuned:
        keep_freed_memory()
        x, network = x.contiguous(memory_format=torch.channels_last), network.to(memory_format=torch.channels_last)
    batches = [(x, splits.y_train)]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    finish = getattr(network, after_step) if after_step else None
    return training_round(network, lambda: train_epoch(network, optimizer, batches, finish))


def _own_size(quick: bool, quick_batch: int | None) -> Size:
    return Size(quick_batch if quick and quick_batch else BATCH, NUM_STEPS)


def snntorch_all(num_steps: int, shape: tuple[int, ...]) -> nn.Module:
    """Build a network with spikes after every layer."""
    from benchmarks.peers.snntorch_loops import ConvNetLoop

    return ConvNetLoop(num_steps, shape)


def snntorch_head(num_steps: int, shape: tuple[int, ...]) -> nn.Module:
    """Build a network with spikes in the linear layers only, all layers inside the loop."""
    from benchmarks.peers.snntorch_loops import HeadLoop

    return HeadLoop(num_steps, shape)


def snntorch_state_quant(num_steps: int, shape: tuple[int, ...]) -> nn.Module:
    """Build a network with membranes of 8 bits."""
    from snntorch.functional.quant import state_quant

    from benchmarks.peers.snntorch_loops import ConvNetLoop

    return ConvNetLoop(num_steps, shape, state_quant=state_quant(num_bits=8, threshold=1.0))


def snntorch_brevitas(num_steps: int, shape: tuple[int, ...]) -> nn.Module:
    """Build a network with weights of 4 bits, which brevitas' layers quantise at every call."""
    from privsearch.models.quantization import load_brevitas

    quantized = load_brevitas().nn
    from benchmarks.peers.snntorch_loops import ConvNetLoop

    return ConvNetLoop(
        num_steps,
        shape,
        conv=partial(quantized.QuantConv2d, kernel_size=3, padding=1, bias=True, weight_bit_width=4),
        linear=partial(quantized.QuantLinear, bias=True, weight_bit_width=4),
    )


def spikingjelly_all(num_steps: int, shape: tuple[int, ...]) -> nn.Module:
    """Build a network with spikes after every layer, computed layer by layer."""
    from benchmarks.peers.spikingjelly_multistep import MultiStepConvNet

    return MultiStepConvNet(num_steps, shape)


# Sums are taken in another order, and one spike in some five million falls on the other side of its threshold
# (docs/speed.md); a network that has hardly begun to spike shows it.
SAME: Final = partial(same_training, logits=0.05, gradients=0.05, loss=0.1)
SIMILAR: Final = partial(same_training, logits=1.0, gradients=0.5, loss=0.1)
"""The comparison with a side that computes something else on purpose: its text says how near the two are."""

SNNTORCH: Final = ("snntorch", "torch")

ON_ANY_DEVICE: Final = (
    *("convnet_all", "convnet_head", "convnet_bf16", "convnet_act8", "convnet_weight4"),
    "convnet_spikingjelly",
)

NAMES: Final[dict[ImageName, str]] = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
"""The image datasets of the paper."""

ROWS: Final = (
    *(
        Ratio(
            name="convnet_all" if name == "mnist" else f"convnet_all_{name}",
            what=f"{STEP}, `all`, fp32, {title}",
            peer="snnTorch, step by step",
            target=4.0,
            ours=partial(our_step, dataset=name),
            theirs=partial(their_step, build=snntorch_all, dataset=name),
            warm_up=2,
            compare=SAME,
            packages=SNNTORCH,
        )
        for name, title in NAMES.items()
    ),
    Ratio(
        name="convnet_all_tuned",
        what=f"{STEP}, `all`, fp32, MNIST",
        peer="snnTorch, step by step, channels last, and with the allocator's settings",
        target=2.2,
        ours=our_step,
        theirs=partial(their_step, build=snntorch_all, tuned=True),
        warm_up=2,
        compare=SAME,
        packages=SNNTORCH,
    ),
    *(
        Ratio(
            name=f"dense_limit_{name}",
            what=f"{STEP}, `all`, fp32, {title}",
            peer="the matrix products of its dense layers alone, at the fastest rate of this machine",
            target=1.0,
            ours=partial(our_step, dataset=name),
            theirs=partial(dense_products, shape=(1, 28, 28) if name != "cifar10" else (3, 32, 32)),
            warm_up=2,
            compare=dense_arithmetic,
            packages=("torch",),
        )
        for name, title in NAMES.items()
    ),
    Ratio(
        name="convnet_head",
        what=f"{STEP}, `head`, fp32",
        peer="snnTorch, convolutions and first linear layer inside the time loop",
        target=10.0,
        ours=partial(our_step, spiking_layers="head"),
        theirs=partial(their_step, build=snntorch_head),
        warm_up=2,
        compare=SAME,
        packages=SNNTORCH,
    ),
    Ratio(
        name="convnet_bf16",
        what=f"{STEP}, `all`, bf16 (membranes in fp32)",
        peer="snnTorch, step by step, fp32",
        target=5.0,
        ours=partial(our_step, precision="bf16"),
        theirs=partial(their_step, build=snntorch_all),
        warm_up=2,
        compare=partial(SIMILAR, note="nearly (products are rounded to 16 bits): "),
        packages=SNNTORCH,
    ),
    Ratio(
        name="convnet_act8",
        what=f"{STEP}, `all`, membranes of 8 bits",
        peer="snnTorch, step by step, `state_quant`",
        target=60.0,
        ours=partial(our_step, act_bit_width=8, state_gradient="straight_through", quick_batch=QUICK_QUANTIZED_BATCH),
        theirs=partial(their_step, build=snntorch_state_quant, quick_batch=QUICK_QUANTIZED_BATCH),
        compare=SAME,
        packages=SNNTORCH,
        rounds=1,
        quick_rounds=1,
        quick_note=f"batch {QUICK_QUANTIZED_BATCH} on both sides",
    ),
    Ratio(
        name="convnet_weight4",
        what=f"{STEP}, `all`, weights of 4 bits",
        peer="snnTorch, step by step, brevitas layers inside the time loop",
        target=3.0,
        ours=partial(our_step, weight_bit_width=4),
        theirs=partial(their_step, build=snntorch_brevitas),
        # Sums of quantised weights tie up to rounding: pooling then passes the gradient to another of those that tie.
        warm_up=2,
        compare=partial(same_training, logits=0.05, gradients=0.1, loss=0.1),
        packages=("brevitas", *SNNTORCH),
    ),
    Ratio(
        name="convnet_spikingjelly",
        what=f"{STEP}, `all`, fp32, surrogate gradient `atan`",
        peer="SpikingJelly, multi-step mode, torch backend, first convolution once",
        target=1.3,
        ours=partial(our_step, surrogate_gradient="atan"),
        theirs=partial(their_step, build=spikingjelly_all, after_step="forget"),
        warm_up=2,
        compare=partial(SIMILAR, note="nearly (its reset decays to 0.95 of the threshold before it acts): "),
        packages=("spikingjelly", "torch"),
    ),
    Ratio(
        name="convnet_spikingjelly_tuned",
        what=f"{STEP}, `all`, fp32, surrogate gradient `atan`",
        peer="the same, channels last, and with the allocator's settings",
        target=1.3,
        ours=partial(our_step, surrogate_gradient="atan"),
        theirs=partial(their_step, build=spikingjelly_all, after_step="forget", tuned=True),
        warm_up=2,
        compare=partial(SIMILAR, note="nearly (its reset decays to 0.95 of the threshold before it acts): "),
        packages=("spikingjelly", "torch"),
    ),
)

ON_MNIST: Final = tuple(row for row in ROWS if row.name in ON_ANY_DEVICE)
"""The rows of MNIST against a peer as it comes, which a GPU can take as well."""
