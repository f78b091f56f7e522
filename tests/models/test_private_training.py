import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from training_kinds import drawing_model, spec_of, train

from privsearch.data.splits import load_splits
from privsearch.errors import ConstructionError, SpecError
from privsearch.models import build_network, epochs
from privsearch.models.epochs import Learner, Pass, train_pass
from privsearch.models.private_training import PrivateSteps
from privsearch.spec import TrialSpec
from privsearch.study.guarantee import Guarantee

SPEC = spec_of("private")


def steps_of(**fields: Any) -> PrivateSteps:
    """Steps on 100 examples, of batches of 20 on average."""
    given = {
        "epsilon": 1,
        "delta": 1e-5,
        "noise_multiplier": 1.0,
        "max_grad_norm": 1.0,
        "sampling_rate": 0.2,
        "steps": 5,
    }
    return PrivateSteps(Guarantee.model_validate({**given, "accountant": "none", **fields}), 20.0)


def test_batches_are_drawn_by_poisson_sampling() -> None:
    """Each example by itself, with the sampling rate; a batch may be empty, and no example is in it twice."""
    examples, generator = torch.arange(100, 200), torch.Generator().manual_seed(1)
    batches = [steps_of().draw(examples, generator) for _ in range(2000)]
    counts = torch.bincount(torch.cat(batches) - 100, minlength=100)
    assert counts.min() > 300
    assert counts.max() < 500
    sizes = np.array([len(batch) for batch in batches])
    assert sizes.var() == pytest.approx(100 * 0.2 * 0.8, rel=0.15), "sizes vary as those of independent coins"
    assert all(len(batch.unique()) == len(batch) for batch in batches)
    rare = [steps_of(sampling_rate=1e-3).draw(examples, generator) for _ in range(100)]
    assert any(len(batch) == 0 for batch in rare)


@pytest.mark.parametrize("size", [0, 20])
def test_the_noise_has_the_deviation_of_the_guarantee(size: int) -> None:
    """Of a batch, or of an empty one: the multiplier times the clipping norm, over the expected batch."""
    network = build_network(SPEC, (4,), 3)
    x, y = torch.randn(size, 4), torch.randint(3, (size,))
    steps, weights = steps_of(noise_multiplier=500.0, max_grad_norm=0.1), list(network.parameters())
    measured = steps.set_gradients(network, weights, x, y, torch.Generator().manual_seed(3))
    assert (measured is None) == (size == 0)
    drawn = torch.cat([weight.grad.flatten() for weight in weights])  # type: ignore[union-attr]
    assert len(drawn) > 5000
    assert float(drawn.std()) == pytest.approx(500 * 0.1 / 20, rel=0.05)
    assert abs(float(drawn.mean())) < 0.1


def test_the_sum_is_divided_by_the_expected_batch() -> None:
    """However many examples the batch has: their number is not public."""
    network = build_network(SPEC, (4,), 3)
    weights, steps = list(network.parameters()), steps_of(noise_multiplier=1e-9, max_grad_norm=1e3)
    x, y = torch.randn(1, 4), torch.tensor([1])
    steps.set_gradients(network, weights, x, y, torch.Generator())
    found = [weight.grad for weight in weights]
    network.zero_grad()
    nn.functional.cross_entropy(network(x), y).backward()
    for weight, gradient in zip(weights, found, strict=True):
        assert gradient is not None
        assert torch.allclose(20 * gradient, weight.grad, atol=1e-4)  # type: ignore[arg-type]


def without_noise(fields: dict[str, Any]) -> PrivateSteps:
    """Steps in which each example is in each batch, nothing is clipped and nothing added."""
    guarantee = Guarantee.model_construct(sampling_rate=1.0, noise_multiplier=0.0, max_grad_norm=1e30)
    return PrivateSteps(guarantee, float(fields["batch_size"]))


@pytest.mark.parametrize("kind", ["ann", "quantised ann", "snn", "sgd", "decaying"])
def test_steps_without_noise_and_limit_are_ordinary_ones(kind: str) -> None:
    """On the same batch, an epoch later, the weights are the same but for rounding; with Adam and with SGD."""
    splits = load_splits("iris", seed=0, train_size=None, test_size=None)
    spec = spec_of(kind).model_copy(update={"batch_size": 120})
    order, trained = torch.arange(120), []
    for private in (None, without_noise({"batch_size": 120})):
        torch.manual_seed(1)
        network = build_network(spec, (4,), 3)
        learner = Learner.of(network, spec, splits, 7, private)
        measured = train_pass(learner, Pass.over(order, splits.device), 120)
        trained.append((measured, list(network.parameters())))
    (ordinary, weights), (measured, others) = trained
    assert measured.loss == pytest.approx(ordinary.loss, rel=1e-5)
    assert measured.accuracy == ordinary.accuracy
    for weight, other in zip(weights, others, strict=True):
        # Adam's first step has the size of the learning rate whatever the gradient is, if it is not all but 0.
        assert ((weight - other).abs() < 1e-5).float().mean() > 0.99


def test_a_network_has_the_guarantee_of_its_own_training_set() -> None:
    """The rate, the steps and the noise follow from the number of its examples; what is promised is recorded."""
    cohort = train(SPEC)
    recorded = cohort.networks[0].dp
    assert recorded is not None
    assert SPEC.dp is not None
    size = int(cohort.signals.is_member[0].sum())
    assert recorded.sampling_rate == SPEC.batch_size / size
    assert recorded.steps == SPEC.epochs * math.ceil(size / SPEC.batch_size)
    assert recorded.noise_multiplier == SPEC.dp.noise_multiplier
    assert recorded.delta == SPEC.dp.delta
    assert recorded.accountant.startswith("dp-accounting ")
    assert train(spec_of("snn")).networks[0].dp is None


def test_an_epoch_counts_the_examples_that_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of the training set; one that saw none has a loss of 0, and the training goes on."""
    monkeypatch.setattr(epochs, "PrivateSteps", PrivateSteps)
    monkeypatch.setattr(PrivateSteps, "draw", lambda _, examples, __: examples[:0])
    history = train(SPEC).networks[0].history
    assert [(epoch.loss, epoch.accuracy) for epoch in history] == [(0, 0)] * SPEC.epochs
    monkeypatch.setattr(PrivateSteps, "draw", lambda _, examples, __: examples[:2])
    assert {epoch.accuracy for epoch in train(SPEC).networks[0].history} <= {
        0,
        1 / 8,
        0.25,
        3 / 8,
        0.5,
        5 / 8,
        0.75,
        7 / 8,
        1,
    }


def test_unknown_layers_are_never_trained_privately() -> None:
    """Even if nothing refused them before."""
    module = drawing_model((4,), 3, SPEC)
    with pytest.raises(ConstructionError, match="must train one of privsearch's own networks"):
        steps_of().set_gradients(
            module, list(module.parameters()), torch.randn(2, 4), torch.zeros(2).long(), torch.Generator()
        )
    network = build_network(SPEC, (4,), 3)
    beside = [*network.parameters(), nn.Parameter(torch.zeros(3))]
    with pytest.raises(ConstructionError, match="in a layer that is clipped"):
        steps_of().set_gradients(network, beside, torch.randn(2, 4), torch.zeros(2).long(), torch.Generator())


def test_gradients_of_16_bits_are_never_trained_privately() -> None:
    """They are rounded after their norm is known."""
    with pytest.raises(ConstructionError, match="32 bits"):
        PrivateSteps.of(SPEC.model_copy(update={"precision": "bf16"}), 100)
    assert PrivateSteps.of(spec_of("bf16"), 100) is None


def test_a_delta_that_lets_an_example_out_is_refused() -> None:
    """As a last resort, in the training itself."""
    spec = TrialSpec.model_validate({**SPEC.model_dump(), "dp": {"noise_multiplier": 1.0, "delta": 0.01}})
    with pytest.raises(SpecError, match="below 1 / n"):
        PrivateSteps.of(spec, 100)
