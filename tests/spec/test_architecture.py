from typing import Any

import pytest

from privsearch.models import build_network
from privsearch.spec import Network, TrialSpec
from privsearch.spec.architecture import Layer, network_layers, num_weights

ODD_IMAGES = (3, 13, 10)


def layers(input_shape: tuple[int, ...], network: Network = "convnet", **fields: Any) -> tuple[Layer, ...]:
    spec = TrialSpec(**{"dataset": "iris", "model": "ann", **fields})
    return network_layers(spec.canonical(network), input_shape, 10)


def test_a_table_is_read_by_an_fcnet() -> None:
    """Linear 1000, linear classes."""
    hidden, last = layers((30,), "fcnet")

    assert hidden == Layer("linear", 30, 1000, None, is_spiking=False)
    assert last == Layer("linear", 1000, 10, None, is_spiking=False)
    assert (hidden.weights, hidden.multiply_adds, hidden.neurons) == (30_000, 30_000, 1000)


def test_images_are_read_by_a_convnet() -> None:
    """Convolutions of 32 and 64 channels, each with pooling that rounds odd sizes down; then the FCNet."""
    first, second, hidden, last = layers(ODD_IMAGES)

    assert first == Layer("convolution", 3, 32, (13, 10), is_spiking=False)
    assert (first.weights, first.multiply_adds, first.neurons) == (27 * 32, 130 * 27 * 32, 6 * 5 * 32)
    assert second == Layer("convolution", 32, 64, (6, 5), is_spiking=False)
    assert second.neurons == 3 * 2 * 64
    assert hidden == Layer("linear", 3 * 2 * 64, 1000, None, is_spiking=False)
    assert last == Layer("linear", 1000, 10, None, is_spiking=False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "ann"}, [False, False, False, False]),
        ({"model": "snn"}, [True, True, True, True]),
        ({"model": "snn", "spiking_layers": "head"}, [False, False, True, True]),
    ],
)
def test_an_snn_spikes_in_all_layers_or_in_its_head(fields: dict[str, Any], expected: list[bool]) -> None:
    """An ANN does in none."""
    assert [layer.is_spiking for layer in layers(ODD_IMAGES, **fields)] == expected


@pytest.mark.parametrize(
    ("width", "channels", "features"), [(0.5, [16, 32], 500), (2.0, [64, 128], 2000), (1e-4, [1, 1], 1)]
)
def test_width_multiplies_the_hidden_layers(width: float, channels: list[int], features: int) -> None:
    """Each has one channel or feature at least; the logits are as many as ever."""
    assert [layer.outputs for layer in layers(ODD_IMAGES, width=width)] == [*channels, features, 10]


@pytest.mark.parametrize("width", [1.0, 0.3])
@pytest.mark.parametrize(("network", "input_shape"), [("fcnet", (30,)), ("convnet", ODD_IMAGES)])
def test_as_many_weights_are_counted_as_a_network_has(
    network: Network, input_shape: tuple[int, ...], width: float
) -> None:
    """Biases among them."""
    spec = TrialSpec(dataset="iris", model="snn", width=width).canonical(network)
    built = build_network(spec, input_shape, 10)

    assert num_weights(spec, input_shape, 10) == sum(weight.numel() for weight in built.parameters())
