"""The networks that are trained and attacked: `build_network` turns a TrialSpec into one.

networks.py        FCNet and ConvNet, layer by layer
registered.py      networks of a user's own
asked.py           trained networks of anybody's, asked about examples
load.py            a kept network, built again with its weights
compiling.py       listeners to the compilation of kernels
training.py        a cohort's training: subsets and seeds in, outputs out
encoding.py        the spikes that stand for inputs
epochs.py          one network's training, step by step
clipping.py        per-example gradients, clipped and summed
private_training.py  the steps of DP-SGD
checkpoint.py      the state of a training between two steps, from which it goes on to the same bits
optimizers.py      torch's fused Adam and SGD, without the optimisers around them
leaky.py           leaky integrate-and-fire neurons, all time steps at once
scan.py            the neurons' recurrence and its gradient: compiled on a CPU, torch's calls elsewhere
sequences.py       inputs over time, and where examples end
surrogate.py       the five surrogate gradients
spike_driven.py    layers that read spikes, spike by spike
traces.py          the last layer's gradients, added up in the forward pass
narrow.py          leaky neurons together with the narrow linear layer that reads their spikes
operations.py      the operations that a network takes, counted while it is queried
affine.py          convolutions, pooling and linear layers, as this machine computes them fastest
onnx_graph.py      an ANN as a graph in ONNX
quantization.py    quantised weights, ReLUs and membranes, checked as built
rows.py            neurons in the order in which they lie in memory
arithmetic.py      threads, a GPU's convolutions and subnormal numbers
allocator.py       freed memory, kept for the next training step
kernels/           the loops that numba compiles
"""

from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.networks import Network, Stage, build_network
from privsearch.models.quantization import StateQuantizer, quant_conv2d, quant_linear, quant_relu
from privsearch.models.registered import RegisteredNetwork
from privsearch.models.scan import Dynamics
from privsearch.models.surrogate import SURROGATE_GRADIENTS

__all__ = [
    "SURROGATE_GRADIENTS",
    "Dynamics",
    "Leaky",
    "MembraneReadout",
    "Network",
    "RegisteredNetwork",
    "Stage",
    "StateQuantizer",
    "build_network",
    "quant_conv2d",
    "quant_linear",
    "quant_relu",
]
