from typing import get_args

import pytest
import torch
from snntorch_loops import SNNTORCH

from privsearch.models.surrogate import SURROGATE_GRADIENTS
from privsearch.spec import SurrogateGradient


@pytest.mark.parametrize("name", SNNTORCH)
def test_closed_form_equals_snntorch_autograd(name):
    """Below, at and above the threshold, near and far, the closed form is what snnTorch's backward computes."""
    overdrive = torch.cat([torch.linspace(-3, 3, 601), torch.tensor([0.0, -0.0, 1e-30, -1e-30, 1.0, 50.0, -50.0])])
    grad_spk = torch.randn(len(overdrive), generator=torch.Generator().manual_seed(0))
    leaf = overdrive.clone().requires_grad_()
    SNNTORCH[name](leaf).backward(grad_spk)

    torch.testing.assert_close(SURROGATE_GRADIENTS[name](overdrive.clone(), grad_spk), leaf.grad, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", SNNTORCH)
def test_incoming_gradient_is_left_alone(name):
    """Autograd may share the incoming gradient, so no surrogate gradient writes into it."""
    grad_spk = torch.tensor([0.5, -2.0, 3.0])
    SURROGATE_GRADIENTS[name](torch.tensor([-1.0, 0.0, 1.0]), grad_spk)

    assert grad_spk.tolist() == [0.5, -2.0, 3.0]


def test_every_name_of_a_spec_has_a_surrogate_gradient():
    """What a sweep file may ask for is what there is."""
    assert set(SURROGATE_GRADIENTS) == set(get_args(SurrogateGradient)) == set(SNNTORCH)


def test_triangular_pushes_the_wrong_way_above_the_threshold():
    """The flipped sign of snnTorch is kept, at the threshold itself too."""
    grads = SURROGATE_GRADIENTS["triangular"](torch.tensor([-1.0, 0.0, 1.0]), torch.ones(3))

    assert grads.tolist() == [1, -1, -1]


def test_spike_rate_escape_peaks_one_above_the_threshold():
    """The second shift by 1 of snnTorch is kept."""
    overdrive = torch.linspace(-2, 2, 41)
    grads = SURROGATE_GRADIENTS["spike_rate_escape"](overdrive.clone(), torch.ones(41))

    assert overdrive[grads.argmax()].item() == pytest.approx(1.0)
