"""The reference is the same layer between the same neurons, with torch's gradients through time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional

from privsearch.models import Leaky, MembraneReadout, StateQuantizer, build_network, kernels, networks
from privsearch.models.kernels import SURROGATE_CODES
from privsearch.models.narrow import narrow_linear
from privsearch.models.scan import Dynamics
from privsearch.models.spike_driven import linear_of_spikes
from privsearch.models.traces import _shares, can_trace, logits_and_traces
from privsearch.spec import TrialSpec

STEPS, BATCH, INPUTS, OUTPUTS = 12, 5, 40, 3
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def leaky(name="fast_sigmoid", num_steps=STEPS, beta=0.9, quantizer=None):
    """Neurons that fire now and then."""
    return Leaky(Dynamics(num_steps, beta, 1.0, name), quantizer)


def drive(batch=BATCH, inputs=INPUTS):
    """A current for every step."""
    return 1.5 * random(1, batch, inputs) + 0.3


def layer(outputs=OUTPUTS, inputs=INPUTS):
    """A weight and a bias."""
    return random(outputs, inputs, seed=1), random(outputs, seed=2)


def reading(neurons, readout, sums=narrow_linear):
    """The logits as a function of current, weight and bias, by way of spikes, currents and membranes."""

    def read(current, weight, bias):
        mem = readout(sums(current, neurons, weight, bias))
        return mem.mean(0) if readout.averages else mem[-1]

    return read


def logits_and_gradients(function, tensors):
    """What comes out, and the gradients of all tensors."""
    tensors = [tensor.clone().requires_grad_() for tensor in tensors]
    out = function(*tensors)
    return [out, *torch.autograd.grad((out * random(*out.shape, seed=3)).sum(), tensors)]


def in_64_bits(neurons, readout):
    """`reading`, whose layer is torch's own; sums in 64 bits, but for those over time."""
    return reading(
        neurons, readout, lambda x, n, w, b: functional.linear(n(x).double(), w.double(), b.double()).float()
    )


@given(
    sizes=st.tuples(*map(st.sampled_from, ([1, 2, 7, 25], [1, 2, 5], [1, 3, 64, 65, 100], [1, 2, 10, 70]))),
    name=st.sampled_from(SURROGATE_CODES),
    betas=st.tuples(*[st.sampled_from([0.0, 0.3, 0.9, 1.0])] * 2),
    averages=st.booleans(),
    dtype=st.sampled_from(list(TOLERANCE)),
)
def test_gradients_are_those_of_a_scan_back_through_time(sizes, name, betas, averages, dtype):
    """Whatever the sizes, the decays, the surrogate gradient, the type of the current, and what is read."""
    num_steps, batch, inputs, outputs = sizes
    neurons = leaky(name, num_steps, betas[0])
    readout = MembraneReadout(leaky("atan", num_steps, betas[1]), averages=averages)
    tensors = drive(batch, inputs).to(dtype), *layer(outputs, inputs)
    read = in_64_bits(neurons, readout)
    got = logits_and_gradients(lambda *given: logits_and_traces(*given, neurons, readout, read), tensors)
    expected = logits_and_gradients(read, tensors)
    assert torch.equal(got[0], expected[0])
    for a, b in zip(got[1:], expected[1:], strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert (a - b).float().norm() <= TOLERANCE[dtype] * b.float().norm()


@pytest.mark.parametrize("sums", [narrow_linear, linear_of_spikes])
def test_logits_are_those_of_the_function_that_computes_them(sums):
    """To the bit, and it is called without gradients, once."""
    neurons, readout = leaky(), MembraneReadout(leaky())
    tensors, modes = (drive(), *layer()), []

    def read(*tensors):
        modes.append(torch.is_grad_enabled())
        return reading(neurons, readout, sums)(*tensors)

    got = logits_and_traces(*(tensor.requires_grad_() for tensor in tensors), neurons, readout, read)
    assert torch.equal(got, read(*tensors))
    assert got.requires_grad
    assert modes == [False, True]


def test_nothing_that_grows_with_time_is_kept():
    """The backward pass gets the weight and two traces."""
    kept, neurons, readout = [], leaky(), MembraneReadout(leaky())
    with saved_tensors_hooks(lambda tensor: kept.append(tensor.shape), lambda _: None):
        logits_and_traces(drive().requires_grad_(), *layer(), neurons, readout, reading(neurons, readout))

    assert kept == [(OUTPUTS, INPUTS), (BATCH, INPUTS), (BATCH, INPUTS)]


def test_what_steps_count_for_is_never_subnormal():
    """It is 0 instead, where the decay is fast."""
    for averages in (False, True):
        for weights in _shares(100, 0.1, 0.1, averages=averages):
            assert weights[-1] > 0
            assert ((weights == 0) | (weights >= 2.0**-126)).all()
    assert _shares(100, 0.1, 0.1, averages=False)[0][0] == 0


def test_what_can_be_traced():
    """One current at every step, membranes in full precision; and someone who asks."""
    rounding = StateQuantizer(4, 1.0)
    assert can_trace(leaky(), drive(), leaky())
    assert not can_trace(leaky(), random(STEPS, BATCH, INPUTS), leaky())
    assert not can_trace(leaky(), random(1, BATCH, 2, 4, 4), leaky())
    assert not can_trace(leaky(quantizer=rounding), drive(), leaky())
    assert not can_trace(leaky(), drive(), leaky(quantizer=rounding))
    assert not can_trace(leaky(), drive().to("meta"), leaky())
    with torch.no_grad():
        assert not can_trace(leaky(), drive(), leaky())


NETWORKS = {
    "FCNet": ((20,), 3, {}, True),
    "FCNet of many classes": ((20,), 70, {"readout": "mean"}, True),
    "quantised weights": ((20,), 3, {"weight_bit_width": 4}, True),
    "bf16": ((20,), 3, {"precision": "bf16"}, True),
    "head": ((1, 8, 8), 10, {"spiking_layers": "head"}, True),
    "all": ((1, 8, 8), 10, {}, False),
    "inputs over time": ((STEPS, 20), 3, {}, False),
    "quantised membranes": ((20,), 3, {"act_bit_width": 4, "threshold": 1.0}, False),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_trace_where_one_current_drives_the_last_hidden_neurons(name, monkeypatch):
    """In training; the logits are those of the same network without gradients, to the bit, and it traces nothing."""
    shape, classes, axes, is_traced = NETWORKS[name]
    given = {"dataset": "digits", "model": "snn", "num_steps": STEPS, "width": 0.1, **axes}
    spec = TrialSpec(**given).canonical("convnet" if len(shape) == 3 else "fcnet")
    network, calls, trace = build_network(spec, shape, classes), [], kernels.trace

    def counted(*args):
        calls.append(args)
        trace(*args)

    monkeypatch.setattr(kernels, "trace", counted)
    x = 4 * torch.rand(BATCH, *shape, generator=torch.Generator().manual_seed(1))
    logits = network(x)
    assert len(calls) == is_traced
    with torch.no_grad():
        assert torch.equal(network(x), logits)
        assert torch.equal(network.readouts(x)["mean_mem" if "readout" in axes else "final_mem"][0], logits)
    assert len(calls) == is_traced


def test_a_tap_on_the_last_layer_has_its_way(monkeypatch):
    """Private training reads the spikes of every layer."""
    monkeypatch.setattr(networks, "logits_and_traces", None)
    spec = TrialSpec(dataset="digits", model="snn", num_steps=STEPS).canonical("fcnet")
    network, seen = build_network(spec, (20,), 3), []

    def tap(affine, folded, batch):
        seen.append((tuple(folded.shape), batch))
        return affine(folded)

    network[-1].tap = tap
    network(random(BATCH, 20))
    assert seen == [((STEPS * BATCH, 1000), BATCH)]
