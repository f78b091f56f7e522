import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from snntorch.functional.quant import state_quant

from privsearch.errors import ConstructionError
from privsearch.models import quantization
from privsearch.models.quantization import (
    StateQuantizer,
    effective_weight,
    load_brevitas,
    quant_conv2d,
    quant_linear,
    quant_relu,
)

brevitas = load_brevitas()
BIT_WIDTHS = range(2, 9)


RANGES = [(-1.0, 1.2), (-1.0, 1.0), (-2.0, 2.4), (-0.05, 0.05), (0.0, 0.01), (-100.0, 100.0), (-100.0, 0.01)]
"""Snntorch's own range, symmetric ones, whose middle is 0, and the narrowest and widest that a sweep may have."""


def snntorch_quantizer(bit_width, threshold, state_range):
    """SnnTorch's function with these levels."""
    below, above = (round(limit - 1, 9) for limit in (-state_range[0], state_range[1]))
    return state_quant(num_bits=bit_width, threshold=threshold, lower_limit=below, upper_limit=above)


def nextafter_run(values, away):
    """Each value with the 5 fp32 numbers on one side of it."""
    run = [values]
    for _ in range(5):
        run.append(torch.nextafter(run[-1], torch.full_like(values, away)))
    return torch.cat(run)


@settings(max_examples=150, deadline=None)
@given(
    mem=arrays("float32", 32, elements=st.floats(width=32, allow_nan=False)),
    scale=st.sampled_from([1e-30, 1e-3, 1.0]),
    bit_width=st.sampled_from(BIT_WIDTHS),
    threshold=st.floats(0.5, 1.5) | st.sampled_from([0.01, 1.0, 100.0]),
    state_range=st.sampled_from(RANGES),
)
def test_state_quantizer_equals_snntorch_for_any_number(mem, scale, bit_width, threshold, state_range):
    """Bit-equal for every fp32 number, infinities and denormals included."""
    mem = torch.from_numpy(mem) * scale

    theirs = snntorch_quantizer(bit_width, threshold, state_range)
    assert torch.equal(StateQuantizer(bit_width, threshold, state_range)(mem), theirs(mem))


@settings(max_examples=100, deadline=None)
@given(
    bit_width=st.sampled_from(BIT_WIDTHS),
    threshold=st.floats(0.5, 1.5) | st.sampled_from([0.5, 0.75, 1.0, 1.25, 1.5]),
    exponent=st.integers(8, 30),
    state_range=st.sampled_from(RANGES),
)
def test_state_quantizer_equals_snntorch_where_rounding_decides(bit_width, threshold, exponent, state_range):
    """Bit-equal at the levels, at the ties between them, five numbers around, and where distances lose their digits."""
    quantizer = StateQuantizer(bit_width, threshold, state_range)
    ties = (quantizer.levels[1:] + quantizer.levels[:-1]) / 2
    special = torch.cat([quantizer.levels, ties])
    large = 2.0**exponent * torch.linspace(1, 2, 50)
    mem = torch.cat(
        [nextafter_run(special, 10), nextafter_run(special, -10), large, -large, torch.linspace(-2, 2, 500) * threshold]
    )

    assert torch.equal(quantizer(mem), snntorch_quantizer(bit_width, threshold, state_range)(mem))


def test_state_quantizer_sends_a_tie_to_the_lower_level():
    """Exactly between two levels, the lower one wins."""
    quantizer = StateQuantizer(2, 1.0)
    lower, upper = quantizer.levels[:2]
    tie = (lower + upper) / 2
    assert tie - lower == upper - tie, "the test needs an exact tie"

    assert quantizer(tie.view(1)) == lower


def test_state_quantizer_keeps_nan():
    """A diverged membrane shows; snnTorch would round it to the lowest level."""
    got = StateQuantizer(4, 1.0)(torch.tensor([float("nan"), 0.3]))

    assert got.isnan().tolist() == [True, False]


def test_state_quantizer_keeps_shape_and_input():
    """Any shape, contiguous or not; the membrane is not written to."""
    mem = torch.linspace(-2, 2, 24).view(2, 3, 4).transpose(0, 2)
    before = mem.clone()
    got = StateQuantizer(3, 1.0)(mem)

    assert torch.equal(got, state_quant(num_bits=3)(mem))
    assert torch.equal(mem, before)


@pytest.mark.parametrize("threshold", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("bit_width", BIT_WIDTHS)
def test_state_quantizer_has_the_levels_asked_for(bit_width, threshold):
    """2^k levels from -threshold to 1.2 threshold."""
    levels = StateQuantizer(bit_width, threshold)(torch.linspace(-3, 3, 5000)).unique()

    assert len(levels) == 2**bit_width
    assert levels[[0, -1]].tolist() == pytest.approx([-threshold, 1.2 * threshold])


@pytest.mark.parametrize("threshold", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("bit_width", BIT_WIDTHS)
def test_quant_relu_has_the_levels_asked_for(bit_width, threshold):
    """2^k levels from 0 to threshold, evenly spaced, in training and in evaluation."""
    layer = quant_relu(bit_width, threshold)
    for mode in (True, False):
        levels = layer.train(mode)(torch.linspace(-3, 5, 5000)).unique()
        torch.testing.assert_close(levels, torch.linspace(0, threshold, 2**bit_width))


@pytest.mark.parametrize("build", [lambda k: quant_linear(30, 400, k), lambda k: quant_conv2d(32, 64, k)])
@pytest.mark.parametrize("bit_width", BIT_WIDTHS)
def test_weights_have_the_levels_asked_for(build, bit_width):
    """At most 2^k - 1 levels, symmetric about 0, the largest weight kept; the bias is not quantised."""
    torch.manual_seed(0)
    layer = build(bit_width)
    weight = layer.quant_weight().value.detach()
    steps = weight / layer.quant_weight().scale.detach()
    largest = 2 ** (bit_width - 1) - 1

    torch.testing.assert_close(steps, steps.round())
    assert steps.abs().max().item() == pytest.approx(largest)
    assert len(steps.round().unique()) <= 2 * largest + 1
    assert len(layer.bias.detach().unique()) > 60


@pytest.mark.parametrize(
    ("build", "peer", "x"),
    [
        (
            lambda: quant_linear(20, 30, 4),
            lambda: brevitas.nn.QuantLinear(20, 30, True, weight_bit_width=4),
            torch.rand(7, 20),
        ),
        (
            lambda: quant_conv2d(3, 8, 4),
            lambda: brevitas.nn.QuantConv2d(3, 8, 3, padding=1, weight_bit_width=4),
            torch.rand(7, 3, 6, 6),
        ),
    ],
    ids=["linear", "conv2d"],
)
def test_quantised_layers_are_brevitas_layers(build, peer, x):
    """Same initial weights for the same generator, same outputs, same gradients."""
    layers = []
    for make in (build, peer):
        torch.manual_seed(3)
        layers.append(make())
        layers[-1](x).square().sum().backward()

    assert torch.equal(layers[0](x), layers[1](x))
    assert torch.equal(layers[0].weight.grad, layers[1].weight.grad)


@pytest.mark.parametrize(
    ("build", "plain"),
    [
        (lambda: quant_linear(20, 30, 4), lambda: torch.nn.Linear(20, 30)),
        (lambda: quant_conv2d(3, 8, 4), lambda: torch.nn.Conv2d(3, 8, 3, padding=1)),
        (lambda: quant_relu(4, 1.0), torch.nn.ReLU),
        (lambda: StateQuantizer(4, 1.0), torch.nn.ReLU),
    ],
    ids=["linear", "conv2d", "relu", "state"],
)
def test_checking_leaves_no_trace(build, plain):
    """The probe draws nothing from torch's generator and leaves parameters, their gradients and the mode alone."""
    states, parameters = [], []
    for make in (build, plain):
        torch.manual_seed(5)
        layer = make()
        assert layer.training
        states.append(torch.get_rng_state())
        parameters.append(layer.state_dict())
        assert all(parameter.grad is None for parameter in layer.parameters())

    assert torch.equal(*states)
    assert parameters[0].keys() == parameters[1].keys()
    assert all(torch.equal(parameters[0][name], parameters[1][name]) for name in parameters[0])


@pytest.mark.parametrize(
    ("layer", "swallowed", "build", "message"),
    [
        ("QuantLinear", "weight_bit_width", lambda: quant_linear(30, 40, 4), r"QuantLinear\(30, 40\) .* 15 levels"),
        ("QuantConv2d", "weight_bit_width", lambda: quant_conv2d(3, 8, 2), r"QuantConv2d\(3, 8\) .* 3 levels"),
        ("QuantReLU", "bit_width", lambda: quant_relu(4, 1.0), "16 levels from 0 to 1, .* 256 from 0 to 1"),
        ("QuantReLU", "max_val", lambda: quant_relu(4, 0.5), "16 levels from 0 to 0.5"),
        ("QuantReLU", "scaling_impl_type", lambda: quant_relu(4, 1.0), "16 levels from 0 to 1"),
    ],
)
def test_a_swallowed_keyword_is_noticed(monkeypatch, layer, swallowed, build, message):
    """When brevitas ignores a keyword, construction fails and says what was wanted and what came out."""
    original = getattr(brevitas.nn, layer)

    def swallow(*args, **kwargs):
        del kwargs[swallowed]
        if swallowed == "max_val":
            kwargs["max_val"] = 6.0
        return original(*args, **kwargs)

    monkeypatch.setattr(brevitas.nn, layer, swallow)
    with pytest.raises(ConstructionError, match=message):
        build()


def test_a_wrong_membrane_quantiser_is_noticed(monkeypatch):
    """Were a level never reached, construction would fail."""
    original = quantization._boundaries
    monkeypatch.setattr(quantization, "_boundaries", lambda levels: original(levels) - 10)
    with pytest.raises(ConstructionError, match=r"16 levels from -1 to 1\.2"):
        StateQuantizer(4, 1.0)


@pytest.mark.parametrize("bit_width", [2, 4, 8])
@pytest.mark.parametrize("ties", [1, 3])
def test_effective_weights_are_brevitas(bit_width, ties):
    """The same weights to the bit, and the same gradient but for its rounding, the largest weight's among it."""
    layer = quant_linear(30, 40, bit_width)
    with torch.no_grad():
        layer.weight[:ties, 0] = torch.tensor([2.0, -2.0, 2.0])[:ties]
    received = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    weights = layer.quant_weight().value, effective_weight(layer)
    expected, got = (torch.autograd.grad((weight * received).sum(), layer.weight)[0] for weight in weights)

    assert torch.equal(*weights)
    assert not torch.equal(expected[:ties, 0], received[:ties, 0]), "the test needs a gradient of the scale"
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_a_weight_that_brevitas_quantises_otherwise_is_refused(monkeypatch):
    """Should a version of brevitas scale in another way, no network is trained in this one."""
    monkeypatch.setattr(quantization, "effective_weight", lambda layer: layer.weight)

    with pytest.raises(ConstructionError, match="must quantise its weights as privsearch does"):
        quant_linear(30, 40, 4)
