"""Operations that are made up, and trials whose networks have them."""

from typing import Any

from privsearch.study.operations import LayerOperations, Operations
from privsearch.study.result import Completed


def layer(**fields: Any) -> LayerOperations:
    """A linear layer of 4 real inputs, 10 outputs and real weights, nothing of which is 0."""
    plain = {"kind": "linear", "spikes": False, "inputs": 4, "outputs": 10, "weights": 40, "input_bits": None}
    plain |= {"weight_bits": None, "presentations": 1, "effective": 40.0, "dense": 40.0, "active": 4.0}
    return LayerOperations(**{**plain, "activity": (1.0,), "updates": 0.0, **fields})


def spiking(steps: int = 5, rate: float = 0.2, weight_bits: int | None = None) -> Operations:
    """A spiking network of 4 inputs, 10 neurons and 2 outputs, whose neurons fire at a rate."""
    first = layer(presentations=steps, updates=10.0 * steps, weight_bits=weight_bits)
    spikes = 10 * steps * rate
    last = layer(
        spikes=True,
        inputs=10,
        outputs=2,
        weights=20,
        input_bits=1,
        weight_bits=weight_bits,
        effective=2 * spikes,
        dense=20.0 * steps,
        active=spikes,
        activity=(rate,) * steps,
        updates=2.0 * steps,
    )
    return Operations(layers=(first, last), examples=30)


def conventional(bits: int | None = None, active: float = 6.0) -> Operations:
    """A conventional network of 4 inputs, 10 neurons and 2 outputs, weights and activations of so many bits."""
    last = layer(
        inputs=10,
        outputs=2,
        weights=20,
        input_bits=bits,
        weight_bits=bits,
        active=active,
        effective=2 * active,
        dense=20.0,
        activity=(active / 10,),
    )
    return Operations(layers=(layer(weight_bits=bits), last), examples=30)


def counted(result: Completed, *operations: Operations | None) -> Completed:
    """The same trial with these operations: one for all of its networks, or one for each target."""
    each = operations * len(result.replicates) if len(operations) == 1 else operations
    replicates = tuple(
        replicate.model_copy(update={"target": replicate.target.model_copy(update={"operations": of_it})})
        for replicate, of_it in zip(result.replicates, each, strict=True)
    )
    return result.model_copy(update={"replicates": replicates})
