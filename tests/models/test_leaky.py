from dataclasses import replace

import pytest
import snntorch
import torch
from snntorch_loops import SNNTORCH, Rounding, SnnTorchNeurons

from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics

STEPS, BATCH, NEURONS = 12, 5, 40


@pytest.fixture(autouse=True)
def forget_snntorch_neurons():
    """SnnTorch keeps every neuron alive in a class attribute."""
    yield
    snntorch.SpikingNeuron.instances.clear()


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def quantizer(rounding):
    """The program's quantiser that rounds like snnTorch's."""
    if rounding is None:
        return None
    how = {"place": rounding.place, "gradient": rounding.gradient}
    return StateQuantizer(rounding.bits, rounding.clip, rounding.state_range, **how)


SNNTORCH_ROUNDINGS = [(1.0, Rounding(2, 1.0)), (0.75, Rounding(4, 0.75)), (1.5, Rounding(8, 1.5))]
OTHER_ROUNDINGS = [
    *((1.0, Rounding(bits, 1.0, place=place)) for bits in (2, 4) for place in ("after_firing", "for_firing")),
    *((1.0, Rounding(8, 0.75, (-1.5, 2.0), place)) for place in ("before_firing", "after_firing", "for_firing")),
    (0.7, Rounding(4, 1.0, (-2.0, 2.4))),
    (1.0, Rounding(4, 1.4, (0.0, 1.0))),
]
CLIPPED = [(threshold, replace(rounding, gradient="clipped")) for threshold, rounding in OTHER_ROUNDINGS]


@pytest.mark.parametrize("used", ["spk", "mem", "both"])
@pytest.mark.parametrize("steps", [STEPS, 1], ids=["changing", "static"])
@pytest.mark.parametrize(
    ("name", "threshold", "rounding"),
    [
        *((name, *case) for name in SNNTORCH for case in [(1.0, None), (0.7, None), *SNNTORCH_ROUNDINGS]),
        *(("fast_sigmoid", *case) for case in (*OTHER_ROUNDINGS, *CLIPPED)),
        *(("spike_rate_escape", *case) for case in CLIPPED[:3]),
    ],
)
def test_scan_equals_snntorch(name, threshold, rounding, steps, used):
    """Spikes and membranes are bit-equal to snnTorch's, and the gradient of the current agrees."""
    current = (random(steps, BATCH, NEURONS) * 0.7 + 0.2).requires_grad_()
    expected = SnnTorchNeurons(name, 0.9, threshold, rounding).scan(current, STEPS)
    neurons = Leaky(Dynamics(STEPS, 0.9, threshold, name), quantizer(rounding))
    got = neurons.scan(current)
    assert 0.02 < got[0].mean() < 0.9, "the test needs neurons that fire, and some that do not"
    assert torch.equal(got[0], expected[0])
    assert torch.equal(got[1], expected[1])

    weights = (random(STEPS, BATCH, NEURONS, seed=1), random(STEPS, BATCH, NEURONS, seed=2))
    chosen = {"spk": (0,), "mem": (1,), "both": (0, 1)}[used]
    grads = [
        torch.autograd.grad(sum((scan[i] * weights[i]).sum() for i in chosen), current)[0] for scan in (got, expected)
    ]
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-5 * float(grads[1].abs().max()))


def test_a_clipped_gradient_differs_from_one_that_passes_straight_through():
    """Membranes beyond the range are pushed on by the one and left alone by the other."""
    current = (random(STEPS, BATCH, NEURONS) * 2).requires_grad_()
    dynamics = Dynamics(STEPS, 0.9, 1.0, "fast_sigmoid")
    grads = [
        torch.autograd.grad(Leaky(dynamics, quantizer(Rounding(4, gradient=gradient)))(current).sum(), current)[0]
        for gradient in ("straight_through", "clipped")
    ]
    assert (grads[1] == 0).sum() > (grads[0] == 0).sum() + 100


def test_reset_comes_one_step_after_the_spike():
    """The membrane stays above the threshold in the step that fires and loses the threshold in the next."""
    spk, mem = Leaky(Dynamics(3, 0.5, 1.0, "atan")).scan(torch.tensor([1.5, 0.0, 0.0]).view(3, 1, 1))

    assert mem.flatten().tolist() == [1.5, -0.25, -0.125]
    assert spk.flatten().tolist() == [1, 0, 0]


def test_a_membrane_at_the_threshold_does_not_fire():
    """Firing takes more than the threshold."""
    spk, _ = Leaky(Dynamics(1, 0.5, 1.0, "atan")).scan(torch.tensor([1.0, 1.0 + 2**-23]).view(1, 1, 2))

    assert spk.flatten().tolist() == [0, 1]


def test_static_current_is_the_same_current_at_every_step():
    """A current of one step gives what that current repeated gives, and its gradient is the sum over the steps."""
    neurons = Leaky(Dynamics(STEPS, 0.95, 1.0, "fast_sigmoid"))
    static = random(1, BATCH, NEURONS).requires_grad_()
    repeated = static.detach().expand(STEPS, -1, -1).clone().requires_grad_()
    weights = random(STEPS, BATCH, NEURONS, seed=1)
    assert torch.equal(neurons(static), neurons(repeated))
    (neurons(static) * weights).sum().backward()
    (neurons(repeated) * weights).sum().backward()

    torch.testing.assert_close(static.grad, repeated.grad.sum(0, keepdim=True), rtol=1e-5, atol=1e-5)


def test_forward_is_the_spikes_and_the_readout_the_membranes():
    """A hidden layer passes spikes on; a readout gives membranes."""
    neurons = Leaky(Dynamics(STEPS, 0.95, 1.0, "atan"))
    current = random(STEPS, BATCH, NEURONS)
    spk, mem = neurons.scan(current)

    assert torch.equal(neurons(current), spk)
    assert torch.equal(MembraneReadout(neurons)(current), mem)


def test_nothing_is_kept_without_gradients():
    """Under no_grad the scan belongs to no graph, so the membranes are freed with the result."""
    with torch.no_grad():
        spk, mem = Leaky(Dynamics(STEPS, 0.95, 1.0, "atan")).scan(random(1, BATCH, NEURONS).requires_grad_())

    assert spk.grad_fn is None
    assert mem.grad_fn is None
