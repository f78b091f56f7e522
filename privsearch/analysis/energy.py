"""The costs of an example: operations, firing rate and energy, from what was recorded of a network.

An operation on spikes is an addition (AC), any other a multiplication and an addition (MAC). Energies are in
nanojoules:

- `energy.flat`: `mac * MACs + ac * ACs + update * membrane updates`, whatever the bits.
- `energy.bits`: as many additions and multiplications, each on integers where both operands are integers: a weight of
  few bits makes an addition to a sum one of integers for a spike, but with a real-valued input it is still multiplied
  in floating point. A membrane update multiplies by a real decay, and is floating point.
- `energy.memory`: arithmetic on 32-bit integers, and every access to a memory. Each operation reads a weight. A
  convolution reads an input for each MAC, a linear layer reads each input that is not 0 once, and so is a spike read.
  An addition for a spike reads a membrane and writes it, and so does an update; what MACs add up stays in a register.
  Each output that is not 0 is written. An access costs more the larger the memory: the weights of the layer, its
  inputs, its outputs or its membranes, with their bits.

Each comes twice: with the layers before the first spiking neurons computed at every step for a static input, as on a
chip to which it is presented, and with these computed once (`_once`), as their results do not change.

Sources: `privsearch.spec.energy` for the costs; Lemaire et al. 2022 for the accesses, as its authors count them in
qualia-plugin-snn, but that zeros are skipped in both kinds of networks, and neither biases nor addresses are counted.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil, log2
from typing import Final

from privsearch.spec.energy import BitCosts, EnergyCosts, FlatCosts, MemoryCosts
from privsearch.study.operations import LayerOperations, Operations

_PICOJOULES: Final = 1_000.0
"""In a nanojoule."""

_FLOAT_BITS: Final = 32


def cost_numbers(operations: Operations, costs: EnergyCosts) -> dict[str, float | None]:
    """Return the costs of an example by their columns (`privsearch.spec.columns.COSTS`).

    The firing rate is the share of neurons that fire at a step, over all those whose spikes another layer reads; None
    where there are no such neurons.

    Args:
        operations: those of a network.
        costs: the tables of costs.
    """
    numbers: dict[str, float | None] = {}
    layers = operations.layers
    of_spikes = [(before, after) for before, after in pairwise(layers) if after.spikes]
    for end, times in (("", _at_every_step), ("_once", _once)):
        numbers[f"macs{end}"] = sum(times(layer) * layer.effective for layer in layers if not layer.spikes)
    numbers["acs"] = sum(_at_every_step(layer) * layer.effective for layer in layers if layer.spikes)
    numbers["dense_ops"] = sum(_at_every_step(layer) * layer.dense for layer in layers)
    numbers["membrane_updates"] = sum(layer.updates for layer in layers)
    chances = sum(before.updates for before, _ in of_spikes)
    numbers["firing_rate"] = sum(after.active for _, after in of_spikes) / chances if chances else None
    for end, times in (("", _at_every_step), ("_once", _once)):
        numbers[f"energy.flat{end}"] = sum(_flat(layer, times(layer), costs.flat) for layer in layers) / _PICOJOULES
        numbers[f"energy.bits{end}"] = sum(_by_bits(layer, times(layer), costs.bits) for layer in layers) / _PICOJOULES
        numbers[f"energy.memory{end}"] = sum(_with_memory(layers, times, costs.memory)) / _PICOJOULES
    return numbers


def equal_bits(num_steps: int) -> int:
    """Return the bits of an activation that says as much as the spikes of so many time steps: a number of 0 to T.

    Source: Yan et al. 2024 (arXiv 2409.08290), which compares a spiking network with one of such activations.
    """
    return ceil(log2(num_steps + 1))


def _at_every_step(layer: LayerOperations) -> int:
    return layer.presentations


def _once(layer: LayerOperations) -> int:  # noqa: ARG001  # as for every step
    return 1


def _flat(layer: LayerOperations, times: int, costs: FlatCosts) -> float:
    return times * layer.effective * (costs.ac if layer.spikes else costs.mac) + layer.updates * costs.update


def _by_bits(layer: LayerOperations, times: int, costs: BitCosts) -> float:
    update = layer.updates * (costs.float_multiply + costs.float_add)
    if layer.spikes:
        return times * layer.effective * (costs.float_add if layer.weight_bits is None else costs.int32_add) + update
    if layer.weight_bits is None or layer.input_bits is None:
        return times * layer.effective * (costs.float_multiply + costs.float_add) + update
    multiply = costs.int8_multiply * layer.weight_bits * layer.input_bits / 64
    return times * layer.effective * (multiply + costs.int32_add) + update


def _with_memory(
    layers: Sequence[LayerOperations], times: Callable[[LayerOperations], int], costs: MemoryCosts
) -> Iterator[float]:
    """Yield the energy of each layer, in picojoules."""
    written = [times(after) * after.active for after in layers[1:]] + [float(layers[-1].outputs)]
    bits_out = [after.input_bits for after in layers[1:]] + [None]
    for layer, outputs, output_bits in zip(layers, written, bits_out, strict=True):
        done = times(layer) * layer.effective
        arithmetic = done * (costs.add if layer.spikes else costs.multiply + costs.add)
        arithmetic += layer.updates * (costs.multiply + costs.add)
        read = done if layer.kind == "convolution" and not layer.spikes else times(layer) * layer.active
        membranes = 2 * (layer.updates + (done if layer.spikes and layer.updates else 0.0))
        accesses = (
            (done, layer.weights, layer.weight_bits),
            (read, layer.inputs, layer.input_bits),
            (outputs, layer.outputs, output_bits),
            (membranes, layer.outputs, layer.membrane_bits),
        )
        yield arithmetic + sum(
            count * (costs.access + costs.access_per_bit * elements * (bits or _FLOAT_BITS))
            for count, elements, bits in accesses
        )
