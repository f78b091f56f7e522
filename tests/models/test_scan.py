import copy
from typing import get_args

import pytest
import torch

from privsearch.models.leaky import Leaky
from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics, Fired, compiled_backward, compiled_forward, torch_backward, torch_forward
from privsearch.models.surrogate import SURROGATE_GRADIENTS
from privsearch.spec.axes import QuantizeState, StateGradient

STEPS, NEURONS = 12, 40


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


QUANTIZERS = {
    "none": None,
    "snntorch": StateQuantizer(4, 1.0),
    **{
        f"{place} {gradient}": StateQuantizer(4, 1.0, place=place, gradient=gradient)
        for place in get_args(QuantizeState)
        for gradient in get_args(StateGradient)
    },
}


def is_near(got, expected):
    """Equal to a few units of the last place, as two exponential functions are."""
    share = 2.0**-7 if got.dtype == torch.bfloat16 else 2.0**-20
    return (got - expected).abs().max() <= share * expected.abs().max()


@pytest.mark.parametrize("quantizer", QUANTIZERS.values(), ids=QUANTIZERS)
@pytest.mark.parametrize("steps", [STEPS, 1], ids=["changing", "static"])
@pytest.mark.parametrize("name", SURROGATE_GRADIENTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_compiled_and_torch_versions_agree(dtype, name, steps, quantizer):
    """What runs on a CPU and what runs elsewhere give the same bits, but for exponentials."""
    dynamics = Dynamics(STEPS, 0.9, 1.0, name)
    current = (random(steps, NEURONS) + 0.3).to(dtype)
    compiled, plain = (version(current, dynamics, quantizer) for version in (compiled_forward, torch_forward))
    assert all(torch.equal(a, b) for a, b in zip(compiled, plain, strict=True) if a is not None)
    assert (compiled.inside is None) == (plain.inside is None)

    fired = Fired(plain.compared, plain.inside, dynamics, quantizer)
    grad_spk, grad_mem = random(STEPS, NEURONS, seed=1).to(dtype), random(STEPS, NEURONS, seed=2)
    for given in ((grad_spk, grad_mem), (grad_spk, None), (None, grad_mem)):
        got, expected = torch.empty_like(current), torch.empty_like(current)
        compiled_backward(fired, *given, got)
        torch_backward(fired, *given, expected)
        assert torch.equal(got, expected) or (name == "spike_rate_escape" and is_near(got, expected))


@pytest.mark.gpu
@pytest.mark.parametrize("quantizer", QUANTIZERS.values(), ids=QUANTIZERS)
@pytest.mark.parametrize("steps", [STEPS, 1], ids=["changing", "static"])
@pytest.mark.parametrize("name", SURROGATE_GRADIENTS)
def test_a_gpu_scans_as_a_cpu_does(name, steps, quantizer):
    """Spikes, membranes and the gradient of the current, but for one neuron in a thousand at the edge of two."""
    current = random(steps, 100, 100) + 0.3
    received = random(STEPS, 100, 100, seed=1), random(STEPS, 100, 100, seed=2)

    def scanned(device):
        neurons = Leaky(Dynamics(STEPS, 0.9, 1.0, name), copy.deepcopy(quantizer)).to(device)
        given = current.to(device).requires_grad_()
        outputs = neurons.scan(given)
        loss = sum((out * grad.to(device)).sum() for out, grad in zip(outputs, received, strict=True))
        return [tensor.detach().cpu() for tensor in (*outputs, *torch.autograd.grad(loss, given))]

    alike = torch.ones(100, 100, dtype=torch.bool)
    for got, expected in zip(scanned("cuda"), scanned("cpu"), strict=True):
        alike &= torch.isclose(got, expected, rtol=1e-4, atol=1e-4).all(0)
    assert alike.float().mean() > 0.999


@pytest.mark.gpu
@pytest.mark.parametrize("mem", [float("nan"), 1e30, -1e30, 3e5, float("inf")])
def test_a_gpu_gives_extreme_membranes_the_same_levels(mem):
    """Far beyond the levels, too; NaN stays."""
    membranes = torch.tensor([0.1, mem, 0.7, -0.3])
    quantizer = StateQuantizer(4, 1.0)
    got = copy.deepcopy(quantizer).to("cuda")(membranes.to("cuda")).cpu()
    torch.testing.assert_close(got, quantizer(membranes), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("mem", [float("nan"), 1e30, -1e30, 3e5, float("inf")])
def test_extreme_membranes_have_the_quantizers_levels(mem):
    """Far beyond the levels the compiled version compares one by one, as the quantiser does; NaN stays."""
    quantizer = StateQuantizer(4, 1.0)
    current = torch.tensor([[0.1, mem, 0.7]])
    versions = [
        version(current, Dynamics(1, 0.9, 1.0, "atan"), quantizer)[1] for version in (compiled_forward, torch_forward)
    ]

    torch.testing.assert_close(*versions, rtol=0, atol=0, equal_nan=True)
