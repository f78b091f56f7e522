import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional

from privsearch.models.kernels import SURROGATE_CODES
from privsearch.models.leaky import Leaky
from privsearch.models.narrow import MOST_OUTPUTS, is_narrow, narrow_linear
from privsearch.models.quantization import StateQuantizer
from privsearch.models.scan import Dynamics

STEPS, BATCH, INPUTS, OUTPUTS = 12, 5, 40, 3
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def leaky(name="fast_sigmoid", num_steps=STEPS, quantizer=None):
    """Neurons that fire now and then."""
    return Leaky(Dynamics(num_steps, 0.9, 1.0, name), quantizer)


def layer(outputs=OUTPUTS, inputs=INPUTS):
    """A weight and a bias."""
    return random(outputs, inputs, seed=1), random(outputs, seed=2)


def outputs_and_gradients(function, tensors):
    """What comes out, and the gradients of all tensors."""
    tensors = [tensor.clone().requires_grad_() for tensor in tensors]
    out = function(*tensors)
    return [out, *torch.autograd.grad((out * random(*out.shape, seed=3).to(out)).sum(), tensors)]


def in_a_row(neurons):
    """The neurons and torch's own layer, one after the other; the sums in 64 bits."""
    return lambda current, weight, bias: functional.linear(neurons(current).double(), weight.double(), bias.double())


@given(
    sizes=st.tuples(*map(st.sampled_from, ([1, 2, 7], [1, 2, 5], [1, 3, 16, 33, 100], [1, 2, 3, 10]))),
    is_static=st.booleans(),
    name=st.sampled_from(SURROGATE_CODES),
    dtype=st.sampled_from(list(TOLERANCE)),
)
def test_it_is_the_neurons_and_the_layer_in_a_row(sizes, is_static, name, dtype):
    """Outputs and all gradients agree with torch's, whatever the sizes, surrogate gradient and type."""
    num_steps, batch, inputs, outputs = sizes
    current = (1.5 * random(1 if is_static else num_steps, batch, inputs) + 0.3).to(dtype)
    tensors, neurons = (current, *layer(outputs, inputs)), leaky(name, num_steps)
    got = outputs_and_gradients(lambda *given: narrow_linear(given[0], neurons, *given[1:]), tensors)
    expected = outputs_and_gradients(in_a_row(neurons), tensors)
    for a, b in zip(got, expected, strict=True):
        assert (a - b).abs().max() <= TOLERANCE[dtype] * b.abs().max()
    assert [grad.dtype for grad in got[1:]] == [dtype, torch.float32, torch.float32]


@pytest.mark.parametrize("steps", [STEPS, 1], ids=["changing", "static"])
@pytest.mark.parametrize("name", SURROGATE_CODES)
def test_spikes_and_their_gradients_are_the_scans_to_the_bit(name, steps):
    """A layer that passes each spike on by itself shows them as they are."""
    neurons, current = leaky(name), random(steps, BATCH, INPUTS) + 0.3
    passing = torch.eye(INPUTS), torch.zeros(INPUTS)
    got, expected = (
        outputs_and_gradients(function, [current])
        for function in (lambda current: narrow_linear(current, neurons, *passing), neurons)
    )
    assert 0.02 < got[0].mean() < 0.9
    assert all(map(torch.equal, got, expected))


def test_an_example_does_not_depend_on_its_batch():
    """One by one or together: the same bits."""
    current = random(1, BATCH, INPUTS)
    together = narrow_linear(current, leaky(), *layer())
    alone = [narrow_linear(current[:, i : i + 1], leaky(), *layer()) for i in range(BATCH)]

    assert torch.equal(together, torch.cat(alone, 1))


def test_nothing_that_grows_with_time_is_kept():
    """The backward pass gets the static current and the weight, no spikes and no membranes."""
    kept = []
    with saved_tensors_hooks(lambda tensor: kept.append(tensor.shape), lambda _: None):
        narrow_linear(random(1, BATCH, INPUTS).requires_grad_(), leaky(), *layer())

    assert kept == [(1, BATCH, INPUTS), (OUTPUTS, INPUTS)]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_shows(number):
    """Even where its neuron never fires, as in a matrix product."""
    weight, bias = layer()
    weight[1, 7] = number
    out = narrow_linear(torch.zeros(1, BATCH, INPUTS), leaky(), weight, bias)

    assert out.isfinite().all((0, 1)).tolist() == [True, False, True]


def test_what_is_narrow():
    """Few outputs, on a CPU, membranes in full precision."""
    assert is_narrow(leaky(), random(MOST_OUTPUTS, INPUTS))
    assert not is_narrow(leaky(), random(MOST_OUTPUTS + 1, INPUTS))
    assert not is_narrow(leaky(quantizer=StateQuantizer(4, 1.0)), random(MOST_OUTPUTS, INPUTS))
    assert not is_narrow(leaky(), random(MOST_OUTPUTS, INPUTS).to("meta"))
