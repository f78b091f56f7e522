"""The reference is `snntorch.spikegen`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from snntorch import spikegen
from training_kinds import images, sequences

from privsearch.data.splits import Splits, load_splits
from privsearch.models import build_network
from privsearch.models.encoding import Encoder
from privsearch.models.training import query_untrained, train_cohort
from privsearch.spec import HalvesProtocol, TrialSpec
from privsearch.study.cohort import Cohort

STEPS = 7


def iris() -> Splits:
    return load_splits("iris", seed=0, train_size=None, test_size=None)


def spec_of(encoding: str, **fields: Any) -> TrialSpec:
    """A canonical trial of a spiking network on iris."""
    given = {"dataset": "iris", "model": "snn", "num_steps": STEPS, "epochs": 2, "encoding": encoding, **fields}
    return TrialSpec(**given).canonical("fcnet")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def scaled(splits: Splits, x: torch.Tensor) -> torch.Tensor:
    """Inputs as a share of the training split's range, feature by feature."""
    low, high = splits.x_train.amin(0), splits.x_train.amax(0)
    return ((x - low) / (high - low)).clamp(0, 1)


def test_direct_inputs_are_as_they_are() -> None:
    """In a spiking network that asks for no encoding, and in every other."""
    x = iris().x_train
    for spec in (spec_of("direct"), TrialSpec(dataset="iris", model="ann")):
        assert Encoder.of(spec, iris())(x, generator()) is x


def test_a_rate_is_spikegens() -> None:
    """The same draws from the same seed, step by step; the global generator is left alone."""
    splits, before = iris(), torch.get_rng_state()
    spikes = Encoder.of(spec_of("rate"), splits)(splits.x_test, generator())
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = spikegen.rate(scaled(splits, splits.x_test), num_steps=STEPS)
    assert torch.equal(spikes, expected.transpose(0, 1))


def test_a_latency_is_spikegens() -> None:
    """Linear, all steps used; without the threshold below which spikegen takes inputs for another."""
    splits = iris()
    spikes = Encoder.of(spec_of("latency"), splits)(splits.x_test, generator())
    p = scaled(splits, splits.x_test)
    expected = spikegen.latency(p, num_steps=STEPS, threshold=1e-9, normalize=True, linear=True)
    assert torch.equal(spikes, expected.transpose(0, 1))
    assert torch.equal(spikes.sum(1), torch.ones_like(p))


def test_a_delta_is_spikegens() -> None:
    """With spikes for what falls; examples end where they did."""
    splits = sequences()
    spec = TrialSpec(dataset="digits", model="snn", encoding="delta").canonical("fcnet", num_steps=5)
    spikes = Encoder.of(spec, splits)(splits.x_test, generator())
    seen = splits.x_train.flatten(0, 1)
    seen = seen[~seen[:, 0].isnan()]
    p = ((splits.x_test - seen.amin(0)) / (seen.amax(0) - seen.amin(0))).clamp(0, 1)
    is_valid = ~p.isnan()
    expected = spikegen.delta(p.nan_to_num().transpose(0, 1), threshold=0.1, off_spike=True).transpose(0, 1)
    assert torch.equal(spikes[is_valid], expected[is_valid])
    assert torch.equal(spikes.isnan(), ~is_valid)
    assert set(spikes[is_valid].tolist()) == {-1, 0, 1}


def test_a_rate_over_time_fires_at_each_step_with_its_own_input() -> None:
    """Once, with padding as it was."""
    splits = sequences()
    x = splits.x_train.clone()
    x[:, :, 0] = torch.where(x[:, :, 0].isnan(), torch.nan, torch.arange(5) % 2.0)
    splits = replace(splits, x_train=x)
    spec = TrialSpec(dataset="digits", model="snn", encoding="rate").canonical("fcnet", num_steps=5)
    spikes = Encoder.of(spec, splits)(x, generator())
    torch.testing.assert_close(spikes[:, :, 0], x[:, :, 0], equal_nan=True)
    assert set(spikes[~spikes.isnan()].tolist()) == {0, 1}


def test_inputs_beyond_the_training_split_are_its_ends() -> None:
    """And a feature that does not vary there never fires."""
    x = torch.zeros(120, 4)
    x[0, 0] = 4
    encoder = Encoder.of(spec_of("rate"), replace(iris(), x_train=x))
    spikes = encoder(torch.tensor([[-1.0, 5, 5, 5], [9, 6, 6, 6]]), generator())
    assert spikes[:, :, 0].mean(1).tolist() == [0, 1]
    assert spikes[:, :, 1:].sum() == 0


def test_images_have_one_range_for_all_pixels() -> None:
    """That of the stored ones, as they are preprocessed."""
    splits = images()
    spec = TrialSpec(dataset="cifar10", model="snn", encoding="rate", num_steps=2).canonical("convnet")
    encoder = Encoder.of(spec, splits)
    inputs = splits.inputs(splits.x_train)
    assert (encoder.low, encoder.high) == (inputs.min(), inputs.max())
    assert encoder(inputs, generator()).shape == (20, 2, 3, 8, 8)
    floats = replace(splits, x_train=inputs, preprocessing=None)
    assert Encoder.of(spec, floats).high == encoder.high


def trained(spec: TrialSpec, *, networks: int = 2) -> Cohort:
    """Networks that are trained on other halves of iris, from whatever state of the global generator."""
    torch.manual_seed(np.random.default_rng().integers(2**32))
    members = np.random.default_rng(1).random((2, 120)) < 0.5
    return train_cohort(spec, iris(), members, [4, 5], only=range(networks))


@pytest.mark.parametrize("encoding", ["rate", "latency"])
def test_an_encoded_network_is_trained_to_the_same_bits(encoding: str) -> None:
    """Alone or beside others, as draws are the network's own."""
    spec = spec_of(encoding, encoding_queries=3)
    both, alone = trained(spec), trained(spec, networks=1)
    assert np.array_equal(both.signals.logits[0], alone.signals.logits[0])
    assert both.networks[0] == alone.networks[0]
    assert not np.array_equal(both.signals.logits[0], trained(spec_of("direct")).signals.logits[0])


def test_a_query_is_the_mean_over_its_draws() -> None:
    """Each of which an attacker sees; all networks are queried with the same."""
    spec = spec_of("rate", encoding_queries=5)
    splits = iris()
    encoder, draws = Encoder.of(spec, splits), torch.Generator().manual_seed(spec.seed)
    torch.manual_seed(9)
    network = build_network(spec, (4,), 3).eval()
    with torch.inference_mode():
        each = [network.readouts(encoder(x, draws)) for x in splits.batches(256) for _ in range(5)]
    signals = query_untrained(spec, splits, np.ones((1, 120), dtype=bool), [9])
    for name in ("final_mem", "spike_counts", "mean_mem"):
        expected = torch.stack([read[name] for read in each]).mean(0)
        np.testing.assert_allclose(signals.outputs[name, "plain"][0], expected.numpy(), rtol=1e-5, atol=1e-6)


def test_trajectories_are_means_as_well() -> None:
    spec = spec_of("rate", protocol=HalvesProtocol(networks=8, mem_trajectory=True))
    signals = query_untrained(spec, iris(), np.ones((1, 120), dtype=bool), [9])
    assert signals.outputs["mem_trajectory", "plain"].shape[1:] == (STEPS, 150, 3)
