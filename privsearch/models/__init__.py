"""The networks that are trained and attacked: `build_network` turns a TrialSpec into one."""

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
