"""The loops that torch has no single call for, compiled for this processor by numba: Leaky neurons, and max pooling.

Written in torch, each step of a recurrence is several calls, each of which reads and writes all neurons; here it is one
pass. numba compiles each kernel at its first call and keeps it on the disk; no compiler need be installed.

Arrays are float32, or uint16 for bfloat16, which numpy does not know.

leaky.py                        leaky neurons through all time steps
levels.py                       the rounding of membranes to their levels
narrow.py                       leaky neurons with the narrow linear layer that reads their spikes
pooling.py                      2x2 max pooling, channels last
traces.py                       sums over time of the spikes and surrogate gradients of neurons
spikes.py                       lists of the neurons that fire
spike_linear.py                 a linear layer of spikes, row by row, and its gradients
spike_convolution.py            a convolution of spikes with its pooling, spike by spike
spike_convolution_gradients.py  its gradients
patches.py                      sums of patches of images, and pooling, 32 channels at a time
vectors.py                      sums of rows, sixteen numbers at a time
exponential.py                  the exponential function
registers.py                    LLVM's vectors in registers and arrays
compiled.py                     the compilation of kernels, and the access to their arrays
"""

from privsearch.models.compiling import tell_of_numba
from privsearch.models.kernels.leaky import PLACES, SURROGATE_CODES, Neurons, scan, scan_backward
from privsearch.models.kernels.levels import UNQUANTIZED, Levels
from privsearch.models.kernels.narrow import scan_to_linear, scan_to_linear_backward
from privsearch.models.kernels.patches import CHANNELS
from privsearch.models.kernels.pooling import max_pool, max_pool_backward
from privsearch.models.kernels.spike_convolution import convolve_spikes
from privsearch.models.kernels.spike_convolution_gradients import convolve_spikes_backward
from privsearch.models.kernels.spike_linear import add_up_gradients, lay_out, live_backward, sum_spikes
from privsearch.models.kernels.spikes import list_rows
from privsearch.models.kernels.traces import trace
from privsearch.models.kernels.vectors import COLUMNS

__all__ = [
    "CHANNELS",
    "COLUMNS",
    "PLACES",
    "SURROGATE_CODES",
    "UNQUANTIZED",
    "Levels",
    "Neurons",
    "add_up_gradients",
    "convolve_spikes",
    "convolve_spikes_backward",
    "lay_out",
    "list_rows",
    "live_backward",
    "max_pool",
    "max_pool_backward",
    "scan",
    "scan_backward",
    "scan_to_linear",
    "scan_to_linear_backward",
    "sum_spikes",
    "trace",
]

tell_of_numba()
