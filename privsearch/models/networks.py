"""The two networks of Moshruba et al. 2025, Table I, as ANN and as SNN.

Signals inside a network are `(steps, batch, *features)`: num_steps steps after the first Leaky neurons, one step before
them and in an ANN, where signals do not change with time. A layer sees all steps in one call, so the layers before
the first Leaky neurons run once per batch, and a weight is quantised once per batch.

Inputs over time `(batch, time, *shape)` drive an SNN step by step, num_steps being their number of steps, and are read
where each example ends. An ANN sees them at once: a table's steps side by side, the mean of frames.

With `precision: bf16`, currents and spikes of all layers but the last are 16-bit; weights, membranes, logits and the
loss stay in 32 bits.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from privsearch.models.affine import conv_and_pool, linear, linear_on_images
from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.narrow import SpikeCounts, is_narrow, narrow_linear
from privsearch.models.quantization import StateQuantizer, effective_weight, quant_conv2d, quant_linear, quant_relu
from privsearch.models.registered import RegisteredNetwork, build_registered
from privsearch.models.scan import Dynamics
from privsearch.models.sequences import Ends, at_once, is_over_time, valid_steps, without_padding
from privsearch.models.spike_driven import convolution_of_spikes, is_spike_driven, linear_of_spikes
from privsearch.models.traces import can_trace, logits_and_traces
from privsearch.spec import Recorded, TrialSpec
from privsearch.spec.architecture import KERNEL_SIZE, Layer, network_layers, static_shape
from privsearch.spec.axes import BUILT_IN_MODELS, DEFAULT_THRESHOLD

Tap = Callable[[nn.Module, Tensor, int], Tensor]
"""A function that computes a layer's current in the place of its stage, from the layer, its inputs and the batch size.

The inputs are `(steps * batch, *features)`, and so is the current, pooled where it must be.
"""


@runtime_checkable
class Watch(Protocol):
    """Someone who is shown what the layers of a network get in a query."""

    @property
    def first(self) -> int:
        """The first example of the batch that is of interest."""

    def see(self, layer: int, inputs: Float[Tensor, "steps batch *features"], ends: Ends | None) -> None:
        """Look at the inputs of a layer; layers are counted from 0.

        Args:
            layer: the number of the layer.
            inputs: those of the whole batch.
            ends: where examples end, for a spiking network with inputs over time.
        """

    def take(self, layer: int, spikes: SpikeCounts) -> None:
        """Take the numbers of spikes that are the inputs of a layer, from the first example of interest on."""


class Stage(nn.Module):
    """A convolution with 2x2 max pooling, or a linear layer; then an activation.

    Pooling comes before the activation. For Leaky neurons that is the paper's order; for a ReLU, which is monotone,
    both orders give the same outputs. (If quantisation makes outputs tie, gradients differ: here the gradient goes to
    the largest current, in the other order to the first of the tied ones.)

    Args:
        affine: a Conv2d, which 2x2 max pooling follows, or a Linear, whose input is flattened; torch's or brevitas'.
        activation: from currents to signals, `(steps, batch, *features)`; the numbers of steps may differ.
        dtype: the type of the currents. Weights are kept in 32 bits all the same.

    Attributes:
        tap: computes the current, for whoever needs more of the layer than its current; None: the stage itself does.
    """

    def __init__(self, affine: nn.Module, activation: nn.Module, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.affine = affine
        self.activation = activation
        self.dtype = dtype
        self.tap: Tap | None = None

    def current(self, x: Float[Tensor, "steps batch *features"]) -> Float[Tensor, "steps batch *neuron"]:
        """Compute the current that drives the activation, for every step of x."""
        folded = x.flatten(0, 1)
        current = self._computed(folded) if self.tap is None else self.tap(self.affine, folded, x.shape[1])
        return current.view(*x.shape[:2], *current.shape[1:])

    def _computed(self, folded: Float[Tensor, "n *features"]) -> Float[Tensor, "n *neuron"]:
        function = linear
        if folded.ndim == 4:
            function = conv_and_pool if isinstance(self.affine, nn.Conv2d) else linear_on_images
        return function(folded.to(self.dtype), *self.weight_and_bias())

    def weight_and_bias(self) -> tuple[Tensor, Tensor]:
        """Return the weight that the layer computes with, quantised or not, and the bias, in the type of currents."""
        return effective_weight(self.affine).to(self.dtype), cast("Tensor", self.affine.bias).to(self.dtype)

    def forward(self, x: Float[Tensor, "steps batch *features"]) -> Float[Tensor, "time batch *neuron"]:
        """Apply the activation to `current`."""
        signal: Tensor = self.activation(self.current(x))
        return signal


class Network(nn.Sequential):
    """Stages in a row, from a batch to its logits: the last stage's output where examples end, or its mean to there."""

    def forward(self, x: Float[Tensor, "batch *features"]) -> Float[Tensor, "batch classes"]:
        """Compute the logits `(batch, classes)` of x `(batch, *input_shape)`."""
        current, before, ends = self._until_last(x)
        last = cast("Stage", self[-1])
        sums = None if ends else _sums_to_trace(before, last, current)
        if sums is None:
            return _logits(last, _next_current(len(self) - 1, before, last, current, ends), ends)
        neurons, readout = cast("Leaky", before), cast("MembraneReadout", last.activation)

        def read(*tensors: Tensor) -> Tensor:
            return _logits(last, sums(tensors[0], neurons, *tensors[1:]), None)

        weight, bias = last.weight_and_bias()
        return logits_and_traces(current, weight, bias, neurons, readout, read)

    def readouts(
        self, x: Float[Tensor, "batch *features"], *, trajectory: bool = False, watch: Watch | None = None
    ) -> dict[Recorded, Float[Tensor, "each batch classes"]]:
        """Compute the outputs of the last stage that an attacker may see, each `(1, batch, classes)`.

        A spiking network shows its membrane at the final step and its membrane's mean over time, one of which is the
        logits, and its neurons' numbers of spikes; an ANN shows its logits alone, as `final_mem`. Of inputs over time
        the steps count that an example has.

        Args:
            x: `(batch, *input_shape)`.
            trajectory: True to add a spiking network's membrane at every time step, `(time, batch, classes)`.
            watch: shown the inputs of every layer; it changes no output.
        """
        before_last, before, ends = self._until_last(x, watch)
        last = cast("Stage", self[-1])
        current = _next_current(len(self) - 1, before, last, before_last, ends, watch)
        readout = last.activation
        if not isinstance(readout, MembraneReadout):
            return {"final_mem": readout(current)[-1:]}
        spk, mem = readout.neurons.scan(current)
        shown: dict[Recorded, Tensor] = {
            "final_mem": _last(mem, ends)[None],
            "spike_counts": (spk.sum(0) if ends is None else ends.total(spk))[None],
            "mean_mem": _mean(mem, ends)[None],
        }
        return {**shown, "mem_trajectory": mem} if trajectory else shown

    def _until_last(
        self, x: Float[Tensor, "batch *features"], watch: Watch | None = None
    ) -> tuple[Float[Tensor, "steps batch *neuron"], nn.Module, Ends | None]:
        """Compute the current of the stage before the last one, and return it with that stage's activation.

        With inputs over time, also return their ends, if the network is a spiking one.
        """
        signal, ends = self._signal(x)
        first, *others = cast("Sequence[Stage]", tuple(self)[:-1])
        if watch:
            watch.see(0, signal, ends)
        current, activation = first.current(signal), first.activation
        for layer, stage in enumerate(others, 1):
            current = _next_current(layer, activation, stage, current, ends, watch)
            activation = stage.activation
        return current, activation, ends

    def _signal(self, x: Float[Tensor, "batch *features"]) -> tuple[Float[Tensor, "steps batch *shape"], Ends | None]:
        """Return a batch as the first stage's input, and the ends of its examples if they are over time."""
        if not is_over_time(x):
            return x.unsqueeze(0), None
        readout = cast("Stage", self[-1]).activation
        if not isinstance(readout, MembraneReadout):
            return at_once(x).unsqueeze(0), None
        num_steps = readout.neurons.dynamics.num_steps
        if x.shape[1] != num_steps:
            raise ValueError(f"inputs over time must have {num_steps} steps, as in training, but have {x.shape[1]}")
        return without_padding(x).transpose(0, 1), Ends(valid_steps(x).sum(1), num_steps)


def _last(output: Float[Tensor, "time batch classes"], ends: Ends | None) -> Float[Tensor, "batch classes"]:
    """Return an output at the final step, or at the last that each example has."""
    return output[-1] if ends is None else ends.last(output)


def _mean(output: Float[Tensor, "time batch classes"], ends: Ends | None) -> Float[Tensor, "batch classes"]:
    """Return the mean of an output over time, or over the steps that each example has."""
    return output.mean(0) if ends is None else ends.mean(output)


def _logits(
    last: Stage, current: Float[Tensor, "time batch classes"], ends: Ends | None
) -> Float[Tensor, "batch classes"]:
    """Compute what a network answers with, from the current of its last stage."""
    read = _mean if isinstance(last.activation, MembraneReadout) and last.activation.averages else _last
    return read(last.activation(current), ends)


def _next_current(  # what goes in, and who is shown it
    layer: int,
    activation: nn.Module,
    stage: Stage,
    current: Float[Tensor, "steps batch *neuron"],
    ends: Ends | None,
    watch: Watch | None = None,
) -> Float[Tensor, "time batch *next"]:
    """Compute the current of a stage from that of the one before, whose spikes may never be in memory.

    Args:
        layer: the number of the stage.
        activation: the activation before it.
        stage: the stage.
        current: what drives the activation.
        ends: where examples end, for inputs over time.
        watch: shown the inputs of the stage; None for nobody.
    """
    sums = _sums_of_spikes(activation, stage, current)
    if sums is None:
        signal = activation(current)
        if watch:
            watch.see(layer, signal, ends)
        return stage.current(signal)
    neurons = cast("Leaky", activation)
    weight, bias = stage.weight_and_bias()
    if watch and ends is None and sums is narrow_linear:
        spikes = SpikeCounts(watch.first, neurons.dynamics.num_steps, weight.shape[1])
        out = narrow_linear(current, neurons, weight, bias, spikes)
        watch.take(layer, spikes)
        return out
    if watch:
        watch.see(layer, neurons(current), ends)
    return sums(current, neurons, weight, bias)


def _sums_of_spikes(
    activation: nn.Module, stage: Stage, current: Float[Tensor, "steps batch *neuron"]
) -> Callable[[Tensor, Leaky, Tensor, Tensor], Tensor] | None:
    """Return the function that computes a stage's current together with the neurons before it, if there is one.

    It takes the current, the neurons, the weight and the bias.
    """
    weight, is_linear = cast("Tensor", stage.affine.weight), not isinstance(stage.affine, nn.Conv2d)
    if not isinstance(activation, Leaky) or stage.tap is not None:
        return None
    if is_linear and is_narrow(activation, weight):
        return narrow_linear
    if not is_spike_driven(activation, current, weight):
        return None
    return linear_of_spikes if is_linear else convolution_of_spikes


def _sums_to_trace(
    before: nn.Module, last: Stage, current: Float[Tensor, "steps batch *neuron"]
) -> Callable[[Tensor, Leaky, Tensor, Tensor], Tensor] | None:
    """Return `_sums_of_spikes` of the last stage if its gradients are to be traced, else None."""
    readout = last.activation
    if not isinstance(before, Leaky) or not isinstance(readout, MembraneReadout):
        return None
    return _sums_of_spikes(before, last, current) if can_trace(before, current, readout.neurons) else None


def build_network(spec: TrialSpec, input_shape: tuple[int, ...], num_classes: int) -> Network | RegisteredNetwork:
    """Build the network of a trial, its weights drawn from torch's global generator.

    The layers are those of `privsearch.spec.architecture`: one input dimension gives an FCNet, three a ConvNet. An ANN
    has a ReLU after each layer but the last. An SNN has Leaky neurons after every layer, the last one's membrane being
    the logits, at the end or on average as `readout` says; with `spiking_layers: head`, a ReLU after the convolutions.
    `act_bit_width` quantises the hidden layers' activations, membranes and ReLUs alike, and with `quantize_readout` the
    last membranes too; the other axes of `STATE_DEFAULTS` say how. The network of a registered model is built by the
    model's function.

    Args:
        spec: in canonical form (an SNN has all its fields, an ANN none; threshold goes with act_bit_width).
        input_shape: `(features,)`, or `(channels, height, width)` with height and width at least 4; with the time steps
            before it for inputs over time, and then `num_steps` is their number.
        num_classes: the number of logits.

    Raises:
        ConstructionError: a quantised layer has other levels than it must, or a registered model is no network.
        SpecError: a registered model is not registered in this process.
        ValueError: neither network takes the input shape.
    """
    if spec.model not in BUILT_IN_MODELS:
        return build_registered(spec, input_shape, num_classes)
    layers_see = static_shape(input_shape, flat=spec.model == "ann")
    is_image = len(layers_see) == 3 and min(layers_see[1:]) >= 4
    if not is_image and len(layers_see) != 1:
        raise ValueError(
            "input_shape must be (features,), or (channels, height, width) with height and width of at least 4, "
            f"with the time steps before it or not, but got {input_shape}. Reshape the data set's examples."
        )
    dtype = torch.bfloat16 if spec.precision == "bf16" else torch.float32
    *hidden, last = network_layers(spec, input_shape, num_classes)
    stages = [Stage(_affine(spec, layer), _hidden_activation(spec, layer), dtype) for layer in hidden]
    readout = _readout(spec) if last.is_spiking else nn.Identity()
    return Network(*stages, Stage(_affine(spec, last), readout))


def _affine(spec: TrialSpec, layer: Layer) -> nn.Module:
    inputs, outputs, bit_width = layer.inputs, layer.outputs, spec.weight_bit_width
    if layer.kind == "linear":
        return nn.Linear(inputs, outputs) if bit_width is None else quant_linear(inputs, outputs, bit_width)
    if bit_width is None:
        return nn.Conv2d(inputs, outputs, KERNEL_SIZE, padding=1)
    return quant_conv2d(inputs, outputs, bit_width)


def _hidden_activation(spec: TrialSpec, layer: Layer) -> nn.Module:
    if layer.is_spiking:
        return Leaky(_dynamics(spec), _state_quantizer(spec))
    if spec.act_bit_width is None:
        return nn.ReLU()
    return quant_relu(spec.act_bit_width, _clip(spec))


def _readout(spec: TrialSpec) -> MembraneReadout:
    neurons = Leaky(_dynamics(spec), _state_quantizer(spec) if spec.quantize_readout else None)
    return MembraneReadout(neurons, averages=spec.readout == "mean")


def _dynamics(spec: TrialSpec) -> Dynamics:
    assert spec.num_steps is not None, "a canonical SNN spec has num_steps"
    assert spec.beta is not None, "a canonical SNN spec has beta"
    assert spec.surrogate_gradient is not None, "a canonical SNN spec has a surrogate_gradient"
    threshold = DEFAULT_THRESHOLD if spec.threshold is None or spec.threshold_sets == "clip" else spec.threshold
    return Dynamics(spec.num_steps, spec.beta, threshold, spec.surrogate_gradient)


def _state_quantizer(spec: TrialSpec) -> StateQuantizer | None:
    if spec.act_bit_width is None:
        return None
    assert spec.state_range is not None, "a canonical SNN spec has a state_range beside act_bit_width"
    assert spec.quantize_state is not None, "a canonical SNN spec has quantize_state beside act_bit_width"
    assert spec.state_gradient is not None, "a canonical SNN spec has a state_gradient beside act_bit_width"
    place, gradient = spec.quantize_state, spec.state_gradient
    return StateQuantizer(spec.act_bit_width, _clip(spec), spec.state_range, place=place, gradient=gradient)


def _clip(spec: TrialSpec) -> float:
    assert spec.threshold is not None, "a canonical spec has a threshold beside act_bit_width"
    return DEFAULT_THRESHOLD if spec.threshold_sets == "firing" else spec.threshold
