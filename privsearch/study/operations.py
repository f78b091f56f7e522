"""The operations that a network takes for an example: what is recorded, so that any table of costs can price it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from privsearch.spec.bounds import Count, Fraction
from privsearch.study.attack_result import FROZEN

Amount = Annotated[float, Field(ge=0, le=1e18)]
"""A mean number of operations, neurons or inputs of one example."""

Width = Annotated[int, Field(ge=1, le=32)] | None
"""The bits of an integer; None for a 32-bit floating-point number."""


class LayerOperations(BaseModel):
    """The operations of one layer for an example: means over the examples of the test split, all time steps together.

    An operation is a pair of an input and a weight that it meets. Biases and padding are none. What is constant over
    time, as a static input is, is counted once here; at every step it is `presentations` times as much.

    Attributes:
        kind: the layer's.
        spikes: True if its inputs come from spiking neurons, so that an operation is an addition (AC), and no
            multiplication and addition (MAC). It is so by construction, whatever the values are.
        inputs: the number of inputs.
        outputs: the number of outputs, after pooling.
        weights: the number of weights.
        input_bits: the bits of an input.
        weight_bits: the bits of a weight.
        membrane_bits: the bits of a membrane of the neurons behind it, as it is kept from step to step.
        presentations: the number of steps at which the same input is presented; 1 if the input changes.
        effective: the operations in which neither the input nor the weight is 0, as the layer computes with it.
        dense: the operations if nothing were 0.
        active: the inputs that are not 0.
        activity: the share of these at each step, among the examples that have the step: of spikes the firing rate.
        updates: the membrane updates of the neurons behind it: their number times the steps.
    """

    model_config = FROZEN

    kind: Literal["linear", "convolution"]
    spikes: bool
    inputs: Count
    outputs: Count
    weights: Count
    input_bits: Width
    weight_bits: Width
    membrane_bits: Width = None
    presentations: Annotated[int, Field(ge=1, le=10_000)]
    effective: Amount
    dense: Amount
    active: Amount
    activity: Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=10_000)]
    updates: Amount

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.effective > self.dense * (1 + 1e-9):
            raise ValueError(f"there must be at most {self.dense:g} effective operations, the dense ones")
        return self


class Operations(BaseModel):
    """The operations of a network for an example of the test split, layer by layer.

    Attributes:
        layers: the layers, in order.
        examples: the number of examples that they are means over.
    """

    model_config = FROZEN

    layers: Annotated[tuple[LayerOperations, ...], Field(min_length=1, max_length=1_000)]
    examples: Count
