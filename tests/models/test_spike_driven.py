"""The reference is what a network without lists does: spikes as numbers, then a convolution or a matrix product."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from privsearch.models import spike_driven
from privsearch.models.affine import conv_and_pool, linear, linear_on_images
from privsearch.models.kernels import SURROGATE_CODES
from privsearch.models.leaky import Leaky
from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics
from privsearch.models.spike_driven import convolution_of_spikes, is_spike_driven, linear_of_spikes

ROUNDED = [
    None,
    *(
        (bits, place, gradient)
        for bits, place, gradient in [
            (2, "before_firing", "clipped"),
            (4, "after_firing", "straight_through"),
            (8, "for_firing", "clipped"),
            (8, "before_firing", "straight_through"),
        ]
    ),
]


def neurons_of(steps, surrogate_gradient="fast_sigmoid", rounded=None):
    quantizer = None
    if rounded:
        bits, place, gradient = rounded
        quantizer = StateQuantizer(bits, 1.0, place=place, gradient=gradient)
    return Leaky(Dynamics(steps, 0.9, 1.0, surrogate_gradient), quantizer)


def currents(steps, batch, shape, drive, seed=0):
    """Currents, images with their channels last, that drive some neurons above their threshold."""
    generator = torch.Generator().manual_seed(seed)
    if len(shape) == 1:
        return 0.3 * torch.randn(steps, batch, *shape, generator=generator) + drive
    channels, height, width = shape
    drawn = 0.3 * torch.randn(steps, batch, height, width, channels, generator=generator) + drive
    return drawn.permute(0, 1, 4, 2, 3)


def dense(current, neurons, weight, bias):
    """The layer of spikes that are numbers."""
    signal = neurons(current)
    function = conv_and_pool if weight.ndim == 4 else linear_on_images if signal.ndim == 5 else linear
    out = function(signal.flatten(0, 1), weight, bias)
    return out.view(*signal.shape[:2], *out.shape[1:])


def rounded_dense(current, neurons, weight, bias):
    """`dense` of numbers of 16 bits, in 32 bits on the way."""
    return dense(current.float(), neurons, weight.float(), bias.float()).to(weight.dtype)


def both(function, current, neurons, outputs, *, per=None, type_of_weights=torch.float32):
    """The outputs and gradients of a function, and of `dense`, for the same weights and gradients of outputs."""
    generator = torch.Generator().manual_seed(1)
    features = current.shape[2] if per == "channel" else math.prod(current.shape[2:])
    shape = (outputs, features, 3, 3) if per == "channel" else (outputs, features)
    weight = torch.randn(shape, generator=generator) / math.sqrt(features)
    bias = 0.1 * torch.randn(outputs, generator=generator)
    weight, bias = weight.to(type_of_weights), bias.to(type_of_weights)
    found, received = [], None
    for compute in (function, dense if current.dtype == torch.float32 else rounded_dense):
        leaves = [x.clone(memory_format=torch.preserve_format).requires_grad_() for x in (current, weight, bias)]
        out = compute(leaves[0], neurons, *leaves[1:])
        received = torch.randn(out.shape, generator=generator).to(out.dtype) if received is None else received
        out.backward(received)
        found.append([out.detach(), *(leaf.grad for leaf in leaves)])
    return found


def assert_same(found, tolerance=3e-6):
    """Equal to a share of the largest, as sums are taken in another order."""
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max() <= tolerance * theirs.abs().max() + 1e-12


@pytest.mark.parametrize("rounded", ROUNDED, ids=str)
@pytest.mark.parametrize("drive", [-5.0, 0.0, 0.4, 1.5], ids=["silent", "few", "half", "most"])
@pytest.mark.parametrize("static", [True, False], ids=["static", "changing"])
def test_a_convolution_of_spikes_is_the_dense_one(static, drive, rounded):
    """Currents, and all gradients, however many neurons fire and however membranes are rounded."""
    current = currents(1 if static else 4, 3, (32, 8, 6), drive)
    assert_same(both(convolution_of_spikes, current, neurons_of(4, rounded=rounded), 64, per="channel"))


@pytest.mark.parametrize(("channels", "outputs"), [(32, 64), (5, 40), (70, 3)])
def test_the_gradient_of_weights_is_the_same_however_many_neurons_fire(channels, outputs):
    """It is summed over spikes, over silent neurons or over the pooled gradient, as their numbers at each step are."""
    shares = (0.0, 0.05, 0.19, 0.21, 0.5, 0.79, 0.81, 0.95, 1.0)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand((len(shares), 2, 8, 7, channels), generator=generator)
    current = 4.0 * (drawn < torch.tensor(shares).view(-1, 1, 1, 1, 1)).permute(0, 1, 4, 2, 3)
    neurons = Leaky(Dynamics(len(shares), 0.0, 1.0, "atan"), None)
    fired = neurons(current).mean((1, 2, 3, 4))
    assert fired.tolist() == pytest.approx(shares, abs=0.04)
    assert_same(both(convolution_of_spikes, current, neurons, outputs, per="channel"))


@settings(max_examples=25, deadline=None)
@given(
    channels=st.integers(1, 70),
    height=st.integers(2, 9),
    width=st.integers(2, 9),
    outputs=st.integers(1, 70),
    drive=st.sampled_from([0.1, 0.5, 1.2]),
    name=st.sampled_from(SURROGATE_CODES),
)
def test_images_of_any_shape_are_convolved(channels, height, width, outputs, drive, name):
    """Sizes that are odd, or no multiple of a block, leave nothing out and read nothing beyond."""
    current = currents(3, 2, (channels, height, width), drive)
    assert_same(both(convolution_of_spikes, current, neurons_of(3, name), outputs, per="channel"))


@pytest.mark.parametrize("rounded", ROUNDED, ids=str)
@pytest.mark.parametrize("drive", [-5.0, 0.0, 0.4, 1.5], ids=["silent", "few", "half", "most"])
@pytest.mark.parametrize("static", [True, False], ids=["static", "changing"])
def test_a_linear_layer_of_spikes_is_the_dense_one(static, drive, rounded, monkeypatch):
    """Of an image, which is read pixel by pixel, and of lists that may be as long as they like."""
    monkeypatch.setattr(spike_driven, "MOST_LISTED", 1.0)
    current = currents(1 if static else 4, 3, (5, 4, 3), drive)
    assert_same(both(linear_of_spikes, current, neurons_of(4, rounded=rounded), 70))


@settings(max_examples=25, deadline=None)
@given(
    features=st.integers(1, 150),
    outputs=st.integers(1, 140),
    drive=st.sampled_from([0.1, 0.5, 1.2]),
    name=st.sampled_from(SURROGATE_CODES),
)
def test_rows_of_any_length_are_summed(features, outputs, drive, name):
    """Numbers of neurons and of outputs that are no multiple of a block, and rows of silent neurons among others."""
    current = currents(3, 2, (features,), drive)
    current[:, 1] -= 0.4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spike_driven, "MOST_LISTED", 1.0)
        assert_same(both(linear_of_spikes, current, neurons_of(3, name), outputs))


def test_a_layer_where_many_fire_is_a_matrix_product():
    """Beyond the share that may be listed the numbers are those of `dense` to the bit; below they need not be."""
    for drive, is_dense in ((0.5, True), (0.0, False)):
        ours, theirs = both(linear_of_spikes, currents(4, 3, (300,), drive), neurons_of(4), 100)
        assert torch.equal(ours[0], theirs[0]) == is_dense


def test_an_example_has_its_own_sums():
    """A convolution gives an example the same currents, to the bit, whatever else is in its batch."""
    current = currents(4, 6, (32, 8, 8), 0.3)
    weight, bias = torch.randn(64, 32, 3, 3), torch.randn(64)
    together = convolution_of_spikes(current, neurons_of(4), weight, bias)
    alone = convolution_of_spikes(current[:, 2:3], neurons_of(4), weight, bias)
    assert torch.equal(together[:, 2:3], alone)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_not_finite_is_left_to_a_product(broken):
    """A silent neuron's weight would not show in a sum of those that fire."""
    weight = torch.zeros(10, 20)
    current = torch.zeros(3, 2, 20)
    assert is_spike_driven(neurons_of(3), current, weight)
    weight[3, 4] = broken
    assert not is_spike_driven(neurons_of(3), current, weight)


def test_what_is_computed_from_spikes(monkeypatch):
    """What is on a CPU, but sixteen bits only where no processor multiplies tiles of them."""
    weight, in_16_bits = torch.zeros(10, 20), torch.zeros(3, 2, 20, dtype=torch.bfloat16)
    assert not is_spike_driven(neurons_of(3), torch.zeros(3, 2, 20, device="meta"), weight)
    for has_tiles in (False, True):
        monkeypatch.setattr(spike_driven, "HAS_TILES", has_tiles)
        assert is_spike_driven(neurons_of(3), torch.zeros(3, 2, 20), weight)
        assert is_spike_driven(neurons_of(3), in_16_bits, weight) != has_tiles


@pytest.mark.parametrize("multiplies", [True, False], ids=["products in 16 bits", "products in 32 bits"])
@pytest.mark.parametrize("type_of_weights", [torch.bfloat16, torch.float32], ids=["hidden", "last"])
@pytest.mark.parametrize("static", [True, False], ids=["static", "changing"])
@pytest.mark.parametrize(("function", "per"), [(convolution_of_spikes, "channel"), (linear_of_spikes, None)])
def test_of_sixteen_bits_sums_are_taken_in_32(function, per, static, type_of_weights, multiplies, monkeypatch):
    """Currents have 16 bits, and weights 16 or, in the last layer, 32; pooling, too, sees what is not yet rounded."""
    monkeypatch.setattr(spike_driven, "HAS_ONEDNN_BF16", spike_driven.HAS_ONEDNN_BF16 and multiplies)
    current = currents(1 if static else 4, 3, (32, 8, 6), 0.0).bfloat16()
    ours, theirs = both(function, current, neurons_of(4), 70, per=per, type_of_weights=type_of_weights)
    assert [x.dtype for x in ours] == [type_of_weights, torch.bfloat16, type_of_weights, type_of_weights]
    assert_same([[x.float() for x in found] for found in (ours, theirs)], tolerance=2.0**-6)


def test_few_outputs_behind_quantised_membranes_are_a_product():
    """Membranes would be rounded twice for next to no arithmetic; more outputs, or a convolution, are worth it."""
    neurons, current = neurons_of(3, rounded=ROUNDED[1]), torch.zeros(3, 2, 20)
    assert not is_spike_driven(neurons, current, torch.zeros(64, 20))
    assert is_spike_driven(neurons, current, torch.zeros(65, 20))
    assert is_spike_driven(neurons, torch.zeros(3, 2, 5, 4, 4), torch.zeros(8, 5, 3, 3))
    assert is_spike_driven(neurons_of(3), current, torch.zeros(64, 20))


def test_sums_are_as_exact_as_a_product(monkeypatch):
    """Against 64-bit floats, on as many neurons as a ConvNet's first linear layer reads."""
    monkeypatch.setattr(spike_driven, "MOST_LISTED", 1.0)
    current = currents(5, 8, (3136,), 0.1)
    ours, theirs = both(linear_of_spikes, current, neurons_of(5), 64)
    spikes = neurons_of(5)(current).double()
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn((64, 3136), generator=generator) / math.sqrt(3136)
    bias = 0.1 * torch.randn(64, generator=generator)
    exact = spikes @ weight.double().t() + bias.double()
    errors = [float((out.double() - exact).square().mean().sqrt()) for out in (ours[0], theirs[0])]
    assert errors[0] < 2 * errors[1]
    assert np.isfinite(errors).all()
