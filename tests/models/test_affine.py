import pytest
import torch
from torch.nn import functional

from privsearch.models import affine

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def random(*shape, dtype=torch.float32, seed=0):
    """Standard normal numbers that need a gradient."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()


def assert_same(function, reference, tensors):
    """Same outputs and gradients, to a fraction of their largest; the reference computes in 64 bits."""
    got = function(*tensors)
    weights = torch.randn(got.shape, generator=torch.Generator().manual_seed(9))
    grads = torch.autograd.grad((got.double() * weights).sum(), tensors)
    exact = [tensor.detach().double().requires_grad_() for tensor in tensors]
    expected = reference(*exact)
    expected_grads = torch.autograd.grad((expected * weights).sum(), exact)
    for a, b in zip([got, *grads], [expected, *expected_grads], strict=True):
        assert a.dtype == tensors[0].dtype
        assert (a - b).abs().max() <= TOLERANCE[a.dtype] * b.abs().max()


@pytest.mark.parametrize("prefers_mkl", [True, False], ids=["MKL", "oneDNN"])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("n", "inputs", "outputs"), [(1, 4, 3), (7, 30, 1000), (800, 1000, 2), (130, 77, 33)])
def test_linear_is_a_matrix_product(n, inputs, outputs, dtype, prefers_mkl, monkeypatch):
    """Outputs and all three gradients are those of torch's own layer, whichever library the processor prefers."""
    monkeypatch.setattr(affine, "PREFERS_MKL", prefers_mkl)
    tensors = random(n, inputs, dtype=dtype), random(outputs, inputs, dtype=dtype, seed=1), random(outputs, dtype=dtype)

    assert_same(affine.linear, functional.linear, tensors)


@pytest.mark.parametrize("n", [5, 40], ids=["fewer images", "more images"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_images_are_laid_flat_channels_first(n, layout):
    """Whichever of images and weights is laid out anew, and however images lie in memory."""
    images = random(n, 3, 4, 5).detach().contiguous(memory_format=layout).requires_grad_()
    tensors = images, random(20, 60, seed=1), random(20, seed=2)

    assert_same(affine.linear_on_images, lambda x, *rest: functional.linear(x.flatten(1), *rest), tensors)


def plain_conv_and_pool(*given):
    """What torch's own calls make of it."""
    return functional.max_pool2d(functional.conv2d(*given, padding=1), 2)


@pytest.mark.parametrize("size", [(8, 8), (5, 7)], ids=["even", "odd"])
def test_convolution_and_pooling_are_torchs(size):
    """Outputs and gradients are those of torch's own calls; odd sizes are floored."""
    tensors = random(3, 2, *size), random(6, 2, 3, 3, seed=1), random(6, seed=2)

    assert_same(affine.conv_and_pool, plain_conv_and_pool, tensors)


def test_convolution_and_pooling_in_16_bits():
    """To the precision of the type; sums that tie in 16 bits send their gradients elsewhere than in 32."""
    tensors = [x.bfloat16() for x in (random(3, 2, 8, 8), random(6, 2, 3, 3, seed=1), random(6, seed=2))]
    got, expected = affine.conv_and_pool(*tensors), plain_conv_and_pool(*map(torch.Tensor.double, tensors))

    assert got.dtype == torch.bfloat16
    assert (got - expected).abs().max() <= TOLERANCE[torch.bfloat16] * expected.abs().max()


def test_the_first_of_equal_inputs_takes_the_gradient():
    """As in torch, so that a network's gradient does not depend on who pools."""
    x = torch.ones(1, 1, 2, 2).requires_grad_()
    affine._MaxPool.apply(x).sum().backward()

    assert x.grad.flatten().tolist() == [1, 0, 0, 0]


def test_pooling_passes_nan_on():
    """A network that has diverged shows it."""
    x = torch.tensor([[1.0, torch.nan], [2.0, 3.0]]).view(1, 1, 2, 2)

    assert affine._MaxPool.apply(x).isnan().all()


def test_other_devices_and_builds_use_torchs_own(monkeypatch):
    """Without oneDNN's product, the result is the same but for its rounding."""
    tensors = random(5, 9), random(4, 9, seed=1), random(4, seed=2)
    expected = affine.linear(*tensors)
    monkeypatch.setattr(affine, "HAS_ONEDNN", False)

    torch.testing.assert_close(affine.linear(*tensors), expected)
