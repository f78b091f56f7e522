"""Layers that read spikes, computed as a network computes them, from spikes that somebody else has made.

Where a membrane is close to its threshold, or where sums tie before pooling, the last bit of a current decides what a
gradient is: two networks that are compared must take their sums in the same order.
"""

from torch import nn

from privsearch.models.leaky import Leaky
from privsearch.models.networks import Stage
from privsearch.models.quantization import effective_weight
from privsearch.models.scan import Dynamics
from privsearch.models.spike_driven import convolution_of_spikes, is_spike_driven, linear_of_spikes


def current_of(stage: Stage, signal, before: nn.Module | None):
    """The current of a stage, from signals `(steps, batch, *features)` of the activation before it."""
    weight = stage.affine.weight
    if not isinstance(before, Leaky) or not is_spike_driven(before, signal, weight):
        return stage.current(signal)
    # Neurons that fire wherever they are driven by 1, and hand every gradient on.
    repeaters = Leaky(Dynamics(len(signal), beta=0.0, threshold=0.25, surrogate_gradient="straight_through"))
    function = convolution_of_spikes if isinstance(stage.affine, nn.Conv2d) else linear_of_spikes
    return function(signal, repeaters, effective_weight(stage.affine), stage.affine.bias)


def with_dense_sums(network):
    """The same network, whose layers all read spikes as numbers."""
    for stage in network:
        alone = Stage(stage.affine, nn.Identity(), stage.dtype)
        stage.tap = lambda _, folded, __, alone=alone: alone.current(folded[None])[0]
    return network
