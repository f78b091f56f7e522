"""`python -m benchmarks.private_steps`: what clipping each example's gradient costs, in ordinary steps.

Both steps are on the same batch of 128 examples, in turns in one process on one thread, without the optimiser: the
gradients of an ordinary step, and those of a private one with their noise. A ratio is that of the least CPU seconds.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, Final

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from privsearch.models import Network, build_network
from privsearch.models.allocator import keep_freed_memory
from privsearch.models.private_training import PrivateSteps
from privsearch.spec import TrialSpec
from privsearch.study.guarantee import Guarantee

BATCH: Final = 128
QUANTIZED: Final = {"weight_bit_width": 4, "act_bit_width": 4}
IMAGE: Final = (1, 28, 28)
CASES: Final[tuple[tuple[tuple[int, ...], int, dict[str, Any], float], ...]] = (
    ((30,), 2, {"model": "ann"}, 4.0),
    ((30,), 2, {"model": "snn"}, 4.0),
    ((64,), 10, {"model": "snn"}, 4.0),
    ((64,), 10, {"model": "snn", **QUANTIZED}, 4.0),
    (IMAGE, 10, {"model": "ann"}, 2.0),
    (IMAGE, 10, {"model": "ann", **QUANTIZED}, 2.0),
    (IMAGE, 10, {"model": "snn", "num_steps": 10}, 2.0),
    (IMAGE, 10, {"model": "snn", "num_steps": 10, **QUANTIZED}, 2.0),
)
"""Shapes of inputs, numbers of classes, axes, and the most ordinary steps that a private one is to take."""

GUARANTEE: Final = Guarantee(
    epsilon=1, delta=1e-5, noise_multiplier=1, max_grad_norm=1, sampling_rate=0.1, steps=1, accountant="none"
)


def seconds_of_steps(shape: tuple[int, ...], classes: int, axes: dict[str, Any], rounds: int) -> tuple[float, float]:
    """Return the least CPU seconds of an ordinary step and of a private one, each measured so many times."""
    spec = TrialSpec.model_validate({"dataset": "iris", **axes}).canonical("convnet" if len(shape) > 1 else "fcnet")
    torch.manual_seed(0)
    network = build_network(spec, shape, classes)
    assert isinstance(network, Network), "the cases are of built-in networks"
    x, y = torch.randn(BATCH, *shape), torch.randint(classes, (BATCH,))
    weights, generator = list(network.parameters()), torch.Generator()
    steps = PrivateSteps(GUARANTEE, float(BATCH))

    def ordinary() -> None:
        for weight in weights:
            weight.grad = None
        nn.functional.cross_entropy(network(x), y).backward()

    def private() -> None:
        steps.set_gradients(network, weights, x, y, generator)

    sides = (ordinary, private)
    for side in sides:
        side()
    measured = [[_seconds(side) for side in sides] for _ in range(rounds)]
    least, least_private = (min(side) for side in zip(*measured, strict=True))
    return least, least_private


def _seconds(step: Callable[[], None]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def main() -> None:
    """Measure all cases, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.private_steps", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each side")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    keep_freed_memory()
    table = Table("inputs", "classes", "network", "ordinary, ms", "private, ms", "ratio", "at most")
    for shape, classes, axes, at_most in CASES:
        ordinary, private = seconds_of_steps(shape, classes, axes, rounds)
        words = " ".join(str(value) if axis == "model" else f"{axis} {value}" for axis, value in axes.items())
        numbers = f"{1e3 * ordinary:.1f}", f"{1e3 * private:.1f}", f"{private / ordinary:.2f}", f"{at_most:g}"
        table.add_row("x".join(map(str, shape)), str(classes), words, *numbers)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
