import pytest
import snntorch
import torch
from snntorch import surrogate
from snntorch.functional.quant import state_quant

from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics

STEPS, BATCH, NEURONS = 12, 5, 40
SNNTORCH = {
    "fast_sigmoid": surrogate.fast_sigmoid(slope=25),
    "atan": surrogate.atan(alpha=2),
    "spike_rate_escape": surrogate.spike_rate_escape(beta=1, slope=25),
    "triangular": surrogate.triangular(),
    "straight_through": surrogate.straight_through_estimator(),
}


@pytest.fixture(autouse=True)
def forget_snntorch_neurons():
    """SnnTorch keeps every neuron alive in a class attribute."""
    yield
    snntorch.SpikingNeuron.instances.clear()


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def snntorch_scan(current, name, beta, threshold, bits):
    """Spikes and membranes `(time, batch, neuron)` of snnTorch's neurons, step by step."""
    quant = state_quant(num_bits=bits, threshold=threshold) if bits else False
    neurons = snntorch.Leaky(beta=beta, threshold=threshold, spike_grad=SNNTORCH[name], state_quant=quant)
    mem, spikes, membranes = neurons.reset_mem(), [], []
    for t in range(STEPS):
        spk, mem = neurons(current[t if len(current) > 1 else 0], mem)
        spikes.append(spk)
        membranes.append(mem)
    return torch.stack(spikes), torch.stack(membranes)


@pytest.mark.parametrize("used", ["spk", "mem", "both"])
@pytest.mark.parametrize("steps", [STEPS, 1], ids=["changing", "static"])
@pytest.mark.parametrize(("threshold", "bits"), [(1.0, None), (0.7, None), (1.0, 2), (0.75, 4), (1.5, 8)])
@pytest.mark.parametrize("name", SNNTORCH)
def test_scan_equals_snntorch(name, threshold, bits, steps, used):
    """Spikes and membranes are bit-equal to snnTorch's, and the gradient of the current agrees."""
    current = (random(steps, BATCH, NEURONS) * 0.7 + 0.2).requires_grad_()
    expected = snntorch_scan(current, name, 0.9, threshold, bits)
    neurons = Leaky(Dynamics(STEPS, 0.9, threshold, name), StateQuantizer(bits, threshold) if bits else None)
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
