"""Inputs over time: the reference is the loop that everybody writes, with the input of each step in its turn."""

import copy
import itertools

import pytest
import snntorch
import torch
from same_sums import current_of
from snntorch_loops import SNNTORCH, Rounding, SnnTorchNeurons
from torch import nn
from torch.nn import functional

from privsearch.models import Leaky, MembraneReadout, build_network
from privsearch.models.networks import Network
from privsearch.models.sequences import at_once
from privsearch.spec import TrialSpec

STEPS = 9
SHAPES = {"fcnet": (STEPS, 12), "convnet": (STEPS, 2, 8, 8)}
CLASSES = {"fcnet": 3, "convnet": 7}
"""The FCNet's last layer is narrow, the ConvNet's is not."""
LENGTHS = torch.tensor([9, 1, 5, 9, 2, 8])
QUANTIZATIONS = [
    {},
    {"weight_bit_width": 4},
    {"act_bit_width": 4, "threshold": 0.75},
    {"act_bit_width": 4, "quantize_readout": True, "quantize_state": "after_firing"},
]


@pytest.fixture(autouse=True)
def one_thread():
    """How a sum is split among threads decides its last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    snntorch.SpikingNeuron.instances.clear()


def spec_of(network, model="snn", num_steps=STEPS, **fields):
    fields = {"beta": 0.9, **fields} if model == "snn" else fields
    return TrialSpec(dataset="digits", model=model, **fields).canonical(network, num_steps=num_steps)


def build(network, spec, *, shape=None, gain=3):
    """A network whose every layer spikes, always from the same seed."""
    torch.manual_seed(0)
    built = build_network(spec, shape or SHAPES[network], CLASSES[network])
    for weight in built.parameters():
        weight.data.mul_(gain)
    return built


def examples(network, *, padded=True):
    """Inputs and labels; with padding, each example ends where `LENGTHS` says."""
    x = 4 * torch.rand(len(LENGTHS), *SHAPES[network], generator=torch.Generator().manual_seed(1))
    if padded:
        x[torch.arange(STEPS) >= LENGTHS[:, None]] = torch.nan
    return x, torch.arange(len(LENGTHS)) % CLASSES[network]


def neurons_of(spec, *, is_last):
    """SnnTorch's neurons, as a spec wants them."""
    rounding = None
    if spec.act_bit_width and (spec.quantize_readout or not is_last):
        rounding = Rounding(spec.act_bit_width, spec.threshold, spec.state_range, spec.quantize_state, "clipped")
    return SnnTorchNeurons(spec.surrogate_gradient, spec.beta, spec.threshold or 1.0, rounding)


def looped(network, spec, x):
    """The membranes and spikes of the last layer, all layers called step by step on what the step before left."""
    stages = [
        (stage, neurons_of(spec, is_last=stage is network[-1]))
        if isinstance(stage.activation, Leaky | MembraneReadout)
        else (stage, None)
        for stage in network
    ]
    mems, record = {}, []
    for t in range(STEPS):
        signal = x[:, t].nan_to_num()
        for stage, neurons in stages:
            current = stage.current(signal[None])[0]
            if neurons is None:
                signal = stage.activation(current)
            else:
                signal, mems[stage] = neurons(current, mems.get(stage, torch.zeros_like(current)))
        record.append((signal, mems[network[-1]]))
    return tuple(torch.stack(each) for each in zip(*record, strict=True))


def mended(network, spec, x, labels):
    """The gradients' loss by snnTorch's neurons on our currents, read at each example's last step, or up to there."""
    signal, before = x.nan_to_num().transpose(0, 1), None
    for stage in network:
        current, before = current_of(stage, signal, before), stage.activation
        if isinstance(stage.activation, Leaky | MembraneReadout):
            signal, mem = neurons_of(spec, is_last=stage is network[-1]).scan(current, STEPS)
        else:
            signal = stage.activation(current)
    each = [one[:length] for one, length in zip(mem.unbind(1), LENGTHS, strict=True)]
    logits = [one.mean(0) if spec.readout == "mean" else one[-1] for one in each]
    return functional.cross_entropy(torch.stack(logits), labels)


@pytest.mark.parametrize(
    ("surrogate_gradient", "quantization"),
    [*((name, {}) for name in SNNTORCH), *itertools.product(["fast_sigmoid", "atan"], QUANTIZATIONS[1:])],
    ids=str,
)
@pytest.mark.parametrize(
    ("network", "spiking_layers", "readout"),
    [
        *(("fcnet", "all", "final"), ("convnet", "all", "final"), ("convnet", "head", "final")),
        *(("fcnet", "all", "mean"), ("convnet", "head", "mean")),
    ],
)
def test_a_spiking_network_is_driven_step_by_step(network, spiking_layers, readout, surrogate_gradient, quantization):
    """The outputs of snnTorch's loop where each example ends, and its gradients on the same currents."""
    kind = {"surrogate_gradient": surrogate_gradient, "spiking_layers": spiking_layers, "readout": readout}
    spec = spec_of(network, **kind, **quantization)
    ours, (x, labels) = build(network, spec), examples(network)
    with torch.no_grad():
        spk, mem = looped(ours, spec, x)
        read = ours.readouts(x)
    each = torch.arange(len(x))
    valid = (torch.arange(STEPS)[:, None] < LENGTHS)[:, :, None]
    expected = {
        "final_mem": mem[LENGTHS - 1, each],
        "spike_counts": (spk * valid).sum(0),
        "mean_mem": (mem * valid).sum(0) / LENGTHS[:, None],
    }
    assert read.keys() == expected.keys()
    for name, output in expected.items():
        # A membrane at the edge of two levels, or at its threshold, may fall on either.
        is_close = torch.isclose(read[name][0], output, rtol=1e-4, atol=1e-4)
        assert is_close.float().mean() > 0.97, name
    assert torch.equal(ours(x), read[f"{readout}_mem"][0])

    functional.cross_entropy(ours(x), labels).backward()
    peer = copy.deepcopy(ours)
    peer.zero_grad()
    mended(peer, spec, x, labels).backward()
    for (name, got), theirs in zip(ours.named_parameters(), peer.parameters(), strict=True):
        assert theirs.grad.abs().max() > 0
        assert (got.grad - theirs.grad).norm() / theirs.grad.norm() < 1e-5, name


def test_it_is_the_loop_of_snntorchs_tutorials():
    """Two linear layers and two `snntorch.Leaky`, with the input of each step: to 1e-5."""
    spec = spec_of("fcnet")
    ours, (x, _) = build("fcnet", spec), examples("fcnet", padded=False)
    layers = [nn.Linear(12, 1000), nn.Linear(1000, 3)]
    for mine, theirs in zip(ours.parameters(), nn.ModuleList(layers).parameters(), strict=True):
        theirs.data.copy_(mine.data)
    leaky = [snntorch.Leaky(0.9, reset_mechanism="subtract") for _ in layers]
    mem = [torch.zeros(1), torch.zeros(1)]
    with torch.no_grad():
        for t in range(STEPS):
            spk, mem[0] = leaky[0](layers[0](x[:, t]), mem[0])
            _, mem[1] = leaky[1](layers[1](spk), mem[1])
        torch.testing.assert_close(ours(x), mem[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("readout", ["final", "mean"])
@pytest.mark.parametrize("network", SHAPES)
def test_what_lies_beyond_an_examples_end_has_no_say(network, readout):
    """A padded example has the outputs that it has in a network of as many steps as it is long."""
    ours, (x, _) = build(network, spec_of(network, readout=readout)), examples(network)
    for length in (1, 5, 8):
        one = x[length == LENGTHS]
        shape = (length, *SHAPES[network][1:])
        shorter = build(network, spec_of(network, num_steps=length, readout=readout), shape=shape)
        torch.testing.assert_close(ours(one), shorter(one[:, :length]), rtol=1e-6, atol=1e-6)
        for name, output in shorter.readouts(one[:, :length]).items():
            torch.testing.assert_close(ours.readouts(one)[name], output, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("network", SHAPES)
def test_an_example_does_not_depend_on_others_ends(network):
    """In a batch with shorter ones, it has the membranes that it has in a batch without."""
    ours, (x, _) = build(network, spec_of(network)), examples(network, padded=False)
    padded, _ = examples(network)
    for name, output in ours.readouts(x).items():
        whole = output[0, LENGTHS == STEPS]
        assert torch.equal(ours.readouts(padded)[name][0, LENGTHS == STEPS], whole), name
    assert torch.equal(ours.readouts(x, trajectory=True)["mem_trajectory"][-1], ours(x))


def test_a_constant_input_over_time_is_the_input_at_every_step():
    """To the bit, as spikes are."""
    steady = TrialSpec(dataset="digits", model="snn", beta=0.9, num_steps=STEPS).canonical("fcnet")
    once, over_time = build("fcnet", steady, shape=(12,)), build("fcnet", spec_of("fcnet"))
    x = examples("fcnet", padded=False)[0][:, 0]
    expected, read = once.readouts(x), over_time.readouts(x[:, None].expand(-1, STEPS, -1))
    assert torch.equal(read["spike_counts"], expected["spike_counts"])
    torch.testing.assert_close(read["final_mem"], expected["final_mem"], rtol=1e-6, atol=1e-6)


def test_an_ann_sees_a_tables_steps_side_by_side():
    """With 0 for padding: as many inputs as steps times features."""
    ann, (x, _) = build("fcnet", spec_of("fcnet", "ann")), examples("fcnet")
    plain = build("fcnet", spec_of("fcnet", "ann", num_steps=None), shape=(STEPS * 12,))
    assert torch.equal(ann(x), plain(x.nan_to_num().flatten(1)))


def test_an_ann_sees_the_mean_of_frames():
    """Of those that an example has."""
    ann, (x, _) = build("convnet", spec_of("convnet", "ann")), examples("convnet")
    plain = build("convnet", spec_of("convnet", "ann", num_steps=None), shape=(2, 8, 8))
    means = torch.stack([one[:length].mean(0) for one, length in zip(x, LENGTHS, strict=True)])
    torch.testing.assert_close(at_once(x), means)
    torch.testing.assert_close(ann(x), plain(means))


def test_another_number_of_steps_is_refused():
    """Than the one that the network was built for."""
    x, _ = examples("fcnet")
    with pytest.raises(ValueError, match="inputs over time must have 9 steps, as in training, but have 8"):
        build("fcnet", spec_of("fcnet"))(x[:, 1:])


def test_num_steps_is_that_of_the_data():
    """Whatever a sweep says, so that equal trainings are one trial."""
    forms = [
        TrialSpec(dataset="digits", model="snn", num_steps=n).canonical("fcnet", num_steps=9) for n in (None, 9, 40)
    ]
    assert {form.num_steps for form in forms} == {9}
    assert len({form.trial_id("data") for form in forms}) == 1
    assert TrialSpec(dataset="digits", model="ann").canonical("fcnet", num_steps=9).num_steps is None
    assert isinstance(build("fcnet", forms[0]), Network)
