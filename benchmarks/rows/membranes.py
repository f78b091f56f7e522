"""The rows of 8-bit membranes: neurons alone, forward and backward, in each way that a sweep may quantise them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from benchmarks.row import Agreement, Ratio, Round
from benchmarks.trained import apart

NUM_STEPS: Final = 10
SHAPE: Final = (32, 3136)
"""A batch, and the neurons behind the second convolution for an image of MNIST."""

BITS: Final = 8
CLIP: Final = 1.0

VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "before_firing": {},
    "after_firing": {"place": "after_firing"},
    "for_firing": {"place": "for_firing"},
    "wide_range": {"state_range": (-2.0, 2.4)},
    "clipped": {"gradient": "clipped"},
}
"""By its name, what differs from snnTorch's own way: arguments of `StateQuantizer`."""

Scan = Callable[[Tensor], Tensor]
"""A function from currents `(num_steps, batch, neurons)` to spikes of the same shape."""


def our_neurons(quick: bool, *, variant: str) -> Round:  # noqa: ARG001  (a quick run is as large)
    """Prepare the program's neurons."""
    from privsearch.models.leaky import Leaky
    from privsearch.models.quantization import StateQuantizer
    from privsearch.models.scan import Dynamics

    return _round(
        Leaky(Dynamics(NUM_STEPS, 0.95, 1.0, "fast_sigmoid"), StateQuantizer(BITS, CLIP, **VARIANTS[variant]))
    )


def their_neurons(quick: bool, *, variant: str) -> Round:  # noqa: ARG001  (likewise)
    """Prepare snnTorch's neurons, step by step, with its `state_quant` where the variant has it."""
    from benchmarks.peers.snntorch_loops import RoundedNeurons

    return _round(RoundedNeurons(BITS, CLIP, **VARIANTS[variant]))


def _round(scan: Scan) -> Round:
    generator = torch.Generator().manual_seed(0)
    current = torch.randn(NUM_STEPS, *SHAPE, generator=generator) * 0.5
    weights = torch.randn(NUM_STEPS, *SHAPE, generator=generator)
    current.requires_grad_()

    def forward_and_backward() -> tuple[np.ndarray, np.ndarray]:
        spikes = scan(current)
        (gradient,) = torch.autograd.grad((spikes * weights).sum(), current)
        return spikes.detach().numpy(), gradient.numpy()

    return forward_and_backward


def same_neurons(ours: Sequence[Any], theirs: Sequence[Any]) -> Agreement:
    """Compare the spikes, which must be equal, and the gradients of the currents."""
    different = max(int((mine[0] != other[0]).sum()) for mine, other in zip(ours, theirs, strict=True))
    gradients = max(apart(mine[1], other[1]) for mine, other in zip(ours, theirs, strict=True))
    words = f"the same currents; {different} spikes differ (0 allowed), gradients {gradients:.1e} of their norm (1e-05)"
    return Agreement(different == 0 and gradients < 1e-5, words)


ROWS: Final = tuple(
    Ratio(
        name=f"membranes8_{variant}",
        what=f"neurons with membranes of {BITS} bits, `{variant}`: forward and backward, {NUM_STEPS} steps of "
        f"{SHAPE[0]} x {SHAPE[1]}",
        peer="snnTorch, step by step, `state_quant`",
        target=60.0,
        ours=partial(our_neurons, variant=variant),
        theirs=partial(their_neurons, variant=variant),
        compare=same_neurons,
        packages=("snntorch", "torch"),
        rounds=5,
        quick_rounds=3,
    )
    for variant in VARIANTS
)
