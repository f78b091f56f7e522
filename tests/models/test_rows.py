import pytest
import torch

from privsearch.models.leaky import Leaky
from privsearch.models.scan import Dynamics

STEPS = 12


def random(*shape, seed=0):
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_in_memory_changes_nothing(layout):
    """Channels first or last: the same spikes and gradients, in the layout of the currents."""
    neurons = Leaky(Dynamics(STEPS, 0.9, 1.0, "atan"))
    plain = random(STEPS * 2, 3, 4, 5)
    current = plain.contiguous(memory_format=layout).view(STEPS, 2, 3, 4, 5).requires_grad_()
    spk = neurons(current)
    (grad,) = torch.autograd.grad((spk * random(*spk.shape, seed=1)).sum(), current)
    flat = plain.view(STEPS, 2, 60).requires_grad_()
    expected = neurons(flat)
    (expected_grad,) = torch.autograd.grad((expected * random(*spk.shape, seed=1).view(STEPS, 2, 60)).sum(), flat)

    assert torch.equal(spk.flatten(2), expected)
    assert torch.equal(grad.flatten(2), expected_grad)
    assert spk.flatten(0, 1).is_contiguous(memory_format=layout)
