"""The operations that a network takes, counted while it is queried.

An operation is a pair of an input and a weight, neither of which is 0. How many weights that are not 0 an input meets
depends on its place alone, and is found once for a network; then only the inputs that are not 0 are to be counted, at
each place. Sums are exact: they are integers in 64-bit floats.

Source: the counts are the synaptic operations of NeuroBench (Yik et al. 2025), but that weights are those that a
quantised layer computes with, and that spikes are told by construction and not by looking at values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from privsearch.data.splits import Splits
from privsearch.models.leaky import Leaky, MembraneReadout
from privsearch.models.narrow import SpikeCounts
from privsearch.models.networks import Network, Stage
from privsearch.models.quantization import effective_weight
from privsearch.models.registered import RegisteredNetwork
from privsearch.models.sequences import Ends
from privsearch.spec import TrialSpec
from privsearch.study.operations import LayerOperations, Operations

_IMAGE_BITS: Final = 8


class OperationCounter:
    """A count of the operations of one network, which grows with every batch that the network is shown.

    Args:
        network: the network, as it is queried.
        spec: its trial, canonical.
        are_bytes: True if the inputs are stored in 8 bits.
    """

    def __init__(self, network: Network, spec: TrialSpec, *, are_bytes: bool = False) -> None:
        stages = cast("Sequence[Stage]", tuple(network))
        self._spec = spec
        self._steps = _steps(stages[-1])
        self._layers: list[_Layer] = []
        spikes, binary = spec.encoding not in (None, "direct"), spec.encoding in ("rate", "latency")
        bits = _IMAGE_BITS if are_bytes else None
        for stage in stages:
            self._layers.append(_Layer(stage, spikes=spikes, bits=1 if spikes else bits, are_binary=binary))
            spikes = binary = isinstance(stage.activation, Leaky)
            bits = spec.act_bit_width
        self._examples = 0
        self._lived = torch.zeros(self._steps, dtype=torch.float64)

    @classmethod
    def of(cls, network: Network | RegisteredNetwork, spec: TrialSpec, splits: Splits) -> "OperationCounter | None":
        """Return the counter of a trial's network; None if its layers are unknown, as a registered model's are."""
        if not isinstance(network, Network):
            return None
        return cls(network, spec, are_bytes=splits.x_train.dtype == torch.uint8)

    def watching(self, first: int) -> "Watching":
        """Return a watch on the layers, which counts the examples of a batch from `first` on."""
        return Watching(self, first)

    def operations(self) -> Operations | None:
        """Return what has been counted, as means over examples; None if there was none."""
        if not self._examples:
            return None
        lived = self._lived
        layers = [layer.counted(self._examples, lived, self._spec) for layer in self._layers]
        return Operations(layers=tuple(layers), examples=self._examples)

    def see(
        self, layer: int, inputs: Float[Tensor, "steps batch *features"], valid: Bool[Tensor, "steps batch"] | None
    ) -> None:
        """Count the inputs of a layer, of the steps that examples have."""
        self._layers[layer].see(inputs, valid)
        if layer == 0:
            batch = inputs.shape[1]
            self._examples += batch
            self._lived += batch if valid is None else valid.sum(1).cpu()

    def take(self, layer: int, spikes: SpikeCounts) -> None:
        """Add the numbers of spikes that are the inputs of a layer."""
        self._layers[layer].add(spikes.by_neuron.double(), spikes.by_step)


@dataclass(frozen=True)
class Watching:
    """A watch on one batch (`privsearch.models.networks.Watch`), which tells a counter.

    Attributes:
        counter: the counter.
        first: the first example to count.
    """

    counter: OperationCounter
    first: int

    def see(self, layer: int, inputs: Float[Tensor, "steps batch *features"], ends: Ends | None) -> None:
        """Count the inputs of a layer."""
        valid = None if ends is None else ends.is_valid[:, self.first :]
        self.counter.see(layer, inputs[:, self.first :], valid)

    def take(self, layer: int, spikes: SpikeCounts) -> None:
        """Add the numbers of spikes that are the inputs of a layer."""
        self.counter.take(layer, spikes)


class _Layer:
    """The count of one layer.

    Args:
        stage: the layer.
        spikes: whether its inputs come from spiking neurons, or are encoded as spikes.
        bits: the bits of an input.
        are_binary: whether its inputs are 0 or 1.
    """

    def __init__(self, stage: Stage, *, spikes: bool, bits: int | None, are_binary: bool) -> None:
        self._stage, self._spikes, self._bits, self._are_binary = stage, spikes, bits, are_binary
        self._places: Float[Tensor, "*features"] | None = None
        self._by_step: Float[Tensor, " steps"] | None = None

    def see(self, inputs: Float[Tensor, "steps batch *features"], valid: Bool[Tensor, "steps batch"] | None) -> None:
        """Count inputs that are not 0."""
        # Spikes of neurons are 0 or 1, and only to be added.
        active = inputs if self._are_binary else inputs.sign().abs_()
        if valid is not None:
            active = active * valid.view(*valid.shape, *[1] * (active.ndim - 2))
        # A batch has few enough examples for exact sums in 32 bits.
        of_step = active.sum(1, dtype=torch.float32).double()
        self.add(of_step.sum(0), of_step.flatten(1).sum(1))

    def add(self, places: Float[Tensor, "*features"], by_step: Float[Tensor, " steps"]) -> None:
        """Add the numbers of inputs that are not 0, at each place and at each step."""
        self._places = places if self._places is None else self._places + places
        self._by_step = by_step if self._by_step is None else self._by_step + by_step

    def counted(self, examples: int, lived: Float[Tensor, " time"], spec: TrialSpec) -> LayerOperations:
        """Return the means over examples.

        Args:
            examples: their number.
            lived: the number of examples that have each step of a spiking network; for an ANN, all at one.
            spec: the trial, which has the bits.
        """
        assert self._places is not None, "every layer has inputs"
        assert self._by_step is not None, "every layer has inputs"
        places, by_step, affine = self._places, self._by_step, self._stage.affine
        is_static = len(by_step) < len(lived)
        there = torch.full((1,), float(examples)) if is_static else lived
        met, met_if_dense = (_met(affine, weights, places) for weights in (effective_weight(affine).detach(), None))
        num_inputs = places.numel()
        all_steps = float(there.double().sum()) / examples
        neurons = _outputs(affine, places.shape)
        is_spiking = isinstance(self._stage.activation, Leaky | MembraneReadout)
        weight = cast("Tensor", affine.weight)
        return LayerOperations(
            kind="convolution" if isinstance(affine, nn.Conv2d) else "linear",
            spikes=self._spikes,
            inputs=num_inputs,
            outputs=neurons,
            weights=weight.numel(),
            input_bits=self._bits,
            weight_bits=spec.weight_bit_width,
            membrane_bits=_membrane_bits(self._stage.activation, spec),
            presentations=len(lived) if is_static else 1,
            effective=float((places * met).sum()) / examples,
            dense=float(met_if_dense.sum()) * all_steps,
            active=float(places.sum()) / examples,
            activity=tuple(_shares(by_step.tolist(), (there * num_inputs).tolist())),
            updates=neurons * float(lived.sum()) / examples if is_spiking else 0.0,
        )


def _met(
    affine: nn.Module, weights: Float[Tensor, "outputs inputs *kernel"] | None, places: Float[Tensor, "*features"]
) -> Float[Tensor, "*features"]:
    """Return, for each place of an input, the number of weights that are not 0 and that an input there meets.

    Args:
        affine: a linear layer, or a convolution with padding.
        weights: those that it computes with; None to count them as if none were 0.
        places: an array in the shape of one example's inputs.
    """
    shape = cast("Tensor", affine.weight).shape
    if weights is None:
        kept = torch.full((1, *shape[1:]), float(shape[0]), dtype=torch.float64, device=places.device)
    else:  # those of all outputs together, of which there are few enough for exact sums in 32 bits
        kept = (weights != 0).float().sum(0, keepdim=True).double()
    if not isinstance(affine, nn.Conv2d):
        return kept.view(places.shape)
    # As many outputs as the convolution has places, each of which hands its kernel back to the inputs that it saw.
    padding = cast("tuple[int, int]", affine.padding)
    size = [n + 2 * p - k + 1 for n, p, k in zip(places.shape[1:], padding, affine.kernel_size, strict=True)]
    everywhere = torch.ones((1, 1, *size), dtype=torch.float64, device=kept.device)
    return nn.functional.conv_transpose2d(everywhere, kept, padding=padding)[0]


def _membrane_bits(activation: nn.Module, spec: TrialSpec) -> int | None:
    """Return the bits of the membranes that neurons keep; None if these are not quantised, or there are none."""
    neurons = activation.neurons if isinstance(activation, MembraneReadout) else activation
    if not isinstance(neurons, Leaky) or neurons.quantizer is None or neurons.quantizer.place == "for_firing":
        return None
    return spec.act_bit_width


def _outputs(affine: nn.Module, shape: Sequence[int]) -> int:
    """Return the number of outputs of a layer, of a convolution after 2x2 pooling."""
    if not isinstance(affine, nn.Conv2d):
        return len(cast("Tensor", affine.weight))
    height, width = shape[1:]
    return affine.out_channels * (height // 2) * (width // 2)


def _shares(counts: Sequence[float], of: Sequence[float]) -> list[float]:
    """Return shares with six digits, 0 at a step that no example has."""
    return [float(f"{count / number:.6g}") if number else 0.0 for count, number in zip(counts, of, strict=True)]


def _steps(last: Stage) -> int:
    """Return the number of time steps of a network, 1 of an ANN."""
    readout = last.activation
    return readout.neurons.dynamics.num_steps if isinstance(readout, MembraneReadout) else 1
