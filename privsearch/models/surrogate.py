"""The surrogate gradients, which replace the derivative of a spike in the backward pass.

Each is snnTorch's, with the parameters of Moshruba et al. 2025, in closed form: snnTorch's own code goes through one
autograd node for each time step, which costs more than the arithmetic.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from privsearch.spec import SurrogateGradient

Backward = Callable[[Float[Tensor, "*neuron"], Float[Tensor, "*neuron"]], Float[Tensor, "*neuron"]]
"""A function of (overdrive, grad_spk) to the gradient of the membrane; it may overwrite overdrive, never grad_spk.

Arguments and result are `(*neuron)`; overdrive is `mem - threshold`.
"""


def fast_sigmoid(overdrive: Float[Tensor, "*neuron"], grad_spk: Float[Tensor, "*neuron"]) -> Float[Tensor, "*neuron"]:
    """Compute `grad_spk / (25 |u| + 1)^2`, where u is the overdrive, which is overwritten.

    Source: Zenke and Ganguli 2018; `snntorch.surrogate.fast_sigmoid(slope=25)`.
    """
    overdrive.abs_().mul_(25).add_(1).square_()
    return torch.div(grad_spk, overdrive, out=overdrive)


def atan(overdrive: Float[Tensor, "*neuron"], grad_spk: Float[Tensor, "*neuron"]) -> Float[Tensor, "*neuron"]:
    """Compute `grad_spk / (1 + (pi u)^2)`, where u is the overdrive, which is overwritten.

    The factor is the derivative of `arctan(pi u) / pi`. snnTorch's formula divides by pi once more; its code does not.

    Source: Fang et al. 2021; `snntorch.surrogate.atan(alpha=2)`.
    """
    overdrive.mul_(math.pi).square_().add_(1)
    return torch.div(grad_spk, overdrive, out=overdrive)


def spike_rate_escape(
    overdrive: Float[Tensor, "*neuron"], grad_spk: Float[Tensor, "*neuron"]
) -> Float[Tensor, "*neuron"]:
    """Compute `25 exp(-|u - 1|) grad_spk`, where u is the overdrive, which is overwritten.

    It peaks at `mem = threshold + 1`, not at the threshold: snnTorch's formula shifts the membrane by 1, its code
    shifts the overdrive, from which the threshold is already subtracted. Kept, because the paper used it so.

    Source: Gerstner and Kistler 2002; `snntorch.surrogate.spike_rate_escape(beta=1, slope=25)`.
    """
    return overdrive.sub_(1).abs_().neg_().exp_().mul_(25).mul_(grad_spk)


def triangular(overdrive: Float[Tensor, "*neuron"], grad_spk: Float[Tensor, "*neuron"]) -> Float[Tensor, "*neuron"]:
    """Return `grad_spk` below the threshold, `-grad_spk` from the threshold on; the overdrive is overwritten.

    A step that flips its sign, not a triangle (whose derivative it is), so that a neuron above the threshold is
    pushed the wrong way. Kept, because the paper used it so.

    Source: `snntorch.surrogate.triangular(threshold=1)`.
    """
    return overdrive.ge_(0).mul_(-2).add_(1).mul_(grad_spk)


def straight_through(
    overdrive: Float[Tensor, "*neuron"],  # noqa: ARG001  (one signature for all)
    grad_spk: Float[Tensor, "*neuron"],
) -> Float[Tensor, "*neuron"]:
    """Return `grad_spk` itself, whatever the overdrive.

    Source: Bengio et al. 2013; `snntorch.surrogate.straight_through_estimator()`.
    """
    return grad_spk


SURROGATE_GRADIENTS: Final[Mapping[SurrogateGradient, Backward]] = MappingProxyType(
    {
        "fast_sigmoid": fast_sigmoid,
        "atan": atan,
        "spike_rate_escape": spike_rate_escape,
        "triangular": triangular,
        "straight_through": straight_through,
    }
)
