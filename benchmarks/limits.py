"""The share of this machine's limit that a training step reaches: `python -m benchmarks.limits`.

Counts the floating-point operations of the spiking ConvNet's step (MNIST, `all`) and the bytes that go through memory,
measures how fast this machine multiplies large matrices and copies large arrays, in turns with the step itself, and
prints the share of that limit that the step reaches. The count is of dense arithmetic, whose limit a step in fp32
passes, as it computes most layers spike by spike. A tensor's bytes count whenever one operation writes it or another
reads it, since at these sizes no tensor is still in the cache; the optimiser's passes over the weights are counted too.
"""

import statistics
from collections.abc import Callable
from typing import Final, Literal

import torch
from rich.console import Console

from benchmarks.dense import SIZE, dense_flops, presentations, step_layers
from benchmarks.rows.training_steps import BATCH, NUM_STEPS, our_step
from benchmarks.table import machine_line
from benchmarks.worker import timed
from privsearch.spec.architecture import Layer
from privsearch.study.environment import describe_environment

Precision = Literal["fp32", "bf16"]
COPIED: Final = 2**28
"""The bytes of the copied array."""
ROUNDS: Final = 7


SHAPE: Final = (1, 28, 28)
LAYERS: Final = step_layers(SHAPE)


def step_flops() -> int:
    """Count the floating-point operations of the step's dense layers."""
    return dense_flops(SHAPE, BATCH, NUM_STEPS)


def step_bytes(precision: Precision) -> int:
    """Count the bytes that the operations of a step read and write; membranes are 32-bit whatever the precision."""
    size = 4 if precision == "fp32" else 2
    each = sum(
        _layer_bytes(layer, steps, size) for layer, steps in zip(LAYERS, presentations(LAYERS, NUM_STEPS), strict=True)
    )
    return BATCH * each + 4 * 7 * sum(layer.weights + layer.outputs for layer in LAYERS)


def _layer_bytes(layer: Layer, steps: int, size: int) -> int:
    """Count one example's bytes: affine operation and pooling at `steps` steps, neurons at all steps."""
    height, width = layer.image_size or (1, 1)
    read, written = layer.inputs * height * width, layer.outputs * height * width  # before pooling
    affine = 3 * read + 3 * written  # forward; for the weights' gradient; for the inputs'
    pooling = 2 * (written + layer.neurons) if layer.image_size else 0
    currents = 2 * layer.neurons  # read forward, their gradient written backward
    spikes_and_membranes = (2 * size + 2 * 4) * layer.neurons  # each written forward, read (or its gradient) backward
    return size * steps * (affine + pooling + currents) + NUM_STEPS * spikes_and_membranes


def contenders() -> dict[str, Callable[[], object]]:
    """Return the works that take turns: matrix products, a copy, and the step in both precisions."""
    x, weight = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
    x16, weight16 = x.bfloat16(), weight.bfloat16()
    source = torch.zeros(COPIED // 4)
    destination = torch.empty_like(source)

    def linear() -> object:
        return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")

    return {
        "fp32, torch.mm": lambda: torch.mm(x, weight),
        "fp32, oneDNN": linear,
        "bf16, torch.mm": lambda: torch.mm(x16, weight16),
        "copy": lambda: destination.copy_(source),
        "step fp32": our_step(quick=False),
        "step bf16": our_step(quick=False, precision="bf16"),
    }


def medians() -> dict[str, float]:
    """Measure the median CPU seconds of each contender, after one round of warm-up."""
    taking_turns = contenders()
    seconds: dict[str, list[float]] = {name: [] for name in taking_turns}
    for _ in range(1 + ROUNDS):
        for name, work in taking_turns.items():
            seconds[name].append(timed(work)[0].cpu)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    console = Console(width=None if Console().is_terminal else 200, highlight=False)
    seconds = medians()
    rates = {name: 2 * SIZE**3 / taken for name, taken in seconds.items() if "," in name}
    copy_rate = 2 * COPIED / seconds["copy"]
    for name, rate in rates.items():
        console.print(f"matrix product, {name}: {rate / 1e9:.0f} GFLOP/s")
    console.print(f"copy: {copy_rate / 1e9:.1f} GB/s (read and written)")
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    for precision in precisions:
        best = max(rate for name, rate in rates.items() if name.startswith(precision))
        arithmetic, traffic = step_flops() / best, step_bytes(precision) / copy_rate
        taken = seconds[f"step {precision}"]
        console.print(
            f"step, {precision}: {taken:.3f} s; at these rates {step_flops() / 1e9:.0f} GFLOP take {arithmetic:.3f} s, "
            f"{step_bytes(precision) / 1e9:.1f} GB {traffic:.3f} s: {arithmetic / taken:.2f} of the limit that "
            f"arithmetic alone sets, {(arithmetic + traffic) / taken:.2f} of that of both in turn"
        )
    console.print(machine_line(describe_environment()))


if __name__ == "__main__":
    main()
