"""The reference SNN is what everybody writes: a loop over time around `snntorch.Leaky`."""

import copy
import itertools
import subprocess
import sys

import pytest
import snntorch
import torch
from other_membranes import OTHER_MEMBRANES
from same_sums import current_of
from snntorch_loops import SNNTORCH, Rounding, SnnTorchNeurons
from torch import nn
from torch.nn import functional

from privsearch.models import Leaky, MembraneReadout, build_network, networks
from privsearch.models.quantization import load_brevitas
from privsearch.spec import TrialSpec

brevitas = load_brevitas()

BATCH, STEPS = 6, 10
GAIN = 3
"""By which initial weights grow in tests, so that every layer spikes."""
SHAPES = {"fcnet": (20,), "convnet": (2, 8, 8)}
CLASSES = {"fcnet": 3, "convnet": 7}
"""The FCNet's last layer is narrow (privsearch.models.narrow), the ConvNet's is not."""
PRECISIONS = ["fp32", "bf16"]
QUANTIZATIONS = [{}, *({"act_bit_width": k, "threshold": 0.75} for k in (2, 4, 8)), {"weight_bit_width": 4}]
ROUNDINGS = [
    *OTHER_MEMBRANES,
    {
        "quantize_readout": True,
        "quantize_state": "after_firing",
        "state_gradient": "clipped",
        "threshold_sets": "firing",
    },
]
"""Axes of the quantisation of membranes that are not at their defaults."""


@pytest.fixture(autouse=True)
def one_thread():
    """How a sum is split among threads decides its last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    snntorch.SpikingNeuron.instances.clear()


def ann_spec(**fields):
    """A canonical ANN spec."""
    return TrialSpec(dataset="digits", model="ann", **fields)


def snn_spec(surrogate_gradient="fast_sigmoid", spiking_layers="all", **fields):
    """A canonical SNN spec, of few steps."""
    fields = {"num_steps": STEPS, "beta": 0.9, **fields}
    axes = {"model": "snn", "surrogate_gradient": surrogate_gradient, "spiking_layers": spiking_layers, **fields}
    return TrialSpec(dataset="digits", **axes).canonical("convnet")


def batch_for(network):
    """Inputs `(batch, *input_shape)` large enough for spikes in every layer, and labels."""
    generator = torch.Generator().manual_seed(1)
    x = 4 * torch.rand(BATCH, *SHAPES[network], generator=generator)
    return x, torch.arange(BATCH) % CLASSES[network]


def build(spec, network):
    """The network of a spec, always from the same seed."""
    torch.manual_seed(0)
    return build_network(spec, SHAPES[network], CLASSES[network])


def affine(network, spec):
    """The layers of Table I, from torch.nn or brevitas.nn, with hidden sizes times the width."""
    if spec.weight_bit_width is None:
        conv, linear, bits = nn.Conv2d, nn.Linear, {}
    else:
        conv, linear = brevitas.nn.QuantConv2d, brevitas.nn.QuantLinear
        bits = {"weight_bit_width": spec.weight_bit_width}
    first, second, features = (round(spec.width * size) for size in (32, 64, 1000))
    if network == "fcnet":
        return [linear(20, features, bias=True, **bits), linear(features, CLASSES[network], bias=True, **bits)]
    convs = [conv(2, first, 3, padding=1, bias=True, **bits), conv(first, second, 3, padding=1, bias=True, **bits)]
    head = [linear(4 * second, features, bias=True, **bits), linear(features, CLASSES[network], bias=True, **bits)]
    return [*convs, *head]


def relu(spec):
    """The ReLU of a spec, from torch.nn or brevitas.nn."""
    if spec.act_bit_width is None:
        return nn.ReLU()
    return brevitas.nn.QuantReLU(
        bit_width=spec.act_bit_width,
        max_val=1.0 if spec.threshold_sets == "firing" else spec.threshold,
        scaling_impl_type=brevitas.core.scaling.ScalingImplType.CONST,
    )


class SnnTorchLoop(nn.Module):
    """The SNN of a spec, step by step."""

    def __init__(self, spec, network):
        super().__init__()
        self.num_steps = spec.num_steps
        self.layers = nn.ModuleList(affine(network, spec))
        self.neurons = [
            relu(spec)
            if spec.spiking_layers == "head" and isinstance(layer, nn.Conv2d)
            else snntorch_neurons(spec, is_last=layer is self.layers[-1])
            for layer in self.layers
        ]

    def forward(self, x):
        """For each layer, spikes (or ReLU outputs) and membranes of every step."""
        mems = [None] * len(self.layers)
        record = [([], []) for _ in self.layers]
        for _ in range(self.num_steps):
            signal = x
            for i, (layer, neurons) in enumerate(zip(self.layers, self.neurons, strict=True)):
                if isinstance(layer, nn.Conv2d):
                    current = functional.max_pool2d(layer(signal), 2)
                else:
                    current = layer(signal.flatten(1))
                if isinstance(neurons, SnnTorchNeurons):
                    signal, mems[i] = neurons(current, torch.zeros_like(current) if mems[i] is None else mems[i])
                    record[i][1].append(mems[i])
                else:
                    signal = neurons(current)
                record[i][0].append(signal)
        return record


def snntorch_neurons(spec, *, is_last):
    """SnnTorch's neurons, as a spec wants them."""
    firing = 1.0 if spec.threshold is None or spec.threshold_sets == "clip" else spec.threshold
    rounding = None
    if spec.act_bit_width and (spec.quantize_readout or not is_last):
        clip = 1.0 if spec.threshold_sets == "firing" else spec.threshold
        how = spec.state_range, spec.quantize_state, spec.state_gradient
        rounding = Rounding(spec.act_bit_width, clip, *how)
    return SnnTorchNeurons(spec.surrogate_gradient, spec.beta, firing, rounding)


def assert_equals_loop(network, x, loop):
    """Given the same currents, spikes and membranes are snnTorch's to the bit; whole networks spike as the loop does.

    Sums are taken in another order than the loop's, so currents differ in their last bits.
    """
    signal = x.unsqueeze(0)
    for stage, theirs, (spikes, _) in zip(network, loop.neurons, loop(x), strict=True):
        current = stage.current(signal)
        neurons = stage.activation.neurons if isinstance(stage.activation, MembraneReadout) else stage.activation
        expected = torch.stack(spikes)
        if isinstance(neurons, Leaky):
            signal, mem = neurons.scan(current)
            assert all(map(torch.equal, (signal, mem), theirs.scan(current, STEPS)))
            assert signal.mean() > 0.005, "the test needs spikes"
            assert (signal != expected).float().mean() < 1e-4
        else:
            signal = stage(signal)
            assert_close_but_for_a_few(signal.expand_as(expected), expected)


def with_snntorch_neurons(network, neurons, x):
    """The membranes of the network's last layer at every step, with snnTorch's neurons in place of its own.

    Against the whole loop, gradients need not agree: where a membrane is close to its threshold, the last bit of a
    current decides how steep the surrogate gradient is.
    """
    signal, before = x.unsqueeze(0), None
    for stage, theirs in zip(network, neurons, strict=True):
        current, before = current_of(stage, signal, before), stage.activation
        signal, mem = theirs.scan(current, STEPS) if isinstance(theirs, SnnTorchNeurons) else (theirs(current), None)
    return mem


def assert_close_but_for_a_few(got, expected):
    """Equal to 1e-5; but a number at the edge of two levels may fall on either."""
    assert (~torch.isclose(got, expected, rtol=1e-5, atol=1e-5)).float().mean() < 1e-3


def assert_same_gradients(network, peer, tolerance=1e-5):
    """Every parameter has a gradient, equal to its peer's to a fraction of its norm."""
    for (name, got), expected in zip(network.named_parameters(), peer.parameters(), strict=True):
        assert expected.grad.abs().max() > 0
        error = (got.grad - expected.grad).norm() / expected.grad.norm()
        assert error < tolerance, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize(
    ("surrogate_gradient", "quantization"),
    [
        *itertools.product(SNNTORCH, QUANTIZATIONS),
        *(("fast_sigmoid", {"act_bit_width": 4, "threshold": 1.1, **rounding}) for rounding in ROUNDINGS),
        *(("fast_sigmoid", {"width": width}) for width in (0.25, 0.333, 2.0)),
        *(("fast_sigmoid", {"readout": "mean", **quantization}) for quantization in QUANTIZATIONS),
        ("atan", {"readout": "mean", "act_bit_width": 4, "threshold": 1.1, "quantize_readout": True}),
    ],
    ids=str,
)
@pytest.mark.parametrize(("network", "spiking_layers"), [("fcnet", "all"), ("convnet", "all"), ("convnet", "head")])
def test_snn_equals_snntorch_loop(surrogate_gradient, network, spiking_layers, quantization):
    """Whole networks: the same spikes in every layer; given the same currents, gradients equal to 1e-5."""
    spec = snn_spec(surrogate_gradient, spiking_layers, **quantization)
    ours, loop = build(spec, network), SnnTorchLoop(spec, network)
    for mine, theirs in zip(ours.parameters(), loop.layers.parameters(), strict=True):
        theirs.data.copy_(mine.data.mul_(GAIN))
    x, labels = batch_for(network)
    with torch.no_grad():
        assert_equals_loop(ours, x, loop)

    functional.cross_entropy(ours(x), labels).backward()
    peer = copy.deepcopy(ours)
    expected = with_snntorch_neurons(peer, loop.neurons, x)
    expected = expected.mean(0) if spec.readout == "mean" else expected[-1]
    # A membrane at the edge of two levels may fall on either.
    assert torch.isclose(ours(x), expected, rtol=1e-4, atol=1e-4).float().mean() > 0.9
    functional.cross_entropy(expected, labels).backward()
    assert_same_gradients(ours, peer)


@pytest.mark.parametrize(
    "quantization",
    [*QUANTIZATIONS, {"weight_bit_width": 2, "act_bit_width": 4, "threshold": 1.0}, {"width": 0.333}],
    ids=str,
)
@pytest.mark.parametrize("network", SHAPES)
def test_ann_equals_plain_layers(network, quantization):
    """An ANN is Table I in torch.nn or brevitas.nn, with a ReLU after each layer but the last."""
    spec = ann_spec(**quantization)
    ours = build(spec, network)
    torch.manual_seed(0)
    *hidden, last = affine(network, spec)
    layers = []
    for layer in hidden:
        is_conv = isinstance(layer, nn.Conv2d)
        layers += [layer, nn.MaxPool2d(2), relu(spec)] if is_conv else [nn.Flatten(), layer, relu(spec)]
    plain = nn.Sequential(*layers, last)
    x, labels = batch_for(network)
    assert_close_but_for_a_few(ours(x), plain(x))

    functional.cross_entropy(ours(x), labels).backward()
    functional.cross_entropy(plain(x), labels).backward()
    if spec.weight_bit_width != 2:  # sums of three levels tie, and rounding decides which of them is the maximum
        assert_same_gradients(ours, plain, tolerance=1e-3)


def test_fcnet_has_no_layers_outside_its_head():
    """Both values of spiking_layers give the same FCNet."""
    x, _ = batch_for("fcnet")
    logits = [build(snn_spec(spiking_layers=layers), "fcnet")(x) for layers in ("all", "head")]

    assert torch.equal(*logits)


@pytest.mark.parametrize("quantization", QUANTIZATIONS, ids=str)
def test_pooling_and_relu_commute(quantization):
    """Convolution, ReLU, pooling gives the outputs of convolution, pooling, ReLU."""
    network = build(ann_spec(**quantization), "convnet")
    stage = network[0]
    x, _ = batch_for("convnet")

    expected = functional.max_pool2d(stage.activation(stage.affine(x)), 2)
    assert_close_but_for_a_few(stage(x.unsqueeze(0))[0], expected)


@pytest.mark.parametrize("network", SHAPES)
def test_initial_weights_do_not_depend_on_the_kind_of_network(network):
    """For one state of torch's generator ANN, SNN and quantised networks start from the same weights."""
    first, *others = (
        build(spec, network).state_dict().values()
        for spec in (ann_spec(), snn_spec(), snn_spec(weight_bit_width=4, act_bit_width=4, threshold=1.0))
    )
    first = list(first)
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (8, 8), (28, 28), (32, 32)])
@pytest.mark.parametrize("spec", [ann_spec(), snn_spec(num_steps=2)], ids=["ann", "snn"])
def test_convnet_takes_any_image_of_at_least_4_by_4(spec, size):
    """Odd sizes are floored by the pooling."""
    network = build_network(spec, (3, *size), 7)

    assert network(torch.rand(2, 3, *size)).shape == (2, 7)


@pytest.mark.parametrize("input_shape", [(), (1, 3, 8), (5, 1, 3, 8), (1, 8, 8, 8, 8)])
def test_other_shapes_are_refused(input_shape):
    """The message says which shapes there are."""
    with pytest.raises(ValueError, match=r"must be \(features,\), or \(channels, height, width\)"):
        build_network(ann_spec(), input_shape, 2)


@pytest.mark.parametrize(("spiking_layers", "over_time"), [("all", [1, 0, 0, 0]), ("head", [1, 1, 1, 0])])
def test_layers_before_the_first_spikes_run_once_per_batch(spiking_layers, over_time, monkeypatch):
    """One call a batch for each layer; only a layer whose input is spikes sees num_steps copies of the batch."""
    seen = []

    def watched(called):
        def call(*args):
            out = called(*args)
            seen.append(len(out) * (out.shape[1] if called.__name__.endswith("of_spikes") else 1))
            return out

        return call

    for name in ("conv_and_pool", "linear_on_images", "linear", "convolution_of_spikes", "linear_of_spikes"):
        monkeypatch.setattr(networks, name, watched(getattr(networks, name)))
    build(snn_spec(spiking_layers=spiking_layers), "convnet")(batch_for("convnet")[0])

    assert seen == [BATCH if once else BATCH * STEPS for once in over_time]


def test_full_precision_does_not_import_brevitas():
    """The seconds that brevitas takes to import are paid by quantised trials alone."""
    program = (
        "import sys; from privsearch.models import build_network; from privsearch.spec import TrialSpec; "
        "build_network(TrialSpec(dataset='iris', model='ann'), (4,), 3); "
        "sys.exit('brevitas' in sys.modules or 'snntorch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_building_registers_no_snntorch_neuron():
    """SnnTorch's list of every neuron ever built does not grow."""
    before = len(snntorch.SpikingNeuron.instances)
    build(snn_spec(act_bit_width=4, threshold=1.0), "convnet")

    assert len(snntorch.SpikingNeuron.instances) == before


OFF_THE_CPU = [
    ann_spec(),
    ann_spec(precision="bf16"),
    snn_spec(),
    snn_spec("spike_rate_escape", precision="bf16"),
    snn_spec("triangular", "head"),
]


@pytest.mark.parametrize(
    "spec", OFF_THE_CPU, ids=lambda spec: f"{spec.model}-{spec.surrogate_gradient}-{spec.precision}"
)
@pytest.mark.parametrize("network", SHAPES)
def test_nothing_is_computed_on_another_device(network, spec):
    """Forward and backward, every operation finds its operands where the network is; torch's meta device checks it."""
    built = build(spec, network).to("meta")
    x, labels = (tensor.to("meta") for tensor in batch_for(network))
    functional.cross_entropy(built(x), labels).backward()

    assert {parameter.grad.device.type for parameter in built.parameters()} == {"meta"}
    assert {logits.device.type for logits in built.readouts(x).values()} == {"meta"}


@pytest.mark.gpu
@pytest.mark.parametrize("quantization", [*QUANTIZATIONS, {"precision": "bf16"}], ids=str)
@pytest.mark.parametrize("network", SHAPES)
def test_a_gpu_computes_what_a_cpu_computes(network, quantization):
    """The first layer's spikes, but for a few at the edge of two."""
    built = build(snn_spec(**quantization), network)
    x, _ = batch_for(network)
    with torch.no_grad():
        expected = built[0](x.unsqueeze(0))
        got = built.to("cuda")[0](x.to("cuda").unsqueeze(0)).cpu()

    assert (got != expected).float().mean() < 1e-2


@pytest.mark.gpu
@pytest.mark.parametrize("quantization", QUANTIZATIONS, ids=str)
@pytest.mark.parametrize("network", SHAPES)
def test_a_gpu_answers_as_a_cpu_does(network, quantization):
    """Every readout through all layers, the narrow one's too, which a GPU computes like any other."""
    built = build(snn_spec(**quantization), network)
    x, _ = batch_for(network)
    with torch.no_grad():
        expected = built.readouts(x, trajectory=True)
        got = built.to("cuda").readouts(x.to("cuda"), trajectory=True)

    assert got.keys() == expected.keys()
    for readout, values in expected.items():
        assert (got[readout].cpu() - values).norm() <= 0.1 * values.norm(), readout


@pytest.mark.parametrize("network", SHAPES)
def test_bf16_is_close_to_fp32(network):
    """An ANN's logits are 32-bit floats that differ from those of fp32 by the precision of 16-bit sums."""
    expected, got = (build(ann_spec(precision=precision), network)(batch_for(network)[0]) for precision in PRECISIONS)

    assert got.dtype == torch.float32
    assert 0 < (got - expected).norm() < 0.02 * expected.norm()


@pytest.mark.parametrize("network", SHAPES)
def test_bf16_flips_few_spikes(network):
    """Membranes and logits are 32-bit floats; a current in 16 bits moves a spike by a step now and then."""
    x = batch_for(network)[0].unsqueeze(0)
    (expected, _), (got, mem) = (
        stage.activation.scan(stage.current(x))
        for stage in (build(snn_spec(precision=precision), network)[0] for precision in PRECISIONS)
    )

    assert (got.dtype, mem.dtype) == (torch.bfloat16, torch.float32)
    assert 0 < (got != expected).float().mean() < 0.02
