"""The layers of FCNet and ConvNet, which networks are built from and costs are estimated by.

Source: Moshruba et al. 2025, Table I.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from privsearch.spec.trial import TrialSpec

LayerKind = Literal["convolution", "linear"]

CONV_CHANNELS: Final = (32, 64)
HIDDEN_FEATURES: Final = 1000
KERNEL_SIZE: Final = 3
POOL_SIZE: Final = 2


@dataclass(frozen=True)
class Layer:
    """A 3x3 convolution with padding 1 and 2x2 max pooling, or a linear layer, with a bias for each output.

    Attributes:
        kind: the operation; a linear layer flattens its input.
        inputs: channels of the input image, or input features.
        outputs: channels of the output image, or output features.
        image_size: height and width of the input image; None for a linear layer.
        is_spiking: True if Leaky neurons follow, False if a ReLU follows or, after an ANN's last layer, nothing.
    """

    kind: LayerKind
    inputs: int
    outputs: int
    image_size: tuple[int, int] | None
    is_spiking: bool

    @property
    def weights(self) -> int:
        """The number of weights, without the biases."""
        return self.inputs * self.outputs * (1 if self.image_size is None else KERNEL_SIZE**2)

    @property
    def multiply_adds(self) -> int:
        """The number of multiply-adds for one example at one step."""
        height, width = self.image_size or (1, 1)
        return height * width * self.weights

    @property
    def neurons(self) -> int:
        """The number of neurons, one for each output of one example after pooling, which rounds odd sizes down."""
        if self.image_size is None:
            return self.outputs
        height, width = self.image_size
        return self.outputs * (height // POOL_SIZE) * (width // POOL_SIZE)


def network_layers(spec: TrialSpec, input_shape: tuple[int, ...], num_classes: int) -> tuple[Layer, ...]:
    """Return the layers of a trial's network, from the input to the logits.

    One input dimension gives an FCNet (linear 1000, linear classes), three a ConvNet (convolutions of 32 and 64
    channels, then the FCNet). `width` multiplies these channels and features; they are rounded, to 1 at least. All
    layers of an SNN spike, or with `spiking_layers: head` the linear ones. The layers of a registered model are
    unknown: for an estimate of its cost, it counts as an SNN.

    Args:
        spec: in canonical form.
        input_shape: `(features,)`, or `(channels, height, width)`; with the time steps before it for inputs over time.
        num_classes: the number of logits.
    """
    input_shape = static_shape(input_shape, flat=spec.model == "ann")
    spiking: list[LayerKind] = []
    if spec.model != "ann":
        spiking = ["convolution", "linear"] if spec.spiking_layers == "all" else ["linear"]
    return _layers(spec.width, input_shape, num_classes, tuple(spiking))


def num_weights(spec: TrialSpec, input_shape: tuple[int, ...], num_classes: int) -> int:
    """Return the number of weights and biases of the FCNet or ConvNet for such examples, whichever layers spike."""
    input_shape = static_shape(input_shape, flat=spec.model == "ann")
    return sum(layer.weights + layer.outputs for layer in _layers(spec.width, input_shape, num_classes, ()))


def static_shape(input_shape: tuple[int, ...], *, flat: bool) -> tuple[int, ...]:
    """Return the shape of what the layers see at a step: of inputs over time one step, or in an ANN all of them.

    Args:
        input_shape: the shape of an example.
        flat: True for an ANN, which sees a table's steps side by side, and the mean of frames.
    """
    match input_shape:
        case (steps, features):
            return (steps * features,) if flat else (features,)
        case (_, channels, height, width):
            return channels, height, width
        case _:
            return input_shape


@cache
def _layers(
    width: float, input_shape: tuple[int, ...], num_classes: int, spiking: tuple[LayerKind, ...]
) -> tuple[Layer, ...]:
    """Return the layers, spiking if their kind is in `spiking`."""
    layers, features = [], input_shape[0]
    if len(input_shape) == 3:
        channels, height, across = input_shape
        for out_channels in (_scaled(width, usual) for usual in CONV_CHANNELS):
            layers.append(Layer("convolution", channels, out_channels, (height, across), "convolution" in spiking))
            channels, height, across = out_channels, height // POOL_SIZE, across // POOL_SIZE
        features = channels * height * across
    hidden = _scaled(width, HIDDEN_FEATURES)
    for inputs, outputs in ((features, hidden), (hidden, num_classes)):
        layers.append(Layer("linear", inputs, outputs, None, "linear" in spiking))
    return tuple(layers)


def _scaled(width: float, size: int) -> int:
    return max(1, round(width * size))
