import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_sums import with_dense_sums
from snntorch_loops import SnnTorchNeurons
from torch import Tensor, nn

from privsearch.models import build_network
from privsearch.models.clipping import clipped_sum
from privsearch.models.networks import Network
from privsearch.models.quantization import rounding_of
from privsearch.spec import TrialSpec

STEPS = 7
KINDS: dict[str, dict[str, Any]] = {
    "ann": {"model": "ann"},
    "quantised ann": {"model": "ann", "weight_bit_width": 2, "act_bit_width": 3},
    "snn": {"model": "snn"},
    "snn with quantised weights": {"model": "snn", "weight_bit_width": 4},
    "quantised snn": {"model": "snn", "weight_bit_width": 3, "act_bit_width": 4},
    "head": {"model": "snn", "spiking_layers": "head"},
    "mean": {"model": "snn", "readout": "mean"},
    "narrow": {"model": "snn", "width": 0.02},
    "wide": {"model": "snn", "width": 0.3, "weight_bit_width": 4},
}
SHAPES: dict[str, tuple[int, ...]] = {"table": (13,), "images": (3, 9, 8), "over time": (STEPS, 6)}


def network_of(kind: str, shape: str, classes: int = 3) -> Network:
    torch.manual_seed(1)
    fields = {"width": 0.06, **({"num_steps": STEPS} if "ann" not in kind else {}), **KINDS[kind]}
    spec = TrialSpec(dataset="iris", **fields).canonical("convnet" if shape == "images" else "fcnet")
    network = build_network(spec, SHAPES[shape], classes)
    assert isinstance(network, Network)
    return network


def batch_of(shape: str, size: int = 5, classes: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(size, *SHAPES[shape], generator=generator)
    if shape == "over time":  # of different lengths
        x[torch.arange(STEPS) > 2 + torch.arange(size)[:, None]] = torch.nan
    return x, torch.randint(classes, (size,), generator=generator)


def gradients(network: nn.Module, x: Tensor, y: Tensor) -> list[list[Tensor]]:
    """The gradients of all weights, example by example, by autograd."""
    losses = nn.functional.cross_entropy(network(x), y, reduction="none")
    weights = list(network.parameters())
    return [list(torch.autograd.grad(loss, weights, retain_graph=True)) for loss in losses]


def norm(tensors: list[Tensor]) -> float:
    return float(torch.cat([tensor.flatten() for tensor in tensors]).norm())


def summed(network: Network, x: Tensor, y: Tensor, max_norm: float) -> list[Tensor]:
    by_weight = clipped_sum(network, x, y, max_norm).gradients
    return [by_weight[weight] for weight in network.parameters()]


def are_close(ones: list[Tensor], others: list[Tensor]) -> None:
    for one, other in zip(ones, others, strict=True):
        assert (one - other).abs().max() <= 1e-4 * other.abs().max() + 1e-9


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_clipped_example_by_example(kind: str, shape: str) -> None:
    """The sum, the norms and the losses are those of autograd's gradients, one example after the other."""
    network, (x, y) = network_of(kind, shape), batch_of(shape)
    each = gradients(with_dense_sums(copy.deepcopy(network)), x, y)
    norms = [norm(tensors) for tensors in each]
    limit = float(np.median(norms))
    found = clipped_sum(network, x, y, limit)
    assert found.norms.tolist() == pytest.approx(norms, rel=1e-4)
    factors = [min(1.0, limit / size) for size in norms]
    assert 0 < sum(factor < 1 for factor in factors) < len(factors), "some are clipped, and some are not"
    expected = [sum(f * g for f, g in zip(factors, of, strict=True)) for of in zip(*each, strict=True)]
    are_close(summed(network, x, y, limit), expected)  # type: ignore[arg-type]
    assert torch.allclose(found.losses, nn.functional.cross_entropy(network(x), y, reduction="none"), rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_limit_the_sum_is_that_of_ordinary_training(kind: str, shape: str) -> None:
    """It is the gradient of the sum of the losses."""
    network, (x, y) = network_of(kind, shape), batch_of(shape)
    ordinary = with_dense_sums(copy.deepcopy(network))
    nn.functional.cross_entropy(ordinary(x), y, reduction="sum").backward()
    are_close(summed(network, x, y, math.inf), [weight.grad for weight in ordinary.parameters()])  # type: ignore[misc]


def test_a_plain_network_agrees_with_torch_func() -> None:
    """An independent oracle of per-example gradients, on the ConvNet of an ANN."""
    network, (x, y) = network_of("ann", "images"), batch_of("images")
    (first, second, third, fourth), (one, two, three, four) = network, batch_weights(network)
    plain = nn.Sequential(first.affine, second.affine, third.affine, fourth.affine)

    def loss(weights: tuple[Tensor, ...], image: Tensor, label: Tensor) -> Tensor:
        signal = image[None]
        for layer, (weight, bias) in zip(plain, weights, strict=True):
            if isinstance(layer, nn.Conv2d):
                current = nn.functional.conv2d(signal, weight, bias, padding=1)
                signal = nn.functional.max_pool2d(current, 2).relu()
            else:
                current = nn.functional.linear(signal.flatten(1), weight, bias)
                signal = current.relu()
        return nn.functional.cross_entropy(current, label[None])

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))((one, two, three, four), x, y)
    squares = sum(tensor.flatten(1).square().sum(1) for layer in each for tensor in layer)
    assert torch.allclose(clipped_sum(network, x, y, 1.0).norms, squares.sqrt(), rtol=1e-4)


def batch_weights(network: Network) -> list[tuple[Tensor, Tensor]]:
    return [(stage.affine.weight.detach(), stage.affine.bias.detach()) for stage in network]


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    shape=st.sampled_from(list(SHAPES)),
    limit=st.floats(1e-3, 10),
    scale=st.floats(0, 1e3),
    seed=st.integers(0, 2**31),
)
def test_no_example_moves_the_sum_by_more_than_the_limit(
    kind: str, shape: str, limit: float, scale: float, seed: int
) -> None:
    """However large its inputs are: what one example gives has at most the norm that all are clipped to."""
    network = network_of(kind, shape)
    x = scale * torch.randn(1, *SHAPES[shape], generator=torch.Generator().manual_seed(seed))
    assert norm(summed(network, x, torch.tensor([seed % 3]), limit)) <= limit * (1 + 1e-4)


def test_who_leaves_a_batch_takes_at_most_the_limit_along() -> None:
    """The sum over a batch and the sum without one of its examples differ by that one's clipped gradient."""
    network, (x, y) = network_of("ann", "table"), batch_of("table", size=9)
    whole = summed(network, x, y, 0.1)
    for left_out in range(len(x)):
        kept = torch.arange(len(x)) != left_out
        others = summed(network, x[kept], y[kept], 0.1)
        moved = norm([one - other for one, other in zip(whole, others, strict=True)])
        assert 0 < moved <= 0.1 * (1 + 1e-4)


def test_the_norm_is_that_of_the_weights_in_training() -> None:
    """What the largest weight receives for the step of quantisation is in the norm: there it can be most of it."""
    network, (x, y) = network_of("quantised ann", "table"), batch_of("table")
    layer = network[0].affine
    with torch.no_grad():
        layer.weight[0, 0] = 10.0
    rounding = rounding_of(layer)
    assert rounding is not None
    assert len(rounding.places) == 1
    found = clipped_sum(network, x, y, 1e-3)
    assert found.norms.tolist() == pytest.approx([norm(tensors) for tensors in gradients(network, x, y)], rel=1e-4)
    assert norm(list(found.gradients.values())) <= len(x) * 1e-3 * (1 + 1e-4)


def test_tied_largest_weights_share_what_the_step_receives() -> None:
    """As in ordinary training, where the gradient of the largest weight goes evenly to all that are as large."""
    network, (x, y) = network_of("snn with quantised weights", "table"), batch_of("table")
    with torch.no_grad():
        network[0].affine.weight[:3, 0] = 2.0
        network[1].affine.weight[1, :2] = -3.0
    each = [norm(tensors) for tensors in gradients(network, x, y)]
    assert clipped_sum(network, x, y, 1.0).norms.tolist() == pytest.approx(each, rel=1e-4)


@pytest.mark.parametrize("kind", ["quantised ann", "quantised snn"])
def test_ranges_of_activations_are_constants(kind: str) -> None:
    """No buffer of a network changes as it is trained on other data: a range that followed them would be no secret."""
    network, (x, y) = network_of(kind, "images"), batch_of("images")
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    network.train()
    for scale in (1.0, 1e3):
        clipped_sum(network, scale * x, y, 1.0)
        network(scale * x)
    after = dict(network.named_buffers())
    assert before.keys() == after.keys()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    parameters = {id(weight) for weight in network.parameters()}
    layers = {id(part) for stage in network for part in (stage.affine.weight, stage.affine.bias)}
    assert parameters == layers, "no scale is trained beside weights and biases"


def test_a_tap_leaves_no_trace() -> None:
    """A network that was tapped computes as before, also after an error on the way."""
    network, (x, y) = network_of("narrow", "table"), batch_of("table")
    before = network(x)
    clipped_sum(network, x, y, 1.0)
    with pytest.raises(IndexError):
        clipped_sum(network, x, y + 3, 1.0)
    assert torch.equal(network(x), before)
    assert all(weight.grad is None for weight in network.parameters())


class SnnTorchLoop(nn.Module):
    """A spiking network of ours as a step-by-step loop of snnTorch's neurons, with the same weights."""

    def __init__(self, network: Network, beta: float, steps: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for stage in network:
            weight, bias = stage.affine.weight.detach().clone(), stage.affine.bias.detach().clone()
            is_convolution = isinstance(stage.affine, nn.Conv2d)
            layer = nn.Conv2d(*weight.shape[1::-1], 3, padding=1) if is_convolution else nn.Linear(*weight.shape[::-1])
            layer.weight.data, layer.bias.data = weight, bias
            self.layers.append(layer)
        self.neurons = [SnnTorchNeurons("fast_sigmoid", beta, 1.0) for _ in self.layers]
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        membranes: list[Tensor] = [torch.zeros(1)] * len(self.layers)
        for _ in range(self.steps):
            signal = x
            for place, (layer, neurons) in enumerate(zip(self.layers, self.neurons, strict=True)):
                if isinstance(layer, nn.Conv2d):
                    current = nn.functional.max_pool2d(layer(signal), 2)
                else:
                    current = layer(signal.flatten(1))
                signal, membranes[place] = neurons(current, membranes[place])
        return membranes[-1]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("shape", ["table", "images"])
def test_a_spiking_network_agrees_with_opacus(shape: str) -> None:
    """An independent oracle, on a plain loop of snnTorch with the same weights: Opacus has no gradients of ours."""
    from opacus import GradSampleModule

    network, (x, y) = network_of("snn", shape), batch_of(shape)
    loop = SnnTorchLoop(network, TrialSpec(dataset="iris", model="snn").canonical("fcnet").beta, STEPS)
    assert torch.allclose(loop(x), network(x), atol=1e-5)
    sampled = GradSampleModule(loop, loss_reduction="sum")
    nn.functional.cross_entropy(sampled(x), y, reduction="sum").backward()
    squares = sum(weight.grad_sample.flatten(1).square().sum(1) for weight in loop.parameters())  # type: ignore[union-attr]
    assert torch.allclose(clipped_sum(network, x, y, 1.0).norms, squares.sqrt(), rtol=1e-4)  # type: ignore[union-attr]
