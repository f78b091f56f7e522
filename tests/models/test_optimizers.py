import subprocess
import sys

import pytest
import torch
from torch import nn

from privsearch.models.optimizers import Adam, Sgd

STEPS = 5


def weights():
    """A convolution's and a vector, always the same."""
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((8, 3, 3, 3), (7,))]


def trained(weights, step):
    """The weights after some steps on a loss that bends."""
    for _ in range(STEPS):
        for weight in weights:
            weight.grad = None
        sum((weight.sin() * weight).sum() for weight in weights).backward()
        step()
    return [weight.detach() for weight in weights]


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(
    ("ours", "theirs", "options"), [(Adam, torch.optim.Adam, {}), (Sgd, torch.optim.SGD, {"momentum": 0.9})]
)
def test_weights_are_torchs_to_the_bit(ours, theirs, options, weight_decay):
    """After several steps, the momentum's among them."""
    mine, other = weights(), weights()
    expected = trained(other, theirs(other, lr=0.05, weight_decay=weight_decay, fused=True, **options).step)
    got = trained(mine, ours(mine, 0.05, weight_decay).step)

    assert all(map(torch.equal, got, expected))
    assert not any(map(torch.equal, got, (weight.detach() for weight in weights())))


@pytest.mark.parametrize("optimizer", [Adam, Sgd])
def test_gradients_are_forgotten(optimizer):
    """The next backward pass starts from none."""
    mine = weights()
    trainer = optimizer(mine, 0.05, 0.0)
    sum(weight.sum() for weight in mine).backward()
    trainer.forget_gradients()
    assert [weight.grad for weight in mine] == [None, None]


def test_training_does_not_import_torchs_compiler():
    """The seconds that it takes are saved at every start of a worker; quantised networks are no exception."""
    program = (
        "import sys; from privsearch.spec import TrialSpec; from privsearch.sweep.trial import run_trial; "
        "protocol = {'kind': 'paper', 'placebo_cuts': 1}; "
        "spec = dict(dataset='iris', model='snn', epochs=1, num_steps=2, protocol=protocol); "
        "results = [run_trial(TrialSpec(weight_bit_width=bits, **spec)) for bits in (None, 4)]; "
        "assert all(result.status == 'completed' for result in results), results; "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
