"""The reference looks at every pair of an input and a weight, of every example at every step."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from training_kinds import images

from privsearch import register_model
from privsearch.models import Dynamics, Leaky, MembraneReadout, Network, Stage, build_network
from privsearch.models.encoding import Encoder
from privsearch.models.operations import OperationCounter
from privsearch.models.quantization import effective_weight
from privsearch.models.sequences import valid_steps, without_padding
from privsearch.models.training import train_cohort
from privsearch.spec import TrialSpec
from privsearch.study.operations import Operations

STEPS, BATCH, CLASSES = 5, 7, 3
GAIN = 3
"""By which initial weights grow, so that every layer spikes."""

AXES: tuple[dict[str, Any], ...] = (
    {"model": "ann"},
    {"model": "ann", "weight_bit_width": 2},
    {"model": "ann", "weight_bit_width": 4, "act_bit_width": 2},
    {"model": "snn"},
    {"model": "snn", "weight_bit_width": 2},
    {"model": "snn", "act_bit_width": 4},
    {"model": "snn", "precision": "bf16"},
)


def built(shape: tuple[int, ...], classes: int = CLASSES, seed: int = 0, **axes: Any) -> tuple[Network, TrialSpec]:
    """A small network with weights that make it spike, and its trial."""
    kind = "convnet" if len(shape) == 3 else "fcnet"
    steps = {"num_steps": STEPS} if axes["model"] == "snn" else {}
    spec = TrialSpec(dataset="iris", width=0.05, **steps, **axes).canonical(kind)
    torch.manual_seed(seed)
    network = build_network(spec, shape, classes)
    assert isinstance(network, Network)
    for stage in network:
        stage.affine.weight.data *= GAIN
    return network.eval(), spec


def inputs_of(shape: tuple[int, ...], seed: int = 1) -> Tensor:
    """Examples of which a third of the inputs is 0."""
    x = torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(seed))
    return functional.threshold(x, -0.4, 0.0)


def count(network: Network, spec: TrialSpec, x: Tensor, first: int = 0, **options: Any) -> Operations:
    counter = OperationCounter(network, spec, **options)
    with torch.inference_mode():
        network.readouts(x, watch=counter.watching(first))
    found = counter.operations()
    assert found is not None
    return found


def signals(network: Network, x: Tensor) -> list[Tensor]:
    """The inputs of every layer, `(steps, batch, *features)`, with all spikes in memory."""
    over_time = x.ndim in (3, 5)
    signal = without_padding(x).transpose(0, 1) if over_time else x[None]
    found = []
    with torch.no_grad():
        for stage in network:
            found.append(signal)
            signal = stage(signal)
    return found


def pairs(stage: Stage, signal: Tensor, *, dense: bool = False) -> np.ndarray:
    """For each step and example, the pairs of an input and a weight that are both not 0, one by one."""
    weights = effective_weight(stage.affine).detach() != 0
    there = (signal != 0).flatten(0, 1)
    if dense:
        weights, there = torch.ones_like(weights), torch.ones_like(there)
    if isinstance(stage.affine, nn.Conv2d):
        patches = functional.unfold(there.double(), 3, padding=1)  # (n, inputs, places)
        met = torch.einsum("nip,oi->n", patches, weights.double().flatten(1))
    else:
        met = torch.einsum("ni,oi->n", there.double().flatten(1), weights.double())
    return met.view(signal.shape[:2]).numpy()


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize(("shape", "classes"), [((6,), CLASSES), ((6,), 12), ((2, 6, 7), CLASSES)])
def test_operations_are_those_that_a_look_at_every_pair_finds(
    shape: tuple[int, ...], classes: int, axes: dict[str, Any]
) -> None:
    """To the last one, of linear layers and convolutions, narrow or wide, quantised or not, from a row on."""
    network, spec = built(shape, classes, **axes)
    x, first = inputs_of(shape), 2
    found = count(network, spec, x, first)
    num_steps = STEPS if spec.model == "snn" else 1
    assert found.examples == BATCH - first
    for layer, stage, signal in zip(found.layers, network, signals(network, x[first:]), strict=True):
        assert layer.effective == pytest.approx(pairs(stage, signal).sum(0).mean(), rel=1e-12)
        assert layer.dense == pytest.approx(pairs(stage, signal, dense=True).sum(0).mean(), rel=1e-12)
        assert layer.active == pytest.approx((signal != 0).flatten(2).sum((0, 2)).double().mean().item(), rel=1e-12)
        np.testing.assert_allclose(layer.activity, (signal != 0).flatten(1).double().mean(1), rtol=1e-5)
        assert layer.presentations * len(signal) == num_steps
        assert layer.effective <= layer.dense
        with torch.no_grad():
            outputs = stage(signal)[0, 0].numel()
        assert (layer.outputs, layer.inputs) == (outputs, signal[0, 0].numel())
        assert layer.updates == (outputs * STEPS if spec.model == "snn" else 0)
    # A network in which nothing is ever 0 proves nothing.
    assert any(layer.effective < 0.9 * layer.dense for layer in found.layers)


def test_a_layer_adds_where_spiking_neurons_come_before_it_and_multiplies_elsewhere() -> None:
    """By construction: not even inputs of 0 and 1 are taken for spikes."""
    for axes, expected in (
        ({"model": "ann"}, [False] * 4),
        ({"model": "snn"}, [False, True, True, True]),
        ({"model": "snn", "spiking_layers": "head"}, [False, False, False, True]),
    ):
        network, spec = built((1, 8, 8), **axes)
        found = count(network, spec, torch.ones(BATCH, 1, 8, 8))
        assert [layer.spikes for layer in found.layers] == expected
    assert [layer.presentations for layer in found.layers] == [STEPS, STEPS, STEPS, 1]


@pytest.mark.parametrize("encoding", ["rate", "latency"])
def test_encoded_inputs_are_spikes(encoding: str) -> None:
    """They change over time, so that no layer is presented with the same twice."""
    network, spec = built((6,), model="snn", encoding=encoding)
    encoder = Encoder(encoding, STEPS, torch.zeros(6), torch.ones(6))  # type: ignore[arg-type]
    x = encoder(torch.rand(BATCH, 6), torch.Generator().manual_seed(0))
    found = count(network, spec, x)
    assert all(layer.spikes and layer.presentations == 1 and layer.input_bits == 1 for layer in found.layers)
    for layer, stage, signal in zip(found.layers, network, signals(network, x), strict=True):
        assert layer.effective == pytest.approx(pairs(stage, signal).sum(0).mean(), rel=1e-12)


@pytest.mark.parametrize("classes", [CLASSES, 12])
def test_steps_that_an_example_does_not_have_cost_nothing(classes: int) -> None:
    """Though the network goes on with padded inputs, and may spike there."""
    network, spec = built((6,), classes, model="snn")
    x = inputs_of((STEPS, 6))
    lengths = torch.tensor([5, 1, 2, 5, 3, 4, 5])
    x[torch.arange(STEPS) >= lengths[:, None]] = torch.nan
    found = count(network, spec, x)
    valid = valid_steps(x).T.numpy()
    for layer, stage, signal in zip(found.layers, network, signals(network, x), strict=True):
        assert layer.effective == pytest.approx((pairs(stage, signal) * valid).sum(0).mean(), rel=1e-12)
        assert layer.dense == pytest.approx((pairs(stage, signal, dense=True) * valid).sum(0).mean(), rel=1e-12)
        assert layer.updates == pytest.approx(layer.outputs * lengths.double().mean().item(), rel=1e-12)
        share = ((signal != 0).double().mean(2).numpy() * valid).sum(1) / valid.sum(1)
        np.testing.assert_allclose(layer.activity, share, rtol=1e-5)


def test_a_silent_network_costs_its_first_layer_and_its_updates_alone() -> None:
    """Neurons without a current never fire, and nothing behind them is added."""
    network, spec = built((6,), model="snn")
    network[0].affine.weight.data *= 1e-6
    network[0].affine.bias.data.zero_()
    first, last = count(network, spec, torch.ones(BATCH, 6)).layers
    hidden = network[0].affine.out_features
    assert (first.effective, first.presentations) == (6 * hidden, STEPS)
    assert (last.effective, last.active, set(last.activity)) == (0, 0, {0.0})
    assert first.updates + last.updates == (hidden + CLASSES) * STEPS


@pytest.mark.parametrize(
    ("widths", "spiking", "published"),
    [
        ((96, 32, 48, 2), False, 4704),
        ((192, 32, 48, 2), False, 7776),
        ((96, 50, 2), True, 4900),
        ((192, 50, 2), True, 9700),
    ],
)
def test_dense_operations_are_those_that_neurobench_publishes(
    widths: tuple[int, ...], spiking: bool, published: int
) -> None:
    """Of its baselines for the prediction of a primate's reaching, at one step; they follow from the widths alone.

    Source: Yik et al. 2025, The NeuroBench framework for benchmarking neuromorphic computing, Table 5.
    """
    neurons = Leaky(Dynamics(1, 0.9, 1.0, "fast_sigmoid"))
    hidden, readout = (neurons, MembraneReadout(neurons)) if spiking else (nn.ReLU(), nn.Identity())
    layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
    network = Network(*(Stage(affine, hidden) for affine in layers[:-1]), Stage(layers[-1], readout))
    spec = TrialSpec(dataset="iris", model="snn" if spiking else "ann").canonical("fcnet")
    found = count(network.eval(), spec, torch.rand(BATCH, widths[0]))
    assert sum(layer.dense for layer in found.layers) == published


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("shape", [(6,), (2, 6, 7), (STEPS, 6)])
def test_counting_changes_no_output(shape: tuple[int, ...], axes: dict[str, Any]) -> None:
    """To the bit."""
    network, spec = built(shape[1:] if len(shape) == 2 and axes["model"] == "snn" else shape, **axes)
    if len(shape) == 2 and axes["model"] == "ann":
        network, spec = built((STEPS * 6,), **axes)
    x = inputs_of(shape)
    with torch.inference_mode():
        plain = network.readouts(x)
        watched = network.readouts(x, watch=OperationCounter(network, spec).watching(3))
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_bits_are_those_of_the_operands() -> None:
    """A spike has one bit, an image that is stored in 8 bits has 8, and what is not quantised has none."""
    for axes, are_bytes, inputs, membranes in (
        ({"model": "ann"}, False, [None, None], [None, None]),
        ({"model": "ann", "act_bit_width": 4}, True, [8, 4], [None, None]),
        ({"model": "snn", "act_bit_width": 4}, False, [None, 1], [4, None]),
        ({"model": "snn", "act_bit_width": 4, "quantize_readout": True}, False, [None, 1], [4, 4]),
        ({"model": "snn", "act_bit_width": 4, "quantize_state": "for_firing"}, False, [None, 1], [None, None]),
    ):
        network, spec = built((6,), weight_bit_width=2, **axes)
        layers = count(network, spec, inputs_of((6,)), are_bytes=are_bytes).layers
        assert [layer.input_bits for layer in layers] == inputs
        assert [layer.membrane_bits for layer in layers] == membranes
        assert {layer.weight_bits for layer in layers} == {2}


def test_a_cohort_has_the_operations_of_its_test_split() -> None:
    """Of each network on its own, of all batches, and of stored bytes as integers."""
    splits = images()
    spec = TrialSpec(dataset="mnist", model="snn", num_steps=3, epochs=1, width=0.1).canonical("convnet")
    subsets = np.ones((2, len(splits.y_train)), dtype=bool)
    cohort = train_cohort(spec, splits, subsets, [1, 2])
    first, second = (network.operations for network in cohort.networks)
    assert first is not None
    assert second is not None
    assert first.examples == len(splits.y_test)
    assert first.layers[0].input_bits == 8
    assert first.layers[1].effective != second.layers[1].effective


def test_nothing_is_known_of_the_layers_of_a_users_model() -> None:
    """Which may compute anything."""
    register_model("of_a_user", lambda shape, classes, _: nn.Linear(*shape, classes))
    spec = TrialSpec(dataset="iris", model="of_a_user").canonical("fcnet")
    network = build_network(spec, (4,), 3)
    assert OperationCounter.of(network, spec, images()) is None


def test_neurobench_counts_as_many() -> None:
    """An independent count of plain layers with the weights that quantised ones compute with, where it is at hand."""
    layers = pytest.importorskip("neurobench.metrics.utils.layers")
    for shape in ((6,), (2, 6, 7)):
        for axes in AXES[:-1]:
            network, spec = built(shape, 12, **axes)
            x = inputs_of(shape)
            found = count(network, spec, x)
            for layer, stage, signal in zip(found.layers, network, signals(network, x), strict=True):
                affine = stage.affine
                plain = nn.Linear(1, 1) if isinstance(affine, nn.Linear) else nn.Conv2d(1, 1, 3, padding=1)
                plain.weight = nn.Parameter(effective_weight(affine).detach().clone())
                plain.bias = nn.Parameter(torch.zeros(len(plain.weight)))
                for total, ours in ((False, layer.effective), (True, layer.dense)):
                    steps = [step if isinstance(affine, nn.Conv2d) else step.flatten(1) for step in signal]
                    theirs = sum(layers.single_layer_MACs(step.clone(), plain, total=total)[0] for step in steps)
                    assert ours * BATCH == pytest.approx(theirs, rel=1e-9)


def test_spikingjelly_counts_as_many_for_spikes() -> None:
    """Its counter of synaptic operations, where it applies: spikes that meet weights of full precision."""
    counters = pytest.importorskip("spikingjelly.activation_based.op_counter")
    for shape in ((6,), (2, 6, 7)):
        network, spec = built(shape, 12, model="snn")
        x = inputs_of(shape)
        found = count(network, spec, x)
        for layer, stage, signal in list(zip(found.layers, network, signals(network, x), strict=True))[1:]:
            affine = stage.affine
            counter = counters.SynOpCounter()
            with counters.DispatchCounterMode([counter]), torch.no_grad():
                for spikes in signal:
                    if isinstance(affine, nn.Conv2d):
                        functional.conv2d(spikes, affine.weight, padding=1)
                    else:
                        functional.linear(spikes.flatten(1), affine.weight)
            assert layer.effective * BATCH == pytest.approx(counter.get_total(), rel=1e-9)
